// Package matcher answers one question: who wants this event?
//
// A selection says that a value (a webhook, to the caller) wants the events of a name, or only those that touch an item
// ID. Name and ID may each end in '*' and then stand for everything that begins like that:
//
//	var b matcher.Builder[uint32]
//	b.Add("guide*", "", 1)       // value 1 wants every event whose name begins with "guide", with or without IDs
//	b.Add("guideSeen", "abc", 2) // value 2 wants guideSeen of item abc
//	b.Add("guideSeen", "ab*", 1) // adds nothing: value 1 has all of guideSeen
//	b.Add("guideSeen", "axe*", 3)
//	index := b.Build()
//	hits = index.Match(hits[:0], "guideSeen", ids) // ids: [axe7 abc] → {1, All} {2, 1} {3, 0}
//
// It knows nothing of events, webhooks or aliases of names: names and IDs are bytes, compared as bytes, case and all. A
// '*' anywhere but at the end is an ordinary character, so `a*b` selects the text "a*b" only, and `a**` everything that
// begins with "a*". A text that itself ends in '*' can be selected by a wildcard only. The empty ID pattern means the
// whole name; `*` as ID pattern means each ID of the event, thus nothing of an event without IDs.
//
// An Index is immutable: any number of goroutines may Match at once, without locks. A Builder belongs to one goroutine.
//
// # The index
//
// There are two levels, names and IDs. Each name pattern has a number, its scope; a scope knows who wants the whole name,
// and is a root under which the ID patterns of that name are found. Both levels keep wildcards in a trie and complete texts
// in a hash table. The four selections above:
//
//	names  (root)                        whole  scope 0: [1]
//	         └─ "guide" * scope 0               scope 1: []
//	       "guideSeen" = scope 1
//
//	IDs    (root of scope 0)
//	       (root of scope 1)
//	         └─ "a"
//	              ├─ "b"  * [1]
//	              └─ "xe" * [3]
//	       "abc" of scope 1 = [2]
//
// An event looks up its name, goes down the names once, and in each scope met looks up each of its IDs and goes down once
// for it. No list is copied along wildcards when the index is built, so its size is that of the selections, never of their
// product. Complete texts could be leaves of the trie as well. That was measured at 100,000 selections, and took the same
// memory and 1.7 times the time: it waits for memory at each level, the hash table twice.
//
// Everything lies in arrays without a pointer, so that the garbage collector never looks inside. The nodes of a forest are
// numbered breadth first, roots first; the children of a node are neighbours, and what belongs to a node ends where that
// of the next one begins:
//
//	nodes   │ label first list │ label first list │ …   12 bytes each; one more at the end as a fence
//	             │     │    └── lists[list:next list]: values of the wildcard that ends here
//	             │     └── children are nodes[first:next first]
//	             └── labels[label:next label]: the text on the way in, without its first byte
//	keys    │ first byte of the way into node 0 │ of node 1 │ …   a child is found by one search in keys
//
// A table keeps the entries of a bucket together:
//
//	starts  │ bucket 0 │ bucket 1 │ …   bucket n is data[starts[n]:starts[n+1]]
//	data    │ root u32 │ text length u32 │ list length u32 │ list, u32 each │ text │ root …
package matcher

import (
	"cmp"
	"hash/maphash"
)

// All in place of an index into the IDs says that the value selected the name as a whole.
const All = -1

// Hit is one reason why a value wants an event.
type Hit[T cmp.Ordered] struct {
	Value T
	ID    int // index into the IDs given to Match, or All
}

// Index is the immutable answer book that Builder.Build makes; its zero value is not usable. It is safe for concurrent use.
type Index[T cmp.Ordered] struct {
	seed   maphash.Seed
	names  patterns // one root; its lists hold scopes
	ids    patterns // a root for each scope; its lists hold places in values
	whole  shelf    // for each scope the list of those that want the whole name
	values []T      // ascending, each once
}

// patterns finds lists by complete texts and by beginnings.
type patterns struct {
	exact  table
	prefix forest
}

// Match appends to dst who wants an event of this name that touches these item IDs, and returns the extended slice.
//
// The hits of one value stand together, values ascending, IDs ascending within a value, each pair once. A value that
// selected the name as a whole has a single hit with All. When an ID is given twice, it is hit at both places.
//
// Match keeps neither name nor ids. It allocates only to extend dst, which it uses up to the number of selections that
// agree with the event: more than the hits when several selections of one value do.
func (x *Index[T]) Match(dst []Hit[T], name string, ids [][]byte) []Hit[T] {
	m := merge[T]{values: x.values, hits: dst, start: len(dst)}
	scopes := find(&x.names.exact, maphash.String(x.seed, name), 0, name)
	for i := range scopes.len() {
		x.matchScope(&m, scopes.at(i), ids)
	}
	for node, rest, ok := uint32(0), name, true; ok; node, rest, ok = descend(&x.names.prefix, node, rest) {
		scopes := x.names.prefix.list(node)
		for i := range scopes.len() {
			x.matchScope(&m, scopes.at(i), ids)
		}
	}
	return m.finish()
}

// matchScope adds what the selections of one name pattern want.
func (x *Index[T]) matchScope(m *merge[T], scope uint32, ids [][]byte) {
	m.add(x.whole.at(scope), All)
	for i, id := range ids {
		m.add(find(&x.ids.exact, maphash.Bytes(x.seed, id), scope, id), i)
		for node, rest, ok := scope, id, true; ok; node, rest, ok = descend(&x.ids.prefix, node, rest) {
			m.add(x.ids.prefix.list(node), i)
		}
	}
}
