package upstream

import (
	"net/url"
	"strconv"
	"strings"
)

// Base is where an upstream is: the URL that stands in front of every target. It never changes.
//
// What it sends says by which relays it came: one that is led back to a relay that it came by, because an upstream's name
// leads to the relay itself, would go round for ever.
type Base struct {
	url  *url.URL
	via  string // this relay, "" for none
	path string // with a slash in front and none at its end; "" for none
	host string // of the header Host
}

// NewBase makes the base of a URL with scheme, host and perhaps a path: https://data.pendo.io. via is a name for this relay
// that no other has.
func NewBase(u *url.URL, via string) *Base {
	host, _, zoned := strings.Cut(u.Host, "%") // a zone means something to this machine only
	if zoned {
		host += u.Host[strings.IndexByte(u.Host, ']'):]
	}
	path := strings.Trim(u.EscapedPath(), "/")
	if path != "" {
		path = "/" + path
	}
	return &Base{url: u, via: via, path: path, host: host}
}

// AppendRequest appends the HTTP/1.1 request that brings q to the upstream: target, headers and body as they came. What
// could not stand in a request line, such as a space, is escaped. It allocates nothing beyond dst.
func (b *Base) AppendRequest(dst []byte, q *Request) []byte {
	dst = append(append(dst, q.Method...), ' ')
	dst = b.appendPath(dst, q.Target)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(append(dst, b.host...), "\r\n"...)
	for h, value := range q.Header {
		if len(value) > 0 && Header(h) != Via {
			dst = append(append(dst, names[h]...), ": "...)
			dst = append(append(dst, value...), "\r\n"...)
		}
	}
	if b.via != "" {
		dst = append(append(dst, names[Via]...), ": "...)
		dst = append(b.appendVia(dst, q), "\r\n"...)
	}
	if len(q.Body) > 0 || string(q.Method) == "POST" {
		dst = append(dst, "Content-Length: "...)
		dst = append(strconv.AppendInt(dst, int64(len(q.Body)), 10), "\r\n"...)
	}
	return append(append(dst, "\r\n"...), q.Body...)
}

// appendVia appends the relays by which q has come when it comes to the upstream.
func (b *Base) appendVia(dst []byte, q *Request) []byte {
	if before := q.Header[Via]; len(before) > 0 {
		dst = append(append(dst, before...), ", "...)
	}
	return append(dst, b.via...)
}

// appendPath appends the path and query under which the upstream has a target.
func (b *Base) appendPath(dst, target []byte) []byte {
	dst = append(append(dst, b.path...), '/')
	for _, c := range target {
		if c <= ' ' || c == 0x7f {
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
