package wal

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// dueMax and dueBytesMax bound how many due entries are loaded ahead of the lanes that take them.
const (
	dueMax      = 64
	dueBytesMax = 1 << 20
)

// Park puts an entry off until due (Unix milliseconds), with its own copy of the record. The entry's Attempts are
// stored as they stand.
func (q *Queue) Park(e *Entry, due int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	f, ok := q.land(e)
	if !ok {
		return nil
	}
	return q.commit(func(pb *pebble.Batch) error {
		return errors.Join(q.removeCopy(pb, f.key, e), q.parkHead(pb, e.Order), q.park(pb, e, due))
	})
}

// park adds an entry's copy to what is parked.
func (q *Queue) park(pb *pebble.Batch, e *Entry, due int64) error {
	key := appendParkedKey(nil, q.id, due, e.Seq)
	if q.dueFrom != nil && bytes.Compare(key, q.dueFrom) < 0 {
		q.dueFrom = key
	}
	q.nextDue = min(q.nextDue, due)
	return q.addCopy(pb, key, e)
}

// takeDue hands out the next parked entry that is due.
func (q *Queue) takeDue(now int64) (e Entry, ok bool, err error) {
	if len(q.due) == 0 {
		if q.nextDue > now {
			return e, false, nil
		}
		if err := q.loadDue(now); err != nil || len(q.due) == 0 {
			return e, false, err
		}
	}
	l := q.due[0]
	q.due = slices.Delete(q.due, 0, 1)
	q.flight = append(q.flight, flight{seq: l.entry.Seq, time: l.entry.Time, order: l.entry.Order, key: l.key})
	q.unparkHead(l.entry.Order)
	q.dueLast = true
	return l.entry, true, nil
}

// loadDue reads the next entries that are due, and when the one behind them will be.
func (q *Queue) loadDue(now int64) error {
	lower := q.dueFrom
	if lower == nil {
		lower = appendQueueKey(nil, spaceParked, q.id)
	}
	upper := prefixEnd(appendQueueKey(nil, spaceParked, q.id))
	nextDue, size := int64(math.MaxInt64), 0
	err := q.log.store.scan(lower, upper, func(key, value []byte) (bool, error) {
		if q.inFlight(lastNumber(key)) {
			return true, nil // its lane moves it, or removes it, when the attempt ends
		}
		key = slices.Clone(key)
		if due := parkedDue(key); due > now || len(q.due) >= dueMax || size > dueBytesMax {
			nextDue, q.dueFrom = due, key
			return false, nil
		}
		l := loaded{key: key}
		if _, err := parseCopy(lastNumber(key), slices.Clone(value), &l.entry); err != nil {
			return false, fmt.Errorf("parked delivery %x: %w", key, err)
		}
		size += len(value)
		q.due = append(q.due, l)
		q.dueFrom = append(slices.Clone(key), 0)
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("read parked deliveries: %w", err)
	}
	q.nextDue = nextDue
	return nil
}

func (q *Queue) inFlight(seq uint64) bool {
	return slices.ContainsFunc(q.flight, func(f flight) bool { return f.seq == seq }) ||
		slices.ContainsFunc(q.due, func(l loaded) bool { return l.entry.Seq == seq })
}
