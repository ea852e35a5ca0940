package page

import (
	"net/http"
	"slices"
	"strings"

	"edgerelay/relay/tagging"
)

// pickRows are how many items are offered at once; a search finds the others.
const pickRows = 30

// item is one entry of the catalog to pick.
type item struct {
	ID, Name, App string
	Chosen        bool
}

// shelves are where a category's items come from: a list of the catalog, and of guides the kind.
var shelves = map[string][]struct {
	list tagging.List
	kind string
}{
	"page": {{tagging.Pages, ""}}, "feature": {{tagging.Features, ""}}, "track": {{tagging.Tracks, ""}},
	"guide": {{tagging.Guides, "guide"}}, "nps": {{tagging.Guides, "nps"}}, "poll": {{tagging.Guides, "poll"}},
	"frustration": {{tagging.Pages, ""}, {tagging.Features, ""}},
	"admin-page":  {{tagging.Pages, ""}}, "admin-feature": {{tagging.Features, ""}},
	"admin-nps": {{tagging.Guides, "nps"}}, "admin-poll": {{tagging.Guides, "poll"}},
}

// pickView is what a category offers.
type pickView struct {
	ID    string // of the category
	Items []item // what was chosen first
	More  bool   // a search would find others
}

// newPick offers items of a category: those that were chosen, then those that a search finds. rest are the chosen IDs that
// the catalog does not know, such as patterns.
func (p *Pages) newPick(category, search string, chosen []string) (v pickView, rest []string) {
	v.ID = category
	for _, id := range chosen {
		if e, ok := p.known(category, id); ok {
			v.Items = append(v.Items, item{id, e.Name, e.App, true})
		} else {
			rest = append(rest, id)
		}
	}
	offered := 0
	for _, from := range shelves[category] {
		q := tagging.Query{List: from.list, Search: search, Limit: pickRows + 1}
		if from.kind != "" {
			q.Limit = tagging.LimitMax
		}
		found, err := p.opt.Desk.Entries(q)
		if err != nil {
			continue // without a catalog there is nothing to offer
		}
		for _, e := range found.Entries {
			switch {
			case from.kind != "" && e.Kind != from.kind || slices.ContainsFunc(v.Items, func(i item) bool { return i.ID == e.ID }):
			case offered == pickRows:
				v.More = true
			default:
				v.Items = append(v.Items, item{e.ID, e.Name, e.App, false})
				offered++
			}
		}
		v.More = v.More || found.Cursor != ""
	}
	return v, rest
}

// known is the entry of an ID among a category's.
func (p *Pages) known(category, id string) (tagging.Entry, bool) {
	if strings.HasSuffix(id, "*") {
		return tagging.Entry{}, false
	}
	for _, from := range shelves[category] {
		found, err := p.opt.Desk.Entries(tagging.Query{List: from.list, Search: id, Limit: pickRows})
		if err != nil {
			continue
		}
		for _, e := range found.Entries {
			if e.ID == id && (from.kind == "" || e.Kind == from.kind) {
				return e, true
			}
		}
	}
	return tagging.Entry{}, false
}

// pickItems offers what a search finds to a script, and keeps what is chosen.
func (p *Pages) pickItems(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	category := values.Get("category")
	search := strings.TrimSpace(values.Get("find." + category))
	view, _ := p.newPick(category, search, values[itemField+category])
	p.part(w, http.StatusOK, "form", "items", view)
}
