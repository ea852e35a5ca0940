package format

import (
	"bytes"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// bounds are what a vendor takes of a property's value. What is beyond them is cut or left out, so that the rest of the
// event arrives.
type bounds struct {
	characters int // of a text
	members    int // of an object, and elements of an array
	depth      int // how deep objects and arrays may nest; one that is deeper becomes the text of its JSON
}

// appendValue appends value, stable JSON, within the bounds. depth is how deep it stands, 0 outermost.
func (b *bounds) appendValue(dst, value []byte, depth int) []byte {
	switch {
	case len(value) == 0:
		return append(dst, "null"...)
	case value[0] == '"':
		return appendCut(dst, value, b.characters)
	case value[0] != '{' && value[0] != '[':
		return append(dst, value...)
	case depth == b.depth:
		return appendCutJSON(dst, value, b.characters)
	case value[0] == '{':
		dst = append(dst, '{')
		return append(b.appendMembers(dst, value, depth+1, b.members, nil), '}')
	}
	dst = append(dst, '[')
	n := 0
	_ = event.Elements(value, func(v []byte) bool {
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = b.appendValue(dst, v, depth+1)
		return n < b.members
	})
	return append(dst, ']')
}

// appendMembers appends up to most of obj's members within the bounds. Those whose keys are in without, JSON strings, are
// left out, and so are those with keys that are too long or have a lone surrogate: two such keys would become one.
func (b *bounds) appendMembers(dst, obj []byte, depth, most int, without []string) []byte {
	n := 0
	_ = event.Members(obj, func(key, value []byte) bool {
		if len(key) > b.characters || contains(without, key) {
			return true
		}
		before := len(dst)
		dst = append(appendKey(dst, ``), key...)
		whole := dst[len(dst)-len(key):]
		if mendSurrogates(whole, 1); !bytes.Equal(whole, key) {
			dst = dst[:before]
			return true
		}
		if n++; n > most {
			dst = dst[:before]
			return false
		}
		dst = append(dst, ':')
		dst = b.appendValue(dst, value, depth)
		return true
	})
	return dst
}

func contains(keys []string, key []byte) bool {
	for _, k := range keys {
		if k == string(key) {
			return true
		}
	}
	return false
}

// appendCut appends literal, a stable JSON string, cut after so many characters. A lone surrogate, which UTF-8 cannot hold
// and vendors refuse, becomes U+FFFD. What is no string is appended as it stands.
func appendCut(dst, literal []byte, most int) []byte {
	if len(literal) < 2 || literal[0] != '"' || len(literal)-2 <= most && !bytes.Contains(literal, []byte(`\u`)) {
		return append(dst, literal...)
	}
	text := literal[1 : len(literal)-1]
	dst = append(dst, '"')
	for n := 0; len(text) > 0 && n < most; n++ {
		size := characterSize(text)
		if size > 2 && text[0] == '\\' && text[2]|0x20 == 'd' {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		} else {
			dst = append(dst, text[:size]...)
		}
		text = text[size:]
	}
	return append(dst, '"')
}

// characterSize is how many bytes the first character of a JSON string's inside takes.
func characterSize(text []byte) int {
	size := 2
	switch {
	case text[0] != '\\':
		_, size = utf8.DecodeRune(text)
	case len(text) > 1 && text[1] == 'u':
		size = len(`\u0000`)
	}
	return min(size, len(text))
}

// appendCutJSON appends the text of a JSON value as a JSON string of up to so many characters.
func appendCutJSON(dst, value []byte, most int) []byte {
	end := 0
	for n := 0; end < len(value) && n < most; n++ {
		_, size := utf8.DecodeRune(value[end:])
		end += size
	}
	return event.AppendString(dst, value[:end])
}
