package tagging

import (
	"encoding/json"
	"slices"
	"strings"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
)

// Trial is which pages and features an event at a URL, on an element, would touch.
type Trial struct {
	App      string          `json:"app"`
	URL      string          `json:"url"`
	Element  json.RawMessage `json:"element,omitzero"` // as the agent would tell of it
	Pages    []Match         `json:"pages"`
	Features []Match         `json:"features"`
	// Elsewhere are features that the element is one of, and that count on another page than these.
	Elsewhere []Match `json:"elsewhere"`
}

// Match is one page or feature, and the first rule or selector of it that fits.
type Match struct {
	ID       string `json:"id"`
	App      string `json:"app"`
	Name     string `json:"name"`
	Origin   Origin `json:"origin"`
	Rule     string `json:"rule,omitzero"`
	Selector string `json:"selector,omitzero"`
	Page     string `json:"page,omitzero"` // that the feature counts on
}

// urlMax bounds a URL that is tried, in bytes. The catalog looks at less.
const urlMax = 64 << 10

// Try says which pages and features of an app an event would touch, and by which of their rules. The element is a JSON
// object as the agent sends it, HTML, or a path such as "form.login > button[type=submit]"; "" is none. The app may be left
// out when there is only one. It looks at what is in force once all changes are that were answered.
func (s *Store) Try(app, url, element string) (Trial, error) {
	trial := Trial{URL: url, Pages: []Match{}, Features: []Match{}, Elsewhere: []Match{}}
	var err error
	if trial.App, err = s.appOf(app); err != nil {
		return Trial{}, err
	}
	switch {
	case url == "" && strings.TrimSpace(element) == "":
		return Trial{}, refuse(Invalid, "url", "is missing, and so is element; say at least one of them")
	case len(url) > urlMax:
		return Trial{}, refuse(Invalid, "url", "has %d bytes; it may have %d", len(url), urlMax)
	}
	if strings.TrimSpace(element) != "" {
		if trial.Element, err = readElement(element); err != nil {
			return Trial{}, refuse(Invalid, "element", "%v", err)
		}
	}
	if err := s.catchUp(s.reached()); err != nil {
		return Trial{}, err
	}
	s.look.RLock()
	defer s.look.RUnlock()
	s.match(&trial)
	return trial, nil
}

// appOf is the app that a trial is of.
func (s *Store) appOf(name string) (string, error) {
	s.look.RLock()
	defer s.look.RUnlock()
	switch {
	case !s.shelf.knows(name):
		return "", refuse(Invalid, "app", "there is no app %q; name a configured one", name)
	case name == "" && len(s.shelf.apps) > 1:
		return "", refuse(Invalid, "app", "is missing; name one of the configured apps")
	}
	for only := range s.shelf.apps {
		if name == "" {
			name = only
		}
	}
	return name, nil
}

// reached is the generation of the shelf.
func (s *Store) reached() uint64 {
	s.look.RLock()
	defer s.look.RUnlock()
	return s.generation
}

// match looks up and explains. The shelf is held.
func (s *Store) match(t *Trial) {
	view := s.current.Load().App(t.App)
	var scratch catalog.Scratch
	var here []string
	if t.URL != "" {
		url := event.AppendString(nil, t.URL)
		for _, literal := range view.AppendPageIDs(nil, view.Pages(nil, &scratch, url)) {
			id := text(literal)
			here = append(here, id)
			s.shelf.explain(Pages, t.App, id, func(e *entry) {
				if i := slices.IndexFunc(e.Rules, func(rule string) bool { return catalog.MatchRule(rule, url) }); i >= 0 {
					t.Pages = append(t.Pages, e.matched(e.Rules[i], ""))
				}
			})
		}
	}
	var everywhere []catalog.Item
	for i := range view.PageCount() {
		everywhere = append(everywhere, catalog.Item(i))
	}
	for _, literal := range view.AppendFeatureIDs(nil, view.Features(nil, &scratch, t.Element, everywhere)) {
		s.shelf.explain(Features, t.App, text(literal), func(e *entry) {
			i := slices.IndexFunc(e.Selectors, func(text string) bool { return catalog.MatchSelector(text, t.Element) })
			switch {
			case i < 0:
			case e.Page == "" || slices.Contains(here, e.Page):
				t.Features = append(t.Features, e.matched("", e.Selectors[i]))
			default:
				t.Elsewhere = append(t.Elsewhere, e.matched("", e.Selectors[i]))
			}
		})
	}
}

// explain calls f with the entries in force that make up an item: the app's, and that for every app.
func (h *shelf) explain(list List, app, id string, f func(e *entry)) {
	for _, of := range slices.Compact([]string{app, ""}) {
		k := key{list, of, id}
		switch e, made := h.file[k], h.made[k]; {
		case e != nil:
			f(e)
		case made != nil && len(h.faults(made)) == 0:
			f(made)
		}
	}
}

func (e *entry) matched(rule, selector string) Match {
	return Match{ID: e.ID, App: e.App, Name: e.Name, Origin: e.origin, Rule: rule, Selector: selector, Page: e.Page}
}
