package registry

import (
	"fmt"
	"time"

	"edgerelay/relay/hook"
)

// From is where a webhook goes on that is turned on again.
type From string

// What was held while it was off is delivered, or given up.
const (
	Held From = "held"
	Now  From = "now"
)

// Terms are what whoever turns a webhook on must say, see CONTRACT "Deliveries".
type Terms struct {
	Reviewed bool `json:"reviewed"` // the errors of the last days were looked at
	Force    bool `json:"force"`    // it was turned off, and no log tells why
	From     From `json:"from"`
}

// reviewSpan is for how long errors ask for a review.
const reviewSpan = 14 * 24 * time.Hour

// Enable turns a webhook on. One that is on stays as it is. A webhook of the file can be turned on only when it was turned
// off because of its receiver.
func (r *Registry) Enable(name string, terms Terms) (Webhook, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[name]
	switch {
	case e == nil:
		return Webhook{}, notFound(name)
	case e.hook == nil:
		return Webhook{}, invalid(e.faults)
	case !e.isOff():
		return r.done(e)
	case e.off == nil && e.origin == File:
		return Webhook{}, &Error{Code: ReadOnly, Message: fmt.Sprintf("webhook %q is off in the config file; set enabled = true there and reload", name)}
	}
	if err := r.meets(e, terms); err != nil {
		return Webhook{}, err
	}
	if terms.From == Now && r.running {
		skipped, err := r.opt.Fleet.Skip(name)
		if err != nil {
			return Webhook{}, err
		}
		if skipped > 0 {
			r.opt.Logger.Info("held deliveries were given up, as asked", "webhook", name, "deliveries", skipped)
			r.opt.Journal.Note(e.hook, fmt.Sprintf("turned on from now: %d held deliveries were given up", skipped))
		}
	}
	return r.turnOn(e)
}

// meets checks the terms that a webhook's past asks for.
func (r *Registry) meets(e *entry, terms Terms) error {
	if terms.From != "" && terms.From != Held && terms.From != Now {
		return &Error{Code: Invalid, Field: "from", Message: fmt.Sprintf(`%q is neither "held" nor "now"`, terms.From)}
	}
	errors, err := r.opt.Journal.HasErrors(e.number, r.opt.Now().Add(-reviewSpan))
	if err != nil {
		return err
	}
	if errors && !terms.Reviewed {
		return &Error{Code: NeedsReview, Field: "reviewed", Message: fmt.Sprintf("webhook %q has had errors in the last 14 days; look through its log, then say reviewed: true", e.name)}
	}
	if e.off != nil && !errors && !terms.Force {
		any, err := r.opt.Journal.Any(e.number)
		if err != nil {
			return err
		}
		if !any {
			return &Error{Code: NeedsForce, Field: "force", Message: fmt.Sprintf("webhook %q was turned off (%s) and no log of it is left; say force: true to turn it on all the same", e.name, e.off.Reason)}
		}
	}
	if terms.From == "" && e.off != nil && r.running && r.opt.Fleet.Waits(e.name) {
		return &Error{Code: NeedsFrom, Field: "from", Message: fmt.Sprintf(`events are held for webhook %q; say from: "held" to deliver them, or from: "now" to give them up`, e.name)}
	}
	return nil
}

func (r *Registry) turnOn(e *entry) (Webhook, error) {
	next := *e
	next.off = nil
	if err := r.keepOff(&next); err != nil {
		return Webhook{}, err
	}
	if e.origin == API && !e.hook.Enabled {
		return r.power(&next, e, hook.Document{"enabled": yes})
	}
	if r.running {
		if err := r.succeed(e, &next); err != nil {
			return Webhook{}, joinUndo(err, r.keepOff(e))
		}
	}
	r.entries[e.name] = &next
	return r.done(&next)
}

// Recovered turns a webhook on again whose receiver answered a probe. It is what deliver.Options.Recovered calls.
func (r *Registry) Recovered(w *hook.Webhook) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[w.Name]
	if e == nil || e.hook != w || e.off == nil {
		return // edited, deleted or turned on meanwhile
	}
	reason := e.off.Reason
	if _, err := r.turnOn(e); err != nil {
		r.opt.Logger.Error("a webhook that works again could not be turned on", "webhook", w.Name, "error", err)
		return
	}
	r.opt.Journal.Note(w, "turned on again: a probe was delivered")
	r.opt.Recovered(w, reason)
}

// power turns a webhook made by the API on or off as its user says.
func (r *Registry) power(next, e *entry, patch hook.Document) (Webhook, error) {
	next.version, next.updated, next.document = e.version+1, r.opt.Now().UTC(), e.document.Merge(patch)
	if next.compile(r.rules); next.hook == nil {
		return Webhook{}, invalid(next.faults)
	}
	return r.replace(e, next)
}

// Disable turns a webhook off as its user says: nothing of what happens meanwhile is for it.
func (r *Registry) Disable(name string) (Webhook, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.mine(name, "be turned off")
	if err != nil {
		return Webhook{}, err
	}
	if e.hook != nil && !e.hook.Enabled {
		return r.done(e)
	}
	next := *e
	return r.power(&next, e, hook.Document{"enabled": no})
}
