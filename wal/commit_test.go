package wal

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// slowDisk lets syncs of Pebble's log wait for as long as it is stuck.
type slowDisk struct {
	stuck atomic.Bool
	mu    sync.RWMutex
}

func (d *slowDisk) MaybeError(op errorfs.Op) error {
	if d.stuck.Load() && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
		d.mu.RLock()
		defer d.mu.RUnlock()
	}
	return nil
}

func (d *slowDisk) String() string { return "slow disk" }

func (d *slowDisk) stop() { d.mu.Lock(); d.stuck.Store(true) }

func (d *slowDisk) goOn() { d.stuck.Store(false); d.mu.Unlock() }

func batchOf(size int) *Batch {
	b := &Batch{}
	b.Add(Record{Body: make([]byte, size), Receivers: []Receiver{{Queue: 1}}})
	return b
}

// What waits for the disk is bounded in bytes, one batch is always taken, and everything taken is answered.
func TestOverload(t *testing.T) {
	disk := &slowDisk{}
	l := mustOpen(t, Options{FS: errorfs.Wrap(vfs.NewMem(), disk), Memory: 4 << 20, CursorInterval: time.Hour, TrimInterval: time.Hour})
	bound := int(l.opt.pendingBytes())
	disk.stop()
	var taken []*Batch
	waiting := 0
	for {
		b := batchOf(1 << 20)
		err := l.Submit(b)
		if errors.Is(err, ErrOverloaded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, b)
		if waiting += b.Size(); waiting > bound {
			t.Fatalf("%d bytes are taken, %d may wait", waiting, bound)
		}
	}
	if waiting < bound-(1<<20)-100 {
		t.Errorf("only %d bytes are taken of %d", waiting, bound)
	}
	if err := l.Submit(batchOf(10)); !errors.Is(err, ErrOverloaded) && err != nil {
		t.Errorf("a small batch is answered %v", err)
	}
	disk.goOn()
	for i, b := range taken {
		if got, err := b.Wait(); err != nil || got.Stored != 1 || got.First != uint64(i+1) {
			t.Errorf("batch %d is answered %+v, %v", i, got, err)
		}
	}
	giant := batchOf(bound + 1000)
	eventually(t, "nothing waits", func() bool { return l.Submit(giant) == nil })
	if _, err := giant.Wait(); err != nil {
		t.Error(err)
	}
}

// A close answers everybody who waits, and nobody after.
func TestCloseAnswersThoseWhoWait(t *testing.T) {
	disk := &slowDisk{}
	l := mustOpen(t, Options{FS: errorfs.Wrap(vfs.NewMem(), disk)})
	q := mustQueue(t, l, 1, QueueOptions{})
	disk.stop()
	var batches []*Batch
	for range 10 {
		b := batchOf(100)
		if err := l.Submit(b); err != nil {
			t.Fatal(err)
		}
		batches = append(batches, b)
	}
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	eventually(t, "the log is closing", l.closing.Load)
	disk.goOn()
	for _, b := range batches {
		if got, err := b.Wait(); err != nil || got.Stored != 1 {
			t.Errorf("a batch that waited is answered %+v, %v", got, err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, _, err := q.Take(0); !errors.Is(err, ErrClosed) {
		t.Errorf("take from a closed log answers %v", err)
	}
	if _, _, err := l.Get(nil, []byte("key")); !errors.Is(err, ErrClosed) {
		t.Errorf("get from a closed log answers %v", err)
	}
	if err := l.Set([]byte("key"), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("set in a closed log answers %v", err)
	}
	if l.Stats().Head != 10 || l.Close() != nil {
		t.Errorf("after the close %+v", l.Stats())
	}
}

// With an interval, appends are answered before the sync, and the sync follows.
func TestSyncInterval(t *testing.T) {
	mem := vfs.NewCrashableMem()
	o := Options{Dir: "log", FS: mem, SyncInterval: 5 * time.Millisecond, CursorInterval: time.Hour}
	l := mustOpen(t, o)
	for i := range 20 {
		mustAppend(t, l, fmt.Sprint("record ", i), 1)
	}
	eventually(t, "the records are synced", func() bool {
		crashed := o
		crashed.FS = mem.CrashClone(vfs.CrashCloneCfg{})
		l := mustOpen(t, crashed)
		defer l.Close()
		return l.Head() == 20
	})
}

// Batches of one group are numbered in the order of their submits, and each learns what became of it.
func TestGroupsKeepTheOrderOfSubmits(t *testing.T) {
	disk := &slowDisk{}
	l := mustOpen(t, Options{FS: errorfs.Wrap(vfs.NewMem(), disk), DedupeWindow: time.Hour})
	disk.stop()
	var batches []*Batch
	for i := range 50 {
		b := &Batch{}
		for n := range i % 4 {
			b.Add(Record{Body: []byte("x"), Identity: uint64(1 + (i*7+n)%60)})
		}
		if err := l.Submit(b); err != nil {
			t.Fatal(err)
		}
		batches = append(batches, b)
	}
	disk.goOn()
	next, seen := uint64(1), map[uint64]bool{}
	for i, b := range batches {
		want := Appended{}
		for n := range i % 4 {
			if id := uint64(1 + (i*7+n)%60); seen[id] {
				want.Duplicates++
			} else {
				seen[id] = true
				want.Stored++
			}
		}
		if want.Stored > 0 {
			want.First = next
			next += uint64(want.Stored)
		}
		if got, err := b.Wait(); err != nil || got != want {
			t.Errorf("batch %d is answered %+v, %v; want %+v", i, got, err, want)
		}
	}
}

// What is remembered without a record is a repeat at once, and after a restart once a block has followed.
func TestRemember(t *testing.T) {
	fs := newMem()
	o := Options{FS: fs, DedupeWindow: time.Hour}
	l := mustOpen(t, o)
	if l.Seen(5) || l.Seen(6) {
		t.Error("an empty log has seen something")
	}
	l.Remember(5)
	b := &Batch{}
	b.Add(Record{Body: []byte("a"), Identity: 5})
	b.Add(Record{Body: []byte("b"), Identity: 6})
	if got, err := l.Append(b); err != nil || got != (Appended{First: 1, Stored: 1, Duplicates: 1}) {
		t.Errorf("append answers %+v, %v", got, err)
	}
	l.Remember(7) // no block follows
	for range 2 {
		if !l.Seen(5) || !l.Seen(6) || l.Seen(8) {
			t.Errorf("seen: 5 %v, 6 %v, 8 %v", l.Seen(5), l.Seen(6), l.Seen(8))
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, o)
	}
}

// A queue number far away costs the committer four bytes a number, not more.
func TestHighQueueNumber(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, QueueMax, QueueOptions{})
	mustAppend(t, l, "far", 1, QueueMax)
	if e := mustTake(t, q, 0); string(e.Body) != "far" {
		t.Errorf("took %q", e.Body)
	}
	if _, err := l.Queue(QueueMax+1, QueueOptions{}); err == nil {
		t.Error("a queue beyond the last number opens")
	}
}
