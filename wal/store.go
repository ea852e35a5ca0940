package wal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// store is the Pebble instance under a log. It adds what Pebble leaves to its users: many goroutines may use it while
// one closes it, and a disk that fails a write ends in an error instead of a panic (see brake). Safe for concurrent use.
type store struct {
	db      *pebble.DB
	lock    *pebble.Lock
	failure *failure
	gate    gate

	lastDiskBytes atomic.Uint64
	looked        atomic.Uint64 // keys that iterators have stood on
}

// openStore opens Pebble on a folder that is ours. o.FS is put behind a brake.
func openStore(dir string, o *pebble.Options, f *failure, logger *slog.Logger) (*store, error) {
	lock, err := lockFolder(dir, o.FS)
	if err != nil {
		return nil, err
	}
	s := &store{failure: f, lock: lock}
	b := &brake{FS: o.FS, failure: f}
	o.FS, o.Lock, o.Logger = b, lock, pebbleLogger{logger, f}
	o.EventListener = &pebble.EventListener{DataCorruption: func(i pebble.DataCorruptionInfo) {
		// The read that met it fails, and says so to its caller; the rest of the log is good.
		logger.Error("a file of the log is damaged", "path", i.Path, "error", i.Details,
			"next", "check the disk; what the file held is lost")
	}}
	err = s.run(func() (err error) {
		defer func() {
			err = errors.Join(err, panicError(recover()))
		}()
		s.db, err = pebble.Open(dir, o)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w; check that the folder can be written and its disk has room", err), lock.Close())
	}
	if err := s.countFiles(dir, o.FS); err != nil {
		return nil, errors.Join(err, s.close())
	}
	b.armed.Store(true)
	return s, nil
}

// countFiles refuses a folder without all its files of values. Pebble looks when it opens a folder whether its tables are
// there, and not whether these are: it panics when it reads one that is missing. What is not needed any more may lie there
// for a moment after a crash, and then hide that one is missing.
func (s *store) countFiles(dir string, fs vfs.FS) error {
	names, err := fs.List(dir)
	if err != nil {
		return fmt.Errorf("list log folder: %w; check its permissions", err)
	}
	there := int64(0)
	for _, name := range names {
		if strings.HasSuffix(name, ".blob") {
			there++
		}
	}
	if missing := int64(s.db.Metrics().BlobFiles.LiveCount) - there; missing > 0 {
		return fmt.Errorf("%d of the .blob files of the log are missing: put them back from a copy of %q, or name an empty folder in [log] dir", missing, dir)
	}
	return nil
}

// panicError is the error that Pebble panicked with while it opened a folder, which it does when the folder cannot be
// synced. Other panics go on.
func panicError(r any) error {
	err, ok := r.(error)
	var fault runtime.Error
	if r != nil && (!ok || errors.As(err, &fault)) {
		panic(r)
	}
	return err
}

// lockFolder keeps other processes, and other logs of this one, out of the folder.
func lockFolder(dir string, fs vfs.FS) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, fs)
	switch {
	case err == nil:
		return lock, nil
	case errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "held by current process"):
		return nil, fmt.Errorf("another edgerelay runs on this folder: end it first, or name another folder in [log] dir (%w)", err)
	default:
		return nil, fmt.Errorf("lock folder: %w; check that it can be written", err)
	}
}

// close closes Pebble once nobody uses it. After a failure it leaves it alone: it may never answer.
func (s *store) close() error {
	s.gate.close(s.failure.done)
	if err := s.failure.get(); err != nil {
		return err
	}
	err := s.run(s.db.Close)
	if s.failure.get() == nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// run calls f, which writes, and returns when it has ended or the log has failed. In the second case f stands still at
// the brake for ever, and with it a goroutine: the program is about to end.
func (s *store) run(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-s.failure.done:
	}
	select {
	case err := <-done:
		return err
	default:
		return s.failure.get()
	}
}

func (s *store) enterToWrite() error {
	if err := s.failure.get(); err != nil {
		return err
	}
	return s.gate.enter()
}

// write applies a batch and frees it, whatever comes of it. An error means that the log takes nothing more.
func (s *store) write(b *pebble.Batch, w *pebble.WriteOptions) error {
	if err := s.enterToWrite(); err != nil {
		return errors.Join(err, b.Close())
	}
	err := s.run(func() error {
		defer s.gate.leave()
		return errors.Join(s.db.Apply(b, w), b.Close())
	})
	if err != nil {
		s.failure.set(err)
	}
	return err
}

