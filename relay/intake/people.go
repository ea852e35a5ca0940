package intake

import (
	"errors"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
)

// screen drops the items of people of whom nothing may be passed on, and says whether the rest holds news about people:
// somebody who was not known, or metadata that changes something. It takes no lock.
func (r *request) screen() (news bool, err error) {
	book := r.server.opt.People
	for i := range r.items {
		it := &r.items[i]
		e := &it.event
		if it.doubted {
			continue // it goes with the item before
		}
		if r.app.exclude.Excludes(e.Visitor, e.Account) {
			r.drop(it)
			continue
		}
		if it.seen {
			if !book.Known(r.app.name, e.Visitor, e.Account) {
				news = true // or the visitor is refused: See tells
				continue
			}
		} else {
			refused, err := book.Refused(r.app.name, e.Visitor)
			if err != nil {
				return false, err
			}
			if refused {
				r.drop(it)
				continue
			}
		}
		if it.traits != nil && !book.Holds(it.about, r.app.name, it.subject(), it.group, it.traits) {
			news = true
		}
	}
	return news, nil
}

// subject is whose metadata the item is about.
func (it *item) subject() []byte {
	if it.about == people.Account {
		return it.event.Account
	}
	return it.event.Visitor
}

func (r *request) drop(it *item) {
	it.dropped = true
	r.excluded++
}

// commitNews is the case that changes people.
func (r *request) commitNews() error {
	return r.commitChange(func(change *people.Change) error {
		if err := r.resolve(); err != nil {
			return err
		}
		for i := range r.items {
			if it := &r.items[i]; !it.dropped {
				if err := r.settle(change, it); err != nil {
					return err
				}
			}
		}
		return r.addRequest()
	})
}

// commitChange makes durable what apply changes about people and the events that it emits: they are one batch, and until
// that is with the log the next who would change people waits.
func (r *request) commitChange(apply func(*people.Change) error) error {
	change, committed := r.server.opt.People.Begin(), false
	defer func() { change.Done(committed) }() // also when a fault of the program ends this early
	if err := apply(change); err != nil {
		return err
	}
	change.Stage(&r.batch)
	if r.batch.Empty() {
		return nil
	}
	if err := r.submit(); err != nil {
		return err
	}
	change.Submitted()
	err := r.wait()
	committed = err == nil
	return err
}

// settle applies one item to people and emits the events that come of it: first those of the sighting, so that nobody
// hears of a visitor before they were created.
func (r *request) settle(change *people.Change, it *item) error {
	e := &it.event
	if it.seen && !r.server.opt.People.Known(r.app.name, e.Visitor, e.Account) {
		sighting, err := change.See(r.app.name, e.Visitor, e.Account, e.Time)
		if err != nil {
			return err
		}
		if sighting.Refused {
			r.drop(it)
			return nil
		}
		if sighting.NewVisitor {
			r.emitFirst(event.VisitorCreated, it)
		}
		if sighting.NewAccount {
			r.emitFirst(event.AccountCreated, it)
		}
	}
	if it.traits != nil && !r.server.opt.Log.Seen(event.Identity(e.UniqueID)) {
		return r.settleTraits(change, it)
	}
	// Metadata that comes again is a repeat like any other: it must not undo what was learnt since.
	if e.Kind != 0 {
		r.emit(e)
	}
	return nil
}

// settleTraits merges metadata, and tells of it if that changed anything. Traits that cannot be merged are left out;
// their sender cannot do anything about it now.
func (r *request) settleTraits(change *people.Change, it *item) error {
	diff, err := change.Merge(it.about, r.app.name, it.subject(), it.group, it.traits)
	var bad *people.ValueError
	switch {
	case errors.As(err, &bad):
		r.leaveOut(omitMetadata, 1)
		return nil
	case err != nil:
		return err
	case !diff.Changed:
		r.server.opt.Log.Remember(event.Identity(it.event.UniqueID))
		return nil
	}
	it.event.Properties = r.value(func(dst []byte) []byte { return appendChange(dst, it.group, diff) })
	r.emit(&it.event)
	return nil
}

// appendChange appends the properties of a metadata event: what the changed fields are now and what they were before,
// each under the group's name as in the metadata API.
//
//	{"metadata":{"segmentio":{"plan":"gold"}},"previous":{"segmentio":{"plan":"free"}}}
func appendChange(dst []byte, group people.Group, diff people.Diff) []byte {
	name := group.String()
	dst = append(append(append(dst, `{"metadata":{"`...), name...), `":`...)
	dst = append(dst, diff.New...)
	dst = append(append(append(dst, `},"previous":{"`...), name...), `":`...)
	dst = append(dst, diff.Old...)
	return append(dst, "}}"...)
}

// emitFirst emits visitorCreated or accountCreated. Its identity is the person's: it can happen once.
func (r *request) emitFirst(kind event.Kind, it *item) {
	from, e := &it.event, &r.derived
	e.Reset()
	e.Kind, e.Time = kind, from.Time
	e.Visitor, e.Account, e.UserAgent, e.IP, e.URL = from.Visitor, from.Account, from.UserAgent, from.IP, from.URL
	subject := e.Visitor
	e.Properties = emptyObject
	if kind == event.AccountCreated {
		subject = e.Account
	} else {
		e.Properties = r.value(func(dst []byte) []byte { return appendVisitorProperties(dst, e.UserAgent, e.Visitor) })
	}
	e.UniqueID = event.UniqueID(r.app.nameBytes, identityFirst, kindNames[kind], subject)
	r.emit(e)
}
