package intake

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// appendPath appends the path of a request's target, escapes undone but for those of slashes, which are part of a segment
// then, and of percent signs: it holds no others. A target is "/path?query", or a whole URL when a proxy is asked.
func appendPath(dst, target []byte) []byte {
	target = pathAndQuery(target)
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	for {
		i := bytes.IndexByte(target, '%')
		if i < 0 {
			return append(dst, target...)
		}
		dst = append(dst, target[:i]...)
		c, n := unescape(target[i:])
		switch {
		case c == '%':
			dst = append(dst, escapedPercent...)
		case c == '/':
			dst = append(dst, escapedSlash...)
		default:
			dst = append(dst, c)
		}
		target = target[i+n:]
	}
}

// pathAndQuery is what stands behind the host in a request's target, and before a fragment.
func pathAndQuery(target []byte) []byte {
	if len(target) > 0 && target[0] != '/' {
		if i := bytes.Index(target, []byte("://")); i >= 0 {
			target = target[i+len("://"):]
		}
		target = target[max(bytes.IndexByte(target, '/'), 0):]
	}
	if i := bytes.IndexByte(target, '#'); i >= 0 {
		target = target[:i]
	}
	return target
}

// unescape is the character that text begins with, and how many bytes it takes there. A percent sign that begins no
// escape stands for itself.
func unescape(text []byte) (c byte, n int) {
	if text[0] == '%' && len(text) >= 3 {
		if c, err := strconv.ParseUint(string(text[1:3]), 16, 8); err == nil {
			return byte(c), 3
		}
	}
	return text[0], 1
}

// The escapes that a path has left.
const (
	escapedSlash   = "%2F"
	escapedPercent = "%25"
)

// pathText is a variable of the path as a JSON string, what says what it is.
func (r *request) pathText(what string, segment []byte) ([]byte, error) {
	text := r.value(func(dst []byte) []byte { return appendSegment(dst, segment) })
	if !utf8.Valid(text) {
		return nil, badBody("invalid_path", "%s in the path is not UTF-8", what)
	}
	literal := r.value(func(dst []byte) []byte { return event.AppendString(dst, text) })
	if len(literal) > idBytesMax {
		return nil, badBody("invalid_path", "%s in the path %s", what, idTooLong)
	}
	return literal, nil
}

// appendSegment appends a segment of the path without its last escapes.
func appendSegment(dst, segment []byte) []byte {
	for {
		i := bytes.IndexByte(segment, '%')
		if i < 0 {
			return append(dst, segment...)
		}
		dst = append(dst, segment[:i]...)
		if segment = segment[i:]; bytes.HasPrefix(segment, []byte(escapedSlash)) {
			dst = append(dst, '/')
		} else {
			dst = append(dst, '%')
		}
		segment = segment[len(escapedSlash):]
	}
}
