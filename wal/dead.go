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
	if q.dropped {
		return nil
	}
	f, err := q.land(e)
	if err != nil {
		return err
	}
	value := appendCopy(nil, e)
	value = binary.AppendUvarint(value, uint64(d.Time))
	value = binary.AppendUvarint(value, uint64(d.Status))
	value = appendBytes(value, []byte(d.Reason))
	if err := q.rewrite(f.key, appendDeadKey(nil, q.id, e.Seq), value); err != nil {
		return err
	}
	return q.release(e.Order)
}

// Dead lists dead letters in the order of their records, from a sequence number on, at most limit of them.
func (q *Queue) Dead(from uint64, limit int) (letters []DeadLetter, err error) {
	prefix := appendQueueKey(nil, spaceDead, q.id)
	err = q.log.scan(appendDeadKey(nil, q.id, from), prefixEnd(prefix), func(key, value []byte) (bool, error) {
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
	if err != nil {
		return d, fmt.Errorf("dead letter %x: %w", key, err)
	}
	died, rest, err1 := takeUvarint(rest)
	status, rest, err2 := takeUvarint(rest)
	reason, _, err3 := takeBytes(rest)
	if err := errors.Join(err1, err2, err3); err != nil {
		return d, fmt.Errorf("dead letter %x: %w", key, err)
	}
	d.Death = Death{Time: int64(died), Status: int(status), Reason: string(reason)}
	return d, nil
}

// Revive parks a dead letter again, due at due and with no failed attempts, and says whether there was one.
func (q *Queue) Revive(seq uint64, due int64) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := appendDeadKey(nil, q.id, seq)
	value, closer, err := q.log.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read dead letter %d: %w", seq, err)
	}
	letter, err := parseDead(key, slices.Clone(value))
	if err = errors.Join(err, closer.Close()); err != nil {
		return false, err
	}
	letter.Attempts = 0
	letter.Order = 0 // its turn among its order key's records is over
	q.dead--
	q.parked++
	q.nextDue = min(q.nextDue, due)
	parkedKey := appendParkedKey(nil, q.id, due, seq)
	if q.dueFrom != nil && slices.Compare(parkedKey, q.dueFrom) < 0 {
		q.dueFrom = parkedKey
	}
	return true, q.exchange(key, parkedKey, appendCopy(nil, &letter.Entry))
}

// exchange writes one key for another and the cursor with them; the caller has counted.
func (q *Queue) exchange(gone, key, value []byte) error {
	pb := q.log.db.NewBatch()
	defer pb.Close()
	err := errors.Join(pb.Delete(gone, nil), pb.Set(key, value, nil), q.saveCursor(pb))
	if err != nil {
		return err
	}
	return q.log.apply(pb, pebble.NoSync)
}
