package tagging

import (
	"time"

	"edgerelay/relay/catalog"
)

// List is one of the four lists. Its text is the name that the admin API has for it.
type List string

// The lists.
const (
	Pages    List = "pages"
	Features List = "features"
	Tracks   List = "tracks"
	Guides   List = "guides"
)

// Lists are all of them: pages before the features that count on them.
var Lists = []List{Pages, Features, Tracks, Guides}

// Noun is what one entry of the list is called.
func (l List) Noun() string {
	switch l {
	case Pages:
		return "page"
	case Features:
		return "feature"
	case Tracks:
		return "track type"
	}
	return "guide"
}

// Settings is what an entry's author says of it, by the names of the config file. What its list has no use for is empty. An
// App of "" is every app.
type Settings struct {
	App       string    `json:"app"`
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Rules     []string  `json:"rules,omitzero"`      // pages: URL rules
	Selectors []string  `json:"selectors,omitzero"`  // features: CSS selectors
	Page      string    `json:"page,omitzero"`       // features: the ID of the page it counts on; "" = on all
	Kind      string    `json:"kind,omitzero"`       // guides: guide, poll or nps
	CreatedAt time.Time `json:"created_at,omitzero"` // guides: as payloads show it
	CreatedBy string    `json:"created_by,omitzero"` // guides: a user name
	Steps     []Step    `json:"steps,omitzero"`      // guides
}

// Step is one step of a guide.
type Step struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// normal has in the place of lists that are not there, those that are empty, and none where its list has no use for one, so
// that entries print alike.
func (s Settings) normal(list List) Settings {
	switch list {
	case Pages:
		s.Rules = append([]string{}, s.Rules...)
	case Features:
		s.Selectors = append([]string{}, s.Selectors...)
	case Guides:
		s.Steps = append([]Step{}, s.Steps...)
		if s.Kind == "" {
			s.Kind = catalog.KindGuide.String()
		}
	}
	return s
}

// weight is what an entry counts for, or all of them together.
type weight struct{ entries, rules, selectors, bytes int }

func (w *weight) add(other weight, sign int) {
	w.entries += sign * other.entries
	w.rules += sign * other.rules
	w.selectors += sign * other.selectors
	w.bytes += sign * other.bytes
}

// weigh counts an entry's rules and selectors, those with commas between them one by one.
func (s *Settings) weigh() weight {
	w := weight{entries: 1, rules: len(s.Rules), bytes: len(s.App) + len(s.ID) + len(s.Name) + len(s.Page) + len(s.Kind) + len(s.CreatedBy)}
	for _, text := range s.Rules {
		w.bytes += len(text)
	}
	for _, text := range s.Selectors {
		w.selectors += max(catalog.CountSelectors(text), 1)
		w.bytes += len(text)
	}
	for _, step := range s.Steps {
		w.bytes += len(step.ID) + len(step.Type)
	}
	return w
}
