//go:build !race

package wal

import (
	"testing"
	"time"
)

// A group commit costs some allocations, whatever it holds: none is for an event.
func TestAppendAllocations(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir() + "/log", DedupeWindow: time.Hour, CursorInterval: time.Hour, TrimInterval: time.Hour})
	mustQueue(t, l, 1, QueueOptions{})
	body, receivers := make([]byte, 600), []Receiver{{Queue: 1}}
	var b Batch
	identity := uint64(0)
	f := func(events int) float64 {
		return testing.AllocsPerRun(20, func() {
			b.Reset()
			for range events {
				identity++
				b.Add(Record{Body: body, Receivers: receivers, Order: 7, Identity: identity * 0x9e3779b97f4a7c15})
			}
			if _, err := l.Append(&b); err != nil {
				t.Fatal(err)
			}
		})
	}
	one, many := f(1), f(400)
	t.Logf("%v allocations for a commit of 1 event, %v for 400", one, many)
	if one > 25 {
		t.Errorf("a commit takes %v allocations", one)
	}
	if many > one+20 { // more blocks, not more events
		t.Errorf("a commit of 400 events takes %v allocations, one of 1 takes %v", many, one)
	}
}

func TestTakeFromTailAllocations(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		l := mustOpen(t, Options{Dir: t.TempDir() + "/log", Memory: 256 << 20, CursorInterval: time.Hour, TrimInterval: time.Hour})
		q := mustQueue(t, l, 1, QueueOptions{Ordered: ordered})
		var b Batch
		for range 20_000 {
			b.Add(Record{Body: make([]byte, 600), Receivers: []Receiver{{Queue: 1}}})
		}
		if _, err := l.Append(&b); err != nil {
			t.Fatal(err)
		}
		allocs := testing.AllocsPerRun(10_000, func() {
			e, ok, err := q.Take(0)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			if err := q.Settle(&e); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("ordered %v: a record from the tail takes %v allocations", ordered, allocs)
		}
	}
}
