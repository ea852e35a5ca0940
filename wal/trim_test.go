package wal

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// Disk is given back without new traffic once the records are trimmed, whatever the size of their blocks.
func TestTrimGivesDiskBack(t *testing.T) {
	for _, size := range []int{100, 50_000} {
		clock := &clock{}
		l := mustOpen(t, Options{Dir: t.TempDir() + "/log", Now: clock.Now, Memory: 4 << 20, Compression: "none",
			TrimInterval: 10 * time.Millisecond, SyncInterval: time.Second})
		q := mustQueue(t, l, 1, QueueOptions{})
		rng := rand.New(rand.NewPCG(1, 1))
		for left := 30 << 20; left > 0; left -= 50_000 {
			var b Batch
			for range 50_000 / size {
				body := bytes.Repeat([]byte{byte(rng.Uint32())}, size)
				b.Add(Record{Body: body, Receivers: []Receiver{{Queue: 1}}})
			}
			if _, err := l.Append(&b); err != nil {
				t.Fatal(err)
			}
		}
		e := mustTake(t, q, 0)
		if err := q.Bury(&e, Death{Time: clock.ms() + time.Hour.Milliseconds()*100}); err != nil {
			t.Fatal(err)
		}
		full := l.Stats().DiskBytes
		if full < 25<<20 {
			t.Errorf("records of %d bytes: the disk holds %d bytes", size, full)
		}
		clock.forward(80 * time.Hour)
		eventually(t, "the disk is given back", func() bool { return l.Stats().DiskBytes < 8<<20 })
		if s, head := q.Stats(), l.Head(); l.Bytes() != 0 || s.Backlog != 0 || uint64(s.Trimmed)+1 != head {
			t.Errorf("after the trim %d bytes are left, %+v, head %d", l.Bytes(), s, head)
		}
	}
}

// What a queue loses to a trim is counted from the index, also when the cut finds it in the middle of a block.
func TestTrimCountsWhatIsLost(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem(), Memory: 1 << 20, TrimInterval: time.Hour})
	all, some := mustQueue(t, l, 1, QueueOptions{}), mustQueue(t, l, 2, QueueOptions{})
	var cuts []startMark
	for range 10 {
		var b Batch
		for i := range 10 {
			r := Record{Body: []byte("x"), Receivers: []Receiver{{Queue: 1}}}
			if i%3 == 0 { // four of ten
				r.Receivers = append(r.Receivers, Receiver{Queue: 2})
			}
			b.Add(r)
		}
		if _, err := l.Append(&b); err != nil {
			t.Fatal(err)
		}
		cuts = append(cuts, startMark{seq: l.Head() + 1, begin: l.counters.bytes.Load()})
	}
	for range 13 { // up to the middle of the second block
		e := mustTake(t, all, 0)
		if err := all.Settle(&e); err != nil {
			t.Fatal(err)
		}
	}
	f := func(cut startMark, q *Queue, trimmed, backlog int64) {
		t.Helper()
		if err := l.cutAt(cut); err != nil {
			t.Fatal(err)
		}
		if s := q.Stats(); s.Trimmed != trimmed || s.Backlog != backlog {
			t.Errorf("after a cut at %d queue %d says %+v, want %d trimmed, backlog %d", cut.seq, q.id, s, trimmed, backlog)
		}
	}
	f(cuts[0], all, 0, 87)
	f(cuts[0], some, 4, 36)
	f(cuts[1], all, 7, 80)
	f(cuts[4], some, 20, 20)
	f(cuts[9], all, 87, 0)
	wantNothing(t, all, 0)
	wantNothing(t, some, 0)
	if seq := mustAppend(t, l, "y", 1, 2); mustTake(t, all, 0).Seq != seq || mustTake(t, some, 0).Seq != seq {
		t.Error("what comes after a trim of everything is not handed out")
	}
}
