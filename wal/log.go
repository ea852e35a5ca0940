package wal

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

var (
	// ErrFull: the log is at its size limit with records that no queue may lose, or the disk is nearly full. Appends are
	// refused until queues drain, limits trim or space is made; nothing needs to be restarted. Answer "try again later".
	ErrFull = errors.New("wal: log is full")
	// ErrOverloaded: more is waiting for the disk than memory allows. Answer "try again later".
	ErrOverloaded = errors.New("wal: too much is waiting for the disk")
	// ErrClosed: the log was closed, or broke (see Log.Broken) and takes nothing more in this process.
	ErrClosed = errors.New("wal: log is closed")
)

// Log is the log of one folder. It is safe for concurrent use.
type Log struct {
	opt     Options
	store   *store
	failure *failure
	ballast *ballast
	coder   *coder
	tail    *tail
	logger  *slog.Logger

	head  atomic.Uint64 // last committed sequence number; queues named up to it are marked
	start atomic.Uint64 // first sequence number that trimming has left
	full  atomic.Pointer[string]

	diskCut       time.Time     // when the disk last asked for what some queue still needs; the trimming goroutine's
	startBytes    atomic.Uint64 // bytes of log written before start
	copyBytes     atomic.Int64  // of parked and held deliveries, all queues
	deadBytes     atomic.Int64  // of dead letters, all queues
	unsynced      atomic.Bool   // committed since the last sync, when SyncInterval is set
	identityCount atomic.Int64

	intake struct {
		sync.Mutex
		open   *group   // takes batches until the committer fetches it
		marks  []uint64 // identities remembered without a record, for the next block to keep
		bytes  int      // submitted and not committed yet
		closed bool

		awaited int // batches in open that the committer waits for; 0: it does not
	}
	kick     chan struct{} // the committer has work
	gathered chan struct{} // open has as many batches as were awaited

	committer committer // touched by the committing goroutine only
	cursors   cursors
	counters  counters

	queues struct {
		sync.RWMutex
		byID    map[uint32]*Queue   // all that exist, open or not
		dropped map[uint32]struct{} // numbers whose records are nobody's
	}

	opening sync.Mutex // held while a queue opens or is dropped
	closing atomic.Bool
	stop    chan struct{}
	loops   sync.WaitGroup
	close   sync.Once
}

// Open opens the log in a folder, or makes a new one. It costs the same whatever waits in the log.
func Open(o Options) (*Log, error) {
	o.ensureDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	coder, err := newCoder(o.Compression)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l := &Log{opt: o, coder: coder, tail: &tail{bytesMax: o.tailBytes()}, logger: o.Logger, failure: newFailure(),
		kick: make(chan struct{}, 1), gathered: make(chan struct{}, 1), stop: make(chan struct{})}
	l.queues.byID = map[uint32]*Queue{}
	l.queues.dropped = map[uint32]struct{}{}
	if err := l.open(); err != nil {
		coder.close()
		return nil, fmt.Errorf("open log %q: %w", o.Dir, err)
	}
	l.loops.Add(3)
	go l.commitLoop()
	go l.cursorLoop()
	go l.trimLoop()
	return l, nil
}

func (l *Log) open() error {
	fs, dir := l.opt.FS, l.opt.Dir
	if err := makeFolder(fs, dir); err != nil {
		return err
	}
	if err := checkFormat(fs, dir); err != nil {
		return err
	}
	l.ballast = newBallast(fs, dir, min(l.opt.DiskReserve/4, ballastMax))
	store, err := openStore(dir, l.pebbleOptions(), l.failure, l.logger)
	if err != nil {
		return err
	}
	l.store = store
	if err := errors.Join(l.recover(), l.failure.get()); err != nil {
		return errors.Join(err, store.close())
	}
	l.watchLimits()
	return nil
}

// Broken is closed when a write to the disk failed. What was committed is safe, nothing more is taken; the program
// should end with BrokenBy's error and be started again once the disk is well.
func (l *Log) Broken() <-chan struct{} { return l.failure.done }

// BrokenBy is the fault that broke the log; nil before Broken is closed.
func (l *Log) BrokenBy() error {
	return l.failure.get()
}

// Close commits what was submitted, saves the cursors and closes the folder. Whatever uses the log or its queues during
// and after that is answered ErrClosed, except what ends a delivery from the log: its end is lost, and it is repeated.
// A broken log is left as it is, and Close returns BrokenBy's error.
func (l *Log) Close() (err error) {
	l.close.Do(func() {
		l.closing.Store(true)
		l.intake.Lock()
		l.intake.closed = true
		l.intake.Unlock()
		close(l.stop)
		l.loops.Wait()
		if err = l.BrokenBy(); err == nil {
			err = l.saveCursors(pebble.Sync)
		}
		if cerr := l.store.close(); err == nil {
			err = cerr
		}
		if err != nil {
			err = fmt.Errorf("close log %q: %w", l.opt.Dir, err)
			return // coder may be in use by what stands still
		}
		l.coder.close()
	})
	return err
}

// Head is the sequence number of the last committed record; 0 when there was none yet.
func (l *Log) Head() uint64 { return l.head.Load() }

func (l *Log) now() int64 { return l.opt.Now().UnixMilli() }
