package matcher

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
)

// table finds complete texts: a hash table that never changes, so that a bucket is as long as it must be and its entries
// lie together. A look-up touches two places in memory. The package comment draws it.
type table struct {
	buckets shelf // a power of two of them
}

// entryHead is how many bytes of an entry stand before its list.
const entryHead = 12

// find returns the list of a complete text under a root, given the hash of the text.
func find[K string | []byte](t *table, hash uint64, root uint32, key K) list {
	rest := t.buckets.at(bucket(hash, root, len(t.buckets.starts)-1))
	for len(rest) > 0 {
		listLen := binary.LittleEndian.Uint32(rest[8:])
		text := entryHead + int(listLen)
		end := text + int(binary.LittleEndian.Uint32(rest[4:]))
		if binary.LittleEndian.Uint32(rest) == root && string(rest[text:end]) == string(key) {
			return rest[entryHead:text]
		}
		rest = rest[end:]
	}
	return nil
}

// bucket returns which of the buckets is that of a text under a root. The odd factor spreads one text under many roots.
func bucket(hash uint64, root uint32, buckets int) uint32 {
	return uint32(hash+uint64(root)*0x9e3779b97f4a7c15) & uint32(buckets-1)
}

// entry is the rules that share root and text, on their way into a bucket.
type entry struct {
	bucket uint32
	rules  []rule
}

// newTable makes a table of sorted rules.
func newTable(seed maphash.Seed, rules []rule) table {
	entries := entriesOf(rules)
	buckets := 1 << bits.Len(uint(len(entries))) // one or two for each entry
	for i, e := range entries {
		hash := maphash.String(seed, e.rules[0].text)
		entries[i].bucket = bucket(hash, e.rules[0].root, buckets)
	}
	slices.SortStableFunc(entries, func(e, f entry) int { return cmp.Compare(e.bucket, f.bucket) })
	var t table
	for n := range buckets {
		t.buckets.begin()
		for len(entries) > 0 && entries[0].bucket == uint32(n) {
			t.addEntry(entries[0].rules)
			entries = entries[1:]
		}
	}
	t.buckets.end()
	return t
}

// entriesOf cuts sorted rules where the root or the text changes.
func entriesOf(rules []rule) []entry {
	var entries []entry
	for len(rules) > 0 {
		n := 1
		for n < len(rules) && rules[n].root == rules[0].root && rules[n].text == rules[0].text {
			n++
		}
		entries = append(entries, entry{rules: rules[:n]})
		rules = rules[n:]
	}
	return entries
}

// addEntry appends an entry to the last bucket.
func (t *table) addEntry(rules []rule) {
	data := list(t.buckets.data)
	data = data.append(rules[0].root).append(offset(len(rules[0].text))).append(offset(4 * len(rules)))
	for _, r := range rules {
		data = data.append(r.value)
	}
	t.buckets.data = append(data, rules[0].text...)
}
