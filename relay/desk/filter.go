package desk

import (
	"bytes"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// filter says which events are wanted. It is safe for concurrent use.
type filter struct {
	events                *hook.Filter // nil: all
	app, visitor, account string       // the latter two as JSON strings; "" = any
	id                    []byte       // 20 bytes; nil = any
	queue                 uint32       // 0 = any
}

func (d *Desk) newFilter(q *EventQuery) (*filter, error) {
	f := &filter{app: q.App, visitor: jsonText(q.Visitor), account: jsonText(q.Account)}
	var selections []hook.Selection
	for _, text := range q.Events {
		s, err := hook.ParseSelection(text)
		if err != nil {
			return nil, refuse(Invalid, "event", "%v", err)
		}
		selections = append(selections, s)
	}
	if selections != nil {
		f.events = hook.NewFilter(selections, "")
	}
	if q.UniqueID != "" {
		if f.id = hexID(q.UniqueID); f.id == nil {
			return nil, refuse(Invalid, "unique_id", "is no event's id, which has 40 hex digits")
		}
	}
	if q.Webhook != "" {
		w, err := d.opt.Hooks.Get(q.Webhook)
		if err != nil {
			return nil, refuse(Invalid, "webhook", "there is no webhook %q", q.Webhook)
		}
		f.queue = w.Queue
	}
	return f, nil
}

// jsonText is a text as events hold it; "" stays what it is.
func jsonText(s string) string {
	if s == "" {
		return ""
	}
	return string(event.AppendString(nil, []byte(s)))
}

// section is what the log can leave out by itself.
func (f *filter) section() wal.Section {
	s := wal.Section{Queue: f.queue}
	if f.id != nil {
		s.Identity = event.Identity([20]byte(f.id))
	}
	return s
}

// wants says whether the event that is looked at is wanted.
func (f *filter) wants(l *look) bool {
	e := &l.event
	if f.id != nil && !bytes.Equal(e.UniqueID[:], f.id) ||
		f.app != "" && f.app != string(e.AppName) ||
		f.visitor != "" && f.visitor != string(e.Visitor) ||
		f.account != "" && f.account != string(e.Account) {
		return false
	}
	if f.queue != 0 {
		if _, named := l.past.Note(f.queue); !named {
			return false
		}
	}
	if f.events == nil {
		return true
	}
	_, ok := f.events.Note(nil, e, "")
	return ok
}
