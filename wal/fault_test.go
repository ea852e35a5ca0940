package wal

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestFaults fails the first write to the disk, then the second, and so on until a small program of everything that a
// log does succeeds; each time the folder is opened again on a healthy disk. It runs in a process of its own, because
// no fault of the disk may end the process, and a broken log leaves its goroutines at the brake.
func TestFaults(t *testing.T) { runChild(t, "faults") }

var faultKinds = []struct {
	name string
	err  error
	once bool // else every write from then on
}{
	{"input/output error, once", syscall.EIO, true},
	{"input/output error, for good", syscall.EIO, false},
	{"disk full, once", syscall.ENOSPC, true},
	{"disk full, for good", syscall.ENOSPC, false},
}

func faultsChild() error {
	for _, kind := range faultKinds {
		n, failed := 1, 0
		for ; ; n++ {
			f := &faulty{n: int32(n), err: kind.err, once: kind.once}
			err := f.run()
			if f.fault != nil {
				return fmt.Errorf("%s, write %d (%s): %w", kind.name, n, *f.hit.Load(), f.fault)
			}
			if err != nil {
				failed++
			}
			if f.writes.Load() < int32(n) {
				break // the program ended before its nth write
			}
		}
		fmt.Printf("%s: %d writes failed in turn, of which %d were met by the program\n", kind.name, n-1, failed)
	}
	return nil
}

// faulty is one run of the program on a disk with a fault.
type faulty struct {
	n      int32
	err    error
	once   bool
	writes atomic.Int32
	hit    atomic.Pointer[string] // the operation that failed first

	answered []string // bodies
	ended    []string
	fault    error // of the log, not of the disk
}

// MaybeError fails the nth write, and perhaps all that follow.
func (f *faulty) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	n := f.writes.Add(1)
	if n < f.n || n > f.n && f.once {
		return nil
	}
	what := fmt.Sprintf("operation %d on %s", op.Kind, op.Path)
	f.hit.CompareAndSwap(nil, &what)
	return f.err
}

func (f *faulty) String() string { return "faulty" }

func (f *faulty) wrong(format string, args ...any) {
	if f.fault == nil {
		f.fault = fmt.Errorf(format, args...)
	}
}

// run is the program. It returns the first error that the log gave it.
func (f *faulty) run() (err error) {
	mem := vfs.NewCrashableMem()
	mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40})
	done := make(chan error, 1)
	go func() { done <- f.steps(errorfs.Wrap(mem, f)) }()
	select {
	case err = <-done:
	case <-time.After(time.Minute):
		stacks := make([]byte, 1<<20)
		f.wrong("the program hangs:\n%s", stacks[:runtime.Stack(stacks, true)])
		return nil
	}
	if err != nil {
		f.checkError(err)
	}
	for _, percent := range []int{0, 50, 100} {
		f.checkHealthy(mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(1, uint64(f.n)))}))
	}
	return err
}

func (f *faulty) options(fs vfs.FS) Options {
	return Options{Dir: "a/log", FS: fs, Memory: 1 << 20, CursorInterval: time.Hour, TrimInterval: time.Hour,
		DiskReserve: 1 << 20, DedupeWindow: time.Hour, Logger: slog.New(slog.DiscardHandler)}
}

func (f *faulty) steps(fs vfs.FS) error {
	l, err := Open(f.options(fs))
	if err != nil {
		return err
	}
	err = f.use(l)
	if l.BrokenBy() != nil {
		// What was written can still be read.
		if _, _, gerr := l.Get(nil, []byte("key")); gerr != nil {
			f.wrong("a broken log does not read: %v", gerr)
		}
	}
	closed := l.Close()
	if err != nil && !errors.Is(err, ErrFull) {
		f.checkBroken(l, closed)
	}
	return errors.Join(err, closed)
}

