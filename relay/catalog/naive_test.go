package catalog

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// naiveElement is one level of a chain, read with the readers of package event, level by level.
type naiveElement struct {
	tag, id, class, title, text string
	titled                      bool
	place                       int
	attributes                  [][2]string
}

func naiveText(value []byte) string {
	if string(value) == "null" {
		return ""
	}
	return string(event.AppendText(nil, value))
}

// naiveChain reads stable JSON. It returns false for what the chain cuts off.
func naiveChain(target []byte) ([]naiveElement, bool) {
	var levels []naiveElement
	for len(target) > 0 && target[0] == '{' {
		var e naiveElement
		e.tag = lowerASCII(naiveText(event.Lookup(target, "tag")))
		e.id = naiveText(event.Lookup(target, "id"))
		e.class = naiveText(event.Lookup(target, "cls"))
		e.text = naiveText(event.Lookup(target, "txt"))
		title := event.Lookup(target, "title")
		e.title, e.titled = naiveText(title), title != nil && string(title) != "null"
		if n, err := strconv.ParseUint(string(event.Lookup(target, "childIndex")), 10, 30); err == nil && n < 1e9 {
			e.place = int(n) + 1
		}
		_ = event.Members(event.Lookup(target, "attrs"), func(name, value []byte) bool {
			if value[0] != '{' && value[0] != '[' {
				e.attributes = append(e.attributes, [2]string{lowerASCII(naiveText(name)), naiveText(value)})
			}
			return true
		})
		if len(e.attributes) > attributesMax || len(strings.Fields(e.class)) > classesMax {
			return nil, false
		}
		levels = append(levels, e)
		target = event.Lookup(target, "parentElem")
	}
	return levels, len(levels) <= levelsMax
}

func (e *naiveElement) attribute(name string) (string, bool) {
	for _, a := range e.attributes {
		if a[0] == name {
			return a[1], true
		}
	}
	switch {
	case name == "id" && e.id != "":
		return e.id, true
	case name == "class" && e.class != "":
		return e.class, true
	case name == "title" && e.titled:
		return e.title, true
	}
	return "", false
}

// naiveMatch tries every way in which a selector could match.
func naiveMatch(s *selector, levels []naiveElement) bool {
	type state struct{ run, level int }
	failed := map[state]bool{}
	var try func(at state) bool
	try = func(at state) bool {
		if at.run == len(s.runs) {
			return true
		}
		if failed[at] {
			return false
		}
		for level := at.level; level < len(levels); level++ {
			if naiveRun(s.runs[at.run], levels, level) && try(state{at.run + 1, level + len(s.runs[at.run])}) {
				return true
			}
		}
		failed[at] = true
		return false
	}
	return try(state{})
}

func naiveRun(run []compound, levels []naiveElement, level int) bool {
	for i := range run {
		if level+i >= len(levels) || !naiveCompound(&run[i], levels, level+i) {
			return false
		}
	}
	return true
}

func naiveCompound(c *compound, levels []naiveElement, i int) bool {
	e := &levels[i]
	ok := c.tag == "" || c.tag == e.tag
	for _, id := range c.ids {
		ok = ok && id == e.id
	}
	for _, class := range c.classes {
		ok = ok && slices.Contains(strings.FieldsFunc(e.class, cssSpace), class)
	}
	for _, p := range c.places {
		ok = ok && naivePlace(p, e.place)
	}
	for _, t := range c.tests {
		value, found := e.attribute(t.name)
		ok = ok && found && naiveTest(t, value)
	}
	for _, text := range c.contains {
		ok = ok && slices.ContainsFunc(levels[:i+1], func(e naiveElement) bool { return strings.Contains(e.text, string(text)) })
	}
	for k := range c.not {
		ok = ok && !naiveCompound(&c.not[k], levels, i)
	}
	return ok
}

func cssSpace(r rune) bool { return strings.ContainsRune(" \t\n\f\r", r) }

// naivePlace says whether place is a·n+b for an n from 0 on.
func naivePlace(p nth, place int) bool {
	a, b := int(p.a), int(p.b)
	if a == 0 || place == 0 {
		return place > 0 && place == b
	}
	n := (place - b) / a
	return n >= 0 && a*n+b == place
}

func naiveTest(t attributeTest, value string) bool {
	want := string(t.value)
	if t.fold {
		value = lowerASCII(value)
	}
	switch t.sign {
	case '=':
		return value == want
	case '|':
		return value == want || strings.HasPrefix(value, want+"-")
	case '~':
		return slices.Contains(strings.FieldsFunc(value, cssSpace), want)
	case '*':
		return want != "" && strings.Contains(value, want)
	case '^':
		return want != "" && strings.HasPrefix(value, want)
	case '$':
		return want != "" && strings.HasSuffix(value, want)
	}
	return true
}

// checkSelectors compares the index with trying each selector on the element that target, any text, says.
func checkSelectors(t *testing.T, list []selector, target string, pages []Item) {
	t.Helper()
	var c chain
	c.parse([]byte(target)) // must not panic, whatever it is
	var stable event.Stable
	clean, err := stable.Append(nil, []byte(target))
	if err != nil || len(clean) == 0 || clean[0] != '{' {
		return
	}
	levels, whole := naiveChain(clean)
	if !whole {
		return
	}
	var want []Item
	for i := range list {
		on := list[i].page == noItem || slices.Contains(pages, list[i].page)
		if on && naiveMatch(&list[i], levels) {
			want = append(want, list[i].item)
		}
	}
	want = settle(want, 0)
	c.parse(clean)
	x := newFeatureIndex(list)
	got := settle(x.match(nil, &c, marks(nil).cleared(len(list)), pages), 0)
	if !slices.Equal(got, want) {
		var texts []string
		for i := range list {
			texts = append(texts, write(&list[i]))
		}
		t.Fatalf("element %s, selectors %q: the index finds %v, trying them all %v", clean, texts, got, want)
	}
}
