package wal

import (
	"fmt"
	"slices"
)

// SetOrdered begins or ends keeping records of one order key in their order (see QueueOptions). Deliveries that are in
// lanes' hands when it begins may be overtaken.
func (q *Queue) SetOrdered(ordered bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped || q.opt.Ordered == ordered {
		return nil
	}
	if ordered {
		return q.beginOrder()
	}
	q.endOrder()
	q.opt.Wake()
	return nil
}

// beginOrder makes chains of what is parked; what is in memory of held deliveries is none, for nothing was held.
func (q *Queue) beginOrder() error {
	prefix := appendQueueKey(nil, spaceParked, q.id)
	err := q.log.store.scan(prefix, prefixEnd(prefix), func(key, value []byte) (bool, error) {
		var e Entry
		if _, err := parseCopy(lastNumber(key), value, &e); err != nil {
			return false, fmt.Errorf("parked delivery %x: %w", key, err)
		}
		inHand := slices.ContainsFunc(q.flight, func(f flight) bool { return f.seq == e.Seq })
		if e.Order != 0 && !inHand {
			c := q.chain(e.Order)
			c.heads++
			c.parked++
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("order queue %d: %w", q.id, err)
	}
	q.opt.Ordered = true
	return nil
}

// endOrder lets everything go that is held.
func (q *Queue) endOrder() {
	q.opt.Ordered = false
	q.ready = q.ready[:0]
	for order, c := range q.chains {
		for len(c.memory) > 0 {
			e := q.unkeep(c)
			for i := range q.flight {
				if q.flight[i].seq == e.Seq {
					q.flight[i].held = false
				}
			}
			q.returned = append(q.returned, e)
		}
		if c.disk == 0 {
			delete(q.chains, order)
			continue
		}
		c.diskFirst = false
		q.ready = append(q.ready, order)
	}
	slices.Sort(q.ready)
}
