package desk

import (
	"cmp"
	"fmt"
	"slices"

	"edgerelay/relay/event"
	"edgerelay/relay/spell"
)

// Explanation says who gets an event and why.
type Explanation struct {
	Event     string   `json:"event"`
	App       string   `json:"app"` // "" = the event names none, and there is more than one
	IDs       []string `json:"ids"`
	Excluded  string   `json:"excluded,omitempty"` // why nobody gets it, whatever they select: its visitor, account or app
	Receivers int      `json:"receivers"`
	Webhooks  []Reason `json:"webhooks"` // all, those that get it first, else by name
}

// Reason is why one webhook gets an event, or why not.
type Reason struct {
	Webhook  string   `json:"webhook"`
	Receives bool     `json:"receives"`
	Why      string   `json:"why"`
	IDs      []string `json:"ids,omitempty"` // of the event's, those that it selected
	State    string   `json:"state"`         // see Live
}

// Explain says who would get an event if it came now. The event is JSON in any shape that readPayload knows.
func (d *Desk) Explain(payload []byte) (Explanation, error) {
	e, err := readPayload(payload)
	if err != nil {
		return Explanation{}, err
	}
	app := d.appOf(&e)
	x := Explanation{Event: e.Kind.String(), App: app, IDs: ids(&e), Webhooks: []Reason{}}
	if x.Excluded, err = d.excluded(app, &e); err != nil {
		return Explanation{}, err
	}
	states := map[string]Live{}
	for _, w := range d.List() {
		states[w.Name] = w.Live
		if len(w.Faults) > 0 {
			x.Webhooks = append(x.Webhooks, Reason{Webhook: w.Name, Why: "cannot work: " + w.Live.Reason, State: w.Live.State})
		}
	}
	for _, r := range d.opt.Hooks.Set().Explain(&e, app) {
		live := states[r.Webhook.Name]
		reason := Reason{Webhook: r.Webhook.Name, Receives: r.Receives, Why: r.Why, IDs: r.IDs, State: live.State}
		switch {
		case !r.Receives:
		case x.Excluded != "":
			reason.Receives, reason.Why = false, reason.Why+", but "+x.Excluded
		default:
			x.Receivers++
			if live.State == "disabled" {
				reason.Why += "; it is held in the log, since the webhook was turned off: " + live.Reason
			}
		}
		x.Webhooks = append(x.Webhooks, reason)
	}
	slices.SortFunc(x.Webhooks, Reason.compare)
	return x, nil
}

// compare puts those that get the event first.
func (r Reason) compare(other Reason) int {
	if r.Receives != other.Receives {
		if r.Receives {
			return -1
		}
		return 1
	}
	return cmp.Compare(r.Webhook, other.Webhook)
}

// excluded is why nobody gets an event.
func (d *Desk) excluded(app string, e *event.Event) (string, error) {
	var names []string
	for _, a := range d.opt.Apps() {
		names = append(names, a.Name)
	}
	if app != "" && !slices.Contains(names, app) {
		return fmt.Sprintf("no app is called %q; %s", app, spell.Hint(app, names)), nil
	}
	return d.opt.Excluded(app, e)
}

// appOf is the configured app that an event is of. One that names none is of the only one there is.
func (d *Desk) appOf(e *event.Event) string {
	if apps := d.opt.Apps(); len(e.AppName) == 0 && len(apps) == 1 {
		return apps[0].Name
	}
	return string(e.AppName)
}
