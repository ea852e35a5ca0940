package page

import (
	"net/http"
	"strings"

	"edgerelay/relay/desk"
	"edgerelay/relay/hook"
)

// hookFrame is what all pages of one webhook have around them.
type hookFrame struct {
	Frame
	Row  hookRow
	Tab  string // whose link is the present one
	Self string // path of the webhook's first page
	Tabs []choice
}

// hookFrame is that of the webhook which a request names.
func (p *Pages) hookFrame(r *http.Request, tab string) (hookFrame, error) {
	w, err := p.opt.Desk.Get(r.PathValue("name"))
	if err != nil {
		return hookFrame{}, err
	}
	return p.frameOf(r, &w, tab), nil
}

func (p *Pages) frameOf(r *http.Request, w *desk.Webhook, tab string) hookFrame {
	f := hookFrame{Frame: p.Frame(r, "webhooks"), Row: newHookRow(w), Tab: tab, Self: hookPath(w.Name)}
	for _, t := range []choice{{Value: "", Name: "Overview"}, {Value: "log", Name: "Log"}, {Value: "dead", Name: "Dead letters", Count: int(w.Live.Dead)},
		{Value: "replay", Name: "Replay"}, {Value: "edit", Name: "Settings"}} {
		if t.Chosen = t.Value == tab; t.Value != "" {
			t.Path = f.Self + "/" + t.Value
		} else {
			t.Path = f.Self
		}
		f.Tabs = append(f.Tabs, t)
	}
	return f
}

// With is what the toggle at the head of the page is about.
func (f hookFrame) With(row hookRow) rowView { return rowView{f.Frame, row, f.Self, false} }

// hookView is the page at /webhook/NAME.
type hookView struct {
	hookFrame
	Figures  []amount
	Export   *exportView
	Line     spark // deliveries a minute in the last three hours
	Settings []fact
	Families []familyView // whose kinds can be sent as a test
}

// amount is a figure with what it means.
type amount struct{ Name, Value, Means, Colour string }

// fact is a setting as it is told.
type fact struct {
	Name  string
	Value string
	List  []string
}

func (p *Pages) hook(w http.ResponseWriter, r *http.Request) {
	frame, err := p.hookFrame(r, "")
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	stats, err := p.opt.Desk.Stats(frame.Row.Name)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	none := pick(nil)
	p.Show(w, http.StatusOK, "webhook", hookView{hookFrame: frame, Figures: amounts(&frame.Row, stats.Lanes), Line: newSpark(stats.Long.Delivered),
		Export: newExportView(&frame.Row, stats.Export, p.opt.Now()), Settings: facts(frame.Row.Webhook), Families: newFamilies(&none)})
}

func amounts(row *hookRow, lanes int) []amount {
	l := &row.Live
	all := []amount{
		{"Rate", row.Rate + "/s", "deliveries a second, over the last minute", ""},
		{"Success", row.Success, "of the attempts of the last hour", row.Worry},
		{"Lag", row.Lag, "age of the oldest event that has not been delivered", ""},
		{"Waiting", count(l.Backlog), "events that were not tried yet", ""},
		{"In flight", count(l.InFlight), "requests under way now", ""},
		{"Retrying", count(l.Parked), "deliveries that wait for their next attempt", ""},
		{"Dead letters", count(l.Dead), "deliveries that were given up, kept to be replayed", ""},
	}
	if row.Rate == nothing {
		all[0].Value = nothing
	}
	if lanes > 0 {
		all[4].Value += " of " + count(lanes)
	}
	if l.Held > 0 {
		all[4] = amount{"Held", count(l.Held), "events that were taken to be sent before it was turned off, and wait until it is on", ""}
	}
	if l.Dead > 0 {
		all[6].Colour = "is-bad"
	}
	if l.Trimmed > 0 {
		all = append(all, amount{"Lost", count(l.Trimmed), "events that a limit of the log took before they were delivered", "is-bad"})
	}
	return all
}

// facts are the settings that say something.
func facts(w *desk.Webhook) (list []fact) {
	v := shown(w.Settings)
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{Name: name, Value: value})
		}
	}
	row := hookRow{Webhook: w}
	t, _ := hook.TypeByName(v["type"])
	add("Type", row.Kind())
	add("To", row.Address())
	add("Region", v["region"])
	for _, s := range t.Settings {
		add(titled(s.Name), v[settingsField+s.Name])
	}
	list = append(list, fact{Name: "Events", List: settings(w, "events")})
	app := v["app"]
	if app == "" {
		app = "all"
	}
	add("App", app)
	add("Format", v["format"])
	if t.Signs {
		add("Signed", signed(w, v))
	}
	add("Batch", batch(v))
	if v["rate"] != "" {
		add("Pace", v["rate"]+" a second, "+v["burst"]+" at once")
	}
	add("In flight", v["in_flight"])
	if v["order"] == "visitor" {
		add("Order", orderNames["visitor"])
	}
	add("Timeout", v["timeout"])
	if v["schedule"] != "" {
		add("Schedule", v["schedule"])
	} else {
		add("Retries", v["retries"])
	}
	add("Headers", strings.ReplaceAll(v["headers"], "\n", " · "))
	add("Owner", v["owner"])
	if v["probe"] != "" {
		add("Probe", "it is tried now and then when it was turned off")
	}
	return list
}

// signed says how deliveries are signed.
func signed(w *desk.Webhook, v values) string {
	switch {
	case setting(w, "secret") == "":
		return "no: there is no secret"
	case setting(w, "secret_previous") != "":
		return v["signature"] + ", with the previous secret too"
	}
	return v["signature"]
}

// batch says what its user wants of batches.
func batch(v values) string {
	var parts []string
	if n := v["batch_events"]; n != "" {
		parts = append(parts, "at most "+n+" events")
	}
	if n := v["batch_bytes"]; n != "" {
		parts = append(parts, "at most "+n)
	}
	if d := v["batch_age"]; d != "" {
		parts = append(parts, "gathered for "+d)
	}
	return strings.Join(parts, ", ")
}

// deleteView is the page that asks before a webhook is deleted.
type deleteView struct {
	hookFrame
	Wrong string // what was typed is not its name
}

func (p *Pages) askDelete(w http.ResponseWriter, r *http.Request) {
	p.showDelete(w, r, http.StatusOK, "")
}

func (p *Pages) showDelete(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	frame, err := p.hookFrame(r, "delete")
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.Show(w, status, "delete", deleteView{frame, wrong})
}

func (p *Pages) delete(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if strings.TrimSpace(r.PostForm.Get("name")) != name {
		p.showDelete(w, r, http.StatusUnprocessableEntity, "That is not its name.")
		return
	}
	if err := p.opt.Desk.Delete(name); err != nil {
		p.refuse(w, r, err)
		return
	}
	moveOn(w, r, "/webhooks")
}
