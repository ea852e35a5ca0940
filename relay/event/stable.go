package event

import (
	"hash/maphash"
	"strconv"
	"unicode/utf8"
)

// DepthMax is how deep arrays and objects may nest in stable JSON.
const DepthMax = 512

// SizeMax is the size in bytes of the largest value that can be made stable. Numbers may grow (1e20, to 21 digits), and
// what becomes of it must still have offsets that fit an int32.
const SizeMax = 256 << 20

// Stable turns JSON into stable JSON: exactly what JavaScript's JSON.stringify(JSON.parse(x)) prints. That is: no
// spaces; in strings only the quote, the backslash and control characters escaped (\b \f \n \r \t, else \u00xx), lone
// surrogates as \udxxx, everything else UTF-8; numbers as JavaScript prints them; keys that are array indices first, in
// ascending order; of equal keys the last value at the first one's place. One exception: integer literals keep all
// their digits, also beyond 2^53, where JavaScript would round them.
//
// The zero value is ready. It holds scratch that is reused by each call; one goroutine at a time.
type Stable struct {
	raw []byte
	dst []byte
	run int // raw[run:i] belongs to the output as it stands and is not copied yet

	keys   []uint64 // hashes of the named keys of all open objects, the innermost last
	seed   maphash.Seed
	seeded bool
	unsure bool // some object may hold members that have to move
	fault  SyntaxError
	order  arranger
}

// SyntaxError says where JSON is wrong.
type SyntaxError struct {
	Offset int // of the first wrong byte, from 0; the length of the input when it ends too early
	Msg    string
}

// Error is one line that holds at most one byte of the input, fit for a reply and for a log.
func (e *SyntaxError) Error() string {
	return "json: byte " + strconv.Itoa(e.Offset) + ": " + e.Msg
}

// Append appends raw, which must be one whole JSON value, to dst as stable JSON. raw must not overlap dst's free room,
// and is not kept. The error is a *SyntaxError; dst is then returned as it was.
func (s *Stable) Append(dst, raw []byte) ([]byte, error) {
	if len(raw) > SizeMax {
		return dst, &SyntaxError{SizeMax, "the value is larger than 256 MiB"}
	}
	s.begin(dst, raw)
	i := s.value(0, 0)
	if i >= 0 {
		i = s.space(i)
	}
	if i >= 0 && i < len(raw) {
		i = s.fail(i, "unexpected "+spell(raw[i])+" after the value")
	}
	if i < 0 {
		fault := s.fault
		s.end()
		return dst, &fault
	}
	s.flush(i)
	out := s.dst
	if s.unsure {
		out = s.order.arrange(out, len(dst), s.seed)
	}
	s.end()
	return out, nil
}

func (s *Stable) begin(dst, raw []byte) {
	if !s.seeded {
		s.seed, s.seeded = maphash.MakeSeed(), true
	}
	s.dst, s.raw, s.run = dst, raw, 0
	s.unsure = false
}

// end lets go of the caller's memory and of scratch that a giant input left behind.
func (s *Stable) end() {
	s.dst, s.raw = nil, nil
	s.keys = kept(s.keys)
}

// fail notes the fault and returns the position that means one.
func (s *Stable) fail(i int, msg string) int {
	s.fault = SyntaxError{i, msg}
	return -1
}

// spell names a byte in a message.
func spell(c byte) string {
	if c < utf8.RuneSelf {
		return strconv.QuoteRune(rune(c))
	}
	return "byte 0x" + strconv.FormatUint(uint64(c), 16)
}

// flush copies what belongs to the output up to i. Whoever changes or leaves out bytes calls it and sets run behind them.
func (s *Stable) flush(i int) {
	s.dst = append(s.dst, s.raw[s.run:i]...)
	s.run = i
}

// at is the byte at i, 0 behind the end: no byte of JSON's grammar.
func (s *Stable) at(i int) byte {
	if i < len(s.raw) {
		return s.raw[i]
	}
	return 0
}

// space leaves out the white space from i on and returns the position behind it. Stable input has none, so it is asked
// only where something else than expected stands.
func (s *Stable) space(i int) int {
	j := i
	for c := s.at(j); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = s.at(j) {
		j++
	}
	if j > i {
		s.flush(i)
		s.run = j
	}
	return j
}

// value reads the value that starts at i, or behind white space there, and returns the position behind it, or -1 on a
// fault. So do all below.
func (s *Stable) value(i, depth int) int {
	switch s.at(i) {
	case '"':
		return s.text(i)
	case '{':
		return s.object(i, depth+1)
	case '[':
		return s.array(i, depth+1)
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number(i)
	case ' ', '\n', '\t', '\r':
		return s.value(s.space(i), depth)
	}
	if i >= len(s.raw) {
		return s.fail(i, "unexpected end, a value is missing")
	}
	return s.fail(i, "unexpected "+spell(s.raw[i])+" where a value starts")
}

func (s *Stable) word(i int, want string) int {
	for k := range len(want) {
		if i+k >= len(s.raw) || s.raw[i+k] != want[k] {
			return s.fail(min(i+k, len(s.raw)), "expected "+want)
		}
	}
	return i + len(want)
}

func (s *Stable) array(i, depth int) int {
	if depth > DepthMax {
		return s.fail(i, "nested deeper than "+strconv.Itoa(DepthMax))
	}
	i = s.space(i + 1)
	if s.at(i) == ']' {
		return i + 1
	}
	for {
		if i = s.value(i, depth); i < 0 {
			return i
		}
		c := s.at(i)
		if c != ',' && c != ']' {
			i = s.space(i)
			c = s.at(i)
		}
		switch c {
		case ',':
			i++
		case ']':
			return i + 1
		default:
			return s.fail(i, "expected ',' or ']' in the array")
		}
	}
}

func (s *Stable) object(i, depth int) int {
	if depth > DepthMax {
		return s.fail(i, "nested deeper than "+strconv.Itoa(DepthMax))
	}
	seen := keyring{base: len(s.keys), index: -1}
	i = s.space(i + 1)
	if s.at(i) == '}' {
		return i + 1
	}
	for {
		if i = s.key(i, &seen); i < 0 {
			return i
		}
		if i = s.value(i, depth); i < 0 {
			return i
		}
		c := s.at(i)
		if c != ',' && c != '}' {
			i = s.space(i)
			c = s.at(i)
		}
		switch c {
		case ',':
			i++
		case '}':
			s.keys = s.keys[:seen.base]
			return i + 1
		default:
			return s.fail(i, "expected ',' or '}' in the object")
		}
	}
}

// key reads a member's key and its colon.
func (s *Stable) key(i int, seen *keyring) int {
	if s.at(i) != '"' {
		i = s.space(i)
	}
	if s.at(i) != '"' {
		return s.fail(i, "expected a key in double quotes")
	}
	start, from := i, len(s.dst)+i-s.run // where the key stands in raw, and will stand in dst
	if i = s.text(i); i < 0 {
		return i
	}
	if !s.unsure {
		literal := s.raw[start:i]
		if s.run > start { // it had escapes to change
			s.flush(i)
			literal = s.dst[from:]
		}
		s.unsure = !s.inPlace(literal, seen)
	}
	if s.at(i) != ':' {
		i = s.space(i)
	}
	if s.at(i) != ':' {
		return s.fail(i, "expected ':' behind the key")
	}
	return i + 1
}
