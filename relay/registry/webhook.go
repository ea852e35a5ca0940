package registry

import (
	"fmt"
	"time"

	"edgerelay/relay/hook"
)

// Origin is where a webhook was made.
type Origin string

// Webhooks of the file are read-only here.
const (
	File Origin = "file"
	API  Origin = "api"
)

// Off is why a webhook was turned off that its user has on.
type Off struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// Webhook is one webhook as it is shown. It is a picture of the moment and must not be changed.
type Webhook struct {
	Name    string       `json:"name"`
	Origin  Origin       `json:"origin"`
	Version uint64       `json:"version"` // steps with each change; 0 for those of the file
	Created *time.Time   `json:"created,omitempty"`
	Updated *time.Time   `json:"updated,omitempty"`
	Enabled bool         `json:"enabled"`
	Off     *Off         `json:"disabled,omitempty"`
	Spec    hook.View    `json:"settings"`
	Faults  []hook.Fault `json:"faults,omitempty"` // why it cannot work, such as an app that is no more
	Queue   uint32       `json:"queue"`            // its number in the log

	compiled *hook.Webhook
}

// Compiled is the webhook as its sender works with it, nil when it cannot work.
func (w *Webhook) Compiled() *hook.Webhook { return w.compiled }

// entry is one webhook as it is kept. It is replaced, not changed, except for off and seated.
type entry struct {
	name     string
	origin   Origin
	number   uint32
	version  uint64
	created  time.Time
	updated  time.Time
	document hook.Document // of those made by the API
	hook     *hook.Webhook // nil: it cannot work, see faults
	faults   []hook.Fault
	off      *Off
	seated   bool // a sender has its name and queue
}

func (e *entry) show(inherited hook.Spec) Webhook {
	w := Webhook{Name: e.name, Origin: e.origin, Version: e.version, Queue: e.number, Off: e.off, Faults: e.faults, compiled: e.hook}
	if e.origin == API {
		w.Created, w.Updated = &e.created, &e.updated
	}
	spec, _ := e.document.Apply(inherited)
	if e.hook != nil {
		spec = e.hook.Spec
	}
	w.Enabled, w.Spec = spec.Enabled, spec.View()
	return w
}

// compile makes the entry's webhook of its document.
func (e *entry) compile(rules Rules) {
	e.hook, e.faults = e.document.Compile(rules.Inherited, rules.Known)
	if e.hook == nil {
		return
	}
	e.hook.Queue = e.number
	e.name = e.hook.Name
}

// Code is what sort of refusal an Error is.
type Code string

// Codes of refusals, as the admin API shows them.
const (
	NotFound    Code = "not_found"
	Exists      Code = "exists"
	ReadOnly    Code = "read_only"
	Stale       Code = "stale"
	Invalid     Code = "invalid"
	NeedsReview Code = "needs_review"
	NeedsForce  Code = "needs_force"
	NeedsFrom   Code = "needs_from"
)

// Error is a refusal: nothing was changed. It is for people, and names the next step.
type Error struct {
	Code    Code
	Field   string // of the document, when one is to blame
	Message string
	Faults  []hook.Fault // all of them, when there are several
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

func notFound(name string) error {
	return &Error{Code: NotFound, Message: fmt.Sprintf("there is no webhook %q", name)}
}

func invalid(faults []hook.Fault) error {
	return &Error{Code: Invalid, Field: faults[0].Field, Message: faults[0].Text, Faults: faults}
}
