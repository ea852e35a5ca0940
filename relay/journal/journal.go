// Package journal is the attempt log: what became of each failed attempt to deliver, and of a share of the successes,
// with the request's headers, the reply and where the time went. People read it to find out why an event did not arrive.
//
//	log, err := journal.Open(journal.Options{State: wal, Share: 0.01})
//	log.Append(queue, &journal.Attempt{…})               // never waits for the disk
//	list, next, err := log.List(queue, journal.Query{Status: "failed", Limit: 100})
//	err = log.Close()                                    // before the state is closed
//
// It knows attempts, queues' numbers, and keys of the log's state. It knows no HTTP and no webhook but its name. Secrets
// are masked when an entry comes in, so none is ever in memory or on disk. A Journal is safe for concurrent use.
//
// # How entries are kept
//
// Append puts an entry into a buffer; one goroutine writes the buffer once a second, as chunks of up to 256
// entries of one stream (a queue's failures and notes, or its successes), compressed together, in one commit with the
// counts of what they take. A kill loses what was in the buffer, and nothing else: a chunk and its count are one write.
// What is read looks at the buffer too, so an entry is seen as soon as Append has returned.
//
// Entries are ordered by their time, in milliseconds, then by the number that Append gave them. Chunks of a stream may
// overlap when a clock was set back, or by a moment when lanes are quicker than each other; readers merge them.
//
// # Limits
//
// The buffer is bounded: successes are dropped when it is half full, failures when it is full. On disk, what is older
// than Retain goes, and when all takes more than SizeMax, the stream that takes most loses its oldest: a noisy webhook
// pushes out its own entries, not those of others, and successes no failures. Both are range deletes (segment.go). While
// the disk is low nothing is written. All that is dropped is counted.
package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"edgerelay/wal"
)

// State is what the journal needs of the log: *wal.Log is one. What a batch puts or erases is one write.
type State interface {
	Append(b *wal.Batch) (wal.Appended, error)
	Get(dst, key []byte) (value []byte, found bool, err error)
	Scan(prefix, from []byte, f func(key, value []byte) bool) error
	DiskLow() bool
}

// Options say where a journal is kept and how much of what. Zero fields get the defaults named with them.
type Options struct {
	State State
	// Share of the successes that is kept, from 0 (none) to 1 (all). Failed attempts are all kept.
	Share float64
	// Retain is how long entries are kept. Default 14 days.
	Retain time.Duration
	// SizeMax is how many bytes entries may take on disk, compressed. Default 1 GiB.
	SizeMax int64
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Logger gets changes of state. Default slog.Default.
	Logger *slog.Logger
}

// Limits of the memory that entries take before they are on disk.
const (
	bufferMax    = 4 << 20     // bytes of rows; as much again may be on its way to the disk
	bufferEnough = 1 << 20     // bytes that are written at once
	writeEvery   = time.Second // else this long after the first of them
)

// Stats are what a journal has done since it was opened, and what it holds.
type Stats struct {
	Entries        uint64 // written
	DroppedFailed  uint64 // failed attempts and notes that were not kept: the buffer was full, or the disk
	DroppedSampled uint64 // the same of successes
	Evicted        uint64 // entries that SizeMax took
	Damaged        uint64 // times that something could not be read
	Bytes          int64  // on disk
}

// Journal is the attempt log of one relay.
type Journal struct {
	opt    Options // Share and SizeMax of it are below
	state  State
	coder  *coder
	logger *slog.Logger
	share  atomic.Uint64 // bits of a float64

	kick   chan struct{} // there is something in the buffer
	enough chan struct{} // there is much
	stop   chan struct{}
	ended  chan struct{}
	close  sync.Once

	writing sync.Mutex // held by whoever changes the state; taken before mu
	batch   wal.Batch
	scratch [2][]byte
	sorted  []place
	low     bool  // the disk was when it was last looked at
	broken  error // no write succeeds any more

	mu     sync.Mutex
	number uint64  // of the next entry, from 1
	open   *buffer // takes entries
	flying *buffer // is being written
	ledger *ledger
	stats  Stats
	closed bool
}

