package catalog

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// key is a mark that everything which a rule or selector matches has. Each is filed under one of its keys, the rarest,
// and looked at only where that mark is found.
type key struct {
	kind keyKind
	name string // of the attribute or parameter, for keyValue and keyPart
	text string
}

// keyKind is listed from what tells most to what tells least, for keys that are equally rare.
type keyKind uint8

const (
	keyNone     keyKind = iota
	keyFragment         // text is the URL's fragment
	keyID               // text is an element's id
	keyValue            // text is the value of an attribute or parameter
	keyClass            // text is an element's class
	keyGram             // text is four bytes that stand somewhere in the URL, or in an element's text
	keyPart             // text is four bytes of the value of an attribute
	keyPlace            // text is tag and place of an element, or also of its parent
	keyName             // text is the name of an attribute or parameter
	keyTag              // text is an element's tag
	keyKinds
)

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name), cmp.Compare(a.text, b.text))
}

// gramLen is the length of a keyGram's text: one load, and rare enough in URLs and captions.
const gramLen = 4

// gramsMax is how many keys one text gets: among so many, one is rare. A text of 16 KiB would get as many keys, each ten
// times its size.
const gramsMax = 64

// appendGrams appends a key like k for each four bytes of text, up to gramsMax.
func appendGrams(dst []key, k key, text string) []key {
	for i := 0; i+gramLen <= len(text) && i < gramsMax; i++ {
		k.text = text[i : i+gramLen]
		dst = append(dst, k)
	}
	return dst
}

var anyGram = key{kind: keyGram}

// gramAt is the four bytes at i as a number.
func gramAt(text []byte, i int) uint32 {
	return binary.LittleEndian.Uint32(text[i:])
}

// rarest chooses one key from each list: the one that the fewest lists hold. From an empty list it is keyNone. It sorts
// the lists.
func rarest(lists [][]key) []key {
	count := map[key]int{}
	for i, keys := range lists {
		slices.SortFunc(keys, compareKeys)
		lists[i] = slices.Compact(keys)
		for _, k := range lists[i] {
			count[k]++
		}
	}
	chosen := make([]key, len(lists))
	for i, keys := range lists {
		for j, k := range keys {
			if j == 0 || count[k] < count[chosen[i]] { // of equally rare ones it stays with the first kind
				chosen[i] = k
			}
		}
	}
	return chosen
}

// files are numbers of rules or selectors, filed under keys. Read-only once made.
type files struct {
	always []int32 // those without a key
	texts  [keyKinds]map[string][]int32
	values map[string]map[string][]int32 // by name, then text
	grams  map[uint32][]int32
	parts  map[string]map[uint32][]int32 // by name, then text
}

// newFiles files each number under the rarest of the keys beside it.
func newFiles(numbers []int32, lists [][]key) *files {
	f := &files{values: map[string]map[string][]int32{}, parts: map[string]map[uint32][]int32{}}
	for i, k := range rarest(lists) {
		f.add(k, numbers[i])
	}
	return f
}

func (f *files) add(k key, n int32) {
	switch k.kind {
	case keyNone:
		f.always = append(f.always, n)
	case keyValue:
		f.values[k.name] = put(f.values[k.name], k.text, n)
	case keyGram:
		f.grams = put(f.grams, gramAt([]byte(k.text), 0), n)
	case keyPart:
		f.parts[k.name] = put(f.parts[k.name], gramAt([]byte(k.text), 0), n)
	default:
		f.texts[k.kind] = put(f.texts[k.kind], k.text, n)
	}
}

// put files n under k in m, which it makes if there is none.
func put[K comparable](m map[K][]int32, k K, n int32) map[K][]int32 {
	if m == nil {
		m = map[K][]int32{}
	}
	m[k] = append(m[k], n)
	return m
}
