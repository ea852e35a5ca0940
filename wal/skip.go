package wal

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Skip gives up on everything that waits in the queue, parked and held deliveries included, and returns how many that
// were. What is in lanes' hands ends as usual, what is appended from now on is handed out as usual, and dead letters
// stay. It is on disk when Skip returns.
func (q *Queue) Skip() (skipped int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped {
		return 0, nil
	}
	s := q.statsLocked()
	before := s.Backlog + s.Parked + int64(len(q.returned))
	q.skipLog()
	q.flight = slices.DeleteFunc(q.flight, q.waits)
	for i := range q.flight {
		q.flight[i].key = nil // its copy goes with the others; until it ends, its record in the log stands for it
	}
	q.skipChains()
	q.returned, q.due, q.dueFrom, q.nextDue = nil, nil, nil, math.MaxInt64
	q.log.copyBytes.Add(-q.copyBytes)
	q.parked, q.copyBytes = 0, 0
	q.ages.clear()
	pb := q.log.store.db.NewBatch()
	err = errors.Join(q.log.eraseQueue(pb, q.id, spaceOrder, spaceParked), q.saveCursor(pb))
	if err != nil {
		return 0, errors.Join(fmt.Errorf("skip queue %d: %w", q.id, err), pb.Close())
	}
	q.dirty = true
	if err := q.log.store.write(pb, pebble.Sync); err != nil {
		return 0, fmt.Errorf("skip queue %d: %w", q.id, err)
	}
	q.skipped += before
	return before, nil
}

// skipLog moves behind the last record that names the queue.
func (q *Queue) skipLog() {
	q.mark.Lock()
	defer q.mark.Unlock()
	if q.mark.next == 0 {
		return
	}
	q.read.skip(q.mark.last + 1)
	q.mark.next, q.mark.backlog = 0, 0
}

// waits says that an entry that was read is not in a lane's hands.
func (q *Queue) waits(f flight) bool {
	return f.held || slices.ContainsFunc(q.returned, func(e Entry) bool { return e.Seq == f.seq })
}

// skipChains leaves of each chain what lanes have in their hands.
func (q *Queue) skipChains() {
	for _, e := range q.returned {
		if c := q.chains[e.Order]; c != nil {
			c.heads--
		}
	}
	for order, c := range q.chains {
		c.heads -= c.parked
		if c.heads <= 0 {
			delete(q.chains, order)
			continue
		}
		q.chains[order] = &chain{heads: c.heads}
	}
	q.ready, q.heldCount, q.heldBytes, q.behind = nil, 0, 0, 0
}

// eraseQueue adds the removal of a queue's keys in some spaces to a batch.
func (l *Log) eraseQueue(pb *pebble.Batch, queue uint32, spaces ...byte) error {
	var faults []error
	for _, space := range spaces {
		prefix := appendQueueKey(nil, space, queue)
		first, err := l.store.first(prefix, prefixEnd(prefix))
		if first != nil { // a range delete over nothing still costs a flush
			err = errors.Join(err, pb.DeleteRange(prefix, prefixEnd(prefix), nil))
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
