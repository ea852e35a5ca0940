package hook

import (
	"fmt"
	"slices"
	"strings"

	"edgerelay/relay/event"
	"edgerelay/relay/spell"
)

// Selection is one entry of a webhook's events: some kinds of event, and of these all or only those that touch an item.
type Selection struct {
	Text  string       // as it was written
	Kinds []event.Kind // in the order of their numbers
	IDs   []string     // none: with any item or none; each may end in '*'
}

// ParseSelection reads NAME, NAME:ID or NAME:ID1,ID2. NAME is any name of a kind (event.Kind.Names); NAME and each ID may
// end in '*'. Spaces around the parts count for nothing. An ID may contain colons, but no comma.
func ParseSelection(text string) (Selection, error) {
	s := Selection{Text: text}
	name, ids, hasIDs := strings.Cut(text, ":")
	var err error
	if s.Kinds, err = kindsOf(strings.TrimSpace(name)); err != nil {
		return Selection{}, err
	}
	if hasIDs {
		s.IDs, err = parseIDs(ids)
	}
	if err != nil {
		return Selection{}, err
	}
	if hasIDs && !slices.ContainsFunc(s.Kinds, func(k event.Kind) bool { return k.Items() != "" }) {
		return Selection{}, fmt.Errorf("%s has no IDs to select; leave out what follows the name", strings.TrimSpace(name))
	}
	return s, nil
}

// kindsOf is every kind that a name or a pattern stands for.
func kindsOf(name string) ([]event.Kind, error) {
	if name == "" {
		return nil, fmt.Errorf(`the event's name is missing; write one such as "pageLoaded", or "*" for all`)
	}
	if err := checkStar("event name", name); err != nil {
		return nil, err
	}
	prefix, pattern := strings.CutSuffix(name, "*")
	if !pattern {
		k, ok := event.KindOf(name)
		if !ok {
			return nil, fmt.Errorf("unknown event %q; %s", name, hint(name))
		}
		return []event.Kind{k}, nil
	}
	var kinds []event.Kind
	for _, k := range event.Kinds() {
		if slices.ContainsFunc(k.Names(), func(n string) bool { return strings.HasPrefix(n, prefix) }) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("%q fits no event; %s", name, hint(prefix))
	}
	return kinds, nil
}

func parseIDs(text string) ([]string, error) {
	ids := strings.Split(text, ",")
	for i, id := range ids {
		ids[i] = strings.TrimSpace(id)
		if ids[i] == "" {
			return nil, fmt.Errorf("an ID is missing in %q; write NAME:ID or NAME:ID1,ID2, or NAME alone for all", text)
		}
		if err := checkStar("ID", ids[i]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// checkStar refuses a '*' anywhere but at the end: it would look like a wildcard and be none.
func checkStar(what, text string) error {
	if i := strings.IndexByte(text, '*'); i >= 0 && i < len(text)-1 {
		return fmt.Errorf("%s %q has a * before its end; a * stands for the rest of the text and ends it", what, text)
	}
	return nil
}

// hint names the event that was probably meant; all sixty of them would be no help.
func hint(name string) string {
	var names []string
	for _, k := range event.Kinds() {
		names = append(names, k.Names()...)
	}
	if near := spell.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return `names are those of Pendo, such as "pageLoaded", "featureClicked", "trackEventReceived", or "*" for all`
}

func (s *Selection) has(k event.Kind) bool {
	_, found := slices.BinarySearch(s.Kinds, k)
	return found
}

// selectsID says whether an item's ID, as plain text, is one of the selection's.
func (s *Selection) selectsID(id string) bool {
	return slices.ContainsFunc(s.IDs, func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		return id == pattern || wild && strings.HasPrefix(id, prefix)
	})
}
