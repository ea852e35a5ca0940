package wal

import (
	"fmt"
	"math"
	"slices"
	"sync"

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
}

// QueueOptions say how a queue behaves.
type QueueOptions struct {
	// Wake is called after a commit that named the queue. It must not block, and not call the queue.
	Wake func()
	// Ordered keeps records of one order key in their order: none is handed out while an earlier one has not ended.
	Ordered bool
}

// Queue is one receiver's view of the log: the records that name it, each handed out until it has ended. It is safe for
// concurrent use by the lanes of one sender.
type Queue struct {
	log *Log
	id  uint32
	opt QueueOptions

	mark queueMark

	mu       sync.Mutex
	read     reader
	flight   []flight // handed out and not ended, in the order of handing out
	returned []Entry  // given back unattempted, handed out next
	due      []loaded // parked entries that are due, loaded from disk
	dueFrom  []byte   // parked keys before this one are in due or in flight
	nextDue  int64    // of the parked entries at or behind dueFrom
	chains   map[uint64]*chain
	ready    []uint64 // order keys whose first held entry may be handed out
	parked   int64    // copies under parked and order keys
	dead     int64    // dead letters
	trimmed  int64
	held     bool
	dropped  bool
	dirty    bool // changed since the last snapshot
}

// queueMark is what the committer tells a queue. It has its own lock, held for a few instructions only, so that a queue
// that reads from a slow disk never delays a commit.
type queueMark struct {
	sync.Mutex
	next    uint64 // first block that named the queue since it was last caught up; 0: caught up
	last    uint64 // last number of the last block that named it
	time    int64  // of the oldest record that was not handed out, Unix milliseconds
	backlog int64  // records that name it and were not handed out
}

// flight is an entry that was handed out. key is nil when its only copy is in the log; the cursor then waits for it.
type flight struct {
	seq  uint64
	time int64
	key  []byte
}

// loaded is an entry with the key of its copy.
type loaded struct {
	entry Entry
	key   []byte
}

// Queue opens the queue of a number, where it stood when its cursor was last saved; a new one starts behind the head.
// Each number may be open once. Queues must be open before records name them.
func (l *Log) Queue(id uint32, o QueueOptions) (*Queue, error) {
	if id == 0 {
		return nil, fmt.Errorf("open queue: 0 is no queue number")
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	q := &Queue{log: l, id: id, opt: o, nextDue: math.MaxInt64}
	q.read = reader{log: l, queue: id}
	l.queues.Lock()
	defer l.queues.Unlock()
	if l.queues.byID[id] != nil {
		return nil, fmt.Errorf("open queue %d: it is open already", id)
	}
	if err := q.restore(); err != nil {
		return nil, fmt.Errorf("open queue %d: %w", id, err)
	}
	l.queues.byID[id] = q
	return q, nil
}

// named is called by the committer for each block that names the queue.
func (q *Queue) named(first, last uint64, time int64, n int) {
	q.mark.Lock()
	if q.mark.next == 0 {
		q.mark.next, q.mark.time = first, time
	}
	q.mark.last = last
	q.mark.backlog += int64(n)
	q.mark.Unlock()
	q.opt.Wake()
}

// Take hands out the next entry: first what was given back, then what may follow in its order, then what is parked and
// due at now (Unix milliseconds), then the log's next record. It does not wait: ok is false when there is nothing now;
// Wake tells of new records, NextDue of the next parked one. Every entry must be ended by Settle, Park, Bury or Return.
func (q *Queue) Take(now int64) (e Entry, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held || q.dropped {
		return e, false, nil
	}
	if n := len(q.returned); n > 0 {
		e = q.returned[0]
		q.returned = slices.Delete(q.returned, 0, 1)
		return e, true, nil
	}
	if e, ok, err = q.takeReady(); ok || err != nil {
		return e, ok, err
	}
	if e, ok, err = q.takeDue(now); ok || err != nil {
		return e, ok, err
	}
	return q.takeLog()
}

func (q *Queue) takeLog() (Entry, bool, error) {
	for {
		if q.opt.Ordered && len(q.chains) >= chainsMax {
			return Entry{}, false, nil
		}
		e, ok, err := q.nextRecord()
		if !ok || err != nil {
			return e, false, err
		}
		if q.opt.Ordered && e.Order != 0 {
			mayGo, err := q.enchain(&e)
			if err != nil {
				return Entry{}, false, err
			}
			if !mayGo {
				continue
			}
		}
		q.flight = append(q.flight, flight{seq: e.Seq, time: e.Time})
		q.dirty = true
		return e, true, nil
	}
}

// nextRecord reads the log's next record that names the queue.
func (q *Queue) nextRecord() (Entry, bool, error) {
	for {
		q.mark.Lock()
		limit := q.mark.last
		q.read.skip(q.mark.next)
		q.mark.Unlock()
		e, ok, err := q.read.next(limit)
		if err != nil {
			return e, false, err
		}
		q.mark.Lock()
		if ok {
			q.mark.time = e.Time
			q.mark.backlog--
			q.mark.Unlock()
			return e, true, nil
		}
		caughtUp := q.mark.last == limit
		if caughtUp {
			q.mark.next, q.mark.backlog = 0, 0
		}
		q.mark.Unlock()
		if caughtUp {
			return e, false, nil
		}
	}
}

// NextDue is when the next parked entry comes due, Unix milliseconds; math.MaxInt64 when none is parked
// or the queue is on hold.
func (q *Queue) NextDue() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.held || q.dropped:
		return math.MaxInt64
	case len(q.due) > 0:
		return 0
	}
	return q.nextDue
}

