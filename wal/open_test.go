//go:build !race

package wal

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestOpenCostsTheSameWhateverWaits opens a log with a million records of backlog, after a proper end and after a
// crash, and counts the keys that are looked at until the first record is handed out. It counts, on one goroutine: the race
// detector would find nothing in it.
func TestOpenCostsTheSameWhateverWaits(t *testing.T) {
	const commits, records = 20_000, 50
	mem := vfs.NewCrashableMem()
	clock := &clock{}
	o := Options{Dir: "log", FS: mem, Memory: 1 << 20, Now: clock.Now, CursorInterval: time.Hour, TrimInterval: time.Hour}
	l := mustOpen(t, o)
	for id := uint32(1); id <= 3; id++ {
		mustQueue(t, l, id, QueueOptions{})
	}
	var b Batch
	for n := range commits {
		b.Reset()
		for i := range records {
			b.Add(Record{Body: []byte("small"), Identity: uint64(1 + n*records + i), Receivers: []Receiver{{Queue: 1}, {Queue: 2}}})
		}
		if _, err := l.Append(&b); err != nil {
			t.Fatal(err)
		}
		if n == commits-10 {
			if err := l.saveCursors(pebble.NoSync); err != nil {
				t.Fatal(err)
			}
		}
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f := func(what string, fs vfs.FS, window time.Duration, keys uint64) {
		t.Helper()
		o.FS, o.DedupeWindow = fs, window
		l := mustOpen(t, o)
		for id := uint32(1); id <= 3; id++ {
			q := mustQueue(t, l, id, QueueOptions{})
			if s := q.Stats(); id < 3 && s.Backlog+int64(s.Flight) != commits*records {
				t.Errorf("%s: queue %d says %+v", what, id, s)
			}
			if id == 1 {
				if e := mustTake(t, q, clock.ms()); e.Seq != 1 {
					t.Errorf("%s: the first record is %d", what, e.Seq)
				}
			}
		}
		t.Logf("%s: %d keys were looked at", what, l.store.looked.Load())
		if got := l.store.looked.Load(); got > keys {
			t.Errorf("%s: %d keys were looked at, at most %d are expected", what, got, keys)
		}
		if window > 0 && l.Stats().Identities < l.committer.seen.most()*7/10 {
			t.Errorf("%s: %d identities are remembered of at most %d", what, l.Stats().Identities, l.committer.seen.most())
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f("after a proper end", mem, 0, 60)
	f("after a crash", crashed, 0, 60)
	// The dedupe memory is rebuilt from as many entries as fill it: this one holds 61,440.
	f("with a dedupe window", mem, time.Hour, 2*61440/records+60)
}
