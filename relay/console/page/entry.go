package page

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/tagging"
)

// entryView is the page of one entry, or of one that is to be.
type entryView struct {
	catalogFrame
	List   tagging.List
	Entry  *entryRow // nil: it is to be
	Values values
	Faults map[string][]string // by setting
	Wrong  string
	Kinds  []string
	Pages  []tagging.Entry // that a feature can count on
}

// entryFields are the settings that the form of a list has. The sort pairs stands for lines here.
var entryFields = map[tagging.List][]string{
	tagging.Pages:    {"name", "id", "app", "rules"},
	tagging.Features: {"name", "id", "app", "selectors", "page"},
	tagging.Tracks:   {"name", "id", "app"},
	tagging.Guides:   {"name", "id", "app", "kind", "created_at", "created_by", "steps"},
}

// Has says whether the list's entries have a setting.
func (v entryView) Has(name string) bool { return slices.Contains(entryFields[v.List], name) }

func (p *Pages) newEntryView(r *http.Request, list tagging.List, v values) entryView {
	view := entryView{catalogFrame: p.catalogFrame(r, string(list)), List: list, Values: v, Faults: map[string][]string{}, Kinds: []string{"guide", "poll", "nps"}}
	if list == tagging.Features {
		if found, err := p.opt.Desk.Entries(tagging.Query{List: tagging.Pages}); err == nil {
			view.Pages = found.Entries
		}
	}
	return view
}

// shownEntry is an entry as its form shows it.
func shownEntry(e *tagging.Entry) values {
	v := values{"name": e.Name, "id": e.ID, "app": e.App, "rules": strings.Join(e.Rules, "\n"), "selectors": strings.Join(e.Selectors, "\n"), "page": e.Page,
		"kind": e.Kind, "created_by": e.CreatedBy}
	if !e.CreatedAt.IsZero() {
		v["created_at"] = e.CreatedAt.UTC().Format(time.RFC3339Nano)
	}
	var steps []string
	for _, s := range e.Steps {
		steps = append(steps, strings.TrimSpace(s.ID+" "+s.Type))
	}
	v["steps"] = strings.Join(steps, "\n")
	return v
}

// entryDocument is what a form changes of an entry, or all of a new one.
func entryDocument(list tagging.List, before, now values) tagging.Document {
	d := tagging.Document{}
	for _, name := range entryFields[list] {
		switch {
		case now[name] == before[name]:
		case name == "rules" || name == "selectors":
			d[name] = literal(append([]string{}, selections(now[name])...))
		case name == "steps":
			d[name] = literal(stepsOf(now[name]))
		case now[name] == "":
			d[name] = null
		default:
			d[name] = literal(now[name])
		}
	}
	return d
}

// stepsOf reads steps of a guide: on each line an ID, and after a space the type.
func stepsOf(text string) []tagging.Step {
	steps := []tagging.Step{}
	for _, line := range selections(text) {
		id, kind, _ := strings.Cut(line, " ")
		steps = append(steps, tagging.Step{ID: id, Type: strings.TrimSpace(kind)})
	}
	return steps
}

func sentEntry(form url.Values, list tagging.List) values {
	v := values{}
	for _, name := range entryFields[list] {
		v[name] = strings.ReplaceAll(strings.TrimSpace(form.Get(name)), "\r\n", "\n")
	}
	return v
}

func (p *Pages) newEntry(w http.ResponseWriter, r *http.Request) {
	list, err := listOf(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.Show(w, http.StatusOK, "entry", p.newEntryView(r, list, values{"kind": "guide"}))
}

func (p *Pages) createEntry(w http.ResponseWriter, r *http.Request) {
	list, err := listOf(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	sent := sentEntry(r.PostForm, list)
	_, err = p.opt.Desk.CreateEntries(list, entryDocument(list, values{"kind": "guide"}, sent))
	p.savedEntry(w, r, p.newEntryView(r, list, sent), err)
}

// savedEntry goes back to the list, or shows the form again with what is wrong.
func (p *Pages) savedEntry(w http.ResponseWriter, r *http.Request, view entryView, err error) {
	var refused *desk.Error
	switch {
	case err == nil:
		moveOn(w, r, "/catalog/"+string(view.List))
	case errors.As(err, &refused) && refused.Code != desk.NotFound:
		view.blame(refused)
		p.Show(w, http.StatusUnprocessableEntity, "entry", view)
	default:
		p.refuse(w, r, err)
	}
}

func (v *entryView) blame(e *desk.Error) {
	faults := e.Faults
	if len(faults) == 0 {
		faults = []desk.Fault{{Field: e.Field, Message: e.Message}}
	}
	for _, f := range faults {
		if name := settingOf(f.Field); v.Has(name) {
			v.Faults[name] = append(v.Faults[name], f.Message)
		} else {
			v.Wrong = f.Message
		}
	}
}

// entryOf is the entry that the query names.
func (p *Pages) entryOf(r *http.Request) (tagging.Entry, error) {
	list, err := listOf(r)
	if err != nil {
		return tagging.Entry{}, err
	}
	app := r.URL.Query().Get("app")
	return p.opt.Desk.Entry(tagging.Ref{List: list, ID: r.URL.Query().Get("id"), App: &app})
}

func (p *Pages) showEntry(w http.ResponseWriter, r *http.Request) {
	e, err := p.entryOf(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	view := p.newEntryView(r, e.List, shownEntry(&e))
	row := newEntryRow(e)
	view.Entry = &row
	p.Show(w, http.StatusOK, "entry", view)
}

func (p *Pages) editEntry(w http.ResponseWriter, r *http.Request) {
	e, err := p.entryOf(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	sent := sentEntry(r.PostForm, e.List)
	ref := tagging.Ref{List: e.List, ID: e.ID, App: &e.App}
	if r.PostForm.Get("do") == "delete" {
		err = p.opt.Desk.DeleteEntry(ref, r.PostForm.Get("etag"))
	} else {
		_, err = p.opt.Desk.EditEntry(ref, entryDocument(e.List, shownEntry(&e), sent), r.PostForm.Get("etag"))
	}
	view := p.newEntryView(r, e.List, sent)
	row := newEntryRow(e)
	row.ETag = r.PostForm.Get("etag")
	view.Entry = &row
	p.savedEntry(w, r, view, err)
}
