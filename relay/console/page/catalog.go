package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"edgerelay/relay/desk"
	"edgerelay/relay/tagging"
)

// catalogRows are the entries on one page of a list.
const catalogRows = 100

// catalogFrame is what all pages of the catalog have around them.
type catalogFrame struct {
	Frame
	Tabs []choice
	Apps []string
}

var catalogTabs = []choice{{Value: string(tagging.Pages), Name: "Pages"}, {Value: string(tagging.Features), Name: "Features"},
	{Value: string(tagging.Tracks), Name: "Track types"}, {Value: string(tagging.Guides), Name: "Guides"}, {Value: "try", Name: "Try it"}}

func (p *Pages) catalogFrame(r *http.Request, tab string) catalogFrame {
	f := catalogFrame{Frame: p.Frame(r, "catalog")}
	for _, t := range catalogTabs {
		t.Path, t.Chosen = "/catalog/"+t.Value, t.Value == tab
		f.Tabs = append(f.Tabs, t)
	}
	for _, app := range p.opt.Desk.Apps() {
		f.Apps = append(f.Apps, app.Name)
	}
	return f
}

// listOf is the list that a path names.
func listOf(r *http.Request) (tagging.List, error) {
	list := tagging.List(r.PathValue("list"))
	if !slices.Contains(tagging.Lists, list) {
		return "", &desk.Error{Code: desk.NotFound, Message: "the catalog has pages, features, tracks and guides"}
	}
	return list, nil
}

// entriesView is the page at /catalog/LIST.
type entriesView struct {
	catalogFrame
	List    tagging.List
	Search  string
	App     string
	Rows    []entryRow
	Total   int
	After   string // path of the page that follows; "" = there is none
	Wrong   string
	Heading string // of what entries consist of
}

// entryRow is an entry as a list shows it.
type entryRow struct {
	tagging.Entry
	Path   string
	Fixed  bool     // it is only shown
	Says   []string // rules, selectors, or the kind
	Called string
}

var headings = map[tagging.List]string{tagging.Pages: "Rules", tagging.Features: "Selectors", tagging.Tracks: "Track events named", tagging.Guides: "Kind"}

func newEntryRow(e tagging.Entry) entryRow {
	row := entryRow{Entry: e, Path: entryPath(&e), Fixed: e.Origin != tagging.OfAPI, Called: e.Name}
	switch e.List {
	case tagging.Pages:
		row.Says = e.Rules
	case tagging.Features:
		row.Says = e.Selectors
	case tagging.Tracks:
		row.Says = []string{e.Name}
	case tagging.Guides:
		row.Says = []string{e.Kind}
	}
	if row.Called == "" {
		row.Called = e.ID
	}
	return row
}

// entryPath is where an entry's own page is. IDs may be anything, so they stand in the query.
func entryPath(e *tagging.Entry) string {
	return "/catalog/" + string(e.List) + "/entry?" + url.Values{"id": {e.ID}, "app": {e.App}}.Encode()
}

func (p *Pages) entries(w http.ResponseWriter, r *http.Request) {
	list, err := listOf(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	values := r.URL.Query()
	view := entriesView{catalogFrame: p.catalogFrame(r, string(list)), List: list, Search: strings.TrimSpace(values.Get("q")), App: values.Get("app"), Heading: headings[list]}
	found, err := p.opt.Desk.Entries(tagging.Query{List: list, App: view.App, Search: view.Search, Limit: catalogRows, Cursor: values.Get("cursor")})
	switch message, ok := wrong(err); {
	case ok:
		view.Wrong = message
	case err != nil:
		p.refuse(w, r, err)
		return
	}
	for _, e := range found.Entries {
		view.Rows = append(view.Rows, newEntryRow(e))
	}
	if view.Total = found.Total; found.Cursor != "" {
		view.After = "/catalog/" + string(list) + "?" + url.Values{"q": {view.Search}, "app": {view.App}, "cursor": {found.Cursor}}.Encode()
	}
	p.Show(w, http.StatusOK, "catalog", view)
}
