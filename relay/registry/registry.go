// Package registry is all webhooks in one list: those of the config file, which are read-only here, and those made by the
// admin API, which it keeps. It creates, edits, renames, turns on and off, and deletes them, and applies a new file, while
// deliveries go on: a change is on disk first, then it decides who receives what, then the sender goes by it.
//
//	r, err := registry.Open(options)
//	err = r.Load(fileWebhooks)          // decides who receives from now on
//	err = r.Start()                     // their senders
//	w, err := r.Create(document)
//	w, err = r.Enable("crm", registry.Terms{Reviewed: true, From: registry.Held})
//
// It knows webhooks, the state they are kept in and, by the interface Fleet, that they have senders. It knows no HTTP, no
// events and no config file. A Registry is safe for concurrent use: changes are made one at a time, and who looks on
// (Set, List, Get) never waits for one.
package registry

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgerelay/relay/hook"
)

// State is where webhooks are kept: the log's state. Set and Unset are durable when they return.
type State interface {
	hook.State
	Unset(key []byte) error
	Scan(prefix, from []byte, f func(key, value []byte) bool) error
}

// Fleet is the webhooks' senders, by name.
type Fleet interface {
	Start(w *hook.Webhook) error
	StartDisabled(w *hook.Webhook, reason string) error
	// Replace puts new settings in force for the webhook that was called name; see deliver.Fleet.
	Replace(name string, w *hook.Webhook, disabled string) error
	// Remove ends a sender and drops its queue with all that waits in it.
	Remove(name string) error
	// Drop drops a queue that no sender has, if there is one of that number.
	Drop(queue uint32) error
	// Skip gives up on what waits for a webhook, and returns how many deliveries that were.
	Skip(name string) (int64, error)
	// Waits says whether anything does.
	Waits(name string) bool
}

// Journal is the attempt log, as far as changes look into it.
type Journal interface {
	HasErrors(queue uint32, since time.Time) (bool, error)
	Any(queue uint32) (bool, error)
	Note(w *hook.Webhook, text string)
	Drop(queue uint32) error
}

// Options are what a Registry works with. All but Disabled, Recovered, Logger and Now are required.
type Options struct {
	State   State
	Vault   *Vault
	Fleet   Fleet
	Journal Journal
	// Disabled is told when a webhook was turned off because of its receiver. It must not block.
	Disabled func(w *hook.Webhook, reason string)
	// Recovered is told when one of those was turned on again by a probe. It must not block.
	Recovered func(w *hook.Webhook, reason string)
	Logger    *slog.Logger     // default slog.Default
	Now       func() time.Time // default time.Now
}

// Rules are what webhooks are checked by: they come with the config file.
type Rules struct {
	Inherited hook.Spec // what a webhook has that sets nothing
	Known     func(app string) bool
	Renew     bool // senders work in another way now, also of webhooks that stay as they are
}

// Registry is all webhooks.
type Registry struct {
	opt     Options
	numbers *hook.Numbers

	mu      sync.Mutex // held over each change
	rules   Rules
	entries map[string]*entry
	gone    map[string]*entry // of the file, and no longer in it; their senders wait on hold
	running bool              // senders are started

	shown atomic.Pointer[[]Webhook] // sorted by name
	set   atomic.Pointer[hook.Set]
}

// Open reads the webhooks that were made by the API. None receives before Load.
func Open(o Options) (*Registry, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Disabled == nil {
		o.Disabled = func(*hook.Webhook, string) {}
	}
	if o.Recovered == nil {
		o.Recovered = func(*hook.Webhook, string) {}
	}
	r := &Registry{opt: o, numbers: hook.NewNumbers(o.State), entries: map[string]*entry{}, gone: map[string]*entry{}}
	made, err := r.readMade()
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	for _, e := range made {
		r.entries[e.name] = e
	}
	empty, err := hook.NewSet(nil)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	r.set.Store(empty)
	r.shown.Store(&[]Webhook{})
	return r, nil
}

// Set decides who receives an event at this moment.
func (r *Registry) Set() *hook.Set { return r.set.Load() }

// List is all webhooks, sorted by name. The slice must not be changed.
func (r *Registry) List() []Webhook { return *r.shown.Load() }

// Get is one webhook.
func (r *Registry) Get(name string) (Webhook, error) {
	list := r.List()
	i, found := slices.BinarySearchFunc(list, name, func(w Webhook, name string) int { return cmp.Compare(w.Name, name) })
	if !found {
		return Webhook{}, notFound(name)
	}
	return list[i], nil
}

// Compiled is a webhook as its sender works with it.
func (r *Registry) Compiled(name string) (*hook.Webhook, error) {
	w, err := r.Get(name)
	if err != nil {
		return nil, err
	}
	if w.compiled == nil {
		return nil, &Error{Code: Invalid, Field: w.Faults[0].Field, Message: fmt.Sprintf("webhook %q cannot work: %v", name, w.Faults[0])}
	}
	return w.compiled, nil
}

// Number is the number of the queue of a destination that is no webhook, by its name, which no webhook can have.
func (r *Registry) Number(name string) (uint32, error) { return r.numbers.Queue(name) }

// Start starts the senders of all webhooks.
func (r *Registry) Start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.finishDeletions(); err != nil {
		return err
	}
	r.running = true
	for _, e := range r.sorted() {
		if err := r.start(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) start(e *entry) error {
	if e.hook == nil {
		return nil
	}
	start := r.opt.Fleet.Start
	if e.off != nil {
		start = func(w *hook.Webhook) error { return r.opt.Fleet.StartDisabled(w, e.off.Reason) }
	}
	if err := start(e.hook); err != nil {
		return err
	}
	e.seated = true
	return nil
}

// sorted are the entries by their queues' numbers.
func (r *Registry) sorted() []*entry {
	var all []*entry
	for _, e := range r.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.number, b.number) })
	return all
}

// publish makes the entries what Set, List and Get show.
func (r *Registry) publish() error {
	var hooks []*hook.Webhook
	shown := make([]Webhook, 0, len(r.entries))
	for _, e := range r.sorted() {
		if e.hook != nil {
			hooks = append(hooks, e.hook)
		}
		shown = append(shown, e.show(r.rules.Inherited))
	}
	set, err := hook.NewSet(hooks)
	if err != nil {
		return err
	}
	slices.SortFunc(shown, func(a, b Webhook) int { return cmp.Compare(a.Name, b.Name) })
	r.set.Store(set)
	r.shown.Store(&shown)
	return nil
}

// TurnedOff notes that a sender turned its webhook off. It is what deliver.Options.Disabled calls.
func (r *Registry) TurnedOff(w *hook.Webhook, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[w.Name]
	if e == nil || e.hook != w {
		return // edited or deleted meanwhile
	}
	e.off = &Off{Reason: reason, Since: r.opt.Now().UTC()}
	err := errors.Join(r.keepOff(e), r.publish())
	if err != nil {
		r.opt.Logger.Error("that a webhook is off was not kept, it is on again after the next start", "webhook", w.Name, "error", err)
	}
	r.opt.Journal.Note(w, "turned off: "+reason)
	r.opt.Disabled(w, reason)
}
