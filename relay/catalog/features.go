package catalog

import "slices"

// featureIndex finds the selectors that match an element chain. Each selector is filed under the rarest mark that the
// chain must have for it: an ID, a class, an attribute, a piece of text or a tag, of the element or of an ancestor. What
// is found is a superset; selector.match decides.
//
// Immutable, safe for concurrent use.
type featureIndex struct {
	selectors []selector
	files     *files
}

// newFeatureIndex makes the index of selectors. It keeps them.
func newFeatureIndex(selectors []selector) *featureIndex {
	var s shelf
	for i := range selectors {
		s.numbers = append(s.numbers, int32(i))
		s.keys = append(s.keys, selectors[i].keys())
	}
	return &featureIndex{selectors, s.files()}
}

// search is one look-up in a featureIndex.
type search struct {
	x     *featureIndex
	c     *chain
	pages []Item // ascending
	seen  marks  // the first selector of each list that was looked at
	found []Item
}

// match appends the items of the selectors that match c, in no order, some twice. pages are those of the event, ascending.
func (x *featureIndex) match(dst []Item, c *chain, seen marks, pages []Item) []Item {
	if len(x.selectors) == 0 || len(c.levels) == 0 {
		return dst
	}
	s := search{x, c, pages, seen, dst}
	s.take(x.files.always)
	for i := range c.levels {
		s.level(&c.levels[i])
	}
	if x.files.texts[keyPlace] != nil {
		s.places()
	}
	return s.found
}

// level looks for what is filed under the marks of one element.
func (s *search) level(e *element) {
	f := s.x.files
	s.take(f.texts[keyTag][string(e.tag)])
	if len(e.id) > 0 {
		s.take(f.texts[keyID][string(e.id)])
	}
	for _, class := range s.c.classes[e.classes.from:e.classes.to] {
		s.take(f.texts[keyClass][string(class)])
	}
	if len(f.values) > 0 || len(f.parts) > 0 || f.texts[keyName] != nil {
		s.attributes(e)
	}
	if len(f.grams) > 0 {
		s.grams(f.grams, e.text)
	}
}

func (s *search) attributes(e *element) {
	for _, a := range s.c.attributes[e.attributes.from:e.attributes.to] {
		s.attribute(a.name, a.value)
	}
	if len(e.id) > 0 {
		s.attribute([]byte("id"), e.id)
	}
	if len(e.class) > 0 {
		s.attribute([]byte("class"), e.class)
	}
	if e.titled {
		s.attribute([]byte("title"), e.title)
	}
}

func (s *search) attribute(name, value []byte) {
	f := s.x.files
	s.take(f.texts[keyName][string(name)])
	s.take(f.values[string(name)][string(value)])
	if parts := f.parts[string(name)]; parts != nil {
		s.grams(parts, value)
	}
}

func (s *search) grams(lists map[uint32][]int32, text []byte) {
	for i := 0; i+gramLen <= len(text); i++ {
		s.take(lists[gramAt(text, i)])
	}
}

// places looks for the places of elements, and for those together with their parents'.
func (s *search) places() {
	c, lists := s.c, s.x.files.texts[keyPlace]
	for i := range c.levels {
		e := &c.levels[i]
		if e.place == 0 {
			continue
		}
		c.spelled = appendPlace(c.spelled[:0], e.tag, e.place)
		s.take(lists[string(c.spelled)])
		if i+1 < len(c.levels) && c.levels[i+1].place > 0 {
			c.spelled = appendPlace(c.spelled, c.levels[i+1].tag, c.levels[i+1].place)
			s.take(lists[string(c.spelled)])
		}
	}
}

// take looks at a list of selectors, unless it was looked at before. No selector is on two lists, so the first tells.
func (s *search) take(numbers []int32) {
	if len(numbers) == 0 || !s.seen.add(numbers[0]) {
		return
	}
	for _, n := range numbers {
		sel := &s.x.selectors[n]
		if sel.page != noItem {
			if _, on := slices.BinarySearch(s.pages, sel.page); !on {
				continue
			}
		}
		if sel.match(s.c) {
			s.found = append(s.found, sel.item)
		}
	}
}

// marks is a set of small numbers.
type marks []uint64

// cleared returns an empty set for numbers below n, in the same memory if that is large enough.
func (m marks) cleared(n int) marks {
	words := (n + 63) / 64
	if cap(m) < words {
		return make(marks, words)
	}
	m = m[:words]
	clear(m)
	return m
}

// add adds n and says whether it was not there yet.
func (m marks) add(n int32) bool {
	word, bit := &m[n/64], uint64(1)<<(n%64)
	added := *word&bit == 0
	*word |= bit
	return added
}
