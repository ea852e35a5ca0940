package wal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// chain is the deliveries of one order key in an ordered queue: one at the head, in a lane's hands or parked, and those
// behind it, held on disk under order keys. An order key without a chain is free.
type chain struct {
	spilled bool // some delivery is, or was, held behind the head
}

// chainsMax bounds the memory for order keys that wait. An ordered queue with more of them reads no further until some
// have ended.
const chainsMax = 100_000

// enchain decides whether a record that was just read may be handed out; otherwise it is now held behind the head of
// its chain.
func (q *Queue) enchain(e *Entry) (mayGo bool, err error) {
	c := q.chains[e.Order]
	if c == nil {
		q.setHead(e.Order)
		return true, nil
	}
	c.spilled = true
	return false, q.rewrite(nil, appendOrderKey(nil, q.id, e.Order, e.Seq), appendCopy(nil, e))
}

func (q *Queue) setHead(order uint64) {
	if q.chains == nil {
		q.chains = map[uint64]*chain{}
	}
	if q.chains[order] == nil {
		q.chains[order] = &chain{}
	}
}

// release is called when the head of a chain has ended: the next one may go, or the key is free.
func (q *Queue) release(order uint64) error {
	c := q.chains[order]
	if !q.opt.Ordered || c == nil {
		return nil
	}
	if c.spilled {
		key, err := q.firstHeld(order)
		if err != nil {
			return err
		}
		if key != nil {
			q.ready = append(q.ready, order)
			return nil
		}
	}
	delete(q.chains, order)
	return nil
}

// takeReady hands out the first held entry of a chain whose head has ended; it is the new head.
func (q *Queue) takeReady() (e Entry, ok bool, err error) {
	for len(q.ready) > 0 {
		order := q.ready[0]
		key, err := q.firstHeld(order)
		if err != nil {
			return e, false, err
		}
		q.ready = slices.Delete(q.ready, 0, 1)
		if key == nil {
			delete(q.chains, order)
			continue
		}
		l, err := q.loadCopy(key)
		if err != nil {
			return e, false, err
		}
		q.flight = append(q.flight, flight{seq: l.entry.Seq, time: l.entry.Time, key: l.key})
		return l.entry, true, nil
	}
	return e, false, nil
}

// firstHeld is the key of the first entry held for an order key, nil when there is none.
func (q *Queue) firstHeld(order uint64) ([]byte, error) {
	prefix := appendOrderKey(nil, q.id, order, 0)[:13]
	return q.log.firstKey(prefix, prefixEnd(prefix))
}

// firstKey is the first key in a range, nil when it is empty.
func (l *Log) firstKey(lower, upper []byte) (key []byte, err error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, fmt.Errorf("look up first key: %w", err)
	}
	if it.First() {
		key = slices.Clone(it.Key())
	}
	return key, errors.Join(it.Error(), it.Close())
}

// restoreChains finds the chains of an ordered queue after a start: heads are what is in flight again and what is
// parked; a chain that has held entries and no head lost its head to a delivery that ended, so its first may go.
func (q *Queue) restoreChains() error {
	for _, e := range q.returned {
		if e.Order != 0 {
			q.setHead(e.Order)
		}
	}
	parked := appendQueueKey(nil, spaceParked, q.id)
	err := q.log.scan(parked, prefixEnd(parked), func(key, value []byte) (bool, error) {
		var e Entry
		_, err := parseCopy(lastNumber(key), value, &e)
		if err == nil && e.Order != 0 {
			q.setHead(e.Order)
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	lower, upper := appendQueueKey(nil, spaceOrder, q.id), prefixEnd(appendQueueKey(nil, spaceOrder, q.id))
	for {
		key, err := q.log.firstKey(lower, upper)
		if key == nil || err != nil {
			return err
		}
		order := orderOf(key)
		if q.chains[order] == nil {
			q.setHead(order)
			q.ready = append(q.ready, order)
		}
		q.chains[order].spilled = true
		if lower = prefixEnd(key[:13]); lower == nil {
			return nil
		}
	}
}
