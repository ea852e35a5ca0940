package deliver

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"edgerelay/wal"
)

// memQueue is a Queue in memory that keeps watch over its users: each entry taken is ended once.
type memQueue struct {
	t    testing.TB
	wake func()

	mu       sync.Mutex
	waiting  []wal.Entry
	flight   map[uint64]bool
	parked   map[uint64]parkedEntry
	settled  []uint64
	buried   []wal.Death
	held     bool
	last     uint64
	takes    int
	returns  int
	failing  error
	attempts []int // failed ones, of each that was settled
}

type parkedEntry struct {
	entry wal.Entry
	due   int64
}

func newMemQueue(t testing.TB) *memQueue {
	return &memQueue{t: t, flight: map[uint64]bool{}, parked: map[uint64]parkedEntry{}}
}

// add appends n events and wakes once, as one commit does.
func (q *memQueue) add(n int) {
	q.mu.Lock()
	for range n {
		q.last++
		record, _ := trackEvent("v", fmt.Sprint(q.last))
		q.waiting = append(q.waiting, wal.Entry{Seq: q.last, Time: time.Now().UnixMilli(), Body: record})
	}
	q.mu.Unlock()
	q.wake()
}

func (q *memQueue) Take(now int64) (wal.Entry, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.takes++
	if q.failing != nil {
		return wal.Entry{}, false, q.failing
	}
	if q.held {
		return wal.Entry{}, false, nil
	}
	for seq, p := range q.parked {
		if p.due <= now {
			delete(q.parked, seq)
			q.fly(seq)
			return p.entry, true, nil
		}
	}
	if len(q.waiting) == 0 {
		return wal.Entry{}, false, nil
	}
	e := q.waiting[0]
	q.waiting = q.waiting[1:]
	q.fly(e.Seq)
	return e, true, nil
}

func (q *memQueue) fly(seq uint64) {
	q.flight[seq] = true
}

func (q *memQueue) NextDue() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	due := int64(math.MaxInt64)
	for _, p := range q.parked {
		due = min(due, p.due)
	}
	return due
}

func (q *memQueue) Ready(now int64) bool {
	due := q.NextDue()
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) > 0 || due <= now
}

func (q *memQueue) landLocked(e *wal.Entry) {
	if !q.flight[e.Seq] {
		q.t.Errorf("entry %d was ended and is not in flight", e.Seq)
	}
	delete(q.flight, e.Seq)
}

func (q *memQueue) Settle(e *wal.Entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.landLocked(e)
	q.settled = append(q.settled, e.Seq)
	q.attempts = append(q.attempts, e.Attempts)
	return nil
}

func (q *memQueue) Park(e *wal.Entry, due int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.landLocked(e)
	q.parked[e.Seq] = parkedEntry{*e, due}
	return nil
}

func (q *memQueue) Bury(e *wal.Entry, d wal.Death) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.landLocked(e)
	q.buried = append(q.buried, d)
	return nil
}

func (q *memQueue) End(endings []wal.Ending) error {
	for _, e := range endings {
		switch {
		case e.Due != 0:
			_ = q.Park(e.Entry, e.Due)
		case e.Death != nil:
			_ = q.Bury(e.Entry, *e.Death)
		default:
			_ = q.Settle(e.Entry)
		}
	}
	return nil
}

func (q *memQueue) Return(e *wal.Entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.landLocked(e)
	q.returns++
	q.waiting = append([]wal.Entry{*e}, q.waiting...)
}

func (q *memQueue) SetOrdered(bool) error { return nil }

func (q *memQueue) Hold(held bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = held
}

func (q *memQueue) onHold() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held
}

func (q *memQueue) Stats() wal.QueueStats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return wal.QueueStats{Backlog: int64(len(q.waiting)), Flight: len(q.flight), Parked: int64(len(q.parked)),
		Dead: int64(len(q.buried))}
}

// counts are the numbers of events that were delivered, given up on, and neither yet.
func (q *memQueue) counts() (settled, buried, open int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.settled), len(q.buried), len(q.waiting) + len(q.flight) + len(q.parked)
}