// Open opens the journal that is kept in a state, or begins one.
func Open(o Options) (*Journal, error) {
	if o.Retain == 0 {
		o.Retain = 14 * 24 * time.Hour
	}
	if o.SizeMax == 0 {
		o.SizeMax = 1 << 30
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.State == nil || !(o.Share >= 0 && o.Share <= 1) || o.Retain < time.Second || o.SizeMax < 0 {
		return nil, fmt.Errorf("open attempt log: share %v, retain %v or size %d is out of range, or there is no state", o.Share, o.Retain, o.SizeMax)
	}
	coder, err := newCoder()
	if err != nil {
		return nil, fmt.Errorf("open attempt log: %w", err)
	}
	j := &Journal{opt: o, state: o.State, coder: coder, logger: o.Logger, open: newBuffer(), flying: newBuffer(),
		ledger: newLedger(o.Retain.Milliseconds()),
		kick:   make(chan struct{}, 1), enough: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
	j.Configure(o.Share, o.SizeMax)
	if err := errors.Join(j.readNumber(), j.ledger.load(j.state, j.damagedLocked)); err != nil {
		return nil, fmt.Errorf("open attempt log: %w", err)
	}
	go j.run()
	return j, nil
}

// Configure changes Options.Share and SizeMax, to values that Open would take. Less room is made with the next write.
func (j *Journal) Configure(share float64, sizeMax int64) {
	j.share.Store(math.Float64bits(share))
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ledger.bytesMax = sizeMax
}

// readNumber finds the number that the next entry gets.
func (j *Journal) readNumber() error {
	j.number = 1
	value, found, err := j.state.Get(nil, []byte(keyNumber))
	if err != nil || !found {
		return err
	}
	t := taker{rest: value}
	if j.number = t.uint(); t.err != nil {
		// Numbers break ties only: from the clock on, none is given twice.
		j.number = uint64(j.opt.Now().UnixMicro())
		j.damagedLocked([]byte(keyNumber), t.err)
	}
	return nil
}

// Close writes what is in the buffer and ends. Entries that come later are dropped and counted; what is there can be
// read as long as the state is open.
func (j *Journal) Close() error {
	j.close.Do(func() {
		j.mu.Lock()
		j.closed = true
		j.mu.Unlock()
		close(j.stop)
		<-j.ended
	})
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.broken != nil {
		return fmt.Errorf("close attempt log: %w", j.broken)
	}
	return nil
}

// Sample says by chance whether a success is to be kept. It is cheap, so that a success that is not costs nothing more.
func (j *Journal) Sample() bool {
	share := math.Float64frombits(j.share.Load())
	return share > 0 && rand.Float64() < share
}

// Append takes an entry in for a queue. Nothing of it is kept: it is a's owner's again when Append returns. It does not
// wait for the disk; an entry that finds no room is dropped and counted.
func (j *Journal) Append(queue uint32, a *Attempt) {
	s := stream{queue, failures}
	room := bufferMax
	if a.Outcome == Delivered {
		s.kind, room = successes, bufferMax/2
	}
	ms := max(a.Time.UnixMilli(), 0)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || len(j.open.bytes) >= room {
		j.dropLocked(s, 1)
		return
	}
	before := len(j.open.bytes)
	j.open.add(s, position{ms, j.number}, a)
	j.number++
	if before == 0 {
		signal(j.kick)
	}
	if before < bufferEnough && len(j.open.bytes) >= bufferEnough {
		signal(j.enough)
	}
}

// Note takes in what happened to a webhook, such as that it was turned off: an entry of the error log. It is written at
// once, with what came before it: whoever turns the webhook on again is asked about that.
func (j *Journal) Note(queue uint32, a Attempt) {
	a.Outcome = Note
	j.Append(queue, &a)
	signal(j.enough)
}

func (j *Journal) dropLocked(s stream, n int) {
	if s.kind == successes {
		j.stats.DroppedSampled += uint64(n)
	} else {
		j.stats.DroppedFailed += uint64(n)
	}
}

// damagedLocked reports what cannot be read; the rest is not affected.
func (j *Journal) damagedLocked(key []byte, err error) {
	j.stats.Damaged++
	j.logger.Error("a part of the attempt log cannot be read and is left out", "key", fmt.Sprintf("%q", key), "error", err,
		"next", "check the disk of the data folder")
}

// Stats is cheap enough for every scrape.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	s.Bytes = j.ledger.bytes
	return s
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
