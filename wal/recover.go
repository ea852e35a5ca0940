package wal

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// recover finds head, start, the queues and the dedupe memory again. What it reads is bounded by one cursor interval
// and by the dedupe memory, never by what waits in the log.
func (l *Log) recover() error {
	if err := l.recoverHead(); err != nil {
		return fmt.Errorf("find the end of the log: %w", err)
	}
	base, states, err := l.recoverCursors()
	if err != nil {
		return fmt.Errorf("read cursors: %w", err)
	}
	for _, s := range states {
		l.queues.byID[s.queue] = l.newQueue(s)
	}
	known := base
	for _, s := range states {
		known = max(known, s.head)
	}
	if head := l.head.Load(); known > head {
		l.warnOfGap(head+1, known)
	}
	if err := l.countSince(base, states); err != nil {
		return fmt.Errorf("count records since the last cursor: %w", err)
	}
	if err := l.recoverIdentities(); err != nil {
		return fmt.Errorf("read identities: %w", err)
	}
	return nil
}

func (l *Log) recoverHead() error {
	c := &l.committer
	c.next = 1
	c.seen = newIdentities(l.opt.DedupeWindow, l.opt.identityBytes())
	var e indexEntry
	err := l.store.iterate([]byte{spaceIndex}, []byte{spaceIndex + 1}, func(it *pebble.Iterator) error {
		if !it.Last() {
			return nil
		}
		if err := parseIndex(it.Key(), it.Value(), &e); err != nil {
			return fmt.Errorf("index of block %x: %w", it.Key(), err)
		}
		c.next, c.written = e.last()+1, e.begin+uint64(e.bytes)
		return nil
	})
	if err != nil {
		return err
	}
	start, err := l.readStart()
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

// recoverCursors reads the snapshot, and what single queues saved after it. base is the head of the snapshot.
func (l *Log) recoverCursors() (base uint64, states map[uint32]cursorState, err error) {
	states = map[uint32]cursorState{}
	snapshot := uint64(0) // its generation
	_, err = l.store.view([]byte{spaceCursor}, func(value []byte) (err error) {
		snapshot, base, err = parseSnapshot(value, states)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	l.cursors.generation = snapshot
	err = l.store.scan([]byte{spaceCursor, 0}, []byte{spaceCursor + 1}, func(key, value []byte) (bool, error) {
		if len(key) != 5 {
			return false, fmt.Errorf("cursor %x: %w", key, errDamaged)
		}
		queue := binary.BigEndian.Uint32(key[1:])
		if len(value) == 0 {
			l.queues.dropped[queue] = struct{}{}
			delete(states, queue) // the snapshot is older than the drop
			return true, nil
		}
		generation, s, err := parseQueueCursor(value)
		if err != nil {
			return false, fmt.Errorf("cursor %x: %w", key, err)
		}
		if generation >= snapshot {
			states[queue] = s
		}
		// The snapshot of this generation may have been lost: the next one must be newer than what is found here.
		l.cursors.generation = max(l.cursors.generation, generation)
		return true, nil
	})
	return base, states, err
}

func parseSnapshot(value []byte, states map[uint32]cursorState) (generation, base uint64, err error) {
	if len(value) < 8 {
		return 0, 0, errDamaged
	}
	generation = binary.BigEndian.Uint64(value)
	base, rest, err := takeUvarint(value[8:])
	if err != nil {
		return 0, 0, err
	}
	n, rest, err := takeUvarint(rest)
	if err != nil {
		return 0, 0, err
	}
	for range n {
		var s cursorState
		if rest, err = parseCursorState(rest, &s); err != nil {
			return 0, 0, err
		}
		states[s.queue] = s
	}
	return generation, base, nil
}

func parseQueueCursor(value []byte) (generation uint64, s cursorState, err error) {
	if len(value) < 8 {
		return 0, s, errDamaged
	}
	_, err = parseCursorState(value[8:], &s)
	return binary.BigEndian.Uint64(value), s, err
}

// countSince goes over the index entries behind the snapshot, of which there are at most one interval's worth, and
// marks the queues that they name. One without a state had caught up with the snapshot.
func (l *Log) countSince(base uint64, states map[uint32]cursorState) error {
	var e indexEntry
	lower := appendSeqKey(nil, spaceIndex, max(base+1, l.start.Load()))
	return l.store.scan(lower, []byte{spaceIndex + 1}, func(key, value []byte) (bool, error) {
		if err := parseIndex(key, value, &e); err != nil {
			return false, fmt.Errorf("index of block %x: %w", key, err)
		}
		for i, id := range e.queues {
			if _, dropped := l.queues.dropped[id]; dropped {
				continue
			}
			if s, ok := states[id]; ok && e.first <= s.head {
				continue // its own state knew this block
			}
			q := l.queues.byID[id]
			if q == nil {
				q = l.newQueue(cursorState{queue: id, read: e.first})
				l.queues.byID[id] = q
			}
			q.named(e.first, e.last(), e.time, int64(e.counts[i]))
		}
		return true, nil
	})
}

// recoverIdentities rebuilds the dedupe memory from the index: it goes back as far as the window and the memory reach,
// then forward.
func (l *Log) recoverIdentities() error {
	if l.opt.DedupeWindow <= 0 {
		return nil
	}
	from, err := l.identitiesFrom()
	if err != nil || from == nil {
		return err
	}
	var e indexEntry
	next := uint64(0)
	err = l.store.scan(from, []byte{spaceIndex + 1}, func(key, value []byte) (bool, error) {
		if err := parseIndex(key, value, &e); err != nil {
			return false, fmt.Errorf("index of block %x: %w", key, err)
		}
		if next != 0 && e.first > next {
			l.warnOfGap(next, e.first-1)
		}
		next = e.last() + 1
		for ids := e.identities; len(ids) >= 8; ids = ids[8:] {
			l.committer.seen.add(binary.LittleEndian.Uint64(ids), e.time)
		}
		return true, nil
	})
	l.identityCount.Store(int64(l.committer.seen.len()))
	return err
}

// warnOfGap says that numbers are missing: each commit takes the next ones, so a file that held these was taken away. Those
// before the memory's reach are not looked at; a start would read the whole index for them.
func (l *Log) warnOfGap(from, to uint64) {
	l.logger.Error("records are missing from the log: a file of its folder is gone", "from", from, "to", to, "dir", l.opt.Dir,
		"next", "put the file back from a copy while edgerelay is stopped; without one, what these records held is lost")
}

// identitiesFrom is the index key at which the dedupe memory's reach begins, nil when there is none. An entry without
// identities counts as one, so that a log without any is not walked to its beginning.
func (l *Log) identitiesFrom() (from []byte, err error) {
	var e indexEntry
	oldest, room := l.now()-l.opt.DedupeWindow.Milliseconds(), l.committer.seen.most()
	err = l.store.iterate([]byte{spaceIndex}, []byte{spaceIndex + 1}, func(it *pebble.Iterator) error {
		for valid := it.Last(); valid && room > 0; valid = it.Prev() {
			if err := parseIndex(it.Key(), it.Value(), &e); err != nil {
				return fmt.Errorf("index of block %x: %w", it.Key(), err)
			}
			if e.time < oldest {
				return nil
			}
			from = append(from[:0], it.Key()...)
			room -= max(len(e.identities)/8, 1)
		}
		return nil
	})
	return from, err
}
