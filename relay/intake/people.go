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

// commitNews is the case that changes people. All that the request says of them comes before the first of its events, so
// that each is kept with the people as they are then.
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
		for i := range r.items {
			r.emitItem(&r.items[i])
		}
		return r.addRequest()
	})
}

// commitChange makes durable what apply changes about people and the events that it emits: they are one batch, and until
// that is with the log the next who would change people waits.
func (r *request) commitChange(apply func(*people.Change) error) error {
	change, committed := r.server.opt.People.Begin(), false
	defer func() { change.Done(committed) }() // also when a fault of the program ends this early
	r.view.Within(change)
	defer r.view.Within(nil)
	if err := apply(change); err != nil {
		return err
	}
	if err := r.view.Err(); err != nil {
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

// settle applies one item to people, and notes what there is to tell of it.
func (r *request) settle(change *people.Change, it *item) (err error) {
	e := &it.event
	if it.seen && !r.server.opt.People.Known(r.app.name, e.Visitor, e.Account) {
		if it.first, err = change.See(r.app.name, e.Visitor, e.Account, e.Time); err != nil {
			return err
		}
		if it.first.Refused {
			r.drop(it)
			return nil
		}
	}
	it.told = e.Kind != 0
	// Metadata that comes again is a repeat like any other: it must not undo what was learnt since.
	if it.traits != nil && !r.server.opt.Log.Seen(event.Identity(e.UniqueID)) {
		it.told, err = r.settleTraits(change, it)
	}
	return err
}

// settleTraits merges metadata, and says whether that changed anything, of which the event tells then. Traits that cannot be
// merged are left out; their sender cannot do anything about it now.
func (r *request) settleTraits(change *people.Change, it *item) (changed bool, err error) {
	diff, err := change.Merge(it.about, r.app.name, it.subject(), it.group, it.traits)
	var bad *people.ValueError
	switch {
	case errors.As(err, &bad):
		r.leaveOut(omitMetadata, 1)
		return false, nil
	case err != nil:
		return false, err
	case !diff.Changed:
		r.server.opt.Log.Remember(event.Identity(it.event.UniqueID))
		return false, nil
	}
	it.event.Properties = r.value(func(dst []byte) []byte { return appendChange(dst, it.group, diff) })
	return true, nil
}

// emitItem emits the events that come of an item: first those of the sighting, so that nobody hears of a visitor before they
// were created.
func (r *request) emitItem(it *item) {
	if it.dropped {
		return
	}
	if it.first.NewVisitor {
		r.emitFirst(event.VisitorCreated, it)
	}
	if it.first.NewAccount {
		r.emitFirst(event.AccountCreated, it)
	}
	if it.told {
		r.emit(&it.event)
	}
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
