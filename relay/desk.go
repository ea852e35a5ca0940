package relay

import (
	"context"
	"errors"
	"slices"
	"time"

	"edgerelay/relay/deliver"
	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
)

// openDesk makes what the console and the admin API work on.
func (r *Relay) openDesk() {
	r.desk = desk.New(desk.Options{Hooks: r.hooks, Log: r.log, Journal: r.journal, Tap: r.tap, Replays: r.replays, Catalog: r.tags,
		Pulses: r.pulses, Export: r.export, Try: r.try, Apps: r.apps, Excluded: r.excluded,
		Reload: r.reload, Compare: r.compare, Logger: r.logger})
}

// pulses are the senders of the moment.
func (r *Relay) pulses() []desk.Pulse {
	senders := r.fleet.Senders()
	all := make([]desk.Pulse, len(senders))
	for i, s := range senders {
		all[i] = pulse(s)
	}
	return all
}

func pulse(s *deliver.Sender) desk.Pulse {
	q, state := s.Queue().Stats(), s.State()
	p := desk.Pulse{Queue: s.Hook().Queue, State: state.Name, Reason: state.Reason, Lanes: state.Lanes,
		Backlog: q.Backlog, InFlight: q.Flight, Parked: q.Parked, Dead: q.Dead, Trimmed: q.Trimmed, Counts: desk.Counts(s.Counts())}
	switch {
	case p.State == "idle" && p.Parked > 0:
		p.State = "retrying"
	case (p.State == "off" || p.State == "disabled") && p.Lanes == 0:
		p.InFlight, p.Held = 0, p.InFlight // lanes gave them back, and none is there to take them
	}
	if q.Oldest > 0 {
		p.Oldest = time.UnixMilli(q.Oldest)
	}
	return p
}

// export is what a webhook has collected in files.
func (r *Relay) export(webhook string) *desk.Export {
	s := r.fleet.Sender(webhook)
	if s == nil {
		return nil
	}
	b, ok := s.Export()
	if !ok {
		return nil
	}
	e := &desk.Export{Files: b.Files, Bytes: b.Bytes, Shipped: b.Shipped, Failed: b.Failed}
	if !b.Due.IsZero() && !b.Due.After(time.Now()) {
		due := b.Due.UTC()
		e.Overdue = &due
	}
	if !b.Next.IsZero() {
		next := b.Next.UTC()
		e.Next = &next
	}
	if f := b.Failure; !f.At.IsZero() {
		e.Failure = &desk.ExportFailure{At: f.At, Period: f.Period, Reason: f.Reason}
	}
	return e
}

// outcomes are the names of verdicts, as the admin API shows them.
var outcomes = map[deliver.Outcome]string{deliver.Delivered: "delivered", deliver.Retry: "retry", deliver.Final: "final", deliver.Gone: "gone",
	deliver.Split: "final", deliver.Off: "off"}

func (r *Relay) try(ctx context.Context, w *hook.Webhook, e *event.Event) (desk.Attempt, error) {
	t, err := r.fleet.Try(ctx, w, e)
	return desk.Attempt{Outcome: outcomes[t.Outcome], Status: t.Status, Reason: t.Reason, Took: t.Took, Request: t.Request, Reply: t.Reply}, err
}

// settings is the configuration that is in force.
func (r *Relay) settings() *Config {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	return r.config
}

func (r *Relay) apps() []desk.App {
	var apps []desk.App
	for _, a := range r.settings().Apps {
		app := desk.App{Name: a.Name, Platform: a.Platform, Keys: slices.Clone(a.ExtraKeys), IntegrationKeys: a.IntegrationKeys,
			Upstream: a.Upstream, SegmentTrack: a.SegmentTrack, Excluded: len(a.Exclude.Visitors) + len(a.Exclude.Accounts)}
		if a.Key != "" {
			app.Keys = append([]string{a.Key}, app.Keys...)
		}
		apps = append(apps, app)
	}
	return apps
}

// reload is Reload for the desk.
func (r *Relay) reload(ctx context.Context) ([]desk.Change, error) {
	return deskChanges(r.Reload(ctx))
}

// compare is Compare for the desk.
func (r *Relay) compare(name string, text []byte) ([]desk.Change, error) {
	return deskChanges(r.Compare(name, text))
}

func deskChanges(made []Change, err error) (changes []desk.Change, _ error) {
	var faults Faults
	if errors.As(err, &faults) {
		refused := &desk.Error{Code: desk.BadConfig, Field: faults[0].Key, Message: faults[0].String()}
		for _, f := range faults {
			refused.Faults = append(refused.Faults, desk.Fault{Field: f.Key, Message: f.String()})
		}
		return nil, refused
	}
	if err != nil {
		return nil, &desk.Error{Code: desk.BadConfig, Message: err.Error()}
	}
	for _, c := range made {
		changes = append(changes, desk.Change(c))
	}
	return changes, nil
}
