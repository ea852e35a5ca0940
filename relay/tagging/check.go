package tagging

import (
	"fmt"
	"strings"

	"edgerelay/relay/catalog"
	"edgerelay/relay/spell"
)

// Bounds. Each rule and selector has those of package catalog besides. All entries made by the admin API together stay
// under textMax, so that no catalog takes long to compile, whatever it is made of.
const (
	entriesMax   = 10_000 // of one list; so are all rules, and all selectors
	idMax        = 256    // bytes
	nameMax      = 1 << 10
	stepsMax     = 1000
	entryTextMax = 256 << 10 // of one entry: its events carry it
	textMax      = 4 << 20
	eventsMax    = 64 << 20 // bytes, of the events of one change
)

// eventOverhead is what an event takes beside its entry's text: names, IDs and what JSON puts around them.
const eventOverhead = 512

// check says what is wrong with an entry by itself, as the config file's reader would.
func (s *Settings) check(list List) (faults []Fault) {
	fault := func(field, format string, args ...any) {
		faults = append(faults, Fault{field, fmt.Sprintf(format, args...)})
	}
	if what := checkID(s.ID); what != "" {
		fault("id", "%s", what)
	}
	switch {
	case len(s.Name) > nameMax:
		fault("name", "has %d bytes; it may have %d", len(s.Name), nameMax)
	case !plain(s.Name):
		fault("name", "has a line break or another control character; write it in one line")
	case s.Name == "" && list == Tracks:
		fault("name", "is missing; set the name of the track events that get this ID")
	}
	s.checkTexts(fault)
	if list == Guides {
		s.checkGuide(fault)
	}
	if w := s.weigh(); w.bytes > entryTextMax {
		fault("", "the %s has %d bytes of text; it may have %d", list.Noun(), w.bytes, entryTextMax)
	}
	return faults
}

// checkID says what is wrong with an ID. Selections of webhooks name IDs with commas between them and stars at their ends,
// and URLs of the admin API end in them.
func checkID(id string) (what string) {
	switch {
	case id == "":
		return "is missing; set the ID that events and selections show"
	case len(id) > idMax:
		return fmt.Sprintf("has %d bytes; it may have %d", len(id), idMax)
	case id == "." || id == "..":
		return "is the name of a folder in URLs; take another one"
	case !plain(id) || strings.ContainsAny(id, ",*/") || strings.TrimSpace(id) != id:
		return "must not have a comma, a star, a slash, a control character, or a space at its ends: selections and URLs could not name it"
	}
	return ""
}

func (s *Settings) checkTexts(fault func(field, format string, args ...any)) {
	each := func(field string, list []string, check func(string) error) {
		for i, text := range list {
			if text == "" {
				fault(fmt.Sprintf("%s[%d]", field, i), "is empty; write something or leave the entry out")
			} else if err := check(text); err != nil {
				fault(fmt.Sprintf("%s[%d]", field, i), "%v", err)
			}
		}
	}
	each("rules", s.Rules, catalog.CheckRule)
	each("selectors", s.Selectors, catalog.CheckSelector)
}

func (s *Settings) checkGuide(fault func(field, format string, args ...any)) {
	if _, err := catalog.ParseGuideKind(s.Kind); err != nil {
		fault("kind", "unknown value %q; %s", s.Kind, spell.Hint(s.Kind, []string{"guide", "poll", "nps"}))
	}
	if !inYears(s.CreatedAt) {
		fault("created_at", "must be from 1970 to 9999")
	}
	if len(s.CreatedBy) > nameMax || !plain(s.CreatedBy) {
		fault("created_by", "must be one line of at most %d bytes", nameMax)
	}
	if len(s.Steps) > stepsMax {
		fault("steps", "has %d steps; it may have %d", len(s.Steps), stepsMax)
	}
	seen := map[string]bool{}
	for i, step := range s.Steps {
		field := fmt.Sprintf("steps[%d].id", i)
		switch {
		case step.ID == "":
			fault(field, "is missing; set the step's ID")
		case seen[step.ID]:
			fault(field, "%q is the ID of an earlier step; give each its own", step.ID)
		}
		seen[step.ID] = true
	}
}

// room says what there would be too much of, of all entries that are made by the admin API, the file's included where they
// count in lookups.
func (w *weight) room(list List) (field, what string) {
	switch {
	case w.entries > entriesMax:
		return "", fmt.Sprintf("there are %d %s already, the most that may be; delete some first", entriesMax, list)
	case w.rules > entriesMax:
		return "rules", fmt.Sprintf("all pages together would have %d rules; they may have %d", w.rules, entriesMax)
	case w.selectors > entriesMax:
		return "selectors", fmt.Sprintf("all features together would have %d selectors; they may have %d", w.selectors, entriesMax)
	}
	return "", ""
}
