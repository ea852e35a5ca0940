package catalog

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// name reads a name and undoes its escapes; "" when there is none.
func (p *css) name() string {
	var out strings.Builder
	for {
		c := p.peek()
		switch {
		case isLetter(c), isDigit(c), c == '-', c == '_', c >= utf8.RuneSelf:
			out.WriteByte(c)
			p.i++
		case c == '\\' && p.i+1 < len(p.text) && p.text[p.i+1] != '\n':
			out.WriteRune(p.escape())
		default:
			return out.String()
		}
	}
}

// escape reads what stands behind a backslash: up to six hex digits and one space, or any character.
func (p *css) escape() rune {
	p.i++
	start := p.i
	for p.i < start+6 && isHex(p.peek()) {
		p.i++
	}
	if p.i == start {
		r, n := utf8.DecodeRuneInString(p.text[p.i:])
		p.i += n
		return r
	}
	code, _ := strconv.ParseUint(p.text[start:p.i], 16, 32) // six hex digits always fit
	if isSpace(p.peek()) {
		p.i++
	}
	if code == 0 || !utf8.ValidRune(rune(code)) {
		return utf8.RuneError
	}
	return rune(code)
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f'
}

// quoted reads a text in quotes and undoes its escapes.
func (p *css) quoted() (string, error) {
	var out strings.Builder
	quote, start := p.peek(), p.i
	for p.i++; p.i < len(p.text); {
		c := p.peek()
		switch {
		case c == quote:
			p.i++
			return out.String(), nil
		case c == '\\' && p.i+1 < len(p.text) && p.text[p.i+1] == '\n':
			p.i += len("\\\n") // a line break that is there for the reader only
		case c == '\\' && p.i+1 < len(p.text):
			out.WriteRune(p.escape())
		default:
			out.WriteByte(c)
			p.i++
		}
	}
	p.i = start
	return "", p.fault("a quote is not closed")
}

// pseudo reads a pseudo-class.
func (p *css) pseudo(c *compound) error {
	start := p.i
	p.i++
	name := lowerASCII(p.name())
	argued := p.peek() == '('
	switch {
	case name == "first-child" && !argued:
		c.places = append(c.places, nth{0, 1})
		return nil
	case name == "nth-child" && argued:
		return p.nthChild(c)
	case name == "contains" && argued:
		return p.contains(c)
	case name == "not" && argued && !p.inside:
		return p.not(c)
	}
	p.i = start
	if name == "not" && p.inside {
		return p.fault(":not() cannot stand in :not()")
	}
	return p.fault(`of pseudo-classes there are :nth-child(n), :first-child, :contains("text") and :not(…), as the agent sends nothing that tells more`)
}

// nthChild reads the place or places of an element among its siblings: 3, 2n+1, odd, even.
func (p *css) nthChild(c *compound) error {
	start := p.i
	p.i++
	end := strings.IndexByte(p.text[p.i:], ')')
	if end < 0 {
		return p.fault(`")" is missing`)
	}
	places, ok := parseNth(p.text[p.i : p.i+end])
	if !ok {
		p.i = start
		return p.fault(":nth-child() takes a place like 3, 2n+1, odd or even, counted from 1")
	}
	p.i += end + 1
	c.places = append(c.places, places)
	return nil
}

// parseNth reads CSS's an+b.
func parseNth(text string) (nth, bool) {
	text = strings.ToLower(strings.Trim(text, " \t\r\n\f"))
	switch text {
	case "odd":
		return nth{2, 1}, true
	case "even":
		return nth{2, 0}, true
	}
	steps, from, stepped := strings.Cut(text, "n")
	if !stepped {
		b, ok := parseInt(text)
		return nth{0, b}, ok
	}
	a, ok := int32(0), true
	switch steps {
	case "", "+":
		a = 1
	case "-":
		a = -1
	default:
		a, ok = parseInt(steps)
	}
	from = strings.TrimSpace(from)
	if !ok || from == "" {
		return nth{a, 0}, ok
	}
	if from[0] != '+' && from[0] != '-' {
		return nth{}, false
	}
	b, ok := parseInt(from[:1] + strings.TrimSpace(from[1:]))
	return nth{a, b}, ok
}

func parseInt(text string) (int32, bool) {
	n, err := strconv.ParseInt(text, 10, 31) // 31 bits, so that a difference of two fits 32
	return int32(n), err == nil
}

// contains reads the text that an element must have in it. Quotes may be left out.
func (p *css) contains(c *compound) error {
	p.i++
	p.space()
	var text string
	var err error
	if q := p.peek(); q == '"' || q == '\'' {
		text, err = p.quoted()
	} else {
		text, err = p.bare()
	}
	if err != nil {
		return err
	}
	p.space()
	if p.peek() != ')' {
		return p.fault(`")" is missing behind the text`)
	}
	if text == "" {
		return p.fault(":contains() has no text")
	}
	p.i++
	c.contains = append(c.contains, []byte(text))
	return nil
}

// bare reads a text without quotes up to the bracket that closes it.
func (p *css) bare() (string, error) {
	var out strings.Builder
	for depth := 0; p.i < len(p.text); {
		c := p.peek()
		switch {
		case c == '\\' && p.i+1 < len(p.text):
			out.WriteRune(p.escape())
			continue
		case c == '(':
			depth++
		case c == ')' && depth == 0:
			return strings.TrimRight(out.String(), " \t\r\n\f"), nil
		case c == ')':
			depth--
		}
		out.WriteByte(c)
		p.i++
	}
	return "", p.fault(`")" is missing behind the text`)
}

// not reads what an element must not be.
func (p *css) not(c *compound) error {
	p.inside = true
	defer func() { p.inside = false }()
	for next := byte(','); next == ','; {
		p.i++
		p.space()
		n, err := p.compound()
		if err != nil {
			return err
		}
		c.not = append(c.not, n)
		p.space()
		next = p.peek()
	}
	if p.peek() != ')' {
		return p.fault(`in :not() stand conditions for one element, and ")" behind them`)
	}
	p.i++
	return nil
}
