package registry

import (
	"fmt"
	"reflect"

	"edgerelay/relay/hook"
)

// Load puts a config file's webhooks and rules in place of those of the file before: all of it, or, when there is an
// error, nothing. The webhooks are the registry's from then on. A webhook that is in the file no longer keeps its queue, in
// case it comes back; one that stays goes on with its new settings.
func (r *Registry) Load(rules Rules, file []*hook.Webhook) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, err := r.plan(rules, file)
	if err != nil {
		return fmt.Errorf("load webhooks: %w", err)
	}
	before := r.entries
	for name, e := range next {
		if old := before[name]; old != nil && old.hook != nil && e.hook != nil && same(old, e) {
			e.hook = old.hook // who holds it goes on with it
		}
	}
	r.entries, r.rules = next, rules
	if err := r.publish(); err != nil {
		r.entries = before
		return fmt.Errorf("load webhooks: %w", err)
	}
	if !r.running {
		return nil
	}
	for name, e := range before {
		if err := r.pass(e, next[name]); err != nil {
			return fmt.Errorf("load webhooks: %w", err)
		}
	}
	for name, e := range next {
		if before[name] == nil {
			if err := r.welcome(e); err != nil {
				return fmt.Errorf("load webhooks: %w", err)
			}
		}
	}
	return nil
}

// plan is all webhooks as they will be.
func (r *Registry) plan(rules Rules, file []*hook.Webhook) (map[string]*entry, error) {
	next := map[string]*entry{}
	for _, w := range file {
		number, err := r.numbers.Queue(w.Name)
		if err != nil {
			return nil, err
		}
		w.Queue = number
		e := &entry{name: w.Name, origin: File, number: number, hook: w}
		if e.off, err = r.readOff(number); err != nil {
			return nil, err
		}
		next[w.Name] = e
	}
	for _, e := range r.entries {
		if e.origin == File {
			continue
		}
		copied := *e
		if copied.compile(rules); copied.hook == nil {
			r.opt.Logger.Error("a webhook made by the admin API cannot work with this config", "webhook", e.name, "fault", copied.faults[0].Error())
		}
		var err error
		if copied.off, err = r.readOff(e.number); err != nil {
			return nil, err
		}
		if next[e.name] != nil {
			if r.running {
				return nil, fmt.Errorf("webhook %q is made by the admin API already; rename or delete it there first, or give that of the file another name", e.name)
			}
			if err := r.yield(&copied, next, rules); err != nil {
				return nil, err
			}
		}
		next[copied.name] = &copied
	}
	return next, nil
}

// yield gives a webhook made by the API another name, because the file has taken its own while edgerelay was not running.
func (r *Registry) yield(e *entry, taken map[string]*entry, rules Rules) error {
	name := e.name
	for n := 2; taken[name] != nil || r.entries[name] != nil; n++ {
		name = hook.Numbered(e.name, n)
	}
	r.opt.Logger.Warn("a webhook made by the admin API has the name of one of the config file and is renamed", "webhook", e.name, "name", name)
	e.document = e.document.Merge(hook.Document{"name": []byte(fmt.Sprintf("%q", name))})
	e.compile(rules)
	e.name = name
	e.version++
	return r.keep(e)
}

// pass takes the sender of a webhook from the config before to the one after; next may be nil.
func (r *Registry) pass(e, next *entry) error {
	switch {
	case next != nil && next.hook != nil && e.seated && same(e, next) && !r.rules.Renew:
		next.seated = true
		return nil
	case next != nil && next.hook != nil:
		return r.succeed(e, next)
	case !e.seated:
		return nil
	case next == nil:
		r.gone[e.name] = e
	default:
		next.seated = true
	}
	if e.hook == nil {
		return nil // on hold already
	}
	rest := *e.hook
	rest.Enabled = false
	return r.opt.Fleet.Replace(e.name, &rest, "")
}

// welcome starts the sender of a webhook that is new, or comes back.
func (r *Registry) welcome(e *entry) error {
	old := r.gone[e.name]
	if old == nil {
		return r.start(e)
	}
	delete(r.gone, e.name)
	return r.succeed(old, e)
}

// same says that two entries are of the same webhook with the same settings.
func same(a, b *entry) bool {
	return a.hook != nil && a.number == b.number && (a.off == nil) == (b.off == nil) && reflect.DeepEqual(a.hook.Spec, b.hook.Spec)
}
