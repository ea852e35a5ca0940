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

// Dead letters have a share of the log's size; beyond it the oldest of the queue with most of them go, and are counted.
func TestDeadLettersAreLimited(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem(), SizeMax: 8 << 20, TrimInterval: time.Hour})
	refusing, other := mustQueue(t, l, 1, QueueOptions{}), mustQueue(t, l, 2, QueueOptions{})
	bury := func(q *Queue, n int) {
		for range n {
			mustAppend(t, l, string(make([]byte, 1000)), q.id)
			e := mustTake(t, q, 0)
			if err := q.Bury(&e, Death{Time: l.now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	bury(other, 10)
	bury(refusing, 900)
	if err := l.limitDead(); err != nil {
		t.Fatal(err)
	}
	if s := refusing.Stats(); s.Dead != 900 || s.Trimmed != 0 {
		t.Errorf("below the limit %+v", s)
	}
	bury(refusing, 100)
	if err := l.limitDead(); err != nil {
		t.Fatal(err)
	}
	s := refusing.Stats()
	if s.Dead+s.Trimmed != 1000 || s.Dead < 800 || s.Dead > 980 || other.Stats().Dead != 10 {
		t.Errorf("above the limit %+v, the other queue has %d", s, other.Stats().Dead)
	}
	letters, err := refusing.Dead(0, 1)
	if err != nil || len(letters) != 1 || letters[0].Seq != uint64(11+s.Trimmed) {
		t.Errorf("the oldest dead letter is %+v, %v", letters, err)
	}
	if _, err := refusing.Revive(letters[0].Seq, 0); err != nil {
		t.Fatal(err)
	}
	for _, q := range []*Queue{refusing, other} {
		if err := q.trimDead(func(*DeadLetter) bool { return true }); err != nil {
			t.Fatal(err)
		}
	}
	if l.deadBytes.Load() != 0 || refusing.deadBytes != 0 || refusing.Stats().Dead != 0 {
		t.Errorf("without dead letters %d bytes are counted", l.deadBytes.Load())
	}
}
