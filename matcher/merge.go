package matcher

import (
	"cmp"
	"slices"
)

// wovenMax is how many lists are brought in between the hits one by one. Each costs up to one step for each hit so far, a
// small part of what sorting costs: for a few lists far less, for hundreds (an event with very many IDs) quadratic. Beyond
// it, lists are appended and all is sorted once at the end.
const wovenMax = 64

// insertRatio is how many times longer the hits must be than a list for a search to beat going through them.
const insertRatio = 64

// merge brings the lists that agree with an event into the order that Match promises, inside the caller's slice. It lives
// on the stack of one Match.
type merge[T cmp.Ordered] struct {
	values   []T
	hits     []Hit[T]
	start    int  // hits before it are the caller's
	woven    int  // lists that did not simply go behind the hits
	overlaps bool // a value stands in more than one list: hits may hold a pair twice, or an ID beside All
	unsorted bool
}

// add adds a hit for each place of a list; places are those in values, ascending.
func (m *merge[T]) add(places list, id int) {
	if len(places) > 0 { // here, so that the compiler inlines the usual case
		m.addSome(places, id)
	}
}

// addSome is add for a list that is not empty.
func (m *merge[T]) addSome(places list, id int) {
	last := len(m.hits) - 1
	switch {
	case last < m.start || cmp.Less(m.hits[last].Value, m.values[places.at(0)]): // stays sorted
		m.extend(places, id)
		return
	case m.woven == wovenMax:
		m.extend(places, id)
		m.overlaps, m.unsorted = true, true
		return
	case len(m.hits)-m.start > insertRatio*places.len():
		m.insert(places, id)
	default:
		m.weave(places, id)
	}
	m.woven++
}

// extend puts a list behind the hits.
func (m *merge[T]) extend(places list, id int) {
	room := m.grow(places.len())
	for i := range room {
		room[i] = Hit[T]{m.values[places.at(i)], id}
	}
}

// grow makes room for n hits behind the hits and returns it.
func (m *merge[T]) grow(n int) []Hit[T] {
	have := len(m.hits)
	m.hits = slices.Grow(m.hits, n)[:have+n]
	return m.hits[have:]
}

// insert puts the entries of a short list where they belong, and leaves out those that All makes needless: the loved event,
// which a thousand values want as a whole and some of them for an item besides.
func (m *merge[T]) insert(places list, id int) {
	for i := range places.len() {
		hit := Hit[T]{m.values[places.at(i)], id}
		at, found := slices.BinarySearchFunc(m.hits[m.start:], hit, order[T])
		at += m.start
		if found || at > m.start && m.hits[at-1].ID == All && cmp.Compare(m.hits[at-1].Value, hit.Value) == 0 {
			continue
		}
		m.overlaps = m.overlaps || id == All // hits of single IDs may follow
		m.hits = slices.Insert(m.hits, at, hit)
	}
}

// weave merges a list into the hits. It goes from the back, where the room is, so that it needs no scratch, and ends as
// soon as the list does.
func (m *merge[T]) weave(places list, id int) {
	from := len(m.hits) - 1
	m.grow(places.len())
	to := len(m.hits) - 1
	for i := places.len() - 1; i >= 0; i-- {
		hit := Hit[T]{m.values[places.at(i)], id}
		for ; from >= m.start; from, to = from-1, to-1 {
			c := cmp.Compare(hit.Value, m.hits[from].Value)
			if c == 0 {
				m.overlaps = true
				c = cmp.Compare(hit.ID, m.hits[from].ID)
			}
			if c >= 0 {
				break
			}
			m.hits[to] = m.hits[from]
		}
		m.hits[to] = hit
		to--
	}
}

// finish returns the caller's slice with all hits, sorted and each once.
func (m *merge[T]) finish() []Hit[T] {
	if m.unsorted {
		slices.SortFunc(m.hits[m.start:], order[T])
	}
	if !m.overlaps {
		return m.hits
	}
	kept := m.hits[:m.start+1] // an overlap takes two hits at least
	for _, hit := range m.hits[m.start+1:] {
		last := kept[len(kept)-1]
		if cmp.Compare(hit.Value, last.Value) == 0 && (last.ID == All || last.ID == hit.ID) {
			continue
		}
		kept = append(kept, hit)
	}
	return kept
}

// order sorts hits by value, then by ID; All comes first because it is negative.
func order[T cmp.Ordered](h, g Hit[T]) int {
	if c := cmp.Compare(h.Value, g.Value); c != 0 {
		return c
	}
	return cmp.Compare(h.ID, g.ID)
}
