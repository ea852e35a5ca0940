package wal

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// Entry is one delivery in a lane's hands. Body and Note may be read as long as the entry is held; they alias memory
// that nobody changes.
type Entry struct {
	Seq      uint64 // of the record
	Time     int64  // when the record was committed, Unix milliseconds
	Order    uint64
	Attempts int // attempts that failed before
	Body     []byte
	Note     []byte
	Copied   bool // it was parked, held back or dead before: it does not come in the order of the log
}

// QueueOptions say how a queue behaves.
type QueueOptions struct {
	// Wake is called when there may be something to take that there was not: after a commit that named the queue, when
	// the end of a delivery lets others go, after Revive and when a hold ends. It must not block, and not call the queue.
	Wake func()
	// Ordered keeps records of one order key in their order: none is handed out while an earlier one has not ended. It
	// may differ from one opening to the next; what was held back then is handed out either way.
	Ordered bool
	// Yields lets the log take what the queue has not got to, like that of a queue on hold, before it refuses appends. It is
	// for a queue whose receiver may be away for longer than the log has room.
	Yields bool
}

// Queue is one receiver's view of the log: the records that name it, each handed out until it has ended. It is safe for
// concurrent use by the lanes of one sender.
type Queue struct {
	log  *Log
	id   uint32
	open bool // guarded by log.queues

	mark queueMark

	mu       sync.Mutex
	opt      QueueOptions
	awake    bool // has been opened
	read     reader
	flight   []flight // read, not ended and not parked, in the order of reading
	returned []Entry  // given back unattempted, handed out next, in the order of their numbers
	mixed    bool     // returned is not in order

	due     []loaded // parked entries that are due, loaded from disk
	dueFrom []byte   // parked keys before this one are in due or in flight
	nextDue int64    // of the parked entries at or behind dueFrom
	dueLast bool     // the last entry was a parked one: it is the log's turn

	chains    map[uint64]*chain
	ready     []uint64 // order keys whose next held entry may be handed out
	heldCount int      // entries held in memory behind others of their order key
	heldBytes int
	behind    int // entries held on disk behind others of their order key

	parked    int64 // copies under parked and order keys
	copyBytes int64 // of them
	ages      ages  // of them
	dead      int64 // dead letters
	deadBytes int64 // of them
	trimmed   int64
	skipped   int64
	hold      bool
	dropped   bool
	dirty     bool // changed since the last snapshot
	hungry    bool // a Take came back with nothing since the last wake
	scratch   []byte

	lastStats atomic.Pointer[QueueStats]
}

// queueMark is what the committer tells a queue. It has its own lock, held for a few instructions only, so that a queue
// that reads from a slow disk never delays a commit.
type queueMark struct {
	sync.Mutex
	next    uint64 // first block that named the queue since it was last caught up; 0: caught up
	last    uint64 // last number of the last block that named it
	time    int64  // of the oldest record that was not handed out, Unix milliseconds
	backlog int64  // records that name it and were not handed out
	wake    func()
}

// flight is an entry that was read and has not ended. key is nil when its only copy is in the log; the cursor then
// waits for it. held means that it waits in memory for its turn; else a lane has it.
type flight struct {
	seq   uint64
	time  int64
	order uint64
	key   []byte
	held  bool
}

// loaded is an entry with the key of its copy.
type loaded struct {
	entry Entry
	key   []byte
}

// named is called by the committer for each block that names the queue.
func (q *Queue) named(first, last uint64, time, n int64) {
	q.mark.Lock()
	if q.mark.next == 0 {
		q.mark.next, q.mark.time = first, time
	}
	q.mark.last = last
	q.mark.backlog += n
	wake := q.mark.wake
	q.mark.Unlock()
	wake()
}

// rouse wakes whoever came for an entry and found none. The queue's lock is held.
func (q *Queue) rouse() {
	if q.hungry {
		q.hungry = false
		q.opt.Wake()
	}
}

// NextDue is when the next parked entry comes due, Unix milliseconds: 0 when something can be taken at once,
// math.MaxInt64 when none is parked or the queue is on hold.
func (q *Queue) NextDue() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.hold || q.dropped {
		return math.MaxInt64
	}
	if len(q.due) > 0 || len(q.returned) > 0 || len(q.ready) > 0 {
		return 0
	}
	return q.nextDue
}

// Hold stops handing entries out, or lets it go on. What is held stays in the log up to its limits; a full log trims
// the records of queues on hold before it refuses new ones.
func (q *Queue) Hold(held bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hold = held
	if !held {
		q.opt.Wake()
	}
}

// commit writes what build puts into a batch, together with the queue's cursor. It is not synced: see the package
// comment.
func (q *Queue) commit(build func(pb *pebble.Batch) error) error {
	pb := q.log.store.db.NewBatch()
	err := build(pb)
	if err == nil {
		err = q.saveCursor(pb)
	}
	if err != nil {
		return errors.Join(err, pb.Close())
	}
	q.dirty = true
	return q.log.store.write(pb, pebble.NoSync)
}

// addCopy puts a parked or held entry's copy into a batch and counts it.
func (q *Queue) addCopy(pb *pebble.Batch, key []byte, e *Entry) error {
	q.scratch = appendCopy(q.scratch[:0], e)
	q.countCopy(e, 1)
	return pb.Set(key, q.scratch, nil)
}

// removeCopy takes one out again; key may be nil.
func (q *Queue) removeCopy(pb *pebble.Batch, key []byte, e *Entry) error {
	if key == nil {
		return nil
	}
	q.countCopy(e, -1)
	return pb.Delete(key, nil)
}

func (q *Queue) countCopy(e *Entry, n int64) {
	if q.parked += n; n > 0 {
		q.ages.add(e.Time)
	} else {
		q.ages.remove(e.Time)
	}
	q.copyBytes += n * copySize(e)
	q.log.copyBytes.Add(n * copySize(e))
}

func (q *Queue) countDead(e *Entry, n int64) {
	q.dead += n
	q.deadBytes += n * copySize(e)
	q.log.deadBytes.Add(n * copySize(e))
}

// copySize is about what the copy of an entry takes on disk.
func copySize(e *Entry) int64 {
	const overhead = 48 // key, counts and lengths
	return int64(len(e.Body) + len(e.Note) + overhead)
}
