package intake

import (
	"errors"
	"sync/atomic"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

// curious wants to know a field of each event's visitor.
type curious struct{ asks *atomic.Bool }

func (c curious) Receivers(dst []wal.Receiver, notes []byte, e *event.Event, app string, view *people.View) ([]wal.Receiver, []byte) {
	if c.asks.Load() {
		view.AppendVisitorFields(nil, app, e.Visitor, []string{"email"})
	}
	return append(dst, wal.Receiver{Queue: 1}), notes
}

// ailing is a state that cannot be read at times.
type ailing struct {
	people.State
	broken atomic.Bool
}

func (s *ailing) Get(dst, key []byte) ([]byte, bool, error) {
	if s.broken.Load() {
		return dst, false, errors.New("block checksum mismatch")
	}
	return s.State.Get(dst, key)
}

// TestPropertiesThatCannotBeRead: an event is refused rather than kept with less than belongs to it, whether the request
// changes people or not, and the next one finds everything in order.
func TestPropertiesThatCannotBeRead(t *testing.T) {
	var asks atomic.Bool
	state := new(ailing)
	r := start(t, func(o *Options) {
		state.State = o.Log.(*wal.Log)
		o.Selector, o.People = curious{&asks}, people.Open(people.Options{State: state})
	})
	f := func(path, body string, want int, headers ...string) {
		t.Helper()
		if got := r.post(path, body, headers...); got.status != want {
			t.Errorf("%s: %d %s, want %d", path, got.status, got.body, want)
		}
	}
	const known = `{"userId":"u","event":"E","messageId":"1"}`
	f("/v1/track", known, 200, basicKey) // from now on the table knows the visitor
	asks.Store(true)
	state.broken.Store(true)
	head := state.State.(*wal.Log).Head()
	f("/v1/track", `{"userId":"u","event":"E","messageId":"2"}`, 429, basicKey)
	f("/v1/track", `{"userId":"stranger","event":"E","messageId":"3"}`, 429, basicKey)
	if got := state.State.(*wal.Log).Head(); got != head {
		t.Errorf("%d events were kept", got-head)
	}
	state.broken.Store(false)
	f("/v1/track", `{"userId":"u","event":"E","messageId":"2"}`, 200, basicKey)
	f("/v1/track", `{"userId":"stranger","event":"E","messageId":"3"}`, 200, basicKey)
	if got := state.State.(*wal.Log).Head(); got != head+3 { // visitorCreated too
		t.Errorf("%d events were kept, want 3", got-head)
	}
}
