package matcher

import (
	"bytes"
	"slices"
)

// forest finds wildcard patterns: a radix trie for each root, root n being node n. The package comment draws it.
type forest struct {
	nodes  []node
	keys   []byte
	labels []byte
	lists  []byte
}

// node says where its own label, children and list begin. They end where those of the next node begin.
type node struct {
	label, first, list uint32
}

// list returns the values of the pattern that ends at node n.
func (f *forest) list(n uint32) list { return f.lists[f.nodes[n].list:f.nodes[n+1].list] }

// descend goes one node down from n along key and returns that node and the rest of the key, or false when no pattern
// goes on that way or the key ends.
func descend[K string | []byte](f *forest, n uint32, key K) (uint32, K, bool) {
	first, end := f.nodes[n].first, f.nodes[n+1].first
	if first == end || len(key) == 0 {
		return 0, key, false
	}
	at := bytes.IndexByte(f.keys[first:end], key[0])
	if at < 0 {
		return 0, key, false
	}
	n = first + uint32(at)
	label := f.labels[f.nodes[n].label:f.nodes[n+1].label]
	key = key[1:]
	if len(key) < len(label) || string(key[:len(label)]) != string(label) {
		return 0, key, false
	}
	return n, key[len(label):], true
}

// planter grows a forest from sorted rules, breadth first.
type planter struct {
	forest
	rules []rule
	spans []span // span n becomes node n; children queue up at the end
	roots int
}

// span is the rules below one node. Their texts agree in more than depth bytes; its parent stands for depth of them.
type span struct {
	from, to, depth int
}

// plant makes a forest of that many tries from sorted rules.
func plant(roots int, rules []rule) forest {
	p := planter{rules: rules, roots: roots}
	p.addRoots()
	for n := 0; n < len(p.spans); n++ {
		p.addNode(n)
	}
	p.addFence()
	// Clones, because append left up to a quarter of each array unused.
	return forest{slices.Clone(p.nodes), slices.Clone(p.keys), slices.Clone(p.labels), slices.Clone(p.lists)}
}

// addRoots queues one span for each trie, also for one without rules.
func (p *planter) addRoots() {
	from := 0
	for root := range p.roots {
		to := from
		for to < len(p.rules) && p.rules[to].root == uint32(root) {
			to++
		}
		p.spans = append(p.spans, span{from: from, to: to})
		from = to
	}
}

// addNode turns span n into node n and queues its children.
func (p *planter) addNode(n int) {
	s := p.spans[n]
	label, depth := len(p.labels), s.depth
	if n < p.roots {
		p.keys = append(p.keys, 0) // keeps keys parallel to nodes; nobody searches roots
	} else {
		text := p.rules[s.from].text
		depth = commonLen(text, p.rules[s.to-1].text) // sorted: what first and last share, all share
		p.keys = append(p.keys, text[s.depth])
		p.labels = append(p.labels, text[s.depth+1:depth]...)
	}
	p.nodes = append(p.nodes, node{offset(label), offset(len(p.spans)), offset(len(p.lists))})
	from := s.from
	for from < s.to && len(p.rules[from].text) == depth {
		p.lists = list(p.lists).append(p.rules[from].value)
		from++
	}
	p.addChildren(from, s.to, depth)
}

// addChildren queues a span for each byte with which the rules go on after depth.
func (p *planter) addChildren(from, to, depth int) {
	for from < to {
		key, start := p.rules[from].text[depth], from
		for from < to && p.rules[from].text[depth] == key {
			from++
		}
		p.spans = append(p.spans, span{from: start, to: from, depth: depth})
	}
}

// addFence adds the node behind the last one, whose fields are the ends of the arrays.
func (p *planter) addFence() {
	p.nodes = append(p.nodes, node{offset(len(p.labels)), offset(len(p.spans)), offset(len(p.lists))})
}

// commonLen returns how many leading bytes a and b share.
func commonLen(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
