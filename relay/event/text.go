package event

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Eight bytes at a time: each of these holds one value in all eight places.
const (
	ones    = 0x0101010101010101
	highs   = 0x80 * ones
	quotes  = '"' * ones
	slashes = '\\' * ones
	spaces  = ' ' * ones
)

// special marks, in the high bit of each byte, the quotes, backslashes and control characters among the eight bytes of
// w. Only the lowest mark is exact: a borrow may set those above it.
func special(w uint64) uint64 {
	quote, slash := w^quotes, w^slashes
	return ((w-spaces)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
}

// text reads the string whose opening quote is at i.
func (s *Stable) text(i int) int {
	raw, start := s.raw, i+1
	var seen uint64
	for i++; ; {
		i, seen = plainRun(raw, i, seen)
		switch {
		case i >= len(raw):
			return s.fail(i, "unexpected end in a string")
		case raw[i] == '"':
			if seen&highs != 0 && !utf8.Valid(raw[start:i]) {
				return s.fail(start+invalidUTF8(raw[start:i]), "invalid UTF-8 in a string")
			}
			return i + 1
		case raw[i] == '\\':
			if i = s.escape(i); i < 0 {
				return i
			}
		default:
			return s.fail(i, "control character in a string, it must be escaped")
		}
	}
}

// plainRun returns the position of the first quote, backslash or control character from i on, and seen with all bytes
// up to there or-ed into it: a high bit asks for a look at the UTF-8.
func plainRun(raw []byte, i int, seen uint64) (int, uint64) {
	for i+8 <= len(raw) {
		w := binary.LittleEndian.Uint64(raw[i:])
		if mark := special(w); mark != 0 {
			upTo := mark ^ (mark - 1) // the marked byte and those before it
			return i + bits.TrailingZeros64(mark)/8, seen | w&upTo
		}
		seen |= w
		i += 8
	}
	for i < len(raw) && raw[i] >= ' ' && raw[i] != '"' && raw[i] != '\\' {
		seen |= uint64(raw[i])
		i++
	}
	return i, seen
}

// invalidUTF8 is the position of the first byte that is not UTF-8.
func invalidUTF8(b []byte) int {
	i := 0
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return i
}

// escape reads the escape whose backslash is at i. Those that JavaScript prints itself stay where they are.
func (s *Stable) escape(i int) int {
	if i+1 >= len(s.raw) {
		return s.fail(i+1, "unexpected end in a string")
	}
	switch s.raw[i+1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case '/':
		s.flush(i)
		s.run = i + 1
		return i + 2
	case 'u':
		return s.unicodeEscape(i)
	default:
		return s.fail(i+1, "unknown escape in a string")
	}
}

// unicodeEscape reads \uXXXX at i, and the second one when both together are one character.
func (s *Stable) unicodeEscape(i int) int {
	unit := codeUnit(s.raw[i:])
	if unit < 0 {
		return s.fail(i, "expected four hex digits behind \\u")
	}
	s.flush(i)
	i += len(`\u0000`)
	if utf16.IsSurrogate(unit) {
		if r := utf16.DecodeRune(unit, codeUnit(s.raw[i:])); r != utf8.RuneError {
			unit = r
			i += len(`\u0000`)
		}
	}
	s.dst = appendCharacter(s.dst, unit)
	s.run = i
	return i
}

// codeUnit reads the \uXXXX that b starts with; -1 if it does not.
func codeUnit(b []byte) rune {
	if len(b) < len(`\u0000`) || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	var unit rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return -1
		}
		unit = unit<<4 | rune(c)
	}
	return unit
}

// appendCharacter appends one character, or a lone surrogate, as JSON.stringify prints it inside a string.
func appendCharacter(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r < ' ':
		return appendControl(dst, byte(r))
	case utf16.IsSurrogate(r):
		return append(dst, '\\', 'u', 'd', hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
	default:
		return utf8.AppendRune(dst, r)
	}
}

func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}

// AppendString appends text as a JSON string, quotes included, as JSON.stringify prints it. What is not UTF-8 becomes
// U+FFFD. Equal texts have equal literals, so literals can be compared in place of texts.
func AppendString[T ~string | ~[]byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	start, i := 0, 0
	for i < len(text) {
		c := text[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		var b [utf8.UTFMax]byte
		r, n := utf8.DecodeRune(b[:copy(b[:], text[i:])])
		if r >= utf8.RuneSelf && n > 1 {
			i += n
			continue
		}
		dst = append(dst, text[start:i]...)
		dst = appendCharacter(dst, r)
		i += n
		start = i
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}

// AppendText appends the text of literal, a stable JSON string, without quotes and escapes. Lone surrogates, which UTF-8
// cannot hold, become U+FFFD. A value that is no string is appended as it stands: the text of 12 is "12".
func AppendText(dst, literal []byte) []byte {
	text, escaped := unquote(literal)
	for escaped {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 >= len(text) {
			break
		}
		dst = append(dst, text[:i]...)
		text = text[i:]
		var n int
		dst, n = appendUnescaped(dst, text)
		text = text[n:]
	}
	return append(dst, text...)
}

// PlainText is AppendText without a copy, for the usual literal without escapes: the text is a part of literal. It
// returns false, and nothing, when there are escapes to undo.
func PlainText(literal []byte) ([]byte, bool) {
	text, escaped := unquote(literal)
	if escaped {
		return nil, false
	}
	return text, true
}

// unquote takes the quotes off a string and says whether escapes are left in it.
func unquote(literal []byte) (text []byte, escaped bool) {
	if len(literal) < 2 || literal[0] != '"' {
		return literal, false
	}
	end := len(literal) - 1
	text = literal[1:end:end]
	return text, bytes.IndexByte(text, '\\') >= 0
}

// appendUnescaped appends what the escape at the start of b stands for, and returns the escape's length.
func appendUnescaped(dst, b []byte) ([]byte, int) {
	switch b[1] {
	case 'b':
		return append(dst, '\b'), 2
	case 'f':
		return append(dst, '\f'), 2
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case 'u':
		if unit := codeUnit(b); unit >= 0 {
			return utf8.AppendRune(dst, unit), len(`\u0000`)
		}
	}
	return append(dst, b[1]), 2
}
