package wal

import (
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
	if q.dropped {
		return nil
	}
	f, err := q.land(e)
	if err != nil {
		return err
	}
	key := appendParkedKey(nil, q.id, due, e.Seq)
	if q.dueFrom != nil && slices.Compare(key, q.dueFrom) < 0 {
		q.dueFrom = key
	}
	q.nextDue = min(q.nextDue, due)
	return q.rewrite(f.key, key, appendCopy(nil, e))
}

// takeDue hands out the next parked entry that is due.
func (q *Queue) takeDue(now int64) (e Entry, ok bool, err error) {
	if len(q.due) == 0 {
		if q.nextDue > now {
			return e, false, nil
		}
		if err := q.loadDue(now); err != nil {
			return e, false, err
		}
		if len(q.due) == 0 {
			return e, false, nil
		}
	}
	l := q.due[0]
	q.due = slices.Delete(q.due, 0, 1)
	q.flight = append(q.flight, flight{seq: l.entry.Seq, time: l.entry.Time, key: l.key})
	return l.entry, true, nil
}

// loadDue reads the next entries that are due, and when the one behind them will be.
func (q *Queue) loadDue(now int64) error {
	lower := q.dueFrom
	if lower == nil {
		lower = appendQueueKey(nil, spaceParked, q.id)
	}
	it, err := q.log.db.NewIter(&pebble.IterOptions{
		LowerBound: lower, UpperBound: prefixEnd(appendQueueKey(nil, spaceParked, q.id))})
	if err != nil {
		return fmt.Errorf("read parked deliveries: %w", err)
	}
	err = q.walkDue(it, now)
	return errors.Join(err, it.Close())
}

func (q *Queue) walkDue(it *pebble.Iterator, now int64) error {
	q.nextDue = math.MaxInt64
	size := 0
	for valid := it.First(); valid; valid = it.Next() {
		key := slices.Clone(it.Key())
		if q.inFlight(lastNumber(key)) {
			continue // its lane moves it, or removes it, when the attempt ends
		}
		if due := parkedDue(key); due > now || len(q.due) >= dueMax || size > dueBytesMax {
			q.nextDue = due
			q.dueFrom = key
			return nil
		}
		l := loaded{key: key}
		if _, err := parseCopy(lastNumber(key), slices.Clone(it.Value()), &l.entry); err != nil {
			return fmt.Errorf("parked delivery %x: %w", key, err)
		}
		size += len(it.Value())
		q.due = append(q.due, l)
		q.dueFrom = append(slices.Clone(key), 0)
	}
	return it.Error()
}

func (q *Queue) inFlight(seq uint64) bool {
	return slices.ContainsFunc(q.flight, func(f flight) bool { return f.seq == seq }) ||
		slices.ContainsFunc(q.due, func(l loaded) bool { return l.entry.Seq == seq })
}

// loadCopy reads one copy by its key.
func (q *Queue) loadCopy(key []byte) (l loaded, err error) {
	value, closer, err := q.log.db.Get(key)
	if err != nil {
		return l, fmt.Errorf("read delivery %x: %w", key, err)
	}
	defer closer.Close()
	l.key = key
	if _, err := parseCopy(lastNumber(key), slices.Clone(value), &l.entry); err != nil {
		return l, fmt.Errorf("delivery %x: %w", key, err)
	}
	return l, nil
}
