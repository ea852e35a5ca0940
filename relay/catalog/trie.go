package catalog

import (
	"cmp"
	"strings"
)

// node is where a path has come to.
type node struct {
	literal map[string]*node
	any     *node // of a segment or host with a wildcard in it
	ends    *files
	rests   *files // of rules for which anything may follow
}

// filedMin is how many rules must share a place before it is worth to file them under keys.
const filedMin = 8

// planter grows the trie.
type planter struct {
	rules       []rule
	ends, rests map[*node]*shelf
}

// shelf collects what one node's files are made of: rules and the keys of each.
type shelf struct {
	numbers []int32
	keys    [][]key
}

func (s *shelf) files() *files {
	if len(s.numbers) < filedMin {
		return &files{always: s.numbers}
	}
	return newFiles(s.numbers, s.keys)
}

// plant gives rule i its place.
func (p *planter) plant(root *node, i int32) {
	r := &p.rules[i]
	n, keys := root.child(cmp.Or(r.host, "*")), r.keys()
	path, more := strings.CutPrefix(r.path, "/")
	for more {
		var segment, rest string
		segment, rest, more = strings.Cut(path, "/")
		if r.open && !more || strings.Contains(segment, "**") {
			p.shelve(p.rests, n, i, appendPieces(keys, path))
			return
		}
		if segment != "*" && strings.Contains(segment, "*") {
			keys = appendPieces(keys, segment)
		}
		n, path = n.child(segment), rest
	}
	to := p.ends
	if r.open {
		to = p.rests
	}
	p.shelve(to, n, i, keys)
}

func (p *planter) shelve(to map[*node]*shelf, n *node, i int32, keys []key) {
	if to[n] == nil {
		to[n] = new(shelf)
	}
	to[n].numbers = append(to[n].numbers, i)
	to[n].keys = append(to[n].keys, keys)
}

// child returns the node for a segment, which it makes if there is none.
func (n *node) child(segment string) *node {
	if strings.Contains(segment, "*") {
		if n.any == nil {
			n.any = new(node)
		}
		return n.any
	}
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	if n.literal[segment] == nil {
		n.literal[segment] = new(node)
	}
	return n.literal[segment]
}

// appendPieces appends keys for what stands between the wildcards of a part of a path.
func appendPieces(dst []key, part string) []key {
	for piece := range strings.SplitSeq(strings.TrimSuffix(part, "/"), "*") {
		dst = appendGrams(dst, anyGram, piece)
	}
	return dst
}

// keys are the marks of a rule beside its place in the trie.
func (r *rule) keys() []key {
	var keys []key
	if r.fragment != "" {
		keys = append(keys, key{kind: keyFragment, text: r.fragment})
	}
	for _, p := range r.params {
		if strings.Contains(p.name, "*") {
			continue
		}
		keys = append(keys, key{kind: keyName, text: p.name})
		if p.value != "" && !strings.Contains(p.value, "*") {
			keys = append(keys, key{kind: keyValue, name: p.name, text: p.value})
		}
	}
	if strings.Contains(r.host, "*") {
		keys = appendPieces(keys, r.host)
	}
	return appendGrams(keys, anyGram, string(r.contains))
}
