//go:build !race

package wal

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// heapInUse is the heap after a collection, in MiB.
func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse >> 20)
}

// TestMemoryIsBounded appends two million small records that nobody takes, for a dead receiver, a slow one and one that
// parks, and looks at the heap, which is another one under the race detector.
func TestMemoryIsBounded(t *testing.T) {
	const records, batch = 2_000_000, 1000
	before := heapInUse()
	l := mustOpen(t, Options{Dir: t.TempDir() + "/log", Memory: 16 << 20, DedupeWindow: time.Hour, SyncInterval: 50 * time.Millisecond})
	mustQueue(t, l, 1, QueueOptions{})
	slow := mustQueue(t, l, 2, QueueOptions{})
	parking := mustQueue(t, l, 3, QueueOptions{Ordered: true})
	var b Batch
	serial := uint64(0)
	most := int64(0)
	for n := range records / batch {
		b.Reset()
		for range batch {
			serial++
			b.Add(Record{Body: fmt.Appendf(nil, "record %d of a small kind", serial), Identity: serial * 0x9e3779b97f4a7c15, Order: serial % 5000,
				Receivers: []Receiver{{Queue: 1}, {Queue: 2}, {Queue: 3}}})
		}
		if _, err := l.Append(&b); err != nil {
			t.Fatal(err)
		}
		e := mustTake(t, slow, 0)
		if err := slow.Settle(&e); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if e, ok, err := parking.Take(0); err != nil {
				t.Fatal(err)
			} else if ok {
				if err := parking.Park(&e, time.Now().Add(time.Hour).UnixMilli()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n%100 == 99 {
			most = max(most, heapInUse()-before)
		}
	}
	s := l.Stats()
	t.Logf("heap at most %d MiB over %d MiB before; %+v; %+v", most, before, s, parking.Stats())
	if most > 64 {
		t.Errorf("the heap grew by %d MiB", most)
	}
	if s.TailBytes > 8<<20 {
		t.Errorf("the tail takes %d bytes", s.TailBytes)
	}
}
