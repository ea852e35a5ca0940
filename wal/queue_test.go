package wal

import (
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// appendMany appends n records of one order key in one batch, all for queue 1.
func appendMany(t testing.TB, l *Log, n int, order func(i int) uint64) {
	t.Helper()
	var b Batch
	for i := range n {
		b.Add(Record{Body: []byte("x"), Order: order(i), Receivers: []Receiver{{Queue: 1}}})
	}
	if _, err := l.Append(&b); err != nil {
		t.Fatal(err)
	}
}

func mustSettle(t testing.TB, q *Queue, e Entry) {
	t.Helper()
	if err := q.Settle(&e); err != nil {
		t.Fatal(err)
	}
}

func TestWakeIsCalledWhenThereIsSomethingToTake(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	var wakes, others atomic.Int32
	q := mustQueue(t, l, 1, QueueOptions{Ordered: true, Wake: func() { wakes.Add(1) }})
	mustQueue(t, l, 2, QueueOptions{Wake: func() { others.Add(1) }})
	want := func(what string, n int32) {
		t.Helper()
		if got := wakes.Swap(0); got != n {
			t.Errorf("%s wakes %d times, want %d", what, got, n)
		}
	}
	appendMany(t, l, 2, func(int) uint64 { return 7 })
	want("a commit that names the queue", 1)
	mustAppend(t, l, "other", 3)
	want("a commit that names another", 0)
	head := mustTake(t, q, 0)
	wantNothing(t, q, 0)
	want("a take", 0)
	mustSettle(t, q, head)
	want("the end of what another waited for", 1)
	second := mustTake(t, q, 0)
	mustSettle(t, q, second)
	want("an end that nobody waited for", 0)
	q.Hold(true)
	want("a hold", 0)
	q.Hold(false)
	want("the end of a hold", 1)
	appendMany(t, l, 1, func(int) uint64 { return 0 })
	e := mustTake(t, q, 0)
	if err := q.Bury(&e, Death{}); err != nil {
		t.Fatal(err)
	}
	wakes.Store(0)
	if _, err := q.Revive(e.Seq, 5); err != nil {
		t.Fatal(err)
	}
	want("a revival", 1)
	if others.Load() != 0 {
		t.Errorf("a queue that nothing named was woken %d times", others.Load())
	}
}

func TestReadyAndNextDue(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, 1, QueueOptions{})
	f := func(what string, now int64, ready bool, due int64) {
		t.Helper()
		if got := q.Ready(now); got != ready {
			t.Errorf("%s: ready %v", what, got)
		}
		if got := q.NextDue(); got != due {
			t.Errorf("%s: next due %d, want %d", what, got, due)
		}
	}
	f("empty", 0, false, math.MaxInt64)
	mustAppend(t, l, "a", 1)
	f("a record", 0, true, math.MaxInt64)
	e := mustTake(t, q, 0)
	f("in hand", 0, false, math.MaxInt64)
	q.Return(&e)
	f("given back", 0, true, 0)
	e = mustTake(t, q, 0)
	if err := q.Park(&e, 50); err != nil {
		t.Fatal(err)
	}
	f("parked", 0, false, 50)
	f("parked and due", 50, true, 50)
	q.Hold(true)
	f("on hold", 50, false, math.MaxInt64)
	q.Hold(false)
	if err := l.Drop(q); err != nil {
		t.Fatal(err)
	}
	f("dropped", 50, false, math.MaxInt64)
}

// One busy order key must not fill memory or disk, and all of it comes in order.
func TestOrderedQueueWithOneBusyKey(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem(), CursorInterval: time.Hour})
	q := mustQueue(t, l, 1, QueueOptions{Ordered: true})
	const n = behindMax + heldMax + 1000
	appendMany(t, l, n, func(int) uint64 { return 7 })
	head := mustTake(t, q, 0)
	if _, _, again, err := q.tryTake(0); !again || err != nil {
		t.Errorf("one look holds the lock until everything is held back: again %v, %v", again, err)
	}
	wantNothing(t, q, 0)
	s := q.Stats()
	if q.behind != behindMax || q.heldCount != heldMax || s.Backlog != n-behindMax-heldMax-1 || s.Parked != behindMax+heldMax {
		t.Errorf("%d are held on disk, %d in memory, %+v", q.behind, q.heldCount, s)
	}
	if q.Ready(0) {
		t.Error("a queue that must not read further is ready")
	}
	for seq := uint64(1); seq <= n; seq++ {
		if head.Seq != seq {
			t.Fatalf("%d is handed out, want %d", head.Seq, seq)
		}
		mustSettle(t, q, head)
		if seq < n {
			head = mustTake(t, q, 0)
		}
	}
	wantNothing(t, q, 0)
	if s := q.Stats(); s.Backlog != 0 || s.Parked != 0 || s.Flight != 0 || q.heldBytes != 0 || q.copyBytes != 0 || l.copyBytes.Load() != 0 || len(q.chains) != 0 {
		t.Errorf("in the end %+v, %d held bytes, %d copy bytes, %d chains", s, q.heldBytes, q.copyBytes, len(q.chains))
	}
}

