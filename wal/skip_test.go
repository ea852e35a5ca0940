package wal

import (
	"slices"
	"testing"
	"time"
)

// takeAll takes and settles what there is at now, and returns its bodies.
func takeAll(t testing.TB, q *Queue, now int64) (bodies []string) {
	t.Helper()
	for {
		e, ok, err := q.Take(now)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return bodies
		}
		bodies = append(bodies, string(e.Body))
		mustSettle(t, q, e)
	}
}

// appendOrdered appends one record of an order key for queue 1.
func appendOrdered(t testing.TB, l *Log, body string, order uint64) {
	t.Helper()
	var b Batch
	b.Add(Record{Body: []byte(body), Order: order, Receivers: []Receiver{{Queue: 1}}})
	if _, err := l.Append(&b); err != nil {
		t.Fatal(err)
	}
}

func TestSkipGivesUpWhatWaits(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		fs := newMem()
		l := mustOpen(t, Options{FS: fs, CursorInterval: time.Hour})
		q := mustQueue(t, l, 1, QueueOptions{Ordered: ordered})
		for _, body := range []string{"hand", "parked", "parked in hand", "given back", "dead"} {
			mustAppend(t, l, body, 1)
		}
		hand, parked, again, back, dead := mustTake(t, q, 0), mustTake(t, q, 0), mustTake(t, q, 0), mustTake(t, q, 0), mustTake(t, q, 0)
		for _, err := range []error{q.Park(&parked, 50), q.Park(&again, 10), q.Bury(&dead, Death{})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		again = mustTake(t, q, 10)
		q.Return(&back)
		mustAppend(t, l, "backlog", 1)
		mustAppend(t, l, "other's", 2)
		mustAppend(t, l, "backlog", 1)
		skipped, err := q.Skip()
		if err != nil || skipped != 4 {
			t.Errorf("ordered %v: %d were skipped (%v), want the parked, the one given back and two of the backlog", ordered, skipped, err)
		}
		if s := q.Stats(); s.Backlog != 0 || s.Parked != 0 || s.Flight != 2 || s.Dead != 1 || s.Skipped != 4 {
			t.Errorf("ordered %v: after the skip %+v", ordered, s)
		}
		wantNothing(t, q, 1000)
		mustAppend(t, l, "new", 1)
		if got := takeAll(t, q, 1000); !slices.Equal(got, []string{"new"}) {
			t.Errorf("ordered %v: after the skip comes %q", ordered, got)
		}
		mustSettle(t, q, hand)
		if err := q.Park(&again, 2000); err != nil { // what was in hand may still be put off
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}

		l = mustOpen(t, Options{FS: fs})
		q = mustQueue(t, l, 1, QueueOptions{Ordered: ordered})
		if got := takeAll(t, q, 3000); !slices.Equal(got, []string{"parked in hand"}) {
			t.Errorf("ordered %v: after a restart comes %q", ordered, got)
		}
		if s := q.Stats(); s.Parked != 0 || s.Backlog != 0 || s.Dead != 1 || l.Stats().CopyBytes != 0 {
			t.Errorf("ordered %v: at the end %+v, %d bytes of copies", ordered, s, l.Stats().CopyBytes)
		}
	}
}

func TestSkipLeavesChainsOfWhatIsInHand(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, 1, QueueOptions{Ordered: true})
	appendOrdered(t, l, "a1", 1)
	appendOrdered(t, l, "a2", 1)
	appendOrdered(t, l, "b1", 2)
	appendOrdered(t, l, "b2", 2)
	a, b := mustTake(t, q, 0), mustTake(t, q, 0)
	wantNothing(t, q, 0)
	if err := q.Park(&b, 10); err != nil {
		t.Fatal(err)
	}
	if skipped, err := q.Skip(); err != nil || skipped != 3 {
		t.Errorf("%d were skipped, %v; want a2, b1 and b2", skipped, err)
	}
	appendOrdered(t, l, "a3", 1)
	appendOrdered(t, l, "b3", 2)
	if e := mustTake(t, q, 100); string(e.Body) != "b3" {
		t.Errorf("%q goes first, though a1 is still in hand", e.Body)
	}
	wantNothing(t, q, 100)
	mustSettle(t, q, a)
	if e := mustTake(t, q, 100); string(e.Body) != "a3" {
		t.Errorf("%q goes behind a1", e.Body)
	}
}

func TestSetOrdered(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, 1, QueueOptions{})
	set := func(ordered bool) {
		t.Helper()
		if err := q.SetOrdered(ordered); err != nil {
			t.Fatal(err)
		}
	}
	appendOrdered(t, l, "a1", 1)
	a1 := mustTake(t, q, 0)
	if err := q.Park(&a1, 10); err != nil {
		t.Fatal(err)
	}
	set(true)
	appendOrdered(t, l, "a2", 1)
	appendOrdered(t, l, "b1", 2)
	appendOrdered(t, l, "b2", 2)
	b1 := mustTake(t, q, 0)
	if string(b1.Body) != "b1" {
		t.Errorf("%q overtakes a1, which is parked", b1.Body)
	}
	wantNothing(t, q, 0)
	set(false)
	first, second := mustTake(t, q, 0), mustTake(t, q, 0)
	if got := []string{string(first.Body), string(second.Body)}; !slices.Contains(got, "a2") || !slices.Contains(got, "b2") {
		t.Errorf("without order %q come", got)
	}
	set(true)
	for _, e := range []Entry{b1, first, second} {
		mustSettle(t, q, e)
	}
	if got := takeAll(t, q, 10); !slices.Equal(got, []string{"a1"}) {
		t.Errorf("at the end %q come", got)
	}
	appendOrdered(t, l, "a3", 1)
	if got := takeAll(t, q, 10); !slices.Equal(got, []string{"a3"}) {
		t.Errorf("behind an ended chain %q come", got)
	}
	if s := q.Stats(); s.Parked != 0 || s.Flight != 0 || s.Backlog != 0 {
		t.Errorf("something is left: %+v", s)
	}
}
