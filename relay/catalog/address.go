package catalog

import "bytes"

// What is looked at of a URL, in bytes. Browsers send longer ones rarely, attackers at will: what is beyond does not
// exist for the rules.
const (
	urlMax    = 8 << 10
	schemeMax = 32
	hostMax   = 255 // of a DNS name, 253
)

// address is a URL taken apart. It is scratch: parse fills it anew. It aliases the URL and itself, so it must not be
// copied.
type address struct {
	scheme   []byte // lower case, without "://"
	host     []byte // lower case, with user and port
	tail     []byte // all that follows the host
	path     []byte // of tail, up to "?" or "#"; "/" when there is none
	query    []byte // behind "?"
	fragment []byte // behind "#"
	pathLen  int    // of path in tail

	room [schemeMax + hostMax]byte
}

var rootPath = []byte("/")

// parse takes url apart. There is no wrong URL: what has no "//" is all path.
func (a *address) parse(url []byte) {
	url = url[:min(len(url), urlMax)]
	a.scheme, a.host, a.tail, a.query, a.fragment = nil, nil, url, nil, nil
	if i := bytes.Index(url, []byte("//")); i == 0 || i > 0 && isScheme(url[:i]) {
		scheme := url[:max(i-1, 0)]
		rest := url[i+len("//"):]
		end := bytes.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		a.scheme, a.host, a.tail = scheme, rest[:end], rest[end:]
		if len(scheme) <= schemeMax && end <= hostMax { // longer ones are not spelled by anybody who means well
			room := appendLower(appendLower(a.room[:0], scheme), a.host)
			a.scheme, a.host = room[:len(scheme)], room[len(scheme):]
		}
	}
	a.split()
}

// isScheme says whether text is a scheme with its colon, like "https:".
func isScheme(text []byte) bool {
	last := len(text) - 1
	for i, c := range text[:last] {
		if !isLetter(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return last > 0 && text[last] == ':'
}

// split finds path, query and fragment in the tail.
func (a *address) split() {
	rest := a.tail
	if i := bytes.IndexByte(rest, '#'); i >= 0 {
		rest, a.fragment = rest[:i], rest[i+1:]
	}
	if i := bytes.IndexByte(rest, '?'); i >= 0 {
		rest, a.query = rest[:i], rest[i+1:]
	}
	a.path, a.pathLen = rest, len(rest)
	if len(rest) == 0 {
		a.path = rootPath
	}
}

// behind is what follows the first n bytes of the path.
func (a *address) behind(n int) []byte {
	return a.tail[min(n, a.pathLen):]
}

// nextParam cuts the first parameter off a query.
func nextParam(query []byte) (param, rest []byte) {
	if i := bytes.IndexByte(query, '&'); i >= 0 {
		return query[:i], query[i+1:]
	}
	return query, nil
}

// splitParam splits name=value.
func splitParam(param []byte) (name, value []byte) {
	if i := bytes.IndexByte(param, '='); i >= 0 {
		return param[:i], param[i+1:]
	}
	return param, nil
}

func appendLower(dst, text []byte) []byte {
	for _, c := range text {
		dst = append(dst, lower(c))
	}
	return dst
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func isLetter(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
