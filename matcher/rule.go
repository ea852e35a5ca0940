package matcher

import (
	"cmp"
	"slices"
	"strings"
)

// rule leads from a text under a root to one entry of its list.
type rule struct {
	text  string // complete, or what stands before the wildcard
	root  uint32
	value uint32
}

// order sorts rules by root, text and value.
func (r rule) order(s rule) int {
	if r.root != s.root {
		return cmp.Compare(r.root, s.root)
	}
	if c := strings.Compare(r.text, s.text); c != 0 {
		return c
	}
	return cmp.Compare(r.value, s.value)
}

// sorted sorts rules in place and returns them, each once.
func sorted(rules []rule) []rule {
	slices.SortFunc(rules, rule.order)
	return slices.Compact(rules)
}

// ruleSet collects the rules of one level.
type ruleSet struct {
	exact, prefix []rule
}

// add adds a rule for a pattern that may end in '*'.
func (r *ruleSet) add(pattern string, root, value uint32) {
	if text, ok := strings.CutSuffix(pattern, "*"); ok {
		r.prefix = append(r.prefix, rule{text, root, value})
	} else {
		r.exact = append(r.exact, rule{text, root, value})
	}
}
