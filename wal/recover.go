package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// backlogMark is what the blocks behind a queue's saved state say of it.
type backlogMark struct {
	first, last uint64
	time        int64
	records     int64
}

func (l *Log) recoverHead() error {
	c := &l.committer
	c.next = 1
	c.seen = newIdentities(l.opt.DedupeWindow, l.opt.identityBytes())
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceIndex}, UpperBound: []byte{spaceIndex + 1}})
	if err != nil {
		return err
	}
	var e indexEntry
	if it.Last() {
		if err = parseIndex(it.Key(), it.Value(), &e); err == nil {
			c.next, c.written = e.last()+1, e.begin+uint64(e.bytes)
		}
	}
	if err = errors.Join(err, it.Error(), it.Close()); err != nil {
		return err
	}
	start, err := l.readMeta(metaStart)
	if err != nil {
		return err
	}
	if start.seq > c.next { // everything was trimmed: numbers go on behind it
		c.next, c.written = start.seq, start.begin
	}
	l.start.Store(start.seq)
	l.startBytes.Store(start.begin)
	l.counters.bytes.Store(c.written)
	l.head.Store(c.next - 1)
	return nil
}

func (l *Log) recoverCursors() error {
	l.cursors.restored = map[uint32]cursorState{}
	l.cursors.base = 0
	value, found, err := l.get(nil, []byte{spaceCursor})
	if err != nil {
		return err
	}
	if found {
		if err := l.parseSnapshot(value); err != nil {
			return err
		}
	}
	lower := []byte{spaceCursor, 0}
	return l.scan(lower, []byte{spaceCursor + 1}, func(key, value []byte) (bool, error) {
		if len(value) < 8 {
			return false, errDamaged
		}
		if binary.BigEndian.Uint64(value) < l.cursors.generation {
			return true, nil // the snapshot is newer
		}
		var s cursorState
		if _, err := parseCursorState(value[8:], &s); err != nil {
			return false, fmt.Errorf("cursor %x: %w", key, err)
		}
		l.cursors.restored[s.queue] = s
		return true, nil
	})
}

func (l *Log) parseSnapshot(value []byte) error {
	if len(value) < 8 {
		return errDamaged
	}
	l.cursors.generation = binary.BigEndian.Uint64(value)
	base, rest, err := takeUvarint(value[8:])
	if err != nil {
		return err
	}
	l.cursors.base = base
	n, rest, err := takeUvarint(rest)
	if err != nil {
		return err
	}
	for range n {
		var s cursorState
		if rest, err = parseCursorState(rest, &s); err != nil {
			return err
		}
		l.cursors.restored[s.queue] = s
	}
	return nil
}

// countSince goes over the index entries behind the snapshot, of which there are at most one interval's worth, and
// notes for each queue what they hold for it.
func (l *Log) countSince() error {
	var e indexEntry
	lower := appendSeqKey(nil, spaceIndex, l.cursors.base+1)
	return l.scan(lower, []byte{spaceIndex + 1}, func(key, value []byte) (bool, error) {
		if err := parseIndex(key, value, &e); err != nil {
			return false, fmt.Errorf("index of block %x: %w", key, err)
		}
		for i, queue := range e.queues {
			if s, ok := l.cursors.restored[queue]; ok && e.first <= s.head {
				continue // its own state knew this block
			}
			m := l.queues.seen[queue]
			if m.first == 0 {
				m.first, m.time = e.first, e.time
			}
			m.last = e.last()
			m.records += int64(e.counts[i])
			l.queues.seen[queue] = m
		}
		return true, nil
	})
}

// restore puts an opening queue where its saved state left it. The log's queue lock is held.
func (q *Queue) restore() error {
	l := q.log
	s, known := l.cursors.restored[q.id]
	if !known {
		s = cursorState{queue: q.id, read: l.cursors.base + 1}
		// Copies without a state are leftovers of a queue that was dropped while the store was down.
		if err := l.purge(q.id, spaceOrder, spaceParked); err != nil {
			return err
		}
	}
	delete(l.cursors.restored, q.id)
	if m, ok := l.queues.seen[q.id]; ok {
		delete(l.queues.seen, q.id)
		if s.next == 0 {
			s.next, s.time = m.first, m.time
		}
		s.last, s.backlog = m.last, s.backlog+m.records
	}
	q.read.seq = max(s.read, l.start.Load(), 1)
	q.mark.next, q.mark.last, q.mark.time, q.mark.backlog = s.next, s.last, s.time, s.backlog
	q.parked, q.dead = s.parked, s.dead
	if err := q.refly(s.flight); err != nil {
		return err
	}
	if q.parked > 0 {
		q.nextDue = 0
	}
	if q.opt.Ordered {
		return q.restoreChains()
	}
	return nil
}

// refly hands out again what was in flight when the state was saved.
func (q *Queue) refly(seqs []uint64) error {
	for _, seq := range seqs {
		r := reader{log: q.log, queue: q.id, seq: seq}
		e, ok, err := r.next(seq)
		if err != nil {
			return err
		}
		if !ok || e.Seq != seq {
			q.log.counters.trimmed.Add(1) // a limit took it meanwhile
			continue
		}
		q.flight = append(q.flight, flight{seq: e.Seq, time: e.Time})
		q.returned = append(q.returned, e)
	}
	return nil
}

// recoverIdentities rebuilds the dedupe memory from the index, newest part first in mind: it goes back as far as the
// window and the memory reach, then forward.
func (l *Log) recoverIdentities() error {
	if l.opt.DedupeWindow <= 0 {
		return nil
	}
	from, err := l.identitiesFrom()
	if err != nil || from == nil {
		return err
	}
	var e indexEntry
	return l.scan(from, []byte{spaceIndex + 1}, func(key, value []byte) (bool, error) {
		if err := parseIndex(key, value, &e); err != nil {
			return false, fmt.Errorf("index of block %x: %w", key, err)
		}
		for ids := e.identities; len(ids) >= 8; ids = ids[8:] {
			l.committer.seen.add(binary.LittleEndian.Uint64(ids), e.time)
		}
		return true, nil
	})
}

// identitiesFrom is the index key at which the dedupe memory's reach begins, nil when there is none.
func (l *Log) identitiesFrom() (from []byte, err error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceIndex}, UpperBound: []byte{spaceIndex + 1}})
	if err != nil {
		return nil, err
	}
	var e indexEntry
	oldest, room := l.now()-l.opt.DedupeWindow.Milliseconds(), l.committer.seen.most()
	for valid := it.Last(); valid && room > 0; valid = it.Prev() {
		if err = parseIndex(it.Key(), it.Value(), &e); err != nil || e.time < oldest {
			break
		}
		from = append(from[:0], it.Key()...)
		room -= len(e.identities) / 8
	}
	return slices.Clip(from), errors.Join(err, it.Error(), it.Close())
}
