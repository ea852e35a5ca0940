package wal

import (
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// chain is the deliveries of one order key in an ordered queue. The first, its head, is in a lane's hands or parked;
// those behind it are held: in memory while the head is under way, which is short, and on disk with copies of their own
// while it is parked or there are too many. What is held in memory is older than what is held on disk. An order key
// without a chain is free.
type chain struct {
	heads  int // one; more only of what was parked while the queue was not ordered
	parked int // heads that are parked
	memory []Entry
	disk   int
	from   uint64 // numbers on disk begin here: what was held before them has left a trace that is slow to step over

	// diskFirst: after a start, the first on disk is the head of before, and older than what is held in memory.
	diskFirst bool
}

const (
	// heldMax and heldBytesMax bound what a queue holds in memory behind heads that are under way.
	heldMax      = 128
	heldBytesMax = 64 << 10
	// chainsMax and behindMax bound the order keys that wait and the deliveries held on disk. An ordered queue with more
	// of them reads no further until some have ended.
	chainsMax = 10_000
	behindMax = 10_000
	// spillsMax bounds how many records one Take may hold back before it lets others at the queue.
	spillsMax = 64
)

// tangled says that an ordered queue must not read further for now.
func (q *Queue) tangled() bool {
	return q.opt.Ordered && (len(q.chains) >= chainsMax || q.behind >= behindMax)
}

// enchain decides whether a record that was just read may be handed out; otherwise it is now held behind the head of
// its chain.
func (q *Queue) enchain(e *Entry) (held bool, err error) {
	if !q.opt.Ordered || e.Order == 0 {
		return false, nil
	}
	c := q.chains[e.Order]
	if c == nil {
		q.chain(e.Order).heads++
		return false, nil
	}
	if c.parked == 0 && c.disk == 0 && q.heldCount < heldMax && q.heldBytes+len(e.Body)+len(e.Note) <= heldBytesMax {
		q.keep(c, e)
		q.flight = append(q.flight, flight{seq: e.Seq, time: e.Time, order: e.Order, held: true})
		return true, nil
	}
	return true, q.commit(func(pb *pebble.Batch) error { return q.spill(pb, c, e) })
}

// chain is the chain of an order key, made when there is none.
func (q *Queue) chain(order uint64) *chain {
	if q.chains == nil {
		q.chains = map[uint64]*chain{}
	}
	c := q.chains[order]
	if c == nil {
		c = &chain{}
		q.chains[order] = c
	}
	return c
}

// keep holds an entry in memory. It is copied, so that it does not keep its whole block.
func (q *Queue) keep(c *chain, e *Entry) {
	bytes := append(append(make([]byte, 0, len(e.Body)+len(e.Note)), e.Body...), e.Note...)
	kept := *e
	kept.Body, kept.Note = bytes[:len(e.Body):len(e.Body)], bytes[len(e.Body):]
	c.memory = append(c.memory, kept)
	q.heldCount++
	q.heldBytes += len(bytes)
}

// unkeep takes the first entry held in memory.
func (q *Queue) unkeep(c *chain) Entry {
	e := c.memory[0]
	c.memory = slices.Delete(c.memory, 0, 1)
	q.heldCount--
	q.heldBytes -= len(e.Body) + len(e.Note)
	return e
}

// spill holds an entry on disk.
func (q *Queue) spill(pb *pebble.Batch, c *chain, e *Entry) error {
	if c.disk == 0 || e.Seq < c.from {
		c.from = e.Seq
	}
	c.disk++
	q.behind++
	return q.addCopy(pb, appendOrderKey(nil, q.id, e.Order, e.Seq), e)
}

// parkHead notes that the head of a chain is being parked, and moves what is held behind it to disk: it may wait long,
// and the log is not kept for it.
func (q *Queue) parkHead(pb *pebble.Batch, order uint64) error {
	c := q.chains[order]
	if c == nil {
		return nil
	}
	c.parked++
	for len(c.memory) > 0 {
		e := q.unkeep(c)
		q.flight = slices.DeleteFunc(q.flight, func(f flight) bool { return f.seq == e.Seq })
		if err := q.spill(pb, c, &e); err != nil {
			return err
		}
	}
	return nil
}

// unparkHead notes that a parked head is in a lane's hands again.
func (q *Queue) unparkHead(order uint64) {
	if c := q.chains[order]; c != nil && c.parked > 0 {
		c.parked--
	}
}

// release is called when the head of a chain has ended: the next one may go, or the key is free.
func (q *Queue) release(order uint64) {
	c := q.chains[order]
	if !q.opt.Ordered || c == nil {
		return
	}
	wasTangled := q.tangled()
	if c.heads--; c.heads > 0 {
		return
	}
	if len(c.memory) > 0 || c.disk > 0 {
		q.ready = append(q.ready, order)
	} else {
		delete(q.chains, order)
	}
	if len(q.ready) > 0 || wasTangled {
		q.rouse()
	}
}

// takeReady hands out the next held entry of a chain whose head has ended; it is the new head.
func (q *Queue) takeReady() (e Entry, ok bool, err error) {
	if len(q.ready) == 0 {
		return e, false, nil
	}
	order := q.ready[0]
	c := q.chains[order]
	if len(c.memory) > 0 && !c.diskFirst {
		e = q.unkeep(c)
		for i := range q.flight {
			if q.flight[i].seq == e.Seq {
				q.flight[i].held = false
			}
		}
	} else {
		l, err := q.loadHeld(order, c.from)
		if err != nil {
			return e, false, err
		}
		e = l.entry
		c.diskFirst = false
		c.from = e.Seq + 1
		c.disk--
		q.behind--
		q.flight = append(q.flight, flight{seq: e.Seq, time: e.Time, order: e.Order, key: l.key})
	}
	q.ready = slices.Delete(q.ready, 0, 1)
	switch {
	case q.opt.Ordered:
		c.heads++
	case c.disk > 0:
		q.ready = append(q.ready, order) // held when the queue was still ordered: all of them may go
	default:
		delete(q.chains, order)
	}
	return e, true, nil
}

// loadHeld reads the first entry held on disk for an order key, from a number on.
func (q *Queue) loadHeld(order, from uint64) (l loaded, err error) {
	lower := appendOrderKey(nil, q.id, order, from)
	err = q.log.store.scan(lower, prefixEnd(lower[:13]), func(key, value []byte) (bool, error) {
		l.key = slices.Clone(key)
		_, err := parseCopy(lastNumber(key), slices.Clone(value), &l.entry)
		return false, err
	})
	if err == nil && l.key == nil {
		err = errDamaged
	}
	if err != nil {
		return l, fmt.Errorf("read delivery held for order key %d: %w", order, err)
	}
	return l, nil
}

// restoreChains finds the chains again when a queue opens: their heads among what is parked, and what is held on disk.
func (q *Queue) restoreChains() error {
	if q.parked == 0 {
		return nil
	}
	held := appendQueueKey(nil, spaceOrder, q.id)
	err := q.log.store.scan(held, prefixEnd(held), func(key, _ []byte) (bool, error) {
		c := q.chain(orderOf(key))
		if c.disk == 0 {
			c.from = lastNumber(key)
		}
		c.disk++
		q.behind++
		return true, nil
	})
	if err != nil || !q.opt.Ordered {
		return err
	}
	parked := appendQueueKey(nil, spaceParked, q.id)
	return q.log.store.scan(parked, prefixEnd(parked), func(key, value []byte) (bool, error) {
		var e Entry
		if _, err := parseCopy(lastNumber(key), value, &e); err != nil {
			return false, fmt.Errorf("parked delivery %x: %w", key, err)
		}
		if e.Order != 0 {
			c := q.chain(e.Order)
			c.heads++
			c.parked++
		}
		return true, nil
	})
}

// rejoin puts an entry that was in flight when the state was saved back into its chain; held says that it waits there.
func (q *Queue) rejoin(e *Entry) (held bool) {
	if !q.opt.Ordered || e.Order == 0 {
		return false
	}
	c := q.chain(e.Order)
	c.diskFirst = c.diskFirst || c.heads == 0 && c.disk > 0 && c.from < e.Seq
	if c.heads > 0 || c.diskFirst {
		q.keep(c, e)
		return true
	}
	c.heads++
	return false
}

// readyHeadless lets the first of each chain go whose head had ended.
func (q *Queue) readyHeadless() {
	for order, c := range q.chains {
		if c.heads == 0 {
			q.ready = append(q.ready, order)
		}
	}
	slices.Sort(q.ready)
}
