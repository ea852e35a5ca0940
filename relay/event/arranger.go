package event

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"math/bits"
	"slices"
)

// arranger is the second look at stable JSON some of whose objects may have members out of place or twice: it puts
// array indices first and drops duplicates, at a cost that grows with the size of the value and nothing else. It works
// on text that is compact and whose keys are spelled one way, so that equal keys are equal bytes.
type arranger struct {
	seed   maphash.Seed
	text   []byte
	copy   []byte
	open   []member // of the objects being walked, the innermost last
	slots  []int32  // hash table of one object's keys: 1 + position
	placed []member // of all untidy objects, each object's together and in order
	untidy []untidy
}

// member is "key":value at text[start:end]; the key's literal ends at key.
type member struct {
	start, key, end int32
	rank            int64 // members stand in ascending order of it
}

// untidy is an object at text[start:end] that has to be printed from its members, placed[first:first+count].
type untidy struct {
	start, end   int32
	first, count int
}

// arrange puts dst[from:], one compact JSON value, in order, and returns dst. Offsets fit int32: Stable.Append sees to it.
func (a *arranger) arrange(dst []byte, from int, seed maphash.Seed) []byte {
	a.seed, a.text = seed, dst[from:]
	a.walk(0)
	if len(a.untidy) > 0 {
		slices.SortFunc(a.untidy, func(x, y untidy) int { return cmp.Compare(x.start, y.start) })
		a.copy = append(a.copy[:0], a.text...)
		a.text = a.copy
		dst = a.print(dst[:from], 0, int32(len(a.text)))
	}
	a.release()
	return dst
}

func (a *arranger) release() {
	a.text = nil
	a.copy = kept(a.copy)
	a.open = kept(a.open)
	a.slots = kept(a.slots)
	a.placed = kept(a.placed)
	a.untidy = kept(a.untidy)
}

// scratchKeep is how many entries a piece of scratch may have and be kept for the next value. It is enough for what real
// traffic holds; one giant value must not pin its memory.
const scratchKeep = 1 << 14

func kept[T any](scratch []T) []T {
	if cap(scratch) > scratchKeep {
		return nil
	}
	return scratch[:0]
}

// walk finds the untidy objects of the value at i and returns the position behind it.
func (a *arranger) walk(i int) int {
	switch a.text[i] {
	case '{':
		return a.walkObject(i)
	case '[':
		for i++; a.text[i] != ']'; {
			if i = a.walk(i); a.text[i] == ',' {
				i++
			}
		}
		return i + 1
	default:
		return endOfValue(a.text, i)
	}
}

func (a *arranger) walkObject(start int) int {
	base, i, named := len(a.open), start+1, int64(1)<<32
	for a.text[i] != '}' {
		m := member{start: int32(i), rank: named}
		i = endOfString(a.text, i)
		m.key = int32(i)
		if index, ok := arrayIndex(a.text[m.start+1 : m.key-1]); ok {
			m.rank = index
		}
		i = a.walk(i + 1)
		m.end = int32(i)
		a.open = append(a.open, m)
		named++
		if a.text[i] == ',' {
			i++
		}
	}
	i++
	a.place(start, i, a.open[base:])
	a.open = a.open[:base]
	return i
}

// place notes the object at text[start:end] if its members have to move.
func (a *arranger) place(start, end int, members []member) {
	if len(members) < 2 {
		return
	}
	single := a.unique(members)
	byRank := func(x, y member) int { return cmp.Compare(x.rank, y.rank) }
	if len(single) == len(members) && slices.IsSortedFunc(single, byRank) {
		return
	}
	slices.SortFunc(single, byRank)
	a.untidy = append(a.untidy, untidy{int32(start), int32(end), len(a.placed), len(single)})
	a.placed = append(a.placed, single...)
}

// unique lets the last of equal keys take the first one's place, and returns what is left of members.
func (a *arranger) unique(members []member) []member {
	size := 2 << bits.Len(uint(len(members)))
	a.slots = slices.Grow(a.slots[:0], size)[:size]
	clear(a.slots)
	single := members[:0]
	for _, m := range members {
		key := a.text[m.start:m.key]
		slot := maphash.Bytes(a.seed, key) & uint64(size-1)
		for a.slots[slot] != 0 && !bytes.Equal(a.keyOf(single[a.slots[slot]-1]), key) {
			slot = (slot + 1) & uint64(size-1)
		}
		if at := a.slots[slot]; at != 0 {
			m.rank = single[at-1].rank
			single[at-1] = m
			continue
		}
		single = append(single, m)
		a.slots[slot] = int32(len(single))
	}
	return single
}

func (a *arranger) keyOf(m member) []byte { return a.text[m.start:m.key] }

// print appends text[from:to], with each untidy object in it in order.
func (a *arranger) print(dst []byte, from, to int32) []byte {
	for {
		k, _ := slices.BinarySearchFunc(a.untidy, from, func(u untidy, from int32) int { return cmp.Compare(u.start, from) })
		if k == len(a.untidy) || a.untidy[k].start >= to {
			return append(dst, a.text[from:to]...)
		}
		u := a.untidy[k]
		dst = append(dst, a.text[from:u.start]...)
		dst = append(dst, '{')
		for n, m := range a.placed[u.first : u.first+u.count] {
			if n > 0 {
				dst = append(dst, ',')
			}
			dst = a.print(dst, m.start, m.end)
		}
		dst = append(dst, '}')
		from = u.end
	}
}
