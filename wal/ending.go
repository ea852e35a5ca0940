package wal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Ending is how one entry of several ends: settled, or parked until Due when that is not 0, or buried with a Death.
type Ending struct {
	Entry *Entry
	Due   int64 // Unix milliseconds
	Death *Death
}

// End ends entries that were attempted together, as Settle, Park and Bury do one by one, and with one write: a crash finds
// all of it or nothing.
func (q *Queue) End(endings []Ending) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped || len(endings) == 0 {
		return nil
	}
	landed, kept := q.landAll(endings)
	if kept {
		err := q.commit(func(pb *pebble.Batch) error {
			for i := range endings {
				if err := q.write(pb, &endings[i], landed[i].key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i := range endings {
		if endings[i].Due == 0 {
			q.release(endings[i].Entry.Order)
		}
	}
	return nil
}

// landAll takes entries out of flight; kept says that something of them is on disk, or will be.
func (q *Queue) landAll(endings []Ending) (landed []flight, kept bool) {
	places := make(map[uint64]int, len(endings))
	for i, e := range endings {
		places[e.Entry.Seq] = i
		kept = kept || e.Due != 0 || e.Death != nil
	}
	landed = make([]flight, len(endings))
	n := 0
	q.flight = slices.DeleteFunc(q.flight, func(f flight) bool {
		i, ends := places[f.seq]
		if ends = ends && !f.held; ends {
			landed[i] = f
			kept = kept || f.key != nil
			n++
		}
		return ends
	})
	if n != len(endings) {
		panic(fmt.Sprintf("wal: %d entries of queue %d end, but %d of them are in flight", len(endings), q.id, n))
	}
	q.dirty = true
	return landed, kept
}

// write puts one ending into a batch; key is that of the entry's copy, nil when it has none.
func (q *Queue) write(pb *pebble.Batch, e *Ending, key []byte) error {
	err := q.removeCopy(pb, key, e.Entry)
	switch {
	case e.Due != 0:
		return errors.Join(err, q.parkHead(pb, e.Entry.Order), q.park(pb, e.Entry, e.Due))
	case e.Death != nil:
		q.countDead(e.Entry, 1)
		return errors.Join(err, pb.Set(appendDeadKey(nil, q.id, e.Entry.Seq), appendDead(nil, e.Entry, *e.Death), nil))
	}
	return err
}
