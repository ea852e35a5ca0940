package wal

import (
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"
)

// newQueue makes a queue from its state. It is not open yet: it takes part in marks, snapshots and trims, and waits.
func (l *Log) newQueue(s cursorState) *Queue {
	q := &Queue{log: l, id: s.queue, nextDue: math.MaxInt64, parked: s.parked, dead: s.dead,
		copyBytes: s.copyBytes, deadBytes: s.deadBytes}
	q.read = reader{log: l, queue: s.queue, seq: max(s.read, l.start.Load(), 1)}
	q.mark.next, q.mark.last, q.mark.time, q.mark.backlog = s.next, s.last, s.time, s.backlog
	q.opt.Wake, q.mark.wake = func() {}, func() {}
	for _, seq := range s.flight {
		q.flight = append(q.flight, flight{seq: seq})
	}
	l.copyBytes.Add(s.copyBytes)
	l.deadBytes.Add(s.deadBytes)
	return q
}

// Queue opens the queue of a number, where it stood when its cursor was last saved; a new one starts behind the head.
// Each number may be open once in the life of a Log.
//
// A queue exists from its first opening, or the first record that names it, until Drop. While it is not open (a webhook
// that is missing from the configuration for a time), its parked deliveries and dead letters stay, and its records wait
// in the log like those of a queue on hold: Retain trims them, and so does a full log, before appends are refused.
func (l *Log) Queue(id uint32, o QueueOptions) (*Queue, error) {
	if id == 0 || id > QueueMax {
		return nil, fmt.Errorf("open queue %d: queue numbers go from 1 to %d", id, QueueMax)
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	l.opening.Lock()
	defer l.opening.Unlock()
	q, dropped, err := l.claim(id)
	if err == nil {
		// The committer may mark the queue meanwhile; it does not wait for what is read here.
		err = q.restore(o, dropped)
	}
	if err != nil {
		l.unclaim(q)
		return nil, fmt.Errorf("open queue %d: %w", id, err)
	}
	return q, nil
}

// claim finds or makes the queue of a number and marks it open.
func (l *Log) claim(id uint32) (q *Queue, dropped bool, err error) {
	l.queues.Lock()
	defer l.queues.Unlock()
	q = l.queues.byID[id]
	if q == nil {
		q = l.newQueue(cursorState{queue: id, read: l.head.Load() + 1})
		l.queues.byID[id] = q
	}
	if q.open {
		return nil, false, errors.New("it is open already")
	}
	q.open = true
	_, dropped = l.queues.dropped[id]
	delete(l.queues.dropped, id)
	return q, dropped, nil
}

func (l *Log) unclaim(q *Queue) {
	if q != nil {
		l.queues.Lock()
		q.open = false
		l.queues.Unlock()
	}
}

// Find is the queue of a number, open or not; nil when there is none, or it was dropped. Of one that is not open, whoever
// found it may ask for Stats and Dead and may Revive.
func (l *Log) Find(id uint32) *Queue {
	l.queues.RLock()
	defer l.queues.RUnlock()
	return l.queues.byID[id]
}

// Waiting lists the queues that are not open and have something to deliver, for whoever decides whether to open or to
// drop them.
func (l *Log) Waiting() (ids []uint32) {
	for _, q := range l.allQueues() {
		q.mu.Lock()
		s := q.stateLocked()
		if !q.awake && (s.next != 0 || s.parked != 0 || len(s.flight) != 0) {
			ids = append(ids, q.id)
		}
		q.mu.Unlock()
	}
	return ids
}

// restore makes a queue ready to hand out.
func (q *Queue) restore(o QueueOptions, dropped bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.opt = o
	q.mark.Lock()
	q.mark.wake = o.Wake
	q.mark.Unlock()
	q.returned, q.ready, q.chains, q.heldCount, q.heldBytes, q.behind = nil, nil, nil, 0, 0, 0
	if q.parked > 0 {
		q.nextDue = 0
		q.restoreAges()
	}
	if dropped {
		// The mark of the drop gives way to the queue's own state, which says that nothing up to the head is for it.
		if err := q.commit(func(*pebble.Batch) error { return nil }); err != nil {
			return err
		}
	}
	if err := q.restoreChains(); err != nil {
		return err
	}
	if err := q.refly(); err != nil {
		return err
	}
	q.readyHeadless()
	q.awake = true
	return nil
}

// refly hands out again what was in flight when the state was saved.
func (q *Queue) refly() error {
	r := reader{log: q.log, queue: q.id}
	flying := make([]flight, 0, len(q.flight))
	for _, f := range q.flight {
		r.skip(f.seq)
		e, ok, err := r.next(f.seq)
		if err != nil {
			return err
		}
		if !ok {
			q.lose(1) // a limit took it meanwhile
			continue
		}
		f.time, f.order = e.Time, e.Order
		if f.held = q.rejoin(&e); !f.held {
			q.giveBack(&e)
		}
		flying = append(flying, f)
	}
	q.flight = flying
	return nil
}

// lose counts undelivered records that a limit took.
func (q *Queue) lose(n int64) {
	q.trimmed += n
	q.dirty = true
	q.log.counters.trimmed.Add(uint64(n))
}

// Drop forgets a queue and everything kept for it, and ends it: what is in flight lands nowhere, and records that name
// its number are nobody's until Queue opens that number anew.
func (l *Log) Drop(q *Queue) error {
	l.opening.Lock() // nobody opens the number anew while its keys go
	defer l.opening.Unlock()
	l.queues.Lock()
	if l.queues.byID[q.id] == q {
		delete(l.queues.byID, q.id)
		l.queues.dropped[q.id] = struct{}{}
	}
	l.queues.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped {
		return nil
	}
	q.dropped, q.flight, q.returned, q.due, q.ready, q.chains = true, nil, nil, nil, nil, nil
	l.copyBytes.Add(-q.copyBytes)
	l.deadBytes.Add(-q.deadBytes)
	if err := l.purge(q.id); err != nil {
		return fmt.Errorf("drop queue %d: %w", q.id, err)
	}
	return nil
}

// purge removes all keys of a queue and leaves the mark that it was dropped.
func (l *Log) purge(queue uint32) error {
	pb := l.store.db.NewBatch()
	err := pb.Set(appendQueueKey(nil, spaceCursor, queue), nil, nil)
	err = errors.Join(err, l.eraseQueue(pb, queue, spaceDead, spaceOrder, spaceParked))
	if err != nil {
		return errors.Join(err, pb.Close())
	}
	return l.store.write(pb, pebble.NoSync)
}
