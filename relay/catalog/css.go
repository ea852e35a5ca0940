package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// selectorMax is how long a CSS selector may be, in bytes.
const selectorMax = 16 << 10

// CheckSelector says what is wrong with a CSS selector (see the package comment); nil when nothing is.
func CheckSelector(text string) error {
	_, err := parseSelectors(text)
	return err
}

// CountSelectors is how many selectors a text holds, with commas between them; 0 when it is wrong.
func CountSelectors(text string) int {
	list, err := parseSelectors(text)
	if err != nil {
		return 0
	}
	return len(list)
}

// parseSelectors compiles a list of CSS selectors with commas between them. What it takes beyond CSS is what jQuery
// takes, whose selectors Pendo's are: names that start with a digit, and :contains().
func parseSelectors(text string) ([]selector, error) {
	switch {
	case len(text) > selectorMax:
		return nil, fmt.Errorf("the selector has %d bytes; it may have %d", len(text), selectorMax)
	case !utf8.ValidString(text):
		return nil, errors.New("the selector is not UTF-8")
	}
	p := css{text: text}
	var list []selector
	for {
		s, err := p.selector()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
		if p.peek() != ',' {
			break
		}
		p.i++
	}
	if p.i < len(p.text) {
		return nil, p.unexpected()
	}
	return list, nil
}

// css reads a text of CSS selectors.
type css struct {
	text   string
	i      int
	inside bool // of :not()
}

// fault is an error that says where reading stopped.
func (p *css) fault(format string, args ...any) error {
	message := fmt.Sprintf(format, args...)
	if p.i >= len(p.text) {
		return errors.New(message + ", at the end")
	}
	return fmt.Errorf("%s, at %q", message, cutText(p.text[p.i:], 24))
}

// unexpected is the error about the character that comes next.
func (p *css) unexpected() error {
	switch p.peek() {
	case 0:
		return p.fault("an element is missing")
	case ',', '>':
		return p.fault("an element is missing in front of %q", p.peek())
	case '+', '~':
		return p.fault("%q asks for siblings, which the agent does not send; use > and descendants", p.peek())
	case '|':
		return p.fault("namespaces are not known")
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.i:])
	return p.fault("unexpected %q", r)
}

// peek is the next byte, 0 at the end.
func (p *css) peek() byte {
	if p.i < len(p.text) {
		return p.text[p.i]
	}
	return 0
}

// space goes over white space and says whether there was any.
func (p *css) space() bool {
	start := p.i
	for isSpace(p.peek()) {
		p.i++
	}
	return p.i > start
}

// selector reads up to a comma or what cannot be part of a selector.
func (p *css) selector() (selector, error) {
	p.space()
	runs := [][]compound{nil} // from the outside in
	for {
		c, err := p.compound()
		if err != nil {
			return selector{}, err
		}
		last := &runs[len(runs)-1]
		*last = append(*last, c)
		spaced := p.space()
		switch p.peek() {
		case 0, ',':
			for _, run := range runs {
				slices.Reverse(run)
			}
			slices.Reverse(runs)
			return selector{runs: runs, item: noItem, page: noItem}, nil
		case '>':
			p.i++
			p.space()
			continue
		case '+', '~':
			return selector{}, p.unexpected()
		}
		if !spaced {
			return selector{}, p.unexpected()
		}
		runs = append(runs, nil)
	}
}

// compound reads what is asked of one element.
func (p *css) compound() (compound, error) {
	var c compound
	start := p.i
	if p.peek() == '*' {
		p.i++
	} else if tag := p.name(); tag != "" {
		c.tag = lowerASCII(tag)
	}
	for {
		var err error
		switch p.peek() {
		case '#':
			c.ids, err = p.named(c.ids)
		case '.':
			c.classes, err = p.named(c.classes)
		case '[':
			err = p.attribute(&c)
		case ':':
			err = p.pseudo(&c)
		default:
			if p.i == start {
				err = p.unexpected()
			}
			return c, err
		}
		if err != nil {
			return c, err
		}
	}
}

// named reads the name behind "#" or ".".
func (p *css) named(names []string) ([]string, error) {
	sign := p.peek()
	p.i++
	name := p.name()
	if name == "" {
		return nil, p.fault("a name is missing behind %q", sign)
	}
	return append(names, name), nil
}

// attribute reads a test in square brackets.
func (p *css) attribute(c *compound) error {
	p.i++
	p.space()
	t := attributeTest{name: lowerASCII(p.name())}
	if t.name == "" {
		return p.fault("the attribute's name is missing behind %q", '[')
	}
	p.space()
	if c := p.peek(); c != ']' && c != 0 {
		if err := p.comparison(&t); err != nil {
			return err
		}
	}
	if p.peek() != ']' {
		return p.fault("%q is missing behind the attribute", ']')
	}
	p.i++
	c.tests = append(c.tests, t)
	return nil
}

// comparison reads sign, value and flag.
func (p *css) comparison(t *attributeTest) error {
	t.sign = p.peek()
	if strings.IndexByte("*^$~|", t.sign) >= 0 && t.sign != 0 {
		p.i++
	} else {
		t.sign = '='
	}
	if p.peek() != '=' {
		return p.fault(`an attribute is compared with =, *=, ^=, $=, ~= or |=`)
	}
	p.i++
	p.space()
	value, err := p.value()
	if err != nil {
		return err
	}
	p.space()
	switch lower(p.peek()) {
	case 'i':
		t.fold = true
		value = lowerASCII(value)
		p.i++
	case 's':
		p.i++
	}
	p.space()
	t.value = []byte(value)
	return nil
}

// value reads a name or a text in quotes.
func (p *css) value() (string, error) {
	if c := p.peek(); c == '"' || c == '\'' {
		return p.quoted()
	}
	value := p.name()
	if value == "" {
		return "", p.fault("the value is missing, or needs quotes")
	}
	if c := p.peek(); c != ']' && !isSpace(c) {
		return "", p.fault("a value with other signs than letters, digits, - and _ needs quotes")
	}
	return value, nil
}

// cutText shortens text for a message.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
