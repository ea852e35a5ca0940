package people

import (
	"edgerelay/relay/event"
)

// FieldsBytesMax bounds one object of chosen fields: it is kept with every event, once for each webhook that chose them. A
// field that finds no room is left out.
const FieldsBytesMax = 8 << 10

// ranks are the groups in the order in which a field is looked for: what somebody set by hand, then what the pages say, then
// what comes from elsewhere.
var ranks = [...]Group{Custom, Agent, Segmentio, Userpilot, Pendo, Auto}

// View looks up fields of metadata for events that are about to be kept. It sees what changes that wait for the disk have
// made, and what the change under way has. It belongs to one goroutine.
type View struct {
	book   *Book
	change *Change // nil: none is under way
	err    error
}

// View makes a view without a change under way.
func (b *Book) View() *View { return &View{book: b} }

// Within says which change is under way, nil for none, and forgets an error. A change that is submitted is under way no more.
func (v *View) Within(c *Change) { v.change, v.err = c, nil }

// Err is why a look-up found nothing since Within: the state could not be read. What was to be kept must not be, then.
func (v *View) Err() error { return v.err }

// AppendVisitorFields appends an object of stable JSON with the fields that a visitor has of these, in their order, or
// nothing when there are none. The first group that has a field counts, in the order custom, agent, segmentio, userpilot,
// pendo, auto; null is no value. A visitor who is marked do-not-process has no fields. names must have those in front that
// JavaScript prints first, see event.IsIndex.
func (v *View) AppendVisitorFields(dst []byte, app string, id []byte, names []string) []byte {
	return v.appendFields(dst, Visitor, app, id, names)
}

// AppendAccountFields is AppendVisitorFields of an account.
func (v *View) AppendAccountFields(dst []byte, app string, id []byte, names []string) []byte {
	return v.appendFields(dst, Account, app, id, names)
}

func (v *View) appendFields(dst []byte, kind Kind, app string, id []byte, names []string) []byte {
	if present(id) == nil || len(names) == 0 || v.err != nil {
		return dst
	}
	r := v.book.readers.Get().(*reader)
	defer v.book.readers.Put(r)
	rec, err := v.read(r, kind, app, id)
	if err != nil {
		v.err = err
		return dst
	}
	return rec.appendFields(dst, names)
}

func (v *View) read(r *reader, kind Kind, app string, id []byte) (record, error) {
	if v.change != nil {
		r.key = appendKey(r.key[:0], kind, app, id)
		if e := v.change.find(r.key); e != nil {
			return e.record, nil
		}
	}
	rec, _, err := v.book.read(r, kind, app, id)
	return rec, err
}

func (r *record) appendFields(dst []byte, names []string) []byte {
	start := len(dst)
	if r.refused {
		return dst
	}
	dst = append(dst, '{')
	for _, name := range names {
		value, before := r.field(name), len(dst)
		if value == nil {
			continue
		}
		if before > start+1 {
			dst = append(dst, ',')
		}
		dst = append(append(event.AppendString(dst, name), ':'), value...)
		if len(dst)-start >= FieldsBytesMax {
			dst = dst[:before]
		}
	}
	if len(dst) == start+1 {
		return dst[:start]
	}
	return append(dst, '}')
}

// field is the value of the first group that has one, nil when none does.
func (r *record) field(name string) []byte {
	for _, g := range ranks {
		if object := r.metadata[g]; object != nil {
			if value := event.Lookup(object, name); value != nil && value[0] != 'n' {
				return value
			}
		}
	}
	return nil
}
