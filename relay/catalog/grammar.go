package catalog

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ruleMax is how long a URL rule may be, in bytes.
const ruleMax = 2048

const containsMark = "~contains:"

// CheckRule says what is wrong with a URL rule (see the package comment); nil when nothing is.
func CheckRule(text string) error {
	_, err := parseRule(text)
	return err
}

// parseRule compiles a URL rule.
func parseRule(text string) (rule, error) {
	var r rule
	if err := checkRuleText(text); err != nil {
		return r, err
	}
	head, contains, found := strings.Cut(text, containsMark)
	if found {
		if contains == "" {
			return r, errors.New("nothing stands behind ~contains:; write the text that the URL must contain")
		}
		r.contains = []byte(contains)
	}
	head, fragment, hasFragment := strings.Cut(head, "#")
	head, query, hasQuery := strings.Cut(head, "?")
	if hasFragment {
		if err := r.setFragment(fragment); err != nil {
			return r, err
		}
	}
	if hasQuery {
		if err := r.setQuery(query); err != nil {
			return r, err
		}
	}
	r.open = found && !hasQuery // a "?" ends the path, so the text is to be found behind that
	return r, r.setPlace(head)
}

// checkRuleText checks what holds for any part of a rule.
func checkRuleText(text string) error {
	switch {
	case text == "":
		return errors.New(`the rule is empty; write one like "//*/settings/**"`)
	case len(text) > ruleMax:
		return fmt.Errorf("the rule has %d bytes; it may have %d", len(text), ruleMax)
	case !utf8.ValidString(text):
		return errors.New("the rule is not UTF-8")
	case strings.TrimSpace(text) != text:
		return errors.New("white space stands around the rule; take it away")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("a control character, such as a line break, stands in the rule; take it away")
	}
	return nil
}

func (r *rule) setFragment(fragment string) error {
	switch {
	case fragment == "":
		return errors.New(`nothing stands behind "#"; write the fragment or leave the "#" out`)
	case r.contains != nil:
		return errors.New(`~contains: cannot stand behind "#"; it looks at fragments too, so write "~contains:#` + fragment + `…" instead`)
	case strings.Contains(fragment, "*"):
		return errors.New(`"*" cannot stand behind "#", where all is taken literally; write "~contains:#…" to find a part of the fragment`)
	}
	r.fragment = fragment
	return nil
}

func (r *rule) setQuery(query string) error {
	for part := range strings.SplitSeq(query, "&") {
		name, value, valued := strings.Cut(part, "=")
		if name == "" {
			return fmt.Errorf(`a parameter has no name in "?%s"; write "?name" or "?name=value", with "&" between several`, query)
		}
		r.params = append(r.params, param{anyText(name), anyText(value), valued})
	}
	return nil
}

// anyText makes each "*" take slashes too: in parameters they mean nothing.
func anyText(pattern string) string {
	return squeeze(strings.ReplaceAll(pattern, "*", "**"))
}

// setPlace reads scheme, host and path. A rule without any of them is for all of them.
func (r *rule) setPlace(head string) error {
	scheme, rest, found := strings.Cut(head, "//")
	switch {
	case head == "":
		r.open = true
		return nil
	case found && (scheme == "" || strings.HasSuffix(scheme, ":") && !strings.Contains(scheme, "/")):
		r.scheme = strings.ToLower(strings.TrimSuffix(scheme, ":"))
		if scheme == ":" || strings.ContainsFunc(r.scheme, notScheme) {
			return fmt.Errorf(`%q is no scheme; write "https:" or nothing in front of "//"`, scheme)
		}
		return r.setHost(rest)
	case head[0] == '/':
		return r.setPath(head)
	case head == "*", head == "**":
		return errors.New(`the rule does not say where its wildcard begins; write "/**" for all pages`)
	}
	return fmt.Errorf(`the rule starts with neither "//", "https://" nor "/"; write "//%s" if it starts with a host, "/%s" if with a path`, head, head)
}

func notScheme(c rune) bool {
	return c != '*' && c != '+' && c != '-' && c != '.' && (c > unicode.MaxASCII || !isLetter(byte(c)) && !isDigit(byte(c)))
}

// setHost reads host and path. "**" takes what is left of the host and all behind.
func (r *rule) setHost(rest string) error {
	host, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if path == "" && strings.HasSuffix(host, "**") {
		r.open = true
	}
	for strings.Contains(host, "**") {
		host = strings.ReplaceAll(host, "**", "*")
	}
	switch {
	case host == "":
		return errors.New(`the host is missing behind "//"; write "//*/…" for any host`)
	case len(host) > hostMax:
		return fmt.Errorf("the host has %d bytes; it may have %d", len(host), hostMax)
	}
	if host != "*" {
		r.host = lowerASCII(host)
	}
	return r.setPath(path)
}

// setPath reads a path, which is empty or starts with a slash.
func (r *rule) setPath(path string) error {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if isParameter(segment) {
			segments[i] = "*"
		}
	}
	path = squeeze(strings.Join(segments, "/"))
	if head, found := strings.CutSuffix(path, "**"); found {
		path, r.open = head, true
	}
	if !r.open {
		path = strings.TrimSuffix(path, "/")
	}
	r.path = path
	return nil
}

// isParameter says whether a segment is a parameter: a name between two stars.
func isParameter(segment string) bool {
	if len(segment) < len("*x*") || segment[0] != '*' || segment[len(segment)-1] != '*' {
		return false
	}
	for i, c := range []byte(segment[1 : len(segment)-1]) {
		if !isLetter(c) && c != '_' && (i == 0 || !isDigit(c) && c != '-') {
			return false
		}
	}
	return true
}

// squeeze makes "**" of three stars and more.
func squeeze(pattern string) string {
	for strings.Contains(pattern, "***") {
		pattern = strings.ReplaceAll(pattern, "***", "**")
	}
	return pattern
}

func lowerASCII(text string) string {
	return string(appendLower(nil, []byte(text)))
}
