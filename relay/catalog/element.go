package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Element is one element of a chain, for AppendTarget.
type Element struct {
	Tag, ID, Class string
	Text           string      // what it shows, if it has no children
	Attributes     [][2]string // names and values; without id and class
	Place          int         // among its siblings, from 1; 0 when it is not known
}

// AppendTarget appends the object by which the Pendo agent tells of an element, from the elements around it, the outermost
// first, to the element itself.
func AppendTarget(dst []byte, path []Element) []byte {
	for i := len(path) - 1; i >= 0; i-- {
		if i < len(path)-1 {
			dst = append(dst, `,"parentElem":`...)
		}
		dst = path[i].appendOpen(dst)
	}
	for range path {
		dst = append(dst, '}')
	}
	return dst
}

// appendOpen appends the element's object without its closing brace.
func (e *Element) appendOpen(dst []byte) []byte {
	dst = append(append(dst, `{"tag":`...), literal(e.Tag)...)
	dst = append(append(dst, `,"id":`...), literal(e.ID)...)
	dst = append(append(dst, `,"cls":`...), literal(e.Class)...)
	dst = append(dst, `,"title":`...)
	if title, there := e.attribute("title"); there {
		dst = append(dst, literal(title)...)
	} else {
		dst = append(dst, `null`...)
	}
	dst = append(dst, `,"attrs":{`...)
	for i, a := range e.Attributes {
		if a[0] == "title" || slices.IndexFunc(e.Attributes, func(b [2]string) bool { return a[0] == b[0] }) < i {
			continue // as in HTML, the first of a name counts
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, literal(a[0])...), ':'), literal(a[1])...)
	}
	dst = append(dst, '}')
	if e.Place > 0 {
		dst = strconv.AppendInt(append(dst, `,"childIndex":`...), int64(e.Place-1), 10)
	}
	if e.Text != "" {
		dst = append(append(dst, `,"txt":`...), literal(e.Text)...)
	}
	return dst
}

func (e *Element) attribute(name string) (string, bool) {
	for _, a := range e.Attributes {
		if a[0] == name {
			return a[1], true
		}
	}
	return "", false
}

// ParsePath reads an element chain that is written like a selector, as browsers' tools copy it: "#app > form.login >
// button[type=submit]:nth-child(2)". It takes what can be said of an element: tag, #id, .class, [name], [name=value],
// :nth-child(n), :first-child and :contains(text). What stands further out is taken for the parent.
func ParsePath(text string) ([]Element, error) {
	switch {
	case len(text) > selectorMax:
		return nil, fmt.Errorf("the element has %d bytes; it may have %d", len(text), selectorMax)
	case !utf8.ValidString(text):
		return nil, errors.New("the element is not UTF-8")
	}
	p := css{text: text}
	s, err := p.selector()
	switch {
	case err != nil:
		return nil, err
	case p.peek() == ',':
		return nil, errors.New("there are several elements, with commas between them; give one")
	case p.i < len(p.text):
		return nil, p.unexpected()
	}
	var path []Element
	for i := len(s.runs) - 1; i >= 0; i-- {
		for k := len(s.runs[i]) - 1; k >= 0; k-- {
			e, err := s.runs[i][k].element()
			if err != nil {
				return nil, err
			}
			path = append(path, e)
		}
	}
	return path, nil
}

// element is the one that the compound describes.
func (p *compound) element() (e Element, err error) {
	e.Tag = p.tag
	if len(p.ids) > 1 || len(p.places) > 1 || len(p.not) > 0 {
		return e, errors.New("an element has one id and one place, and :not() says nothing of it")
	}
	if len(p.ids) == 1 {
		e.ID = p.ids[0]
	}
	for _, class := range p.classes {
		e.addClass(class)
	}
	if len(p.places) == 1 {
		if p.places[0].a != 0 || p.places[0].b < 1 {
			return e, errors.New("an element has one place among its siblings; write it like :nth-child(2)")
		}
		e.Place = int(p.places[0].b)
	}
	for _, t := range p.tests {
		if err := e.addTest(&t); err != nil {
			return e, err
		}
	}
	for _, text := range p.contains {
		e.Text += string(text)
	}
	return e, nil
}

func (e *Element) addClass(class string) {
	if e.Class != "" {
		e.Class += " "
	}
	e.Class += class
}

func (e *Element) addTest(t *attributeTest) error {
	value := string(t.value)
	switch {
	case t.sign != 0 && t.sign != '=':
		return errors.New("an attribute of an element has one value; write it like [name=\"value\"]")
	case t.name == "id":
		e.ID = value
	case t.name == "class":
		e.addClass(value)
	default:
		e.Attributes = append(e.Attributes, [2]string{t.name, value})
	}
	return nil
}
