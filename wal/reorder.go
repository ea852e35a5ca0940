package wal

import (
	"fmt"
	"slices"
)

// SetOrdered begins or ends keeping records of one order key in their order (see QueueOptions).
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

// beginOrder makes chains whose heads are what is in hand and what is parked, several of one order key if need be. What is
// held on disk, from an earlier time of order, goes behind them.
func (q *Queue) beginOrder() error {
	heads, parked := map[uint64]int{}, map[uint64]int{}
	for _, f := range q.flight {
		heads[f.order]++
	}
	prefix := appendQueueKey(nil, spaceParked, q.id)
	err := q.log.store.scan(prefix, prefixEnd(prefix), func(key, value []byte) (bool, error) {
		var e Entry
		if _, err := parseCopy(lastNumber(key), value, &e); err != nil {
			return false, fmt.Errorf("parked delivery %x: %w", key, err)
		}
		if !slices.ContainsFunc(q.flight, func(f flight) bool { return f.seq == e.Seq }) {
			heads[e.Order]++
			parked[e.Order]++
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("order queue %d: %w", q.id, err)
	}
	delete(heads, 0)
	for order, n := range heads {
		c := q.chain(order)
		c.heads, c.parked = n, parked[order]
	}
	q.opt.Ordered, q.ready = true, nil
	q.readyHeadless()
	return nil
}

// endOrder lets everything go that is held.
func (q *Queue) endOrder() {
	q.opt.Ordered, q.ready = false, nil
	for order, c := range q.chains {
		for len(c.memory) > 0 {
			e := q.unkeep(c)
			for i := range q.flight {
				if q.flight[i].seq == e.Seq {
					q.flight[i].held = false
				}
			}
			q.giveBack(&e)
		}
		if c.disk == 0 {
			delete(q.chains, order)
			continue
		}
		q.chains[order] = &chain{disk: c.disk, from: c.from}
	}
	q.readyHeadless()
}
