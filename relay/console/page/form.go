package page

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"edgerelay/relay/desk"
	"edgerelay/relay/hook"
	"edgerelay/relay/registry"
)

// formView is the page that makes a webhook, or edits one.
type formView struct {
	Frame
	Name     string // of the webhook as it is kept; "" for a new one
	ETag     string // that the form was made of
	Fixed    bool   // it is the config file's, and only shown
	Values   values
	Kept     map[string]bool // secrets that there are
	Families []familyView
	All      bool   // all events
	More     string // selections that no category shows
	Hook     hook.Choices
	Type     hook.Type
	Apps     []string
	Problem  string              // why nothing was saved, where no field is to blame
	Faults   map[string][]string // by setting
	Unfolded bool                // what is rarely needed is open
	Trial    *trialView
	Of       *hookFrame // around the form of a webhook that there is
}

// familyView, categoryView and kindView are the events to choose from.
type familyView struct {
	Name       string
	Categories []categoryView
	Chosen     bool // any of them
}

type categoryView struct {
	ID, Name, Items string
	Kinds           []kindView
	IDs             string // of items that the catalog does not have
	Picked          int
	Pick            pickView
}

type kindView struct {
	Name, Label string
	Chosen      bool
}

// newFamilies lays the categories out, with the items that each offers.
func (p *Pages) newFamilies(chosen *picked) []familyView {
	views := newFamilies(chosen)
	for i := range views {
		for j := range views[i].Categories {
			c := &views[i].Categories[j]
			if c.Items == "" {
				continue
			}
			var rest []string
			c.Pick, rest = p.newPick(c.ID, "", split(c.IDs))
			c.IDs = strings.Join(rest, ", ")
		}
	}
	return views
}

func newFamilies(p *picked) (views []familyView) {
	for _, f := range families {
		view := familyView{Name: f.name}
		for _, c := range f.categories {
			of := p.of[c.id]
			shown := categoryView{ID: c.id, Name: c.name, Items: c.items}
			if of != nil {
				shown.IDs, shown.Picked = strings.Join(of.ids, ", "), len(of.ids)
				view.Chosen = true
			}
			for _, k := range c.kinds {
				shown.Kinds = append(shown.Kinds, kindView{k.kind.String(), k.label, of != nil && slices.Contains(of.kinds, k.kind)})
			}
			view.Categories = append(view.Categories, shown)
		}
		views = append(views, view)
	}
	return views
}

// rare are the settings that are folded away.
var rare = []string{"drop", "hash", "hash_key", "batch_events", "batch_bytes", "batch_age", "format", "signature", "secret_previous", "rate", "burst", "in_flight", "timeout", "retries", "schedule", "order", "probe",
	"owner", "headers", "properties", "allow_private", "allow_http"}

// newForm is the form with values in its fields.
func (p *Pages) newForm(r *http.Request, v values, events picked) formView {
	view := formView{Frame: p.Frame(r, "webhooks"), Values: v, Kept: map[string]bool{}, Families: p.newFamilies(&events), All: events.all,
		More: strings.Join(events.more, "\n"), Hook: hook.AllChoices(), Faults: map[string][]string{}}
	view.Type, _ = hook.TypeByName(v["type"])
	for _, app := range p.opt.Desk.Apps() {
		view.Apps = append(view.Apps, app.Name)
	}
	return view
}

// formOf is the form of a webhook that there is.
func (p *Pages) formOf(r *http.Request, w *desk.Webhook, v values, events picked) formView {
	view := p.newForm(r, v, events)
	view.Name, view.ETag, view.Fixed = w.Name, w.ETag, w.Origin == registry.File
	of := p.frameOf(r, w, "edit")
	view.Of = &of
	same := v["type"] == setting(w, "type")
	for _, f := range fields {
		view.Kept[f.name] = f.sort == secret && setting(w, f.name) != "" && (same || !ofType(f.name))
	}
	own, _ := w.Settings["settings"].(map[string]string)
	for _, s := range view.Type.Settings {
		view.Kept[settingsField+s.Name] = same && s.Secret && own[s.Name] != ""
	}
	return view
}

// ofType says whether a secret goes with the type of the webhook.
func ofType(name string) bool { return name == "write_key" || name == "access_token" }

// Signs says whether a signature is among those of the form.
func (v formView) Signs(scheme string) bool {
	return slices.Contains(split(v.Values["signature"]), scheme)
}

// Title is what the page is about.
func (v formView) Title() string {
	switch {
	case v.Name == "":
		return "New webhook"
	case v.Fixed:
		return "Settings of " + v.Name
	}
	return "Edit " + v.Name
}

func (p *Pages) newHook(w http.ResponseWriter, r *http.Request) {
	kind := cmp.Or(r.URL.Query().Get("type"), "url")
	if t, known := hook.TypeByName(kind); !known || t.Local {
		kind = "url"
	}
	p.Show(w, http.StatusOK, "form", p.newForm(r, values{"type": kind}, picked{of: map[string]*picks{}}))
}

// fitForm shows a form again with the fields of the type that was chosen in it. Nothing is saved.
func (p *Pages) fitForm(w http.ResponseWriter, r *http.Request) {
	f, err := p.readForm(r, r.PostForm.Get("of"))
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.Show(w, http.StatusOK, "form", p.formAgain(r, &f))
}

func (p *Pages) editHook(w http.ResponseWriter, r *http.Request) {
	of, err := p.opt.Desk.Get(r.PathValue("name"))
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.Show(w, http.StatusOK, "form", p.formOf(r, &of, shown(of.Settings), pick(settings(&of, "events"))))
}

