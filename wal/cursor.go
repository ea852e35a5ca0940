package wal

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// cursorState is where a queue stands: records before read were handed out, and of those only flight had not ended and
// has no copy elsewhere. Found again after a crash, exactly flight is handed out once more, and what follows read.
type cursorState struct {
	queue     uint32
	head      uint64 // later blocks are not in next, last and backlog: recovery counts them
	read      uint64 // next record to look at
	next      uint64 // queueMark's next, last, time and backlog
	last      uint64
	time      int64
	backlog   int64
	parked    int64
	dead      int64
	copyBytes int64    // of parked and held deliveries
	deadBytes int64    // of dead letters
	flight    []uint64 // ascending
}

// A cursor state's bytes. Do not change without a new format number.
//
//	queue │ head │ read │ next │ last │ time ms │ backlog │ parked │ dead │ copy bytes │ dead bytes │
//	flight count │ flight, as differences; every one a uvarint
func (s *cursorState) append(dst []byte) []byte {
	for _, n := range [...]uint64{uint64(s.queue), s.head, s.read, s.next, s.last, uint64(s.time), uint64(s.backlog),
		uint64(s.parked), uint64(s.dead), uint64(s.copyBytes), uint64(s.deadBytes), uint64(len(s.flight))} {
		dst = binary.AppendUvarint(dst, n)
	}
	before := uint64(0)
	for _, seq := range s.flight {
		dst = binary.AppendUvarint(dst, seq-before)
		before = seq
	}
	return dst
}

func parseCursorState(b []byte, s *cursorState) (rest []byte, err error) {
	var n [12]uint64
	for i := range n {
		if n[i], b, err = takeUvarint(b); err != nil {
			return nil, err
		}
	}
	if n[0] == 0 || n[0] > QueueMax {
		return nil, errDamaged
	}
	*s = cursorState{queue: uint32(n[0]), head: n[1], read: n[2], next: n[3], last: n[4], time: int64(n[5]),
		backlog: int64(n[6]), parked: int64(n[7]), dead: int64(n[8]), copyBytes: int64(n[9]), deadBytes: int64(n[10])}
	at := uint64(0)
	for range n[11] {
		var step uint64
		if step, b, err = takeUvarint(b); err != nil {
			return nil, err
		}
		at += step
		s.flight = append(s.flight, at)
	}
	return b, nil
}

// cursors is the log's side of saved cursors. A snapshot under "c" names every queue, open or not, that has anything to
// do; a queue it does not name had caught up with its head. Between snapshots, a queue that parks or buries saves its
// own state under "c <queue>" with the generation of the snapshot then in force: it is valid until a later snapshot.
type cursors struct {
	saving sync.Mutex // one snapshot at a time

	mu         sync.RWMutex // held over the step of the generation
	generation uint64
}

// A snapshot's value:
//
//	generation 8 │ head uvarint │ states uvarint │ state…
//
// and of one queue's: generation 8 │ state; or nothing, when the queue was dropped.

// saveCursor adds the queue's own state to a batch. The queue's lock is held, so that no snapshot can take the state
// before this change and supersede it.
func (q *Queue) saveCursor(pb *pebble.Batch) error {
	q.log.cursors.mu.RLock()
	generation := q.log.cursors.generation
	q.log.cursors.mu.RUnlock()
	s := q.stateLocked()
	q.scratch = s.append(binary.BigEndian.AppendUint64(q.scratch[:0], generation))
	var room [5]byte
	return pb.Set(appendQueueKey(room[:0], spaceCursor, q.id), q.scratch, nil)
}

// stateLocked is the queue's state; its lock is held.
func (q *Queue) stateLocked() cursorState {
	s := cursorState{queue: q.id, read: q.read.seq, parked: q.parked, dead: q.dead,
		copyBytes: q.copyBytes, deadBytes: q.deadBytes}
	head := q.log.head.Load() // before the mark, which then knows all blocks up to it
	q.mark.Lock()
	s.next, s.last, s.time, s.backlog = q.mark.next, q.mark.last, q.mark.time, max(q.mark.backlog, 0)
	q.mark.Unlock()
	s.head = max(head, s.last)
	for _, f := range q.flight {
		if f.key == nil {
			s.flight = append(s.flight, f.seq)
		}
	}
	slices.Sort(s.flight)
	return s
}

