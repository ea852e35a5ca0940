package expression

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
)

// checkURL makes sure that no event has a say in where a request goes, and that the rest is a URL.
func (t *Template) checkURL() *Fault {
	scheme, rest, ok := strings.Cut(t.pieces[0].text, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return t.faultAt(0, `the URL must begin with "https://" and a host`)
	}
	if len(t.places) > 0 && !strings.ContainsAny(rest, "/?") {
		return t.faultAt(len(t.pieces[0].text), `a place in the host; the host, and a "/" behind it, must stand in the template`)
	}
	filled := ""
	for _, p := range t.pieces {
		if p.isPlace {
			filled += "x"
			continue
		}
		if at, msg := wrongInURL(p.text); msg != "" {
			return t.faultAt(p.start+at, msg)
		}
		filled += p.text
	}
	u, err := url.Parse(filled)
	if err != nil || u.Host == "" {
		return t.faultAt(0, `not a URL; write it like "https://example.com/hook?id={{ visitor }}"`)
	}
	if err := checkSegments([]byte(filled)); err != nil {
		return t.faultAt(0, err.Error())
	}
	return nil
}

// wrongInURL is where text holds what a URL cannot, and what that is.
func wrongInURL(text string) (int, string) {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '#':
			return i, "a #fragment is never sent; leave it out"
		case c == '%' && (i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2])):
			return i, `"%" without two hex digits; to write one, say %25`
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			return i, "a character that must be percent-encoded in a URL"
		}
	}
	return 0, ""
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

const upperHex = "0123456789ABCDEF"

// appendPercent appends text with everything encoded but what no part of a URL gives a meaning (RFC 3986, 2.3).
func appendPercent(dst, text []byte) []byte {
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'z', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

var errSegment = errors.New(`the URL's path has a segment ".", or "..", which would lead elsewhere`)

// checkSegments refuses the segments of a path that mean another path. Encoding does not help: "%2E" is "." (RFC 3986, 6.2.2.2).
// An encoded slash or backslash ends a segment too: many servers decode a path before they walk it, and a visitor whose ID
// is "../../admin" is not to choose what the webhook's credentials are used for.
func checkSegments(address []byte) error {
	_, rest, _ := bytes.Cut(address, []byte("://"))
	path, _, _ := bytes.Cut(rest, []byte("?"))
	for i := 0; len(path) > 0; i++ {
		var segment []byte
		segment, path = cutSegment(path)
		dots := 0
		for len(segment) > 0 && dots <= 2 {
			switch {
			case segment[0] == '.':
				segment = segment[1:]
			case len(segment) >= 3 && segment[0] == '%' && segment[1] == '2' && segment[2]|0x20 == 'e':
				segment = segment[3:]
			default:
				dots = 3
				continue
			}
			dots++
		}
		if i > 0 && (dots == 1 || dots == 2) { // the first is the host
			return errSegment
		}
	}
	return nil
}

// cutSegment takes the first segment off a path, with what ends it.
func cutSegment(path []byte) (segment, rest []byte) {
	for i, c := range path {
		switch {
		case c == '/':
			return path[:i], path[i+1:]
		case c == '%' && i+2 < len(path) && (path[i+1] == '2' && path[i+2]|0x20 == 'f' || path[i+1] == '5' && path[i+2]|0x20 == 'c'):
			return path[:i], path[i+3:]
		}
	}
	return path, nil
}
