package wal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestEverythingAtOnce has 16 callers append to 8 queues of 4 lanes each while limits trim, cursors are saved, figures
// are read, queues are dropped and opened, and at last the log is closed under all of them. Nothing may race, hang or
// fail with anything but ErrClosed, ErrFull or ErrOverloaded; each record is handed out once to each queue.
func TestEverythingAtOnce(t *testing.T) {
	l := mustOpen(t, Options{Dir: t.TempDir() + "/log", Memory: 1 << 20, SizeMax: 4 << 20, Compression: "none",
		CursorInterval: time.Millisecond, TrimInterval: time.Millisecond, DedupeWindow: time.Minute, DiskReserve: -1})
	r := &rush{t: t, log: l, done: make(chan struct{})}
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() { r.append(c) })
	}
	for id := uint32(1); id <= 8; id++ {
		q := mustQueue(t, l, id, QueueOptions{Ordered: id%2 == 0, Wake: func() {}})
		taken := &takenOnce{seen: map[uint64]bool{}}
		for range 4 {
			wg.Go(func() { r.deliver(q, taken) })
		}
		wg.Go(func() { r.look(q) })
	}
	wg.Go(r.reopen)
	wg.Go(r.state)
	time.Sleep(rushTime)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	close(r.done)
	wg.Wait()
	t.Logf("%d appends, %d refused, %d deliveries; %+v", r.appends.Load(), r.refused.Load(), r.deliveries.Load(), l.Stats())
	if r.appends.Load() == 0 || r.deliveries.Load() == 0 || l.Stats().Start == 0 {
		t.Error("nothing was appended, delivered or trimmed")
	}
}

type rush struct {
	t    testing.TB
	log  *Log
	done chan struct{}

	appends, refused, deliveries atomic.Int64
}

func (r *rush) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// ok says whether to go on after an answer of the log.
func (r *rush) ok(err error) bool {
	if err != nil && !errors.Is(err, ErrClosed) {
		r.t.Error(err)
	}
	return err == nil && !r.over()
}

func (r *rush) append(c int) {
	rng := rand.New(rand.NewPCG(uint64(c), 1))
	var b Batch
	for n := uint64(0); ; n++ {
		b.Reset()
		for range 1 + rng.IntN(4) {
			rec := Record{Body: make([]byte, rng.IntN(2000)), Order: rng.Uint64N(20), Identity: rng.Uint64()}
			for id := uint32(1); id <= 9; id++ { // 9 is opened and dropped all the time
				if rng.IntN(3) == 0 {
					rec.Receivers = append(rec.Receivers, Receiver{Queue: id})
				}
			}
			b.Add(rec)
		}
		b.Put(fmt.Appendf(nil, "caller/%d", c), fmt.Appendf(nil, "%d", n))
		_, err := r.log.Append(&b)
		if errors.Is(err, ErrFull) || errors.Is(err, ErrOverloaded) {
			r.refused.Add(1)
			time.Sleep(time.Millisecond)
			continue
		}
		if !r.ok(err) {
			return
		}
		r.appends.Add(1)
	}
}

// takenOnce is what a queue has handed out and has ended.
type takenOnce struct {
	mu   sync.Mutex
	seen map[uint64]bool
}

func (s *takenOnce) end(seq uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	again := s.seen[seq]
	s.seen[seq] = true
	return !again
}

func (r *rush) deliver(q *Queue, taken *takenOnce) {
	rng := rand.New(rand.NewPCG(uint64(q.id), rand.Uint64()))
	for {
		e, ok, err := q.Take(time.Now().UnixMilli())
		if !r.ok(err) {
			return
		}
		if !ok {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		switch n := rng.IntN(20); {
		case n < 15:
			if !taken.end(e.Seq) {
				r.t.Errorf("queue %d: record %d comes again after its end", q.id, e.Seq)
			}
			err = q.Settle(&e)
		case n < 18:
			e.Attempts++
			err = q.Park(&e, time.Now().UnixMilli()+rng.Int64N(5))
		case n < 19:
			err = q.Bury(&e, Death{Time: time.Now().UnixMilli(), Reason: "no"})
		default:
			q.Return(&e)
		}
		if !r.ok(err) {
			return
		}
		r.deliveries.Add(1)
	}
}

// look reads figures, holds the queue now and then and revives what it buried.
func (r *rush) look(q *Queue) {
	for !r.over() {
		q.Stats()
		q.NextDue()
		q.Ready(time.Now().UnixMilli())
		r.log.Stats()
		q.Hold(true)
		letters, err := q.Dead(0, 3)
		for _, d := range letters {
			if err == nil {
				_, err = q.Revive(d.Seq, time.Now().UnixMilli())
			}
		}
		q.Hold(false)
		if !r.ok(err) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// reopen opens and drops one queue all the time, with deliveries in hand.
func (r *rush) reopen() {
	for {
		q, err := r.log.Queue(9, QueueOptions{})
		if !r.ok(err) {
			return
		}
		var e Entry
		for range 10 {
			var ok bool
			if e, ok, err = q.Take(0); !r.ok(err) {
				return
			}
			if ok {
				err = q.Park(&e, 0)
			}
			if !r.ok(err) {
				return
			}
			time.Sleep(50 * time.Microsecond)
		}
		if !r.ok(r.log.Drop(q)) {
			return
		}
		q.Return(&e)
		if err := q.Settle(&e); err != nil {
			r.t.Error(err)
		}
	}
}

func (r *rush) state() {
	for n := 0; ; n++ {
		key := fmt.Appendf(nil, "state/%d", n%10)
		if err := r.log.Set(key, key); !errors.Is(err, ErrOverloaded) && !r.ok(err) {
			return
		}
		_, _, err := r.log.Get(nil, key)
		if !r.ok(err) {
			return
		}
		err = r.log.Scan([]byte("state/"), nil, func(k, v []byte) bool { return string(k) == string(v) })
		if !r.ok(err) {
			return
		}
	}
}
