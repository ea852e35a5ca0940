package matcher

import (
	"cmp"
	"slices"
	"strings"
)

// scan is the stupid matcher: it looks at every selection for every ID. The trie must agree with it.
type scan[T cmp.Ordered] []selection[T]

// newScan sorts the selections by value once, so that its hits need no sorting.
func newScan[T cmp.Ordered](selections []selection[T]) scan[T] {
	sorted := slices.Clone(selections)
	slices.SortStableFunc(sorted, func(s, r selection[T]) int { return cmp.Compare(s.value, r.value) })
	return sorted
}

// match answers as Index.Match does.
func (s scan[T]) match(dst []Hit[T], name string, ids [][]byte) []Hit[T] {
	for len(s) > 0 {
		n := 1
		for n < len(s) && cmp.Compare(s[n].value, s[0].value) == 0 {
			n++
		}
		dst = s[:n].matchValue(dst, name, ids)
		s = s[n:]
	}
	return dst
}

// matchValue appends the hits of selections that all have the same value.
func (s scan[T]) matchValue(dst []Hit[T], name string, ids [][]byte) []Hit[T] {
	for _, sel := range s {
		if sel.id == "" && selects(sel.name, name) {
			return append(dst, Hit[T]{sel.value, All})
		}
	}
	for i, id := range ids {
		wants := func(sel selection[T]) bool {
			return sel.id != "" && selects(sel.name, name) && selects(sel.id, string(id))
		}
		if slices.ContainsFunc(s, wants) {
			dst = append(dst, Hit[T]{s[0].value, i})
		}
	}
	return dst
}

// selects tells whether the pattern stands for the text.
func selects(pattern, text string) bool {
	if strings.HasSuffix(pattern, "*") {
		return strings.HasPrefix(text, pattern[:len(pattern)-1])
	}
	return text == pattern
}

// indexOf builds the index of selections.
func indexOf[T cmp.Ordered](selections []selection[T]) *Index[T] {
	var b Builder[T]
	for _, s := range selections {
		b.Add(s.name, s.id, s.value)
	}
	return b.Build()
}

// rawIDs turns texts into what Match takes.
func rawIDs(texts ...string) [][]byte {
	ids := make([][]byte, len(texts))
	for i, text := range texts {
		ids[i] = []byte(text)
	}
	return ids
}
