package people

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"edgerelay/relay/event"
)

// Exclusions are the visitors and accounts of one app of whom no event may go to anyone: the lists of its configuration,
// compiled. It is immutable and safe for concurrent use.
type Exclusions struct {
	visitors, accounts patterns
}

// NewExclusions compiles lists of IDs in which each * stands for any text, also none: "test-*", "*@example.com", "*".
// Everything else stands for itself, case included. The error joins a fault per wrong entry.
func NewExclusions(visitors, accounts []string) (*Exclusions, error) {
	x := &Exclusions{}
	err := errors.Join(x.visitors.compile("visitors", visitors), x.accounts.compile("accounts", accounts))
	if err != nil {
		return nil, err
	}
	return x, nil
}

// Excludes says whether visitor or account, JSON strings either of which may be absent, is excluded. IDs that hold no
// escapes, and those with up to 1 KiB of text, cost no allocation.
func (x *Exclusions) Excludes(visitor, account []byte) bool {
	return x.visitors.match(present(visitor)) || x.accounts.match(present(account))
}

// patterns is one list. A list may have thousands of entries and is asked on every event, so the usual shapes are found
// by look-up instead of one by one.
type patterns struct {
	exact  map[string]struct{}
	begins affixes    // abc*
	ends   affixes    // *abc
	others [][][]byte // the texts between the stars, first and last perhaps empty
	all    bool       // *
}

// affixes are texts that others begin or end with, grouped by length: one look-up for each length that occurs.
type affixes struct {
	lengths []int
	texts   map[string]struct{}
}

func (p *patterns) compile(list string, entries []string) error {
	var faults []error
	for i, entry := range entries {
		if entry == "" {
			faults = append(faults, fmt.Errorf("exclude.%s[%d] is empty; leave it out, or write \"*\" for everybody", list, i))
			continue
		}
		p.add(entry)
	}
	return errors.Join(faults...)
}

func (p *patterns) add(entry string) {
	parts := strings.Split(entry, "*")
	first, last := parts[0], parts[len(parts)-1]
	inner := slices.DeleteFunc(parts[1:max(len(parts)-1, 1)], func(part string) bool { return part == "" })
	switch {
	case len(parts) == 1:
		put(&p.exact, entry)
	case len(inner) > 0 || first != "" && last != "":
		texts := [][]byte{[]byte(first)}
		for _, part := range inner {
			texts = append(texts, []byte(part))
		}
		p.others = append(p.others, append(texts, []byte(last)))
	case first != "":
		p.begins.add(first)
	case last != "":
		p.ends.add(last)
	default:
		p.all = true
	}
}

func (a *affixes) add(text string) {
	if !slices.Contains(a.lengths, len(text)) {
		a.lengths = append(a.lengths, len(text))
		slices.Sort(a.lengths)
	}
	put(&a.texts, text)
}

func put(set *map[string]struct{}, text string) {
	if *set == nil {
		*set = map[string]struct{}{}
	}
	(*set)[text] = struct{}{}
}

// match takes a JSON string, or nil for nobody, whom nothing excludes.
func (p *patterns) match(id []byte) bool {
	if id == nil || p.all {
		return id != nil
	}
	if p.exact == nil && p.begins.texts == nil && p.ends.texts == nil && p.others == nil {
		return false
	}
	if text, ok := event.PlainText(id); ok {
		return p.matchText(text)
	}
	return p.matchEscaped(id)
}

func (p *patterns) matchEscaped(id []byte) bool {
	var room [1024]byte
	return p.matchText(event.AppendText(room[:0], id))
}

func (p *patterns) matchText(text []byte) bool {
	if _, ok := p.exact[string(text)]; ok {
		return true
	}
	for _, n := range p.begins.lengths {
		if n > len(text) {
			break
		}
		if _, ok := p.begins.texts[string(text[:n])]; ok {
			return true
		}
	}
	for _, n := range p.ends.lengths {
		if n > len(text) {
			break
		}
		if _, ok := p.ends.texts[string(text[len(text)-n:])]; ok {
			return true
		}
	}
	return slices.ContainsFunc(p.others, func(parts [][]byte) bool { return matchParts(text, parts) })
}

// matchParts says whether text is the parts in their order with anything in between. Taking each inner part where it
// first occurs leaves the most room for the next, so there is nothing to try twice.
func matchParts(text []byte, parts [][]byte) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !bytes.HasPrefix(text, first) || !bytes.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := bytes.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}
