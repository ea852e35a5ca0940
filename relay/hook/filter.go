package hook

import (
	"edgerelay/matcher"
	"edgerelay/relay/event"
)

// Filter says of one list of selections whether it takes an event, and what of it: what Set.Receivers says for all
// webhooks at once. It is immutable and safe for concurrent use.
type Filter struct {
	app       string
	index     *matcher.Index[uint32]
	condition *Condition
}

// NewFilter is a filter of selections that takes events of one app, or of all when app is empty.
func NewFilter(selections []Selection, app string) *Filter {
	var b matcher.Builder[uint32]
	addSelections(&b, selections, 0)
	return &Filter{app: app, index: b.Build()}
}

// Filter is the webhook's own, whether it is enabled or not.
func (w *Webhook) Filter() *Filter {
	f := NewFilter(w.Selections, w.App)
	f.condition = w.Condition
	return f
}

// Note appends the note of an event of this app, which says what of its IDs was selected and no more (see
// Webhook.AppendNote); ok is false when the event is not taken. It allocates only to extend dst.
func (f *Filter) Note(dst []byte, e *event.Event, app string) (note []byte, ok bool) {
	if f.app != "" && f.app != app {
		return dst, false
	}
	with := pool.Get().(*scratch)
	with.hits = f.index.Match(with.hits[:0], e.Kind.String(), e.IDs)
	ok = len(with.hits) > 0 && with.lens.holds(f.condition, e)
	with.lens.end()
	if ok {
		dst = with.appendNote(dst, with.hits, len(e.IDs), nil)
	}
	pool.Put(with)
	return dst, ok
}
