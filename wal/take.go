package wal

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Take hands out the next entry: first what was given back, then what may follow in its order, then by turns what is
// parked and due at now (Unix milliseconds) and the log's next record, so that neither a flood of retries nor one of
// new records starves the other. It does not wait: ok is false when there is nothing now; Wake tells of new records,
// NextDue of the next parked one. Every entry must be ended by Settle, Park, Bury or Return.
func (q *Queue) Take(now int64) (e Entry, ok bool, err error) {
	for again := true; again; {
		e, ok, again, err = q.tryTake(now)
	}
	return e, ok, err
}

// tryTake is Take for as long as the lock may be held; again says that there may be more to read.
func (q *Queue) tryTake(now int64) (e Entry, ok, again bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.log.closing.Load() || q.log.failure.get() != nil {
		return e, false, false, ErrClosed
	}
	if q.hold || q.dropped {
		q.hungry = true
		return e, false, false, nil
	}
	if len(q.returned) > 0 {
		q.sortReturned()
		e, q.returned[0] = q.returned[0], Entry{}
		q.returned = q.returned[1:] // whole batches may be given back: no moving the rest for each
		return e, true, false, nil
	}
	if e, ok, err = q.takeReady(); ok || err != nil {
		return e, ok, false, err
	}
	if q.dueLast {
		if e, ok, again, err = q.takeLog(); ok || again || err != nil {
			return e, ok, again, err
		}
		e, ok, err = q.takeDue(now)
	} else {
		if e, ok, err = q.takeDue(now); ok || err != nil {
			return e, ok, false, err
		}
		e, ok, again, err = q.takeLog()
	}
	q.hungry = q.hungry || !ok
	return e, ok, again, err
}

// takeLog hands out the log's next record that may go.
func (q *Queue) takeLog() (e Entry, ok, again bool, err error) {
	q.dueLast = false
	for range spillsMax {
		if q.tangled() {
			return e, false, false, nil
		}
		if e, ok, err = q.nextRecord(); !ok || err != nil {
			return e, false, false, err
		}
		held, err := q.enchain(&e)
		if err != nil {
			return Entry{}, false, false, err
		}
		q.dirty = true
		if held {
			continue
		}
		q.flight = append(q.flight, flight{seq: e.Seq, time: e.Time, order: e.Order})
		return e, true, false, nil
	}
	return Entry{}, false, true, nil
}

// nextRecord reads the log's next record that names the queue.
func (q *Queue) nextRecord() (Entry, bool, error) {
	for {
		q.mark.Lock()
		next, limit := q.mark.next, q.mark.last
		q.mark.Unlock()
		if next == 0 {
			return Entry{}, false, nil
		}
		q.read.skip(next)
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

// Settle ends an entry that was delivered.
func (q *Queue) Settle(e *Entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	f, ok := q.land(e)
	if !ok {
		return nil
	}
	if f.key != nil {
		err := q.commit(func(pb *pebble.Batch) error { return q.removeCopy(pb, f.key, e) })
		if err != nil {
			return err
		}
	}
	q.release(e.Order)
	return nil
}

// Return gives an entry back that was not attempted. It is handed out next; of several, the one with the lowest number.
func (q *Queue) Return(e *Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped {
		return
	}
	q.giveBack(e)
	q.rouse()
}

func (q *Queue) giveBack(e *Entry) {
	n := len(q.returned)
	q.mixed = q.mixed || n > 0 && q.returned[n-1].Seq > e.Seq
	q.returned = append(q.returned, *e)
}

// sortReturned is put off to the next Take: lanes give back whole batches, one entry at a time, in whichever order they end.
func (q *Queue) sortReturned() {
	if q.mixed {
		slices.SortStableFunc(q.returned, func(a, b Entry) int { return cmp.Compare(a.Seq, b.Seq) })
		q.mixed = false
	}
}

// land takes an entry out of flight. ok is false when its queue was dropped.
func (q *Queue) land(e *Entry) (f flight, ok bool) {
	if q.dropped {
		return f, false
	}
	for i := range q.flight {
		if f = q.flight[i]; f.seq == e.Seq && !f.held {
			q.flight = slices.Delete(q.flight, i, i+1)
			q.dirty = true
			return f, true
		}
	}
	panic(fmt.Sprintf("wal: entry %d of queue %d ends, but it is not among the %d in flight", e.Seq, q.id, len(q.flight)))
}