// idle says that a snapshot of a head need not name the queue.
func (s *cursorState) idle(head uint64) bool {
	return s.next == 0 && s.last <= head && s.parked == 0 && s.dead == 0 && len(s.flight) == 0
}

// saveCursors writes a snapshot.
func (l *Log) saveCursors(w *pebble.WriteOptions) error {
	pb := l.store.db.NewBatch()
	l.cursors.saving.Lock()
	defer l.cursors.saving.Unlock()
	if err := l.snapshot(pb); err != nil {
		return errors.Join(err, pb.Close())
	}
	return l.store.write(pb, w)
}

// snapshot adds a snapshot to a batch; l.cursors.saving is held until that is written. The generation steps first: what
// a queue saves from then on is newer than what the snapshot will say of it.
func (l *Log) snapshot(pb *pebble.Batch) error {
	head := l.head.Load() // queues are marked up to it
	l.cursors.mu.Lock()
	l.cursors.generation++
	generation := l.cursors.generation
	l.cursors.mu.Unlock()

	var states []byte
	n := 0
	for _, q := range l.allQueues() {
		q.mu.Lock()
		s := q.stateLocked()
		q.dirty = false
		dropped := q.dropped
		q.mu.Unlock()
		if !dropped && !s.idle(head) {
			states = s.append(states)
			n++
		}
	}
	value := binary.BigEndian.AppendUint64(nil, generation)
	value = binary.AppendUvarint(value, head)
	value = binary.AppendUvarint(value, uint64(n))
	return pb.Set([]byte{spaceCursor}, append(value, states...), nil)
}

// allQueues are the queues that exist, open or not.
func (l *Log) allQueues() []*Queue {
	l.queues.RLock()
	defer l.queues.RUnlock()
	all := make([]*Queue, 0, len(l.queues.byID))
	for _, q := range l.queues.byID {
		all = append(all, q)
	}
	return all
}

// cursorLoop saves the cursors while anything moves, and syncs the log when an interval is set.
func (l *Log) cursorLoop() {
	defer l.loops.Done()
	save := time.NewTicker(l.opt.CursorInterval)
	defer save.Stop()
	var sync <-chan time.Time
	if l.opt.SyncInterval > 0 {
		t := time.NewTicker(l.opt.SyncInterval)
		defer t.Stop()
		sync = t.C
	}
	lastHead := l.head.Load()
	for {
		select {
		case <-l.stop:
			return
		case <-l.failure.done:
			return
		case <-sync:
			l.syncNow()
		case <-save.C:
			head := l.head.Load()
			if head == lastHead && !l.queuesMoved() {
				continue
			}
			lastHead = head
			// Pebble keeps unsynced writes in its own memory until a synced one takes them along. While events flow, group
			// commits do; a log that only drains must sync by itself, or a killed process forgets what it delivered.
			if err := l.saveCursors(pebble.Sync); err != nil {
				l.logger.Error("cursors were not saved", "error", err)
			}
		}
	}
}

func (l *Log) queuesMoved() bool {
	for _, q := range l.allQueues() {
		q.mu.Lock()
		dirty := q.dirty
		q.mu.Unlock()
		if dirty {
			return true
		}
	}
	return false
}

// syncNow makes what was committed since the last sync durable.
func (l *Log) syncNow() {
	if !l.unsynced.Swap(false) {
		return
	}
	pb := l.store.db.NewBatch()
	if err := errors.Join(pb.LogData(nil, nil), l.store.write(pb, pebble.Sync)); err != nil {
		l.logger.Error("log was not synced", "error", err)
	}
}