// Order keys that wait for a receiver that fails are bounded too, and a restart finds them all.
func TestOrderedQueueWithManyParkedKeys(t *testing.T) {
	fs := newMem()
	o := Options{FS: fs, CursorInterval: time.Hour, TrimInterval: time.Hour}
	l := mustOpen(t, o)
	q := mustQueue(t, l, 1, QueueOptions{Ordered: true})
	appendMany(t, l, chainsMax+500, func(i int) uint64 { return uint64(1 + i) })
	for range chainsMax {
		e := mustTake(t, q, 0)
		if err := q.Park(&e, 10); err != nil {
			t.Fatal(err)
		}
	}
	wantNothing(t, q, 0)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, o)
	q = mustQueue(t, l, 1, QueueOptions{Ordered: true})
	wantNothing(t, q, 0)
	seen := map[uint64]bool{}
	for range chainsMax + 500 {
		e := mustTake(t, q, 10)
		if seen[e.Seq] {
			t.Fatalf("%d comes twice", e.Seq)
		}
		seen[e.Seq] = true
		mustSettle(t, q, e)
	}
	wantNothing(t, q, 10)
}

func TestDamagedBlockIsNamed(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem(), Memory: 1 << 20})
	q, other := mustQueue(t, l, 1, QueueOptions{}), mustQueue(t, l, 2, QueueOptions{})
	mustAppend(t, l, "a", 1)
	mustAppend(t, l, "b", 2)
	l.tail.mu.blocks = nil
	pb := l.store.db.NewBatch()
	if err := pb.Set(appendSeqKey(nil, spaceBlock, 1), []byte("rubbish"), nil); err != nil {
		t.Fatal(err)
	}
	if err := l.store.write(pb, pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := q.Take(0); ok || err == nil || !strings.Contains(err.Error(), "block 1") {
		t.Errorf("take of a damaged block: %v, %v", ok, err)
	}
	if e := mustTake(t, other, 0); string(e.Body) != "b" {
		t.Errorf("the other queue gets %q", e.Body)
	}
}

func TestEndOfWhatIsNotInFlightPanics(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, 1, QueueOptions{})
	mustAppend(t, l, "a", 1)
	e := mustTake(t, q, 0)
	mustSettle(t, q, e)
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "entry 1 of queue 1 ends") {
			t.Errorf("the second end of an entry: %v", r)
		}
	}()
	_ = q.Settle(&e)
}

func TestWaitingQueues(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	want := func(ids string) {
		t.Helper()
		if got := fmt.Sprint(l.Waiting()); got != ids {
			t.Errorf("waiting queues are %v, want %v", got, ids)
		}
	}
	want("[]")
	mustAppend(t, l, "a", 5)
	want("[5]")
	q := mustQueue(t, l, 5, QueueOptions{})
	want("[]")
	if e := mustTake(t, q, 0); string(e.Body) != "a" {
		t.Errorf("took %q", e.Body)
	}
	if err := l.Drop(q); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, "b", 5)
	want("[]")
}

// A queue that nobody opened keeps its dead letters, and they may be delivered again once somebody opens it.
func TestFindQueue(t *testing.T) {
	o := Options{Dir: "log", FS: newMem(), Logger: slog.New(slog.DiscardHandler)}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if q := l.Find(7); q != nil {
		t.Errorf("a new log has queue 7: %+v", q.Stats())
	}
	q := mustQueue(t, l, 7, QueueOptions{})
	seq := mustAppend(t, l, "a", 7)
	e := mustTake(t, q, 0)
	if err := q.Bury(&e, Death{Time: time.Now().UnixMilli()}); err != nil || l.Find(7) != q {
		t.Fatal("queue 7 is another one, or", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, o)
	found := l.Find(7)
	if letters, err := found.Dead(0, 10); err != nil || len(letters) != 1 || letters[0].Seq != seq {
		t.Fatalf("dead letters %+v, %v", letters, err)
	}
	if ok, err := found.Revive(seq, 0); !ok || err != nil {
		t.Fatal(ok, err)
	}
	q = mustQueue(t, l, 7, QueueOptions{})
	if e := mustTake(t, q, time.Now().UnixMilli()); string(e.Body) != "a" || string(e.Note) != "note 7" || e.Seq != seq {
		t.Errorf("took %+v", e)
	}
	if err := l.Drop(q); err != nil || l.Find(7) != nil {
		t.Errorf("after the drop there is %v, %v", l.Find(7), err)
	}
}

// A queue that is busy for long says so: what it told at its last look may be over.
func TestStatsOfABusyQueue(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir()})
	q := mustQueue(t, l, 1, QueueOptions{})
	q.mu.Lock()
	s := q.Stats()
	q.mu.Unlock()
	if !s.Stale {
		t.Errorf("without a look: %+v", s)
	}
	if s := q.Stats(); s.Stale {
		t.Errorf("with a look: %+v", s)
	}
	q.mu.Lock()
	s = q.Stats()
	q.mu.Unlock()
	if !s.Stale {
		t.Errorf("after a look: %+v", s)
	}
}
