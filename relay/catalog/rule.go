package catalog

import (
	"bytes"
	"strings"
)

// rule is one compiled URL rule. A zero field asks for nothing, except path: "" is the site's root.
type rule struct {
	scheme string // glob, lower case
	host   string // glob, lower case
	path   string // glob, without a slash at its end unless open
	// open says that the path is only how the URL's path begins: the rule went on with "**" or "~contains:".
	open     bool
	contains []byte // somewhere behind path, in the rest of the path, the query or the fragment
	params   []param
	fragment string

	item Item
}

// param is a query parameter that a rule asks for.
type param struct {
	name   string // glob
	value  string // glob
	valued bool   // it must have the value, else it only must be there
}

// match says whether the URL is one of the rule's. It is the meaning of rules; the index only spares calls of it.
func (r *rule) match(a *address) bool {
	if r.scheme != "" && glob(r.scheme, a.scheme, true) < 0 {
		return false
	}
	if r.host != "" && glob(r.host, a.host, true) < 0 {
		return false
	}
	if r.fragment != "" && r.fragment != string(a.fragment) {
		return false
	}
	for i := range r.params {
		if !r.params[i].match(a.query) {
			return false
		}
	}
	end := r.matchPath(a)
	return end >= 0 && bytes.Contains(a.behind(end), r.contains)
}

// matchPath returns where in the path the rule's part of it ends; -1 if the path does not match.
func (r *rule) matchPath(a *address) int {
	path, plain := a.path, a.path
	if i := bytes.IndexByte(path, ';'); i >= 0 {
		plain = path[:i] // Java servers write the session into the path: /page;jsessionid=1
	}
	if r.open {
		return r.matchOpen(path, plain)
	}
	if r.matchWhole(path) || len(plain) < len(path) && r.matchWhole(plain) {
		return len(path)
	}
	return -1
}

// matchWhole matches a whole path. A slash at its end makes no difference.
func (r *rule) matchWhole(path []byte) bool {
	if glob(r.path, path, true) >= 0 {
		return true
	}
	last := len(path) - 1
	return last >= 0 && path[last] == '/' && glob(r.path, path[:last], true) >= 0
}

// matchOpen matches how the path begins. "/a/**" takes "/a" too, as "/a/" and "/a" are one page.
func (r *rule) matchOpen(path, plain []byte) int {
	end := glob(r.path, path, false)
	if trimmed, ok := strings.CutSuffix(r.path, "/"); end < 0 && ok {
		end = glob(trimmed, plain, true)
	}
	return end
}

// match looks for the parameter in a query. A parameter without "=" has the value "".
func (p *param) match(query []byte) bool {
	for len(query) > 0 {
		var next []byte
		next, query = nextParam(query)
		name, value := splitParam(next)
		if glob(p.name, name, true) >= 0 && (!p.valued || glob(p.value, value, true) >= 0) {
			return true
		}
	}
	return false
}

// escaped is the rule as browsers spell it: they percent-encode what is not ASCII, and spaces. It returns false when
// that makes no difference.
func (r *rule) escaped() (rule, bool) {
	e := *r
	e.path, e.fragment = escape(r.path), escape(r.fragment)
	e.contains = []byte(escape(string(r.contains)))
	changed := e.path != r.path || e.fragment != r.fragment || !bytes.Equal(e.contains, r.contains)
	e.params = nil
	for _, p := range r.params {
		ep := param{escape(p.name), escape(p.value), p.valued}
		changed = changed || ep != p
		e.params = append(e.params, ep)
	}
	return e, changed
}

func escape(text string) string {
	const hexDigits = "0123456789ABCDEF"
	var out []byte
	for i := range len(text) {
		if c := text[i]; c > ' ' && c < 0x7f {
			out = append(out, c)
		} else {
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(out)
}
