package replay

import (
	"slices"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/wal"
)

// got is one delivery.
type got struct {
	id   string // its event's
	body string
	seq  uint64
	at   time.Time
}

// deliver takes what waits for a webhook, as its sender would, and ends all of it.
func (b *bed) deliver(name string) (all []got) {
	b.t.Helper()
	for {
		e, g, ok := b.next(name)
		if !ok {
			return all
		}
		if err := b.queues[name].Settle(&e); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, g)
	}
}

// deliverOnce takes what a webhook's lanes take at once, and ends it.
func (b *bed) deliverOnce(name string) (all []got) {
	b.t.Helper()
	var hands []wal.Entry
	for len(hands) < 16 {
		e, g, ok := b.next(name)
		if !ok {
			break
		}
		hands, all = append(hands, e), append(all, g)
	}
	for i := range hands {
		if err := b.queues[name].Settle(&hands[i]); err != nil {
			b.t.Fatal(err)
		}
	}
	return all
}

// next takes one delivery.
func (b *bed) next(name string) (e wal.Entry, g got, ok bool) {
	b.t.Helper()
	e, ok, err := b.queues[name].Take(time.Now().UnixMilli())
	if err != nil {
		b.t.Fatal(err)
	}
	if !ok {
		return e, g, false
	}
	var ev event.Event
	if err := event.ParseRecord(e.Body, &ev); err != nil {
		b.t.Fatal(err)
	}
	note, err := event.ParseNote(e.Note)
	if err != nil {
		b.t.Fatal(err)
	}
	return e, got{idOf(&ev), string(format.Pendo(nil, &ev, note)), e.Seq, time.Now()}, true
}

// bury takes what waits for a webhook and gives up on it.
func (b *bed) bury(name string) (all []got) {
	b.t.Helper()
	for {
		e, g, ok := b.next(name)
		if !ok {
			return all
		}
		if err := b.queues[name].Bury(&e, wal.Death{Time: time.Now().UnixMilli(), Status: 500, Reason: "no"}); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, g)
	}
}

// finish delivers to the webhooks named until a job has ended and all is delivered. It returns what the first one got.
func (b *bed) finish(id string, names ...string) (all []got) {
	b.t.Helper()
	for range 100_000 {
		ended := b.job(id).State.Ended()
		for i, name := range names {
			if d := b.deliver(name); i == 0 {
				all = append(all, d...)
			}
		}
		if ended {
			return all
		}
		time.Sleep(2 * time.Millisecond)
	}
	b.t.Fatalf("the replay does not end: %+v", b.job(id))
	return nil
}

// repeat replays and returns what the target got; the dry run must agree.
func (b *bed) repeat(q Request) []got {
	b.t.Helper()
	c := b.count(q)
	all := b.finish(b.start(q).ID, q.To)
	if int(c.Events) != len(all) || c.Truncated || c.Share != 1 {
		b.t.Errorf("the dry run of %+v says %+v, %d were sent", q, c, len(all))
	}
	return all
}

func ids(all []got) (list []string) {
	for _, g := range all {
		list = append(list, g.id)
	}
	return list
}

// wantIDs holds that the deliveries are of these events, in their order, each once.
func wantIDs(t testing.TB, what string, all []got, want []string) {
	t.Helper()
	if have := ids(all); !slices.Equal(have, want) {
		t.Errorf("%s: %d deliveries %.60q, want %d %.60q", what, len(have), have, len(want), want)
	}
}

// wantBodies holds that each body is the one that the event had the first time.
func wantBodies(t testing.TB, again, first []got) {
	t.Helper()
	bodies := map[string]string{}
	for _, g := range first {
		bodies[g.id] = g.body
	}
	for _, g := range again {
		if g.body != bodies[g.id] {
			t.Fatalf("the body of %s was\n%s\nand is\n%s", g.id, bodies[g.id], g.body)
		}
	}
}

// wantEnd holds that a job has ended in a state, for a reason.
func wantEnd(t testing.TB, j Job, state State, reason string, events int64) {
	t.Helper()
	if j.State != state || j.Reason != reason || j.Events != events || j.Ended.IsZero() {
		t.Errorf("the replay has ended as %s %q with %d events at %v; want %s %q with %d", j.State, j.Reason, j.Events, j.Ended, state, reason, events)
	}
}

// drop ends what waits for a webhook without a look at it.
func (b *bed) drop(name string) {
	b.t.Helper()
	for {
		e, ok, err := b.queues[name].Take(time.Now().UnixMilli())
		if err != nil {
			b.t.Fatal(err)
		}
		if !ok {
			return
		}
		if err := b.queues[name].Settle(&e); err != nil {
			b.t.Fatal(err)
		}
	}
}

// slowly excludes nothing, and takes its time.
func slowly(d time.Duration) func(*event.Event) bool {
	return func(*event.Event) bool { time.Sleep(d); return false }
}

// pass lets time pass while a webhook delivers, and returns what it did.
func (b *bed) pass(d time.Duration, name string) (all []got) {
	b.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		all = append(all, b.deliver(name)...)
	}
	return append(all, b.deliver(name)...)
}

// copies are the events that replays have appended from a number on.
func (b *bed) copies(from uint64) (ids []string) {
	b.t.Helper()
	var e event.Event
	for head := b.log.Head(); from <= head; {
		var err error
		_, from, err = b.log.Read(wal.Section{From: from, To: head}, func(p *wal.Past) bool {
			if err := event.ParseRecord(p.Body, &e); err != nil {
				b.t.Fatal(err)
			}
			if p.Repeat {
				ids = append(ids, idOf(&e))
			}
			return true
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return ids
}