// flush starts to write the memtable out.
func (s *store) flush() error {
	if err := s.enterToWrite(); err != nil {
		return err
	}
	return s.run(func() error {
		defer s.gate.leave()
		_, err := s.db.AsyncFlush()
		return err
	})
}

// compact rewrites what lies in a range of keys, which drops what was deleted there. It ends early with ctx.
func (s *store) compact(ctx context.Context, begin, end []byte) error {
	if err := s.enterToWrite(); err != nil {
		return err
	}
	return s.run(func() error {
		defer s.gate.leave()
		return s.db.Compact(ctx, begin, end, false)
	})
}

// view calls f with the value of a key, which is valid until f returns, and says whether there is one.
func (s *store) view(key []byte, f func(value []byte) error) (found bool, err error) {
	if err := s.gate.enter(); err != nil {
		return false, err
	}
	defer s.gate.leave()
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(f(value), closer.Close())
}

// iterate calls f with an iterator over a range of keys; f need not look at the iterator's error.
func (s *store) iterate(lower, upper []byte, f func(it *pebble.Iterator) error) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	err = f(it)
	steps := it.Stats()
	s.looked.Add(uint64(steps.ForwardSeekCount[pebble.InterfaceCall] + steps.ReverseSeekCount[pebble.InterfaceCall] +
		steps.ForwardStepCount[pebble.InterfaceCall] + steps.ReverseStepCount[pebble.InterfaceCall]))
	return errors.Join(err, it.Error(), it.Close())
}

// scan calls f for each key in a range, until it answers false or an error. key and value are valid until f returns.
func (s *store) scan(lower, upper []byte, f func(key, value []byte) (bool, error)) error {
	return s.iterate(lower, upper, func(it *pebble.Iterator) error {
		for valid := it.First(); valid; valid = it.Next() {
			if more, err := f(it.Key(), it.Value()); err != nil || !more {
				return err
			}
		}
		return nil
	})
}

// first is the first key in a range, nil when it is empty.
func (s *store) first(lower, upper []byte) (key []byte, err error) {
	err = s.iterate(lower, upper, func(it *pebble.Iterator) error {
		if it.First() {
			key = slices.Clone(it.Key())
		}
		return nil
	})
	return key, err
}

// diskBytes is the size of the folder, as Pebble counts its files; once the store is closed or has failed, what it last
// was. Pebble waits here for the manifest, so this goes through run like everything that writes.
func (s *store) diskBytes() uint64 {
	if s.enterToWrite() == nil {
		// An error means that the log has failed, which is not for this caller to tell.
		_ = s.run(func() error {
			defer s.gate.leave()
			s.lastDiskBytes.Store(s.db.Metrics().DiskSpaceUsage())
			return nil
		})
	}
	return s.lastDiskBytes.Load()
}

// gate counts who is inside, and closes behind the last one.
type gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	empty  chan struct{}
}

func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.inside++
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.closed {
		close(g.empty)
	}
}

// close lets nobody in any more and waits for those inside, or for giveUp.
func (g *gate) close(giveUp <-chan struct{}) {
	g.mu.Lock()
	g.closed = true
	g.empty = make(chan struct{})
	if g.inside == 0 {
		close(g.empty)
	}
	g.mu.Unlock()
	select {
	case <-g.empty:
	case <-giveUp:
	}
}

// pebbleLogger passes Pebble's own words on: what it does at debug level, what worries it as a warning.
type pebbleLogger struct {
	logger  *slog.Logger
	failure *failure
}

func (p pebbleLogger) Infof(format string, args ...any) {
	p.logger.Debug("pebble: " + fmt.Sprintf(format, args...))
}

func (p pebbleLogger) Errorf(format string, args ...any) {
	p.logger.Warn("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble's own state is not to be trusted any more. Faults of the disk do not come this far
// (see brake), so this is a fault of Pebble's or ours. The log fails and this goroutine ends; Pebble's deferred unlocks
// run, so what only reads goes on until the program ends.
func (p pebbleLogger) Fatalf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.logger.Error("pebble gave up: "+text, "stack", string(debug.Stack()))
	p.failure.set(errors.New(text))
	runtime.Goexit()
}
