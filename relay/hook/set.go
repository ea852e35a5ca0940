package hook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"edgerelay/matcher"
	"edgerelay/relay/event"
	"edgerelay/wal"
)

// Set is all webhooks with an index over the selections of those that are enabled. It is immutable and safe for
// concurrent use.
type Set struct {
	hooks []*Webhook             // in the order of their queue numbers
	index *matcher.Index[uint32] // values are places in hooks
}

// NewSet joins webhooks, whose names and queue numbers must be unique. The slice stays the caller's.
func NewSet(hooks []*Webhook) (*Set, error) {
	s := &Set{hooks: slices.Clone(hooks)}
	slices.SortFunc(s.hooks, func(a, b *Webhook) int { return cmp.Compare(a.Queue, b.Queue) })
	names := make(map[string]bool, len(hooks))
	var b matcher.Builder[uint32]
	for i, w := range s.hooks {
		switch {
		case w.Queue == 0:
			return nil, fmt.Errorf("join webhooks: %q has no queue number", w.Name)
		case i > 0 && s.hooks[i-1].Queue == w.Queue:
			return nil, fmt.Errorf("join webhooks: %q and %q share queue %d", s.hooks[i-1].Name, w.Name, w.Queue)
		case names[w.Name]:
			return nil, fmt.Errorf("join webhooks: two have the name %q", w.Name)
		}
		names[w.Name] = true
		if w.Enabled {
			addSelections(&b, w.Selections, uint32(i))
		}
	}
	s.index = b.Build()
	return s, nil
}

// addSelections gives the index every selection under the canonical names of its kinds, so that aliases cost nothing later.
func addSelections(b *matcher.Builder[uint32], selections []Selection, place uint32) {
	all := len(event.Kinds())
	for _, s := range selections {
		names := []string{"*"}
		if len(s.Kinds) < all {
			names = names[:0]
			for _, k := range s.Kinds {
				names = append(names, k.String())
			}
		}
		for _, name := range names {
			if len(s.IDs) == 0 {
				b.Add(name, "", place)
			}
			for _, id := range s.IDs {
				b.Add(name, literal(id), place)
			}
		}
	}
}

// literal is an ID as events carry it, a JSON string, so that look-ups need not decode. The literal of a pattern ends in
// '*' in place of the closing quote.
func literal(id string) string {
	prefix, wild := strings.CutSuffix(id, "*")
	text := string(event.AppendString(nil, []byte(prefix)))
	if wild {
		return strings.TrimSuffix(text, `"`) + "*"
	}
	return text
}

// All is every webhook, enabled or not, in the order of their queue numbers. The slice must not be changed.
func (s *Set) All() []*Webhook {
	return s.hooks
}

// scratch is what one look-up needs.
type scratch struct {
	hits  []matcher.Hit[uint32]
	bits  []byte
	lens  lens
	extra []byte

	user, company []byte // chosen properties, objects
}

// pool holds scratch: Receivers is called by as many goroutines as there are requests.
var pool = sync.Pool{New: func() any { return new(scratch) }}

// Receivers appends to dst who gets an event of this app, in the order of queue numbers. Each one's note says which of the
// event's IDs it selected; the notes are slices of the scratch that is passed in and returned longer, and are valid as long
// as nobody writes over that. It allocates only to extend dst and notes,
// and what conditions take.
//
// people is asked for the properties that a receiver chose, and for nothing when none did. Afterwards its Err says whether
// the notes are whole. Without people, nil, notes have no properties.
func (s *Set) Receivers(dst []wal.Receiver, notes []byte, e *event.Event, app string, people People) ([]wal.Receiver, []byte) {
	with := pool.Get().(*scratch)
	with.hits = s.index.Match(with.hits[:0], e.Kind.String(), e.IDs)
	for rest := with.hits; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Value == rest[0].Value {
			n++
		}
		if w := s.hooks[rest[0].Value]; (w.App == "" || w.App == app) && with.lens.holds(w.Condition, e) {
			start := len(notes)
			with.extra = with.appendExtra(with.extra[:0], w, e, app, people)
			notes = with.appendNote(notes, rest[:n], len(e.IDs), with.extra)
			dst = append(dst, wal.Receiver{Queue: w.Queue, Note: notes[start:len(notes):len(notes)]})
		}
		rest = rest[n:]
	}
	with.lens.end()
	pool.Put(with)
	return dst, notes
}

// appendNote appends which of an event's IDs one webhook selected, and what else it wants kept. The common case, all and no
// more, is the empty note.
func (s *scratch) appendNote(dst []byte, of []matcher.Hit[uint32], ids int, extra []byte) []byte {
	if of[0].ID == matcher.All || len(of) == ids {
		return event.Note{All: true, Extra: extra}.Append(dst)
	}
	note := event.Note{Bits: s.bits[:0], Extra: extra}
	for _, h := range of {
		note.Select(h.ID)
	}
	s.bits = note.Bits
	return note.Append(dst)
}
