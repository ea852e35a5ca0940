package registry

import (
	"encoding/json"
	"fmt"

	"edgerelay/relay/hook"
)

// Create makes a webhook of a document. It is off unless the document says enabled.
func (r *Registry) Create(d hook.Document) (Webhook, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.opt.Now().UTC()
	e := &entry{origin: API, version: 1, created: now, updated: now, document: hook.Document{}.Merge(d)}
	if e.compile(r.rules); e.hook == nil {
		return Webhook{}, invalid(e.faults)
	}
	if err := r.free(e.name); err != nil {
		return Webhook{}, err
	}
	number, err := r.numbers.Next() // a queue of its own, whatever had the name before
	if err != nil {
		return Webhook{}, err
	}
	e.number, e.hook.Queue = number, number
	if err := r.keep(e); err != nil {
		return Webhook{}, err
	}
	if r.running {
		if err := r.start(e); err != nil {
			return Webhook{}, joinUndo(err, r.forget(e))
		}
	}
	r.entries[e.name] = e
	return r.done(e)
}

// free says whether a name may be given to a webhook.
func (r *Registry) free(name string) error {
	if other := r.entries[name]; other != nil {
		return &Error{Code: Exists, Field: "name", Message: fmt.Sprintf("there is a webhook %q already; give this one a name of its own", name)}
	}
	if r.gone[name] != nil {
		return &Error{Code: Exists, Field: "name", Message: fmt.Sprintf("%q was a webhook of the config file until it was loaded again, and its events are held; take another name, or start edgerelay anew", name)}
	}
	return nil
}

// done publishes a change and returns what it made.
func (r *Registry) done(e *entry) (Webhook, error) {
	if err := r.publish(); err != nil {
		return Webhook{}, err
	}
	return r.Get(e.name)
}

func joinUndo(err, undo error) error {
	if undo != nil {
		return fmt.Errorf("%w; and it could not be undone: %w", err, undo)
	}
	return err
}

// Edit changes a webhook made by the API as a merge patch says. A version of more than 0 must be the present one. Turning
// it on is left to Enable, which has its terms.
func (r *Registry) Edit(name string, patch hook.Document, version uint64) (Webhook, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.mine(name, "be edited")
	if err != nil {
		return Webhook{}, err
	}
	if err := e.at(version); err != nil {
		return Webhook{}, err
	}
	return r.edit(e, patch)
}

// at says whether the entry is at a version; 0 is any.
func (e *entry) at(version uint64) error {
	if version > 0 && version != e.version {
		return &Error{Code: Stale, Message: fmt.Sprintf("webhook %q was changed meanwhile: this is version %d, you saw %d; look at it again", e.name, e.version, version)}
	}
	return nil
}

// edit makes a new entry of one and a patch, and puts it in its place.
func (r *Registry) edit(e *entry, patch hook.Document) (Webhook, error) {
	next := *e
	next.version, next.updated, next.document = e.version+1, r.opt.Now().UTC(), e.document.Merge(patch)
	if next.compile(r.rules); next.hook == nil {
		return Webhook{}, invalid(next.faults)
	}
	if next.hook.Enabled && e.isOff() && patch["enabled"] != nil {
		return Webhook{}, &Error{Code: Invalid, Field: "enabled", Message: "a webhook is turned on by its own request, which has terms: POST …/enable"}
	}
	if next.name != e.name {
		if err := r.free(next.name); err != nil {
			return Webhook{}, err
		}
	}
	return r.replace(e, &next)
}

// replace keeps an entry's successor and puts it into force.
func (r *Registry) replace(e, next *entry) (Webhook, error) {
	if err := r.keep(next); err != nil {
		return Webhook{}, err
	}
	if r.running {
		if err := r.succeed(e, next); err != nil {
			return Webhook{}, joinUndo(err, r.keep(e))
		}
	}
	delete(r.entries, e.name)
	r.entries[next.name] = next
	return r.done(next)
}

// succeed hands the sender of an entry on to its successor, or starts one when there is none.
func (r *Registry) succeed(e, next *entry) error {
	if !e.seated {
		return r.start(next)
	}
	reason := ""
	if next.off != nil {
		reason = next.off.Reason
	}
	next.seated = true
	return r.opt.Fleet.Replace(e.name, next.hook, reason)
}

// mine is a webhook that may be changed here.
func (r *Registry) mine(name, what string) (*entry, error) {
	e := r.entries[name]
	switch {
	case e == nil:
		return nil, notFound(name)
	case e.origin == File:
		return nil, &Error{Code: ReadOnly, Message: fmt.Sprintf("webhook %q is of the config file and cannot %s here; change the file and reload", name, what)}
	}
	return e, nil
}

// isOff says that nothing is sent for the webhook, whoever turned it off.
func (e *entry) isOff() bool { return e.off != nil || e.hook == nil || !e.hook.Enabled }

var (
	yes = json.RawMessage("true")
	no  = json.RawMessage("false")
)
