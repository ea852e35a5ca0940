package tagging

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"edgerelay/relay/catalog"
)

// shelf is the entries of the file and those made by the admin API, side by side. An entry of the file stands in front of
// one with its app and ID that was made here. It has no lock.
type shelf struct {
	apps   map[string]bool
	file   map[key]*entry
	made   map[key]*entry
	sorted map[List][]*entry // both, by their places
	weight map[List]*weight  // of both
	text   int               // bytes of those that were made here
}

func newShelf(file *File, made map[key]*entry) *shelf {
	h := &shelf{apps: map[string]bool{}, file: map[key]*entry{}, made: made, sorted: map[List][]*entry{}, weight: map[List]*weight{}}
	for _, app := range file.Apps {
		h.apps[app] = true
	}
	for _, list := range Lists {
		h.weight[list] = &weight{}
	}
	for list, entries := range map[List][]Settings{Pages: file.Pages, Features: file.Features, Tracks: file.Tracks, Guides: file.Guides} {
		for _, s := range entries {
			e := newEntry(list, s, OfFile)
			h.file[e.key()] = e
			h.count(e, +1)
		}
	}
	for _, e := range made {
		h.count(e, +1)
	}
	for _, all := range []map[key]*entry{h.file, made} {
		for _, e := range all {
			h.sorted[e.list] = append(h.sorted[e.list], e)
		}
	}
	for list := range h.sorted {
		slices.SortFunc(h.sorted[list], func(a, b *entry) int { return cmp.Compare(a.place, b.place) })
	}
	return h
}

func (h *shelf) count(e *entry, sign int) {
	h.weight[e.list].add(e.weight, sign)
	if e.origin == OfAPI {
		h.text += sign * e.weight.bytes
	}
}

// put puts next, which was made here, in the place of old; either may be nil.
func (h *shelf) put(old, next *entry) {
	if old != nil {
		delete(h.made, old.key())
		h.count(old, -1)
		if i, found := h.find(old.list, old.place); found {
			h.sorted[old.list] = slices.Delete(h.sorted[old.list], i, i+1)
		}
	}
	if next != nil {
		h.made[next.key()] = next
		h.count(next, +1)
		i, _ := h.find(next.list, next.place)
		h.sorted[next.list] = slices.Insert(h.sorted[next.list], i, next)
	}
}

// find is where a place is, or would be.
func (h *shelf) find(list List, place string) (i int, found bool) {
	return slices.BinarySearchFunc(h.sorted[list], place, func(e *entry, place string) int { return cmp.Compare(e.place, place) })
}

// faults are why an entry is not in force.
func (h *shelf) faults(e *entry) []Fault {
	if e.origin != OfAPI {
		return nil
	}
	faults := slices.Clone(e.broken)
	if !h.knows(e.App) {
		faults = append(faults, Fault{"app", fmt.Sprintf("there is no app %q any more; configure it again, or delete this entry", e.App)})
	}
	if h.file[e.key()] != nil {
		faults = append(faults, Fault{"id", "the config file has an entry with this ID, which is in force; delete this one, or give that of the file another ID"})
	}
	if e.Page != "" && !h.hasPage(e.App, e.Page) {
		faults = append(faults, Fault{"page", fmt.Sprintf("there is no page %q of this app any more; make it again, or name another", e.Page)})
	}
	return faults
}

// knows says whether an entry may be of an app.
func (h *shelf) knows(app string) bool { return app == "" || h.apps[app] }

// hasPage says whether a feature of an app can count on a page: the app's own, or one for every app.
func (h *shelf) hasPage(app, id string) bool {
	return h.pageStands(key{Pages, app, id}) || h.pageStands(key{Pages, "", id})
}

// pageStands says whether a page is in force.
func (h *shelf) pageStands(k key) bool {
	if h.file[k] != nil {
		return true
	}
	e := h.made[k]
	return e != nil && len(e.broken) == 0 && h.knows(e.App)
}

// standing are the entries of a list that are in force.
func (h *shelf) standing(list List, f func(e *entry)) {
	for _, e := range h.sorted[list] {
		if e.origin != OfAPI || len(h.faults(e)) == 0 {
			f(e)
		}
	}
}

// options are what the catalog is compiled of.
func (h *shelf) options(learned *catalog.Learned) catalog.Options {
	o := catalog.Options{Learned: learned}
	h.standing(Pages, func(e *entry) {
		o.Pages = append(o.Pages, catalog.Page{App: e.App, ID: e.ID, Rules: e.Rules})
	})
	h.standing(Features, func(e *entry) {
		o.Features = append(o.Features, catalog.Feature{App: e.App, ID: e.ID, Selectors: e.Selectors, Page: e.Page})
	})
	h.standing(Tracks, func(e *entry) {
		o.Tracks = append(o.Tracks, catalog.Track{App: e.App, ID: e.ID, Name: e.Name})
	})
	h.standing(Guides, func(e *entry) { o.Guides = append(o.Guides, e.guide()) })
	return o
}

// guide is the entry as payloads tell of it.
func (e *entry) guide() catalog.Guide {
	g := catalog.Guide{App: e.App, ID: e.ID, Name: e.Name, CreatedAt: e.CreatedAt, CreatedBy: e.CreatedBy, UpdatedAt: e.updated}
	g.Kind, _ = catalog.ParseGuideKind(e.Kind) // it was checked
	for _, step := range e.Steps {
		g.Steps = append(g.Steps, catalog.Step{ID: step.ID, Type: step.Type})
	}
	return g
}

// users are the features in force that would lose their page if one were no more.
func (h *shelf) users(page *entry) (ids []string) {
	without := maps.Clone(h.made)
	delete(without, page.key())
	later := *h
	later.made = without
	h.standing(Features, func(e *entry) {
		if e.Page == page.ID && !later.hasPage(e.App, e.Page) {
			ids = append(ids, e.ID)
		}
	})
	return ids
}
