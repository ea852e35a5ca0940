package desk

import (
	"sync"
	"time"
)

// freshness is how old a look at the senders may be before a new one is taken: however many look on, the senders are asked
// once in that time.
const freshness = time.Second

// watch looks at the senders and keeps what they did.
type watch struct {
	now    func() time.Time
	pulses func() []Pulse

	mu     sync.Mutex
	meters map[uint32]*meter // by queue, which a webhook keeps when it is renamed
	seen   map[uint32]Pulse  // at the last look
	looked time.Time
	stale  bool // something was changed since then
}

// run counts at each full step until stop.
func (w *watch) run(stop <-chan struct{}) {
	for {
		now := w.now()
		next := time.NewTimer(now.Truncate(shortStep).Add(shortStep).Sub(now))
		select {
		case <-next.C:
			w.sample()
		case <-stop:
			next.Stop()
			return
		}
	}
}

// sample ends a step.
func (w *watch) sample() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.look()
	for queue := range w.meters {
		if _, there := w.seen[queue]; !there {
			delete(w.meters, queue)
		}
	}
	for queue, p := range w.seen {
		w.meters[queue].count(&p, w.looked)
	}
}

// look asks the senders. The lock is held. What a sender counted before it was seen for the first time it did after the
// look before that, for it was not there then: it counts.
func (w *watch) look() {
	all, before := w.pulses(), w.looked
	w.seen, w.looked, w.stale = make(map[uint32]Pulse, len(all)), w.now(), false
	if before.IsZero() || before.After(w.looked) {
		before = w.looked
	}
	for _, p := range all {
		w.seen[p.Queue] = p
		if w.meters[p.Queue] == nil {
			w.meters[p.Queue] = &meter{born: before, at: before}
		}
	}
}

// forget makes the next look a new one: something was changed.
func (w *watch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale = true
}

// refresh takes a new look when the last one is too old. The lock is held.
func (w *watch) refresh() {
	if age := w.now().Sub(w.looked); w.stale || age < 0 || age >= freshness {
		w.look()
	}
}

// with calls f with a function that has a webhook's sender and its meter; both are nil when there is none.
func (w *watch) with(f func(of func(queue uint32) (*Pulse, *meter))) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refresh()
	f(func(queue uint32) (*Pulse, *meter) {
		p, there := w.seen[queue]
		if !there {
			return nil, nil
		}
		return &p, w.meters[queue]
	})
}
