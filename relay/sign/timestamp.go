package sign

import "bytes"

// timestampMax is how many digits a timestamp may have: those of the largest uint64. More is no time in seconds.
const timestampMax = 20

// bodyTimestamp is the digits of the whole number that stands at the top level of a JSON object under "timestamp", nil
// when there is none: userpilot's signature is made over the time that the body itself names (seed 003). It aliases
// body. What is not JSON gives nil or some digits of it, and no harm: the digits are then part of what is signed.
// A key that escapes one of its letters is not recognised; stable JSON has none.
func bodyTimestamp(body []byte) []byte {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := stringEnd(body, i)
			if depth == 1 && string(body[i:end]) == `"timestamp"` {
				if value, isKey := bytes.CutPrefix(skipSpace(body[end:]), []byte{':'}); isKey {
					return leadingDigits(skipSpace(value))
				}
			}
			i = end - 1
		}
	}
	return nil
}

// stringEnd is the index behind the closing quote of the string literal that opens at start, len(body) without one.
func stringEnd(body []byte, start int) int {
	for i := start + 1; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// skipSpace is b from its first byte that is no JSON white space.
func skipSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\r' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// leadingDigits is the whole number that b begins with, nil when what stands there is anything else.
func leadingDigits(b []byte) []byte {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	if n == 0 || n > timestampMax {
		return nil
	}
	if n < len(b) && (b[n] == '.' || b[n] == 'e' || b[n] == 'E') {
		return nil
	}
	return b[:n]
}
