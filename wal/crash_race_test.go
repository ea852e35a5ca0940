package wal

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestCrashWhileBusy takes the power away from a log that many goroutines use and whose own loops run fast. Nobody can
// say in which order things happened then, so it checks less than TestCrash: what was answered and had not begun to end
// is found again, in one place, and batches are whole.
func TestCrashWhileBusy(t *testing.T) {
	base := rand.Uint64()
	for i := range uint64(busyRounds) {
		t.Run(fmt.Sprint("seed=", base+i), func(t *testing.T) { crashWhileBusy(t, base+i) })
	}
}

// busy is what the goroutines of one round know. Its lock orders what they note against the crash.
type busy struct {
	t    testing.TB
	log  *Log
	disk *crasher

	mu       sync.Mutex
	answered map[uint64]string // before the crash, by number
	begun    map[place]bool    // ends that were begun before the crash
}

const busyBatch = 3

func crashWhileBusy(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	mem := vfs.NewCrashableMem()
	b := &busy{t: t, answered: map[uint64]string{}, begun: map[place]bool{}}
	b.disk = &crasher{mem: mem, left: 200 + rng.IntN(1500), cfg: vfs.CrashCloneCfg{
		UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rand.New(rand.NewPCG(seed, 2))}}
	o := Options{Dir: "log", FS: errorfs.Wrap(mem, b.disk), Memory: 1 << 20, DiskReserve: -1,
		CursorInterval: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	b.log = mustOpen(t, o)
	var wg sync.WaitGroup
	for range 4 {
		r := rand.New(rand.NewPCG(rng.Uint64(), 3))
		wg.Go(func() { b.append(r) })
	}
	for _, id := range crashQueues {
		q := mustQueue(t, b.log, id, QueueOptions{Ordered: crashModes[id]})
		for range 2 {
			r := rand.New(rand.NewPCG(rng.Uint64(), 4))
			wg.Go(func() { b.deliver(q, r) })
		}
	}
	wg.Wait()
	o.FS = b.disk.crashNow()
	l := mustOpen(t, o)
	b.check(l)
}

// append appends batches until the crash, each of records for every queue.
func (b *busy) append(rng *rand.Rand) {
	for serial := 0; ; serial++ {
		var batch Batch
		body := fmt.Sprintf("%d.%d", rng.Uint64(), serial)
		for i := range busyBatch {
			batch.Add(Record{Body: fmt.Appendf(nil, "%s.%d", body, i), Order: uint64(rng.IntN(3)),
				Receivers: []Receiver{{Queue: 1}, {Queue: 2}, {Queue: 3}, {Queue: 900}}})
		}
		got, err := b.log.Append(&batch)
		if err != nil {
			b.t.Error(err)
			return
		}
		if !b.note(func() {
			for i := range uint64(busyBatch) {
				b.answered[got.First+i] = fmt.Sprintf("%s.%d", body, i)
			}
		}) {
			return
		}
	}
}

// note runs f unless the crash has happened.
func (b *busy) note(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.disk.crashed() {
		return false
	}
	f()
	return true
}

func (b *busy) deliver(q *Queue, rng *rand.Rand) {
	for !b.disk.crashed() {
		e, ok, err := q.Take(time.Now().UnixMilli())
		if err != nil {
			b.t.Error(err)
			return
		}
		if !ok {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		switch n := rng.IntN(10); {
		case n < 7:
			b.note(func() { b.begun[place{q.id, e.Seq}] = true })
			err = q.Settle(&e)
		case n < 9:
			e.Attempts++
			err = q.Park(&e, time.Now().UnixMilli()+int64(rng.IntN(20)))
		default:
			err = q.Bury(&e, Death{Time: time.Now().UnixMilli()})
		}
		if err != nil {
			b.t.Error(err)
			return
		}
	}
}

func (b *busy) check(l *Log) {
	b.t.Helper()
	in := inspect(b.t, l, crashQueues)
	found := in.standings(b.t, l)
	if in.head%busyBatch != 0 {
		b.t.Errorf("head is %d: a batch of %d was torn", in.head, busyBatch)
	}
	for seq, body := range b.answered {
		if in.records[seq].body != body {
			b.t.Errorf("record %d is %q, answered was %q", seq, in.records[seq].body, body)
		}
		for _, id := range crashQueues {
			if at := (place{id, seq}); found[at] == ended && !b.begun[at] {
				b.t.Errorf("delivery %v is lost", at)
			}
		}
	}
	for _, id := range crashQueues {
		q := mustQueue(b.t, l, id, QueueOptions{Ordered: crashModes[id]})
		last := map[uint64]uint64{}
		for {
			e, ok, err := q.Take(time.Now().Add(time.Hour).UnixMilli())
			if err != nil {
				b.t.Fatal(err)
			}
			if !ok {
				break
			}
			if q.opt.Ordered && e.Order != 0 && e.Seq <= last[e.Order] {
				b.t.Errorf("queue %d hands out %d after %d of the same order key", id, e.Seq, last[e.Order])
			}
			last[e.Order] = e.Seq
			if err := q.Settle(&e); err != nil {
				b.t.Fatal(err)
			}
		}
		if s := q.Stats(); s.Backlog != 0 || s.Flight != 0 || s.Parked != 0 {
			b.t.Errorf("queue %d has delivered everything and says %+v", id, s)
		}
	}
}
