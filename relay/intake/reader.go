package intake

import "bytes"

// reader goes through stable JSON from front to back and steps into the values it is told to, so that each byte is
// looked at once. event.Members and event.Lookup go over what is nested once for each level, which a batch, three levels
// deep, pays with a third of its time.
//
//	for more := p.enter(); more; more = p.next() {
//		switch string(p.key()) {
//		case `"name"`:
//			name = p.value()
//		default:
//			p.skip()
//		}
//	}
//
// What it reads must be whole and stable, as Stable.Append made it: it checks nothing.
type reader struct {
	b []byte
	i int // where the next key or value starts
}

// at is the first byte of the next value, which tells what it is.
func (p *reader) at() byte { return p.b[p.i] }

// enter steps into the object or array that is next, and says whether there is anything in it. If not, it is behind it.
func (p *reader) enter() bool {
	p.i++
	if c := p.b[p.i]; c == '}' || c == ']' {
		p.i++
		return false
	}
	return true
}

// next goes on behind a value: to the next member or element, or out of the object or array, and then says false.
func (p *reader) next() bool {
	p.i++
	return p.b[p.i-1] == ','
}

// key reads a member's key, a JSON string. The member's value is next.
func (p *reader) key() []byte {
	start := p.i
	p.text()
	p.i++ // the colon
	return p.b[start : p.i-1]
}

// value reads the next value.
func (p *reader) value() []byte {
	start := p.i
	p.skip()
	return p.b[start:p.i:p.i]
}

// member goes behind the next value and returns its member of that key; nil when it has none, or is no object.
func (p *reader) member(key string) (value []byte) {
	if p.at() != '{' {
		p.skip()
		return nil
	}
	for more := p.enter(); more; more = p.next() {
		if string(p.key()) == key {
			value = p.value()
		} else {
			p.skip()
		}
	}
	return value
}

// skip goes behind the next value.
func (p *reader) skip() {
	switch p.b[p.i] {
	case '"':
		p.text()
	case '{', '[':
		p.nested()
	default:
		p.word()
	}
}

// text goes behind a string.
func (p *reader) text() {
	for from := p.i + 1; ; {
		end := from + bytes.IndexByte(p.b[from:], '"')
		slashes := 0
		for p.b[end-1-slashes] == '\\' {
			slashes++ // ends at the opening quote at the latest
		}
		if from = end + 1; slashes%2 == 0 {
			p.i = from
			return
		}
	}
}

// nested goes behind an object or array.
func (p *reader) nested() {
	for depth := 0; ; {
		switch p.b[p.i] {
		case '"':
			p.text()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		p.i++
		if depth == 0 {
			return
		}
	}
}

// word goes behind a number, true, false or null.
func (p *reader) word() {
	for p.i < len(p.b) && p.b[p.i] != ',' && p.b[p.i] != '}' && p.b[p.i] != ']' {
		p.i++
	}
}
