package matcher

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// Builder collects selections for an Index. Its zero value is ready for use. It is not safe for concurrent use.
type Builder[T cmp.Ordered] struct {
	selections []selection[T]
}

// selection is one call of Add.
type selection[T cmp.Ordered] struct {
	name, id string
	value    T
}

// Add lets v select the events of a name that touch an item ID; an empty id selects every event of that name, with or
// without IDs. Both may end in '*'. Selecting the same thing again changes nothing.
func (b *Builder[T]) Add(name, id string, v T) {
	b.selections = append(b.selections, selection[T]{name, id, v})
}

// Build makes the index of all selections added so far. The builder stays as it is: adding more and building again makes
// another index. It panics when the patterns hold more than about 4 GiB of text.
func (b *Builder[T]) Build() *Index[T] {
	x := &Index[T]{seed: maphash.MakeSeed(), values: b.values()}
	scopes, names := b.scopes()
	var whole, ids ruleSet
	for _, s := range b.selections {
		place, _ := slices.BinarySearchFunc(x.values, s.value, cmp.Compare[T])
		to := &ids
		if s.id == "" {
			to = &whole
		}
		to.add(s.id, scopes[s.name], uint32(place))
	}
	x.names = newPatterns(x.seed, 1, names)
	x.ids = newPatterns(x.seed, len(scopes), ids)
	x.whole = newWhole(len(scopes), sorted(whole.exact))
	return x
}

// values returns every value once, ascending.
func (b *Builder[T]) values() []T {
	values := make([]T, len(b.selections))
	for i, s := range b.selections {
		values[i] = s.value
	}
	slices.Sort(values)
	equal := func(v, w T) bool { return cmp.Compare(v, w) == 0 } // unlike ==, also for NaN
	return slices.Clone(slices.CompactFunc(values, equal))       // without the room of the duplicates
}

// scopes numbers the name patterns, and returns the numbers and the rules that lead to them.
func (b *Builder[T]) scopes() (map[string]uint32, ruleSet) {
	scopes := make(map[string]uint32)
	var rules ruleSet
	for _, s := range b.selections {
		if _, ok := scopes[s.name]; !ok {
			scope := offset(len(scopes))
			scopes[s.name] = scope
			rules.add(s.name, 0, scope)
		}
	}
	return scopes, rules
}

// newPatterns makes one level of the index, which has that many roots.
func newPatterns(seed maphash.Seed, roots int, rules ruleSet) patterns {
	return patterns{newTable(seed, sorted(rules.exact)), plant(roots, sorted(rules.prefix))}
}

// newWhole makes the lists of those that want whole names, one for each scope, from sorted rules.
func newWhole(scopes int, rules []rule) shelf {
	var s shelf
	for scope := range scopes {
		s.begin()
		for len(rules) > 0 && rules[0].root == uint32(scope) {
			s.data = list(s.data).append(rules[0].value)
			rules = rules[1:]
		}
	}
	s.end()
	return s
}
