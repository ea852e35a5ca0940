package catalog

import (
	"regexp"
	"strings"
)

// The naive way: one regular expression for each part of each rule, made from the rule's text without the parser, and
// asked one rule after the other.
type naiveRule struct {
	scheme, host     *regexp.Regexp // nil asks for nothing
	whole, beginning *regexp.Regexp // of the path; one of them is nil
	trimmed          *regexp.Regexp // the beginning without the slash at its end; nil without one
	contains         string
	params           [][2]*regexp.Regexp // of name and value, the latter nil for any
	fragment         string
}

// urlParts is the expression of RFC 3986, appendix B.
var urlParts = regexp.MustCompile(`(?s)^(?:([A-Za-z][A-Za-z0-9+.\-]*:)?//([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$`)

var namedSegment = regexp.MustCompile(`(^|/)\*[A-Za-z_][A-Za-z0-9_\-]*\*($|/)`)

func newNaiveRule(text string) *naiveRule {
	var r naiveRule
	head, contains, contained := strings.Cut(text, "~contains:")
	head, fragment, _ := strings.Cut(head, "#")
	place, query, queried := strings.Cut(head, "?")
	r.contains, r.fragment = contains, fragment
	if queried {
		for param := range strings.SplitSeq(query, "&") {
			name, value, valued := strings.Cut(param, "=")
			both := [2]*regexp.Regexp{wildcards(name, `.*`, `.*`)}
			if valued {
				both[1] = wildcards(value, `.*`, `.*`)
			}
			r.params = append(r.params, both)
		}
	}
	scheme, rest, hosted := strings.Cut(place, "//")
	path := place
	if hosted && place[0] != '/' || strings.HasPrefix(place, "//") {
		host := rest
		path = ""
		if i := strings.Index(rest, "/"); i >= 0 {
			host, path = rest[:i], rest[i:]
		}
		r.host = wildcards(lowerASCII(host), `[^/]*`, `[^/]*`)
		if scheme != "" {
			r.scheme = wildcards(strings.ToLower(strings.TrimSuffix(scheme, ":")), `[^/]*`, `.*`)
		}
		if path == "" && strings.HasSuffix(host, "**") {
			path = "**"
		}
	}
	r.setPath(path, place == "" || contained && !queried)
	return &r
}

func (r *naiveRule) setPath(path string, open bool) {
	for namedSegment.MatchString(path) {
		path = namedSegment.ReplaceAllString(path, "$1*$2")
	}
	for strings.Contains(path, "***") {
		path = strings.ReplaceAll(path, "***", "**")
	}
	if strings.HasSuffix(path, "**") {
		path, open = strings.TrimSuffix(path, "**"), true
	}
	if !open {
		r.whole = wildcards(strings.TrimSuffix(path, "/")+"\x00", `[^/]*`, `.*`)
		return
	}
	expr := strings.TrimSuffix(wildcards(path, `[^/?#]*`, `[^?#]*`).String(), `$`)
	r.beginning = regexp.MustCompile(expr)
	if strings.HasSuffix(path, "/") {
		r.trimmed = wildcards(strings.TrimSuffix(path, "/"), `[^/]*`, `.*`)
	}
}

// wildcards translates a pattern. A NUL stands for a slash that may be there.
func wildcards(pattern, star, deep string) *regexp.Regexp {
	expr := regexp.QuoteMeta(pattern)
	expr = regexp.MustCompile(`\\\*(\\\*)+`).ReplaceAllString(expr, "\x01")
	expr = strings.NewReplacer(`\*`, star, "\x01", deep, "\x00", "/?").Replace(expr)
	return regexp.MustCompile(`(?s)^` + expr + `$`)
}

func (r *naiveRule) match(url string) bool {
	parts := urlParts.FindStringSubmatch(url[:min(len(url), urlMax)])
	scheme, host, path, query, fragment := parts[1], parts[2], parts[3], parts[4], parts[5]
	if r.scheme != nil && !r.scheme.MatchString(strings.ToLower(strings.TrimSuffix(scheme, ":"))) {
		return false
	}
	if r.host != nil && !r.host.MatchString(lowerASCII(host)) || r.fragment != "" && r.fragment != fragment {
		return false
	}
	for _, p := range r.params {
		if !hasParam(query, p[0], p[1]) {
			return false
		}
	}
	behind := url[:min(len(url), urlMax)]
	behind = behind[len(parts[0])-len(strings.TrimPrefix(strings.TrimPrefix(behind, scheme), "//"+host)):]
	return r.matchPath(path, behind)
}

// matchPath takes the path, and all of the URL from there on. A path that is missing is that of the root.
func (r *naiveRule) matchPath(path, tail string) bool {
	if path == "" {
		plain := *r
		plain.contains = ""
		return plain.matchPath("/", "/") && strings.Contains(tail, r.contains)
	}
	plain, _, _ := strings.Cut(path, ";")
	if r.whole != nil {
		return (r.whole.MatchString(path) || r.whole.MatchString(plain)) && strings.Contains(tail[len(path):], r.contains)
	}
	if r.beginning.MatchString(path) {
		behind := regexp.MustCompile(r.beginning.String() + `.*` + regexp.QuoteMeta(r.contains))
		return behind.MatchString(tail)
	}
	return r.trimmed != nil && r.trimmed.MatchString(plain) && strings.Contains(tail[len(plain):], r.contains)
}

func hasParam(query string, name, value *regexp.Regexp) bool {
	for param := range strings.SplitSeq(query, "&") {
		n, v, _ := strings.Cut(param, "=")
		if query != "" && name.MatchString(n) && (value == nil || value.MatchString(v)) {
			return true
		}
	}
	return false
}
