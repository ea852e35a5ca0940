package catalog

import (
	"bytes"
	"strconv"
)

// selector is one compiled CSS selector without commas.
type selector struct {
	// runs are read from the inside out, like the compounds in them. "a b > c" is two runs: c and its parent b; and a,
	// somewhere around them.
	runs [][]compound
	item Item
	page Item // it counts on this page only; noItem: on all
}

// compound is what a selector asks of one element. A zero field asks for nothing.
type compound struct {
	tag      string // lower case
	ids      []string
	classes  []string
	tests    []attributeTest
	places   []nth
	contains [][]byte
	not      []compound
}

// attributeTest is what stands in square brackets.
type attributeTest struct {
	name  string // lower case
	sign  byte   // in front of "=": one of * ^ $ ~ |, or '=' for none; 0: the attribute must only be there
	value []byte // lower case if fold
	fold  bool   // upper and lower case of ASCII letters are the same
}

// nth is every a-th place from b on.
type nth struct{ a, b int32 }

// match says whether the element or one of its ancestors is selected: a click on the icon in a button is one on the
// button. The agent's own feature rules ask the same of the page ("closest").
//
// Taking for each run the nearest place that fits is right: whatever fits around a place also fits around a nearer one.
func (s *selector) match(c *chain) bool {
	level := 0
	for _, run := range s.runs {
		for !matchRun(run, c, level) {
			if level++; level >= len(c.levels) {
				return false
			}
		}
		level += len(run)
	}
	return true
}

// matchRun says whether the element at level and its next ancestors fit.
func matchRun(run []compound, c *chain, level int) bool {
	if level+len(run) > len(c.levels) {
		return false
	}
	for i := range run {
		if !run[i].match(c, level+i) {
			return false
		}
	}
	return true
}

// match says whether the element at level i fits.
func (p *compound) match(c *chain, i int) bool {
	e := &c.levels[i]
	if p.tag != "" && p.tag != string(e.tag) {
		return false
	}
	for _, id := range p.ids {
		if id != string(e.id) {
			return false
		}
	}
	for k := range p.places {
		if !p.places[k].match(e.place) {
			return false
		}
	}
	for _, class := range p.classes {
		if !c.hasClass(i, class) {
			return false
		}
	}
	return p.matchRest(c, i)
}

func (p *compound) matchRest(c *chain, i int) bool {
	for k := range p.tests {
		value, found := c.attribute(i, p.tests[k].name)
		if !found || !p.tests[k].match(value) {
			return false
		}
	}
	for _, text := range p.contains {
		if !c.hasText(i, text) {
			return false
		}
	}
	for k := range p.not {
		if p.not[k].match(c, i) {
			return false
		}
	}
	return true
}

func (n nth) match(place int32) bool {
	if place == 0 || n.a == 0 {
		return place != 0 && place == n.b
	}
	steps := place - n.b
	return steps%n.a == 0 && steps/n.a >= 0
}

// match compares the attribute's value. As in CSS, an empty part of a value is part of none.
func (t *attributeTest) match(value []byte) bool {
	n := len(t.value)
	switch t.sign {
	case 0:
		return true
	case '=':
		return len(value) == n && t.begins(value)
	case '|':
		return t.begins(value) && (len(value) == n || value[n] == '-')
	case '~':
		return t.isWord(value)
	}
	if n == 0 || len(value) < n {
		return false
	}
	switch t.sign {
	case '^':
		return t.begins(value)
	case '$':
		return t.begins(value[len(value)-n:])
	}
	return t.within(value)
}

// begins says whether value begins with the test's.
func (t *attributeTest) begins(value []byte) bool {
	if len(value) < len(t.value) {
		return false
	}
	if !t.fold {
		return string(value[:len(t.value)]) == string(t.value)
	}
	for i, c := range t.value {
		if lower(value[i]) != c {
			return false
		}
	}
	return true
}

func (t *attributeTest) within(value []byte) bool {
	if !t.fold {
		return bytes.Contains(value, t.value)
	}
	for ; len(value) >= len(t.value); value = value[1:] {
		if t.begins(value) {
			return true
		}
	}
	return false
}

// isWord says whether the test's value is one of the words of value.
func (t *attributeTest) isWord(value []byte) bool {
	for {
		word, rest := nextWord(value)
		switch {
		case len(word) == 0:
			return false
		case len(word) == len(t.value) && t.begins(word):
			return true
		}
		value = rest
	}
}

// nextWord cuts the first word off a text whose words have white space between them.
func nextWord(text []byte) (word, rest []byte) {
	from := 0
	for from < len(text) && isSpace(text[from]) {
		from++
	}
	to := from
	for to < len(text) && !isSpace(text[to]) {
		to++
	}
	return text[from:to], text[to:]
}

// isSpace is CSS's white space.
func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'
}

// keys are the marks that a chain must have for the selector to match.
func (s *selector) keys() []key {
	var keys []key
	for _, run := range s.runs {
		for i := range run {
			keys = run[i].appendKeys(keys)
			place := run[i].place()
			if place == "" {
				continue
			}
			keys = append(keys, key{kind: keyPlace, text: place})
			if i+1 < len(run) && run[i+1].place() != "" {
				keys = append(keys, key{kind: keyPlace, text: place + run[i+1].place()})
			}
		}
	}
	return keys
}

func (p *compound) appendKeys(keys []key) []key {
	if p.tag != "" {
		keys = append(keys, key{kind: keyTag, text: p.tag})
	}
	for _, id := range p.ids {
		keys = append(keys, key{kind: keyID, text: id})
	}
	for _, class := range p.classes {
		keys = append(keys, key{kind: keyClass, text: class})
	}
	for _, t := range p.tests {
		keys = append(keys, key{kind: keyName, text: t.name})
		switch {
		case t.fold: // the keys are made of the value as it is spelled
		case t.sign == '=':
			keys = append(keys, key{kind: keyValue, name: t.name, text: string(t.value)})
		default:
			keys = appendGrams(keys, key{kind: keyPart, name: t.name}, string(t.value))
		}
	}
	for _, text := range p.contains {
		keys = appendGrams(keys, anyGram, string(text))
	}
	return keys
}

// place is the tag and the place that the element must have, "" when one of them is left open.
func (p *compound) place() string {
	for _, n := range p.places {
		if n.a == 0 && p.tag != "" {
			return string(appendPlace(nil, []byte(p.tag), n.b))
		}
	}
	return ""
}

// appendPlace spells tag and place. What a hostile tag makes alike only costs a comparison.
func appendPlace(dst, tag []byte, place int32) []byte {
	dst = append(append(dst, tag...), ':')
	return append(strconv.AppendInt(dst, int64(place), 10), '>')
}
