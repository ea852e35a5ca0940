package catalog

import (
	"bytes"

	"edgerelay/relay/event"
)

// What is kept of an element chain. The agent sends at most 64 attributes of an element (a few more with siblings), and
// pages nest some 30 levels deep; what is beyond the limits does not exist for the selectors.
const (
	levelsMax     = 512
	attributesMax = 128 // of one element
	classesMax    = 128 // of one element
)

// chain is an element and its ancestors, the element first. It is scratch: parse fills it anew, and what it holds aliases
// the JSON it was parsed from.
type chain struct {
	levels     []element
	attributes []attribute // of all levels
	classes    [][]byte    // of all levels
	room       []byte      // texts that do not stand in the JSON as they are
	spelled    []byte      // of the index, while it looks up
}

// element is one level of a chain. A text that is not there is empty.
type element struct {
	tag        []byte // lower case
	id         []byte
	class      []byte
	title      []byte
	titled     bool   // it has a title, be it empty
	text       []byte // of elements without children, if the page captures text
	place      int32  // among the siblings, from 1 as in CSS; 0 when unknown
	attributes span   // all but id, class and title
	classes    span
}

// span is a part of one of the chain's lists.
type span struct{ from, to int32 }

// attribute has its name in lower case.
type attribute struct{ name, value []byte }

// attribute returns the value of an attribute of level i, and whether there is one.
func (c *chain) attribute(i int, name string) ([]byte, bool) {
	e := &c.levels[i]
	for _, a := range c.attributes[e.attributes.from:e.attributes.to] {
		if string(a.name) == name {
			return a.value, true
		}
	}
	switch name {
	case "id":
		return e.id, len(e.id) > 0
	case "class":
		return e.class, len(e.class) > 0
	case "title":
		return e.title, e.titled
	}
	return nil, false
}

func (c *chain) hasClass(i int, name string) bool {
	at := c.levels[i].classes
	for _, class := range c.classes[at.from:at.to] {
		if string(class) == name {
			return true
		}
	}
	return false
}

// hasText says whether the text of level i or of one below it contains text: an element's text has its children's in it.
func (c *chain) hasText(i int, text []byte) bool {
	for k := range c.levels[:i+1] {
		if t := c.levels[k].text; len(t) > 0 && bytes.Contains(t, text) {
			return true
		}
	}
	return false
}

// reset empties the chain. Room that a giant input needed is let go.
func (c *chain) reset() {
	clear(c.levels)
	clear(c.attributes)
	clear(c.classes)
	c.levels, c.attributes, c.classes = c.levels[:0], kept(c.attributes, 4096), kept(c.classes, 4096)
	c.room = kept(c.room, 64<<10)
}

// kept empties a scratch slice, and lets go of it when it has more room than most.
func kept[T any](s []T, most int) []T {
	if cap(s) > most {
		return nil
	}
	return s[:0]
}

// parse reads an element object of the Pendo agent in stable JSON, in one pass: each byte is looked at once, however
// deep the chain is. Of what is not such an object it keeps what it understood.
//
//	{"tag":"BUTTON","id":"","cls":"btn btn-primary","title":null,"attrs":{…},"childIndex":1,"txt":"Save","parentElem":{…}}
func (c *chain) parse(target []byte) {
	c.reset()
	s := scanner{b: target}
	if !s.open() {
		return
	}
	c.levels = append(c.levels, element{})
	for level := 0; level >= 0; {
		name, ok := s.key()
		switch {
		case !ok:
			if !s.close() {
				return
			}
			level--
		case string(name) == `"parentElem"` && level == len(c.levels)-1 && level+1 < levelsMax && s.open():
			c.levels = append(c.levels, element{})
			level++
		case string(name) == `"attrs"` && s.open():
			c.parseAttributes(&c.levels[level], &s)
		default:
			value := s.value()
			if value == nil {
				return
			}
			c.set(&c.levels[level], name, value)
		}
	}
}

// set takes a member's value. Of those that the agent leaves null, only a title says something by being there.
func (c *chain) set(e *element, name, value []byte) {
	switch string(name) {
	case `"tag"`:
		e.tag = c.lower(c.decode(value))
	case `"id"`:
		e.id = c.decode(value)
	case `"cls"`:
		e.class = c.decode(value)
		e.classes = c.split(e.class)
	case `"title"`:
		e.title, e.titled = c.decode(value), string(value) != "null"
	case `"txt"`:
		e.text = c.decode(value)
	case `"childIndex"`:
		e.place = place(value)
	}
}

// parseAttributes reads the members of an object that was gone into. The agent spells an empty attribute as null.
func (c *chain) parseAttributes(e *element, s *scanner) {
	e.attributes.from = int32(len(c.attributes))
	for n := 0; ; n++ {
		name, ok := s.key()
		if !ok {
			break
		}
		value := s.value()
		if value != nil && value[0] != '{' && value[0] != '[' && n < attributesMax {
			c.attributes = append(c.attributes, attribute{c.lower(c.decode(name)), c.decode(value)})
		}
	}
	s.close()
	e.attributes.to = int32(len(c.attributes))
}

// split appends the classes in text.
func (c *chain) split(text []byte) span {
	from := len(c.classes)
	for len(c.classes)-from < classesMax {
		var class []byte
		if class, text = nextWord(text); len(class) == 0 {
			break
		}
		c.classes = append(c.classes, class)
	}
	return span{int32(from), int32(len(c.classes))}
}

// decode returns the text of a literal; null has none.
func (c *chain) decode(literal []byte) []byte {
	if text, ok := event.PlainText(literal); ok {
		if string(text) == "null" && literal[0] != '"' {
			return nil
		}
		return text
	}
	from := len(c.room)
	c.room = event.AppendText(c.room, literal)
	return c.room[from:len(c.room):len(c.room)]
}

// lower returns text in lower case, itself if it is.
func (c *chain) lower(text []byte) []byte {
	for _, b := range text {
		if b != lower(b) {
			from := len(c.room)
			c.room = appendLower(c.room, text)
			return c.room[from:len(c.room):len(c.room)]
		}
	}
	return text
}

// place makes CSS's place of an index from 0; 0 of anything else.
func place(literal []byte) int32 {
	var n int32
	for _, c := range literal {
		if !isDigit(c) || n > 1e8 {
			return 0
		}
		n = n*10 + int32(c-'0')
	}
	return n + 1
}
