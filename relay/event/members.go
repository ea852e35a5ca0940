package event

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The readers below take stable JSON as Stable.Append makes it. Whatever else they are given, they do not panic and do
// not read on for ever; they then find an error, or nothing.

// Members calls f with each member of obj, a stable JSON object, in order, until f returns false: the key as a JSON
// string, the value as it stands. Both alias obj. It allocates nothing. The error, a *SyntaxError, says that obj is not
// a whole object; f may have seen some members before it was found out.
func Members(obj []byte, f func(key, value []byte) bool) error {
	c := cursor{b: obj, close: '}'}
	for c.next() {
		if !f(c.key, c.value) {
			return nil
		}
	}
	return c.err("object")
}

// Elements calls f with each element of arr, a stable JSON array, in order, until f returns false. It is otherwise as
// Members.
func Elements(arr []byte, f func(value []byte) bool) error {
	c := cursor{b: arr, close: ']'}
	for c.next() {
		if !f(c.value) {
			return nil
		}
	}
	return c.err("array")
}

// Lookup returns the value of key, plain text, in obj, a stable JSON object; nil when there is none. The value aliases
// obj. Keys up to a hundred bytes cost no allocation.
func Lookup(obj []byte, key string) []byte {
	var room [128]byte
	literal := AppendString(room[:0], key)
	c := cursor{b: obj, close: '}'}
	for c.next() {
		if bytes.Equal(c.key, literal) {
			return c.value
		}
	}
	return nil
}

// cursor walks the members of an object or the elements of an array.
type cursor struct {
	b     []byte
	close byte // '}' or ']'
	i     int  // the byte to look at next
	state state
	key   []byte
	value []byte
}

type state uint8

const (
	inside state = iota
	ended        // at the closing bracket, which is the last byte
	broken       // by the byte at i
)

// next reads the next key and value; false at the end and at a fault, which err tells apart.
func (c *cursor) next() bool {
	c.step()
	if c.state != inside {
		return false
	}
	start := c.i
	if c.close == '}' {
		end := endOfString(c.b, start)
		if end < 0 || end >= len(c.b) || c.b[end] != ':' {
			c.state = broken
			return false
		}
		c.key, start = c.b[start:end:end], end+1
	}
	end := endOfValue(c.b, start)
	if end <= start {
		c.state = broken
		return false
	}
	c.value, c.i = c.b[start:end:end], end
	return true
}

// step goes over the opening bracket or the comma in front of what comes next, or to the end.
func (c *cursor) step() {
	b, i := c.b, c.i
	switch {
	case c.state != inside:
	case i == 0 && len(b) >= 2 && b[0] == c.close-2: // in ASCII, each bracket stands two before the one that closes it
		c.i = 1
		if b[1] == c.close {
			c.end()
		}
	case i > 0 && i < len(b) && b[i] == ',':
		c.i++
	case i > 0 && i < len(b) && b[i] == c.close:
		c.end()
	default:
		c.state = broken
	}
}

func (c *cursor) end() {
	c.state = broken
	if c.i == len(c.b)-1 {
		c.state = ended
	}
}

func (c *cursor) err(what string) error {
	if c.state == ended {
		return nil
	}
	return &SyntaxError{c.i, "not a whole " + what + " of stable JSON"}
}

// endOfString returns the position behind the string that starts at b[i]; -1 if none does or it does not end.
func endOfString(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	for i++; i < len(b); {
		if i+8 <= len(b) {
			mark := special(binary.LittleEndian.Uint64(b[i:]))
			if mark == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(mark) / 8
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i += 2
		default:
			i++
		}
	}
	return -1
}

// endOfValue returns the position behind the value that starts at b[i], -1 if none does or it does not end. It goes by
// brackets and quotes alone.
func endOfValue(b []byte, i int) int {
	depth := 0
	for i >= 0 && i < len(b) {
		switch b[i] {
		case '"':
			i = endOfString(b, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':':
			if depth == 0 {
				return -1
			}
			i++
		default:
			i = endOfWord(b, i)
		}
		if depth < 0 {
			return -1
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

// endOfWord returns the position behind the number, true, false or null that starts at b[i].
func endOfWord(b []byte, i int) int {
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' {
		i++
	}
	return i
}
