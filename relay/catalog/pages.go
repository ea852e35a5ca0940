package catalog

import (
	"bytes"
	"slices"
)

// pageIndex finds the rules that match a URL: a trie over the host and the segments of the path leads to those whose
// path can fit, and what they ask for beside the path chooses among them. What is found is a superset; rule.match
// decides.
//
//	root ─ any host ┬─ "settings" ┬─ "users"  ends: //*/settings/users
//	                │             └─          rests: //*/settings/**
//	                └─ any ────────── "edit"  ends: //*/user-*/edit, filed under a piece of "user-"
//
// Immutable, safe for concurrent use.
type pageIndex struct {
	rules []rule
	root  *node // its children stand for hosts
}

// newPageIndex makes the index of rules. It keeps them.
func newPageIndex(rules []rule) *pageIndex {
	p := planter{rules: rules, ends: map[*node]*shelf{}, rests: map[*node]*shelf{}}
	root := new(node)
	for i := range rules {
		p.plant(root, int32(i))
	}
	for n, s := range p.ends {
		n.ends = s.files()
	}
	for n, s := range p.rests {
		n.rests = s.files()
	}
	return &pageIndex{rules, root}
}

// match appends the items of the rules that match a, in no order, some twice.
func (x *pageIndex) match(dst []Item, a *address) []Item {
	if len(x.rules) == 0 {
		return dst
	}
	dst = x.enter(dst, a.path, a)
	if i := bytes.IndexByte(a.path, ';'); i >= 0 {
		dst = x.enter(dst, a.path[:i], a)
	}
	return dst
}

// settle puts what was appended since start in order, each once.
func settle(dst []Item, start int) []Item {
	found := dst[start:]
	slices.Sort(found)
	return dst[:start+len(slices.Compact(found))]
}

// enter walks from the hosts.
func (x *pageIndex) enter(dst []Item, path []byte, a *address) []Item {
	if n := x.root.literal[string(a.host)]; n != nil {
		dst = x.walk(dst, n, path, a)
	}
	if n := x.root.any; n != nil {
		dst = x.walk(dst, n, path, a)
	}
	return dst
}

// walk looks at n and all below it where the rest of the path leads.
func (x *pageIndex) walk(dst []Item, n *node, rest []byte, a *address) []Item {
	if n.rests != nil {
		dst = x.find(dst, n.rests, a)
	}
	if n.ends != nil && (len(rest) == 0 || len(rest) == 1 && rest[0] == '/') {
		dst = x.find(dst, n.ends, a)
	}
	if len(rest) == 0 || rest[0] != '/' {
		return dst
	}
	segment, rest := rest[1:], nil
	if i := bytes.IndexByte(segment, '/'); i >= 0 {
		segment, rest = segment[:i], segment[i:]
	}
	if child := n.literal[string(segment)]; child != nil {
		dst = x.walk(dst, child, rest, a)
	}
	if n.any != nil {
		dst = x.walk(dst, n.any, rest, a)
	}
	return dst
}

// find takes the rules of f that match.
func (x *pageIndex) find(dst []Item, f *files, a *address) []Item {
	dst = x.take(dst, f.always, a)
	dst = x.take(dst, f.texts[keyFragment][string(a.fragment)], a)
	if f.texts[keyName] != nil || len(f.values) > 0 {
		dst = x.findParams(dst, f, a)
	}
	if len(f.grams) > 0 {
		dst = x.findGrams(dst, f, a.host, a)
		dst = x.findGrams(dst, f, a.tail, a)
	}
	return dst
}

func (x *pageIndex) findGrams(dst []Item, f *files, text []byte, a *address) []Item {
	for i := 0; i+gramLen <= len(text); i++ {
		dst = x.take(dst, f.grams[gramAt(text, i)], a)
	}
	return dst
}

func (x *pageIndex) findParams(dst []Item, f *files, a *address) []Item {
	var next, name, value []byte
	for query := a.query; len(query) > 0; {
		next, query = nextParam(query)
		name, value = splitParam(next)
		dst = x.take(dst, f.texts[keyName][string(name)], a)
		dst = x.take(dst, f.values[string(name)][string(value)], a)
	}
	return dst
}

func (x *pageIndex) take(dst []Item, numbers []int32, a *address) []Item {
	for _, n := range numbers {
		if r := &x.rules[n]; r.match(a) {
			dst = append(dst, r.item)
		}
	}
	return dst
}
