package replay

import (
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// sieve decides which events a task takes, and what of them. It is not safe for concurrent use.
type sieve struct {
	task    *task
	hook    *hook.Webhook // the target
	exclude func(e *event.Event) bool
	people  hook.People // what the target wants kept of them; nil: notes are not to be whole, as for a dry run

	own    *hook.Filter // what the target selects
	wanted *hook.Filter // what the request selects; nil when it says nothing
	same   bool         // the task goes over what the target itself was given

	event event.Event
	app   string // the event's
	notes [2][]byte
	whole []byte // note
}

func (o *Options) newSieve(t *task, w *hook.Webhook) *sieve {
	s := &sieve{task: t, hook: w, exclude: o.Exclude, own: w.Filter(), same: t.Of == t.To}
	if len(t.choices) > 0 {
		s.wanted = hook.NewFilter(t.choices, w.App)
	}
	return s
}

// record says whether a record of the log is taken, and with which note. The note is valid until the sieve's next use.
func (s *sieve) record(p *wal.Past) (note []byte, ok bool) {
	if p.Repeat || !s.passes(p.Body, p.Time) {
		return nil, false
	}
	stored, given := p.Note(s.task.To)
	return s.choose(stored, given)
}

// letter says the same of a dead letter.
func (s *sieve) letter(d *wal.DeadLetter) (note []byte, ok bool) {
	if d.Death.Time > s.task.Started || !s.passes(d.Body, d.Entry.Time) {
		return nil, false
	}
	return s.choose(d.Note, s.same)
}

// passes says whether a record is an event that the request does not rule out. The event is then the sieve's.
func (s *sieve) passes(body []byte, at int64) bool {
	q := &s.task.Request
	if !q.within(at) || len(body) == 0 || body[0] != event.RecordEvent {
		return false
	}
	if event.ParseRecord(body, &s.event) != nil {
		return false // nobody could make a delivery of it either
	}
	if s.task.one && s.event.UniqueID != s.task.id {
		return false
	}
	if !s.hook.Takes(s.event.Kind) {
		return false // a delivery would have no body
	}
	if s.app != string(s.event.AppName) { // most events are of the app of the one before
		s.app = string(s.event.AppName)
	}
	return (q.App == "" || q.App == s.app) && !s.exclude(&s.event)
}

// choose says whether the webhooks' selections take the event. The note that was stored for the target makes the same
// body again; without one, the target's own selection and the people of today say what belongs into it, as if the event
// happened now.
func (s *sieve) choose(stored []byte, given bool) (note []byte, ok bool) {
	var own, wanted []byte
	var selects bool
	own, selects = s.own.Note(s.notes[0][:0], &s.event, s.app)
	s.notes[0] = own
	switch {
	case s.wanted != nil:
		wanted, ok = s.wanted.Note(s.notes[1][:0], &s.event, s.app)
		s.notes[1] = wanted
	case s.same:
		ok = true
	default:
		ok = selects
	}
	switch {
	case !ok:
		return nil, false
	case given:
		return stored, true
	case selects:
		return s.complete(own), true
	}
	return s.complete(wanted), true
}

// complete adds to a note with a selection what else the target wants kept with an event.
func (s *sieve) complete(note []byte) []byte {
	if s.people == nil {
		return note
	}
	s.whole = s.hook.AppendNote(s.whole[:0], note, &s.event, s.app, s.people)
	return s.whole
}
