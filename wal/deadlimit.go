package wal

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// trimDead removes dead letters over their age, and counts them.
func (l *Log) trimDead() error {
	oldest := l.now() - l.opt.DeadRetain.Milliseconds()
	for _, q := range l.allQueues() {
		if err := q.trimDead(func(d *DeadLetter) bool { return d.Death.Time < oldest }); err != nil {
			return err
		}
	}
	return nil
}

// limitDead keeps dead letters from taking more than their share of SizeMax, an eighth: a receiver that refuses half of
// what it gets must not fill the disk for the others. The queue that has most of them loses its oldest.
func (l *Log) limitDead() error {
	excess := l.deadBytes.Load() - l.opt.SizeMax/8
	if excess <= 0 {
		return nil
	}
	var worst *Queue
	most := int64(0)
	for _, q := range l.allQueues() {
		q.mu.Lock()
		if q.deadBytes > most {
			worst, most = q, q.deadBytes
		}
		q.mu.Unlock()
	}
	if worst == nil {
		return nil
	}
	left := excess + l.opt.SizeMax/80 // a tenth of the share more, so that this comes now and then
	l.logger.Warn("the oldest dead letters go: together they take more than an eighth of the log's size limit", "queue", l.opt.Name(worst.id),
		"next", "mend the receiver or its selection, or raise [log] size_max")
	return worst.trimDead(func(d *DeadLetter) bool {
		if left <= 0 {
			return false
		}
		left -= copySize(&d.Entry)
		return true
	})
}

// trimDead removes the dead letters that are doomed.
func (q *Queue) trimDead(doomed func(d *DeadLetter) bool) error {
	from := uint64(0)
	for more := true; more; {
		var err error
		if from, more, err = q.forgetDead(from, doomed); err != nil {
			return fmt.Errorf("trim dead letters of queue %d: %w", q.id, err)
		}
	}
	return nil
}

// forgetDead removes dead letters that a limit took, at most a batch of them: those for which doomed says so, in the
// order of their records. more says that it should be called again, from the number next on.
func (q *Queue) forgetDead(from uint64, doomed func(d *DeadLetter) bool) (next uint64, more bool, err error) {
	const looksMax, batchMax = 10_000, 1_000
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped || q.dead == 0 {
		return 0, false, nil
	}
	looks, letters, keys := 0, []Entry(nil), [][]byte(nil)
	upper := prefixEnd(appendQueueKey(nil, spaceDead, q.id))
	err = q.log.store.scan(appendDeadKey(nil, q.id, from), upper, func(key, value []byte) (bool, error) {
		next = lastNumber(key)
		if looks, more = looks+1, looks >= looksMax || len(keys) >= batchMax; more {
			return false, nil
		}
		d, err := parseDead(key, value)
		if err == nil && doomed(&d) {
			keys, letters = append(keys, slices.Clone(key)), append(letters, d.Entry) // only their lengths are still good below
		}
		return err == nil, err
	})
	if err != nil || len(keys) == 0 {
		return next, more, err
	}
	return next, more, q.commit(func(pb *pebble.Batch) (err error) {
		for i, key := range keys {
			err = errors.Join(err, pb.Delete(key, nil))
			q.countDead(&letters[i], -1)
		}
		q.lose(int64(len(keys)))
		return err
	})
}