// Settle ends an entry that was delivered.
func (q *Queue) Settle(e *Entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	f, err := q.land(e)
	if err != nil {
		return err
	}
	if f.key != nil {
		if err := q.rewrite(f.key, nil, nil); err != nil {
			return err
		}
	}
	return q.release(e.Order)
}

// Return gives an entry back that was not attempted. It is handed out next.
func (q *Queue) Return(e *Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.returned = append(q.returned, *e)
}

// Hold stops handing entries out, or lets it go on. What is held stays in the log up to its limits; a full log trims
// the records of held queues before it refuses new ones.
func (q *Queue) Hold(held bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = held
}

// land takes an entry out of flight.
func (q *Queue) land(e *Entry) (flight, error) {
	for i := range q.flight {
		if q.flight[i].seq == e.Seq {
			f := q.flight[i]
			q.flight = slices.Delete(q.flight, i, i+1)
			q.dirty = true
			return f, nil
		}
	}
	if q.dropped {
		return flight{}, nil
	}
	panic(fmt.Sprintf("wal: entry %d of queue %d ends, but %d others are in flight and it is not", e.Seq, q.id, len(q.flight)))
}

// rewrite removes the copy under gone, writes one under key, and saves the cursor, all in one write. Either key may be
// nil. It is not synced: see the package comment.
func (q *Queue) rewrite(gone, key, value []byte) error {
	if q.dropped {
		return nil
	}
	pb := q.log.db.NewBatch()
	defer pb.Close()
	if gone != nil {
		if err := pb.Delete(gone, nil); err != nil {
			return err
		}
		q.parked--
	}
	if key != nil {
		if err := pb.Set(key, value, nil); err != nil {
			return err
		}
		if key[0] == spaceDead {
			q.dead++
		} else {
			q.parked++
		}
	}
	if err := q.saveCursor(pb); err != nil {
		return err
	}
	return q.log.apply(pb, pebble.NoSync)
}

// Drop forgets a queue and everything kept for it. It ends the queue: what is in flight lands nowhere.
func (l *Log) Drop(q *Queue) error {
	l.queues.Lock()
	delete(l.queues.byID, q.id)
	l.queues.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropped, q.flight, q.returned, q.due, q.ready = true, nil, nil, nil, nil
	return l.purge(q.id, spaceCursor, spaceDead, spaceOrder, spaceParked)
}

// purge removes all keys of a queue in the given spaces.
func (l *Log) purge(queue uint32, spaces ...byte) error {
	pb := l.db.NewBatch()
	defer pb.Close()
	for _, space := range spaces {
		prefix := appendQueueKey(nil, space, queue)
		first, err := l.firstKey(prefix, prefixEnd(prefix))
		if err != nil {
			return err
		}
		if first == nil {
			continue // a range delete over nothing still costs a flush
		}
		if err := pb.DeleteRange(prefix, prefixEnd(prefix), nil); err != nil {
			return err
		}
	}
	if pb.Empty() {
		return nil
	}
	return l.apply(pb, pebble.NoSync)
}