// use appends, delivers, parks, buries, trims, writes state and tables.
func (f *faulty) use(l *Log) error {
	q, err := l.Queue(1, QueueOptions{Ordered: true})
	if err != nil {
		return err
	}
	for round := range 3 {
		for i := range 4 {
			if err := f.append(l, fmt.Sprintf("%d.%d", round, i)); err != nil {
				return err
			}
		}
		if err := errors.Join(l.Set([]byte("key"), []byte("value")), f.deliver(q), l.saveCursors(pebble.NoSync)); err != nil {
			if !errors.Is(err, ErrFull) {
				return err
			}
			l.watchLimits()
		}
		if err := l.store.flush(); err != nil {
			return err
		}
	}
	return l.cutAt(startMark{seq: 5, begin: 0})
}

func (f *faulty) append(l *Log, body string) error {
	var b Batch
	b.Add(Record{Body: []byte(body), Order: 7, Receivers: []Receiver{{Queue: 1}}})
	_, err := l.Append(&b)
	if errors.Is(err, ErrFull) {
		l.watchLimits() // the disk was full for a moment: what the limits' own look finds out
		_, err = l.Append(&b)
	}
	if err == nil {
		f.answered = append(f.answered, body)
	}
	return err
}

func (f *faulty) deliver(q *Queue) error {
	for i := 0; ; i++ {
		e, ok, err := q.Take(int64(i))
		if !ok || err != nil {
			return err
		}
		switch i % 3 {
		case 0:
			e.Attempts++
			err = q.Park(&e, int64(i))
		case 1:
			f.ended = append(f.ended, string(e.Body))
			err = q.Settle(&e)
		default:
			f.ended = append(f.ended, string(e.Body))
			err = q.Bury(&e, Death{Reason: "no"})
		}
		if err != nil {
			return err
		}
	}
}

// checkError checks that an error tells the operator what to do.
func (f *faulty) checkError(err error) {
	for _, step := range []string{"check ", "start edgerelay again", "try again"} {
		if strings.Contains(err.Error(), step) {
			return
		}
	}
	f.wrong("the error names no next step: %v", err)
}

// checkBroken checks what a log that met a fault answers afterwards.
func (f *faulty) checkBroken(l *Log, closed error) {
	select {
	case <-l.Broken():
	default:
		f.wrong("a write failed and the log is not broken")
		return
	}
	var b Batch
	b.Add(Record{Body: []byte("x")})
	if err := l.Submit(&b); err != ErrClosed {
		f.wrong("a broken log takes a batch: %v", err)
	}
	if l.BrokenBy() == nil || closed == nil || l.Close() != nil {
		f.wrong("broken by %v, close answered %v", l.BrokenBy(), closed)
	}
	// Nothing hangs: Pebble may stand still with locks held.
	l.Stats()
	l.Waiting()
	if q := l.queues.byID[1]; q != nil {
		q.Stats()
		q.NextDue()
		if _, ok, err := q.Take(1000); ok || err == nil {
			f.wrong("a broken log hands out")
		}
		if _, err := q.Revive(1, 0); err == nil {
			f.wrong("a broken log revives")
		}
	}
	if _, _, err := l.Get(nil, []byte("key")); err == nil {
		f.wrong("a log that was closed reads")
	}
	if err := l.Set([]byte("key"), nil); err == nil {
		f.wrong("a broken log writes")
	}
}

// checkHealthy opens what was left on a disk without faults and looks for everything that was answered.
func (f *faulty) checkHealthy(fs *vfs.MemFS) {
	l, err := Open(f.options(fs))
	if err != nil {
		f.wrong("open on the healthy disk: %w", err)
		return
	}
	defer func() {
		if err := l.Close(); err != nil {
			f.wrong("close on the healthy disk: %w", err)
		}
	}()
	q, err := l.Queue(1, QueueOptions{Ordered: true})
	if err != nil {
		f.wrong("open queue on the healthy disk: %w", err)
		return
	}
	found := slices.Clone(f.ended)
	letters, err := q.Dead(0, 100)
	for _, d := range letters {
		found = append(found, string(d.Body))
	}
	for ok := true; ok && err == nil; {
		var e Entry
		if e, ok, err = q.Take(1000); ok {
			found = append(found, string(e.Body))
			err = q.Settle(&e)
		}
	}
	if err != nil {
		f.wrong("deliver on the healthy disk: %w", err)
	}
	for _, body := range f.answered {
		if !slices.Contains(found, body) {
			f.wrong("%q was answered and is lost; found are %q", body, found)
		}
	}
}