// sentForm is a form as it came in.
type sentForm struct {
	values values
	events picked
	of     *desk.Webhook // that is edited; nil: a new one
	etag   string
}

func (p *Pages) readForm(r *http.Request, name string) (sentForm, error) {
	f := sentForm{values: sent(r.PostForm), events: pickedOf(r.PostForm), etag: r.PostForm.Get("etag")}
	if name == "" {
		return f, nil
	}
	of, err := p.opt.Desk.Get(name)
	f.of = &of
	return f, err
}

// document is what the form makes of a webhook: of a new one all that was filled in, else what was changed.
func (f *sentForm) document() hook.Document {
	before, events := values{"type": "url"}, []string{}
	if f.of != nil {
		before, events = shown(f.of.Settings), settings(f.of, "events")
	}
	d := changes(before, f.values)
	f.addSettings(d, before)
	if now := f.events.events(); !slices.Equal(now, pickedAgain(events)) {
		d["events"] = literal(now)
	}
	for name := range f.cleared() {
		d[name] = null
	}
	return d
}

// addSettings adds those that only the form's type has, and takes away what it does not have and there was before.
func (f *sentForm) addSettings(d hook.Document, before values) {
	t, _ := hook.TypeByName(f.values["type"])
	changed := f.values["type"] != before["type"]
	own := map[string]*string{}
	for _, s := range t.Settings {
		name := settingsField + s.Name
		now, was := f.values[name], before[name]
		if changed {
			was = ""
		}
		switch {
		case now != was && now != "":
			own[s.Name] = &now
		case now != was, s.Secret && now == "" && f.values[clearField+name] != "" && !changed:
			own[s.Name] = nil
		}
	}
	if len(own) > 0 {
		d["settings"] = literal(own)
	}
	for _, field := range fields {
		if f.of != nil && field.sort == secret && !takes(&t, field.name) && setting(f.of, field.name) != "" {
			d[field.name] = null
		}
	}
}

// pickedAgain are events in the way in which a form that changes nothing sends them.
func pickedAgain(events []string) []string {
	p := pick(events)
	return p.events()
}

// cleared are the secrets that the form takes away.
func (f *sentForm) cleared() map[string]bool {
	all := map[string]bool{}
	for _, field := range fields {
		if field.sort == secret && f.values[field.name] == "" && f.values[clearField+field.name] != "" {
			all[field.name] = true
		}
	}
	return all
}

func (p *Pages) create(w http.ResponseWriter, r *http.Request) {
	p.save(w, r, "", func(f *sentForm) (desk.Webhook, error) { return p.opt.Desk.Create(f.document()) })
}

func (p *Pages) edit(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	p.save(w, r, name, func(f *sentForm) (desk.Webhook, error) { return p.opt.Desk.Edit(name, f.document(), f.etag) })
}

// save does what a form asks for, or shows the form again with what is wrong beside its fields.
func (p *Pages) save(w http.ResponseWriter, r *http.Request, name string, do func(*sentForm) (desk.Webhook, error)) {
	f, err := p.readForm(r, name)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	made, err := do(&f)
	var refused *desk.Error
	switch {
	case err == nil:
		moveOn(w, r, hookPath(made.Name))
	case errors.As(err, &refused):
		view := p.formAgain(r, &f)
		view.blame(refused)
		p.Show(w, http.StatusUnprocessableEntity, "form", view)
	default:
		p.refuse(w, r, err)
	}
}

// formAgain is a form as it was sent, without the secrets in it.
func (p *Pages) formAgain(r *http.Request, f *sentForm) (view formView) {
	if f.of == nil {
		view = p.newForm(r, f.values, f.events)
	} else {
		view = p.formOf(r, f.of, f.values, f.events)
		view.ETag = f.etag
	}
	for _, field := range fields {
		if field.sort == secret {
			view.forget(field.name, "")
		}
	}
	for _, s := range view.Type.Settings {
		if s.Secret {
			view.forget(settingsField+s.Name, "")
		}
	}
	before := ""
	if f.of != nil {
		before = setting(f.of, "url")
	}
	if view.Type.URLSecret && f.values["url"] != before {
		view.forget("url", before)
	}
	return view
}

// forget puts another value in place of a secret that was typed.
func (v *formView) forget(name, instead string) {
	if v.Values[name] != "" && takes(&v.Type, name) {
		v.Faults[name] = append(v.Faults[name], "type it again: a secret is not sent back to the browser")
	}
	v.Values[name] = instead
}

// blame puts what is wrong beside the fields that it is about.
func (v *formView) blame(e *desk.Error) {
	faults := e.Faults
	if len(faults) == 0 {
		faults = []desk.Fault{{Field: e.Field, Message: e.Message}}
	}
	for _, f := range faults {
		name := settingOf(f.Field)
		if name != "events" && !v.has(name) {
			v.Problem = cmp.Or(v.Problem, f.Message)
			continue
		}
		if name != f.Field && name == "headers" {
			f.Message = strings.TrimPrefix(f.Field, "headers.") + ": " + f.Message
		}
		v.Faults[name] = append(v.Faults[name], f.Message)
		v.Unfolded = v.Unfolded || slices.Contains(rare, name)
	}
}

// has says whether the form has a field for a setting.
func (v *formView) has(name string) bool {
	for _, f := range fields {
		if f.name == name {
			return v.Takes(name)
		}
	}
	return slices.ContainsFunc(v.Type.Settings, func(s hook.TypeSetting) bool { return settingsField+s.Name == name })
}
