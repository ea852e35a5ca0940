package console

import "unicode/utf8"

// indent is how far each level of a shown body stands to the right, up to indentMax levels: a body of ten thousand
// brackets must not become a page of ten thousand times ten thousand spaces.
const (
	indent    = "  "
	indentMax = 24
)

// pretty is compact JSON over several lines, and whether it was cut off after about limit bytes. Empty objects and arrays
// stay on their line.
func pretty(compact []byte, limit int) (text string, cut bool) {
	p := printer{dst: make([]byte, 0, min(2*len(compact), limit+limit/8))}
	for i, c := range compact {
		if len(p.dst) >= limit {
			return string(trimRune(p.dst)), true
		}
		p.put(c, compact[i+1:])
	}
	return string(p.dst), false
}

// printer is where pretty is.
type printer struct {
	dst     []byte
	depth   int
	quoted  bool // inside a string
	escaped bool // behind its backslash
}

// put prints c, which comes before rest.
func (p *printer) put(c byte, rest []byte) {
	empty := len(rest) > 0 && rest[0] == c+2 // in ASCII, each bracket stands two before the one that closes it
	switch {
	case p.quoted:
		p.dst = append(p.dst, c)
		p.quoted = p.escaped || c != '"'
		p.escaped = !p.escaped && c == '\\'
	case c == '{' || c == '[':
		p.dst = append(p.dst, c)
		p.depth++
		if !empty {
			p.line()
		}
	case c == '}' || c == ']':
		p.depth--
		if last := p.dst[len(p.dst)-1]; last != c-2 {
			p.line()
		}
		p.dst = append(p.dst, c)
	case c == ',':
		p.dst = append(p.dst, c)
		p.line()
	case c == ':':
		p.dst = append(p.dst, ": "...)
	default:
		p.dst = append(p.dst, c)
		p.quoted = c == '"'
	}
}

func (p *printer) line() {
	p.dst = append(p.dst, '\n')
	for range min(p.depth, indentMax) {
		p.dst = append(p.dst, indent...)
	}
}

// trimRune takes the beginning of a character off the end.
func trimRune(b []byte) []byte {
	if r, n := utf8.DecodeLastRune(b); r != utf8.RuneError || n != 1 {
		return b
	}
	end := len(b) - 1
	for end > 0 && !utf8.RuneStart(b[end]) {
		end--
	}
	return b[:end]
}
