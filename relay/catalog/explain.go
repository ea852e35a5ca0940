package catalog

import "edgerelay/relay/event"

// MatchRule says whether a URL rule takes a URL, a JSON string. It reads the rule anew: it is for explaining, one event at
// a time. A rule that is wrong takes nothing.
func MatchRule(text string, url []byte) bool {
	r, err := parseRule(text)
	if err != nil {
		return false
	}
	var a address
	a.parse(event.AppendText(nil, url))
	if r.match(&a) {
		return true
	}
	escaped, differs := r.escaped()
	return differs && escaped.match(&a)
}

// MatchSelector says whether a CSS selector selects the element of a target (see View.Features), or one around it. It
// is otherwise as MatchRule.
func MatchSelector(text string, target []byte) bool {
	list, err := parseSelectors(text)
	if err != nil {
		return false
	}
	var c chain
	c.parse(target)
	for i := range list {
		if len(c.levels) > 0 && list[i].match(&c) {
			return true
		}
	}
	return false
}
