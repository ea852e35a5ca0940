package hook

import (
	"maps"
	"slices"
	"strings"

	"edgerelay/relay/destination"
)

// Header is a header that every delivery of a webhook carries.
type Header struct {
	Name, Value string
}

// reserved are the headers that a delivery sets itself.
var reserved = []string{"connection", "content-length", "host", "transfer-encoding", "x-edgerelay-attempt",
	"x-pendo-signature", "x-hub-signature-256", "x-signature", "webhook-id", "webhook-timestamp", "webhook-signature"}

// headers checks the user's own headers and sorts them.
func (c *checker) headers() []Header {
	if len(c.spec.Headers) > HeadersMax {
		c.add("headers", "are %d; there may be %d", len(c.spec.Headers), HeadersMax)
		return nil
	}
	var list []Header
	for _, name := range slices.Sorted(maps.Keys(c.spec.Headers)) {
		value, field := c.spec.Headers[name], "headers."+name
		twin := slices.IndexFunc(list, func(h Header) bool { return strings.EqualFold(h.Name, name) })
		switch {
		case !token(name):
			c.add(field, "is not a name that a header can have; use letters, digits and -")
		case slices.Contains(reserved, strings.ToLower(name)):
			c.add(field, "is set by the relay itself; leave it out")
		case c.spec.Settings["origin"] != "" && strings.EqualFold(name, destination.RequestOrigin):
			c.add(field, "is set by the relay itself to settings.origin; leave it out")
		case twin >= 0:
			c.add(field, "is the same header as %s; leave one out", list[twin].Name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			c.add(field, "has a line break or control character in its value; leave it out")
		}
		list = append(list, Header{name, value})
	}
	return list
}

// token says whether a text is a token in the sense of RFC 9110, as names of headers must be.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
