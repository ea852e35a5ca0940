package wal

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
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
	opt    Options
	db     *pebble.DB
	coder  *coder
	tail   *tail
	logger *slog.Logger

	head  atomic.Uint64 // last committed sequence number; queues named up to it are marked
	start atomic.Uint64 // first sequence number that trimming has left
	full  atomic.Pointer[string]

	startBytes    atomic.Uint64 // bytes of log written before start
	unsynced      atomic.Bool   // committed since the last sync, when SyncInterval is set
	identityCount atomic.Int64

	intake struct {
		sync.Mutex
		open   *group // takes batches until the committer fetches it
		bytes  int    // submitted and not committed yet
		closed bool
	}
	kick chan struct{} // the committer has work

	committer committer // touched by the committing goroutine only
	cursors   cursors
	counters  counters

	queues struct {
		sync.RWMutex
		byID map[uint32]*Queue
		seen map[uint32]backlogMark // queues named before they were opened
	}

	broken   chan struct{} // closed when a write failed: see Broken
	brokenBy error
	breaking sync.Once

	stop  chan struct{}
	loops sync.WaitGroup
	close sync.Once
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
	l := &Log{opt: o, coder: coder, tail: &tail{bytesMax: o.tailBytes()}, logger: o.Logger,
		kick: make(chan struct{}, 1), broken: make(chan struct{}), stop: make(chan struct{})}
	l.queues.byID = map[uint32]*Queue{}
	l.queues.seen = map[uint32]backlogMark{}
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
	if err := l.opt.FS.MkdirAll(l.opt.Dir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := checkFormat(l.opt.FS, l.opt.Dir); err != nil {
		return err
	}
	db, err := pebble.Open(l.opt.Dir, l.pebbleOptions())
	if err != nil {
		return fmt.Errorf("%w (is another edgerelay running on this folder?)", err)
	}
	l.db = db
	if err := l.recover(); err != nil {
		return errors.Join(err, db.Close())
	}
	l.watchLimits()
	return nil
}

func (l *Log) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          l.opt.FS,
		CacheSize:                   l.opt.cacheBytes(),
		Logger:                      pebbleLogger{l},
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                uint64(l.opt.memtableBytes()),
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       64,
		MaxOpenFiles:                512,
		// Range deletes free disk only once they are flushed; a log that is trimmed must shrink without new traffic.
		FlushDelayDeleteRange:      0,
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
	}
	for i := range o.Levels {
		// Blocks are compressed already, and state is small.
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// Broken is closed when a write to the disk failed. What was committed is safe, nothing more is taken; the program
// should end with BrokenBy's error and be started again once the disk is well.
func (l *Log) Broken() <-chan struct{} { return l.broken }

// BrokenBy is the fault that broke the log; nil before Broken is closed.
func (l *Log) BrokenBy() error {
	select {
	case <-l.broken:
		return l.brokenBy
	default:
		return nil
	}
}

func (l *Log) breakDown(err error) {
	l.breaking.Do(func() {
		l.brokenBy = err
		l.intake.Lock()
		l.intake.closed = true
		l.intake.Unlock()
		close(l.broken)
	})
}

// Close commits what was submitted, saves the cursors and closes the folder. Later use answers ErrClosed. Queues must
// not be used any more.
func (l *Log) Close() error {
	err := ErrClosed
	l.close.Do(func() {
		l.intake.Lock()
		l.intake.closed = true
		l.intake.Unlock()
		close(l.stop)
		l.loops.Wait()
		err = l.BrokenBy()
		if err == nil {
			err = l.saveCursors(pebble.Sync)
		}
		err = errors.Join(err, l.db.Close())
		l.coder.close()
	})
	if err == ErrClosed {
		return nil
	}
	if err != nil {
		return fmt.Errorf("close log %q: %w", l.opt.Dir, err)
	}
	return nil
}

// Head is the sequence number of the last committed record; 0 when there was none yet.
func (l *Log) Head() uint64 { return l.head.Load() }

func (l *Log) now() int64 { return l.opt.Now().UnixMilli() }

// apply writes b. A failure means that Pebble can write no more (it says so by Fatalf, which pebbleLogger turns into a
// panic): the log breaks, and the caller must not answer.
func (l *Log) apply(b *pebble.Batch, w *pebble.WriteOptions) (err error) {
	defer func() {
		if r := recover(); r != nil {
			fatal, ok := r.(fatalError)
			if !ok {
				panic(r)
			}
			err = fatal
		}
		if err != nil {
			err = fmt.Errorf("write log %q: %w; check the disk, then start edgerelay again", l.opt.Dir, err)
			l.breakDown(err)
		}
	}()
	if broken := l.BrokenBy(); broken != nil {
		return broken
	}
	return l.db.Apply(b, w)
}

// pebbleLogger passes Pebble's own words on: what it does at debug level, what worries it as a warning.
type pebbleLogger struct{ log *Log }

type fatalError struct{ text string }

func (e fatalError) Error() string { return e.text }

func (p pebbleLogger) Infof(format string, args ...any) {
	p.log.logger.Debug("pebble: " + fmt.Sprintf(format, args...))
}

func (p pebbleLogger) Errorf(format string, args ...any) {
	p.log.logger.Warn("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return. On our own goroutines apply recovers the panic; on Pebble's the process ends, which is what a
// disk that loses writes asks for.
func (p pebbleLogger) Fatalf(format string, args ...any) {
	panic(fatalError{fmt.Sprintf(format, args...)})
}
