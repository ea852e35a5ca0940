package desk

import (
	"fmt"
	"math"
	"slices"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/registry"
)

// Webhook is one webhook as an operator sees it.
type Webhook struct {
	Name     string          `json:"name"`
	Origin   registry.Origin `json:"origin"`         // file or api; those of the file are read-only here
	Version  uint64          `json:"version"`        // steps with each change; 0 for those of the file
	ETag     string          `json:"etag,omitempty"` // for If-Match; "" for those of the file
	Created  *time.Time      `json:"created,omitempty"`
	Updated  *time.Time      `json:"updated,omitempty"`
	Enabled  bool            `json:"enabled"`            // as its user has it
	Disabled *registry.Off   `json:"disabled,omitempty"` // it is enabled, and was turned off because of its receiver
	Settings hook.View       `json:"settings"`           // all of them, secrets masked
	Place    string          `json:"place,omitempty"`    // where deliveries go: a URL, or "s3://bucket/prefix"; "" when it cannot work
	Faults   []Fault         `json:"faults,omitempty"`   // why it cannot work, such as an app that is no more
	Live     Live            `json:"live"`
	Queue    uint32          `json:"queue"` // its number in the log
}

// Live is what a webhook's sender does at the moment.
type Live struct {
	State    string   `json:"state"` // off, idle, delivering, retrying, failing, disabled, or broken: it has faults
	Reason   string   `json:"reason,omitempty"`
	Rate     float64  `json:"rate"`    // deliveries a second, over the last minute
	Success  *float64 `json:"success"` // share of the last hour's attempts; null when there were none
	Backlog  int64    `json:"backlog"`
	InFlight int      `json:"in_flight"`
	Held     int      `json:"held,omitempty"` // events that were taken to be sent before it was turned off, and wait until it is on
	Parked   int64    `json:"parked"`
	Dead     int64    `json:"dead"`
	Trimmed  int64    `json:"trimmed"`
	Lag      float64  `json:"lag_seconds"`      // age of the oldest event that has not ended
	Recent   []uint32 `json:"recent,omitempty"` // deliveries in each of the last 30 minutes, the newest last
}

// recentSteps are the minutes in Live.Recent.
const recentSteps = 30

// List is all webhooks, sorted by name.
func (d *Desk) List() []Webhook {
	list := d.opt.Hooks.List()
	all := make([]Webhook, len(list))
	d.watch.with(func(of func(uint32) (*Pulse, *meter)) {
		now := d.opt.Now()
		for i := range list {
			p, m := of(list[i].Queue)
			all[i] = show(&list[i], p, m, now)
		}
	})
	return all
}

// Get is one webhook.
func (d *Desk) Get(name string) (Webhook, error) {
	w, err := d.opt.Hooks.Get(name)
	if err != nil {
		return Webhook{}, refusal(err)
	}
	return d.show(&w), nil
}

func (d *Desk) show(w *registry.Webhook) (shown Webhook) {
	d.watch.with(func(of func(uint32) (*Pulse, *meter)) {
		p, m := of(w.Queue)
		shown = show(w, p, m, d.opt.Now())
	})
	return shown
}

func show(w *registry.Webhook, p *Pulse, m *meter, now time.Time) Webhook {
	shown := Webhook{Name: w.Name, Origin: w.Origin, Version: w.Version, Created: w.Created, Updated: w.Updated,
		Enabled: w.Enabled, Disabled: w.Off, Settings: w.Spec, Faults: faults(w.Faults), Queue: w.Queue}
	if compiled := w.Compiled(); compiled != nil {
		shown.Place = compiled.Place()
	}
	if w.Origin == registry.API {
		shown.ETag = fmt.Sprintf(`"%d-%d"`, w.Queue, w.Version)
	}
	shown.Live = live(p, m, now)
	if len(w.Faults) > 0 {
		shown.Live.State, shown.Live.Reason = "broken", w.Faults[0].Error()
	}
	return shown
}

func live(p *Pulse, m *meter, now time.Time) Live {
	if p == nil {
		return Live{State: "off"}
	}
	l := Live{State: p.State, Reason: p.Reason, Backlog: p.Backlog, InFlight: p.InFlight, Held: p.Held, Parked: p.Parked, Dead: p.Dead, Trimmed: p.Trimmed}
	if !p.Oldest.IsZero() {
		l.Lag = rounded(max(now.Sub(p.Oldest), 0).Seconds())
	}
	l.Rate = rounded(m.rate(p.Counts, now))
	if share, ok := m.success(p.Counts, now); ok {
		share = math.Floor(1e6*share) / 1e6 // what is not all is not shown as all
		l.Success = &share
	}
	if m.long.steps != nil {
		l.Recent = m.long.series(longStep, recentSteps, now).Delivered
	}
	return l
}

// rounded leaves of a figure what somebody may want to read.
func rounded(x float64) float64 { return math.Round(1000*x) / 1000 }

// Create makes a webhook of the settings in a document. It is off unless the document says enabled.
func (d *Desk) Create(settings hook.Document) (Webhook, error) {
	return d.changed(d.opt.Hooks.Create(settings))
}

// Edit changes a webhook's settings as a merge patch says (RFC 7396): null inherits again, a masked secret stays. With
// etags, the webhook must be at one of them; "*" is any.
func (d *Desk) Edit(name string, patch hook.Document, etags ...string) (Webhook, error) {
	version, err := d.at(name, etags)
	if err != nil {
		return Webhook{}, err
	}
	return d.changed(d.opt.Hooks.Edit(name, patch, version))
}

// Delete deletes a webhook with all that waits for it, its dead letters and its log. etags are as Edit's.
func (d *Desk) Delete(name string, etags ...string) error {
	version, err := d.at(name, etags)
	if err != nil {
		return err
	}
	err = d.opt.Hooks.Delete(name, version)
	d.watch.forget()
	return refusal(err)
}

// at is the version that a webhook must have for a change to it; 0 is any.
func (d *Desk) at(name string, etags []string) (version uint64, err error) {
	if len(etags) == 0 || slices.Contains(etags, "*") {
		return 0, nil
	}
	w, err := d.Get(name)
	switch {
	case err != nil:
		return 0, err
	case w.Origin == registry.API && !slices.Contains(etags, w.ETag):
		return 0, refuse(Stale, "", "webhook %q was changed meanwhile: it is at %s now; look at it again", name, w.ETag)
	}
	return w.Version, nil
}

// Enable turns a webhook on, under terms that may be asked for: see registry.Terms.
func (d *Desk) Enable(name string, terms registry.Terms) (Webhook, error) {
	return d.changed(d.opt.Hooks.Enable(name, terms))
}

// Disable turns a webhook off: nothing of what happens meanwhile is for it.
func (d *Desk) Disable(name string) (Webhook, error) {
	return d.changed(d.opt.Hooks.Disable(name))
}

// changed shows what a change made, with a new look at its sender.
func (d *Desk) changed(w registry.Webhook, err error) (Webhook, error) {
	if err != nil {
		return Webhook{}, refusal(err)
	}
	d.watch.forget()
	return d.show(&w), nil
}
