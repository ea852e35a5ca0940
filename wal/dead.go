package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Death says why a delivery was given up on.
type Death struct {
	Time   int64 // Unix milliseconds
	Status int   // of the last attempt, as the layer above counts them
	Reason string
}

// DeadLetter is a delivery that was given up on. Its slices belong to the caller.
type DeadLetter struct {
	Entry
	Death
}

// Bury ends an entry that was given up on and keeps it as a dead letter.
func (q *Queue) Bury(e *Entry, d Death) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	f, ok := q.land(e)
	if !ok {
		return nil
	}
	err := q.commit(func(pb *pebble.Batch) error {
		q.countDead(e, 1)
		return errors.Join(q.removeCopy(pb, f.key, e),
			pb.Set(appendDeadKey(nil, q.id, e.Seq), appendDead(nil, e, d), nil))
	})
	if err != nil {
		return err
	}
	q.release(e.Order)
	return nil
}

func appendDead(dst []byte, e *Entry, d Death) []byte {
	dst = appendCopy(dst, e)
	dst = binary.AppendUvarint(dst, uint64(d.Time))
	dst = binary.AppendUvarint(dst, uint64(d.Status))
	return appendBytes(dst, []byte(d.Reason))
}

// Dead lists dead letters in the order of their records, from a sequence number on, at most limit of them.
func (q *Queue) Dead(from uint64, limit int) (letters []DeadLetter, err error) {
	prefix := appendQueueKey(nil, spaceDead, q.id)
	err = q.log.store.scan(appendDeadKey(nil, q.id, from), prefixEnd(prefix), func(key, value []byte) (bool, error) {
		if len(letters) >= limit {
			return false, nil
		}
		letter, err := parseDead(key, slices.Clone(value))
		letters = append(letters, letter)
		return err == nil, err
	})
	return letters, err
}

func parseDead(key, value []byte) (d DeadLetter, err error) {
	rest, err := parseCopy(lastNumber(key), value, &d.Entry)
	var died, status uint64
	var reason []byte
	if err == nil {
		died, rest, err = takeUvarint(rest)
	}
	if err == nil {
		status, rest, err = takeUvarint(rest)
	}
	if err == nil {
		reason, rest, err = takeBytes(rest)
	}
	if err == nil && len(rest) > 0 {
		err = errDamaged
	}
	if err != nil {
		return d, fmt.Errorf("dead letter %x: %w", key, err)
	}
	d.Death = Death{Time: int64(died), Status: int(status), Reason: string(reason)}
	return d, nil
}

// Revive parks a dead letter again, due at due and with no failed attempts, and says whether there was one.
func (q *Queue) Revive(seq uint64, due int64) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped {
		return false, nil
	}
	key := appendDeadKey(nil, q.id, seq)
	var letter DeadLetter
	found, err := q.log.store.view(key, func(value []byte) (err error) {
		letter, err = parseDead(key, slices.Clone(value))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read dead letter %d: %w", seq, err)
	}
	if !found {
		return false, nil
	}
	letter.Attempts = 0
	letter.Order = 0 // its turn among its order key's records is over
	err = q.commit(func(pb *pebble.Batch) error {
		q.countDead(&letter.Entry, -1)
		return errors.Join(pb.Delete(key, nil), q.park(pb, &letter.Entry, due))
	})
	if err != nil {
		return false, err
	}
	q.opt.Wake()
	return true, nil
}
