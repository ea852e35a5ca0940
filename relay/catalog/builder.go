package catalog

import (
	"fmt"

	"edgerelay/relay/event"
)

// builder turns Options into a Catalog and collects what is wrong with them.
type builder struct {
	o      *Options
	faults []error
	parts  map[string]*parts // by app; "" is for every app
	pages  map[entry]Item
}

// parts is what one app has.
type parts struct {
	rules     []rule
	selectors []selector
	tracks    map[string][][]byte // IDs by name
	guides    map[string]*Details // by ID
}

// entry names an entry of one of the lists. Two apps may use the same ID.
type entry struct{ app, id string }

func newBuilder(o *Options) *builder {
	return &builder{o: o, parts: map[string]*parts{"": newParts()}, pages: map[entry]Item{}}
}

func newParts() *parts {
	return &parts{tracks: map[string][][]byte{}, guides: map[string]*Details{}}
}

// of returns the parts of an app.
func (b *builder) of(app string) *parts {
	if b.parts[app] == nil {
		b.parts[app] = newParts()
	}
	return b.parts[app]
}

// fault notes what is wrong with an entry.
func (b *builder) fault(list string, e entry, format string, args ...any) {
	of := ""
	if e.app != "" {
		of = fmt.Sprintf(" of app %q", e.app)
	}
	b.faults = append(b.faults, fmt.Errorf("%s %q%s: %w", list, e.id, of, fmt.Errorf(format, args...)))
}

// places numbers the entries of a list. An entry for one app takes the place of the one for all apps that has the same
// ID, so that an event that touches both touches one item.
func (b *builder) places(list string, entries []entry) []Item {
	all, seen := map[string]Item{}, map[entry]bool{}
	for i, e := range entries {
		switch {
		case e.id == "":
			b.fault(list, e, "it has no ID")
		case seen[e]:
			b.fault(list, e, "the ID is an earlier one's too; give each its own")
		case e.app == "":
			all[e.id] = Item(i)
		}
		seen[e] = true
	}
	places := make([]Item, len(entries))
	for i, e := range entries {
		places[i] = Item(i)
		if place, shared := all[e.id]; shared {
			places[i] = place
		}
	}
	return places
}

func (b *builder) addPages() {
	entries := make([]entry, len(b.o.Pages))
	for i, p := range b.o.Pages {
		entries[i] = entry{p.App, p.ID}
	}
	places := b.places("page", entries)
	for i, p := range b.o.Pages {
		b.pages[entries[i]] = places[i]
		to := b.of(p.App)
		for k, text := range p.Rules {
			r, err := parseRule(text)
			if err != nil {
				b.fault("page", entries[i], "rules[%d] %q: %w", k, cutText(text, shownMax), err)
			}
			r.item = places[i]
			to.rules = append(to.rules, r)
			if escaped, differs := r.escaped(); differs {
				to.rules = append(to.rules, escaped)
			}
		}
	}
}

// shownMax is how much of a rule or selector errors show, in bytes.
const shownMax = 80

func (b *builder) addFeatures() {
	entries := make([]entry, len(b.o.Features))
	for i, f := range b.o.Features {
		entries[i] = entry{f.App, f.ID}
	}
	places := b.places("feature", entries)
	for i, f := range b.o.Features {
		page := b.pageOf(f, entries[i])
		to := b.of(f.App)
		for k, text := range f.Selectors {
			list, err := parseSelectors(text)
			if err != nil {
				b.fault("feature", entries[i], "selectors[%d] %q: %w", k, cutText(text, shownMax), err)
			}
			for _, s := range list {
				s.item, s.page = places[i], page
				to.selectors = append(to.selectors, s)
			}
		}
	}
}

// pageOf finds the page that a feature counts on.
func (b *builder) pageOf(f Feature, e entry) Item {
	if f.Page == "" {
		return noItem
	}
	if place, found := b.pages[entry{f.App, f.Page}]; found {
		return place
	}
	if place, found := b.pages[entry{"", f.Page}]; found {
		return place
	}
	b.fault("feature", e, "there is no page %q of this app; add it, or leave page out for all pages", f.Page)
	return noItem
}

func (b *builder) addTracks() {
	entries := make([]entry, len(b.o.Tracks))
	for i, t := range b.o.Tracks {
		entries[i] = entry{t.App, t.ID}
	}
	b.places("track", entries)
	for i, t := range b.o.Tracks {
		if t.Name == "" {
			b.fault("track", entries[i], "it has no name; set the name of the track events that get this ID")
		}
		tracks, name := b.of(t.App).tracks, literal(t.Name)
		tracks[string(name)] = append(tracks[string(name)], literal(t.ID))
	}
}

func (b *builder) addGuides() {
	entries := make([]entry, len(b.o.Guides))
	for i, g := range b.o.Guides {
		entries[i] = entry{g.App, g.ID}
	}
	b.places("guide", entries)
	for i := range b.o.Guides {
		g := &b.o.Guides[i]
		if g.Kind > KindNPS {
			b.fault("guide", entries[i], "its kind is none of guide, poll and nps")
		}
		b.of(g.App).guides[string(literal(g.ID))] = g.details()
	}
}

// catalog joins the parts.
func (b *builder) catalog() *Catalog {
	c := &Catalog{
		all:     b.parts[""].index(),
		own:     map[string]*index{},
		none:    newParts().index(),
		learned: b.o.Learned,
	}
	for app, p := range b.parts {
		if app != "" {
			c.own[app] = p.index()
		}
	}
	for _, p := range b.o.Pages {
		c.pageIDs = append(c.pageIDs, literal(p.ID))
	}
	for _, f := range b.o.Features {
		c.featureIDs = append(c.featureIDs, literal(f.ID))
	}
	return c
}

func (p *parts) index() *index {
	return &index{newPageIndex(p.rules), newFeatureIndex(p.selectors), p.tracks, p.guides}
}

// literal is text as a JSON string.
func literal(text string) []byte {
	return event.AppendString(nil, text)
}
