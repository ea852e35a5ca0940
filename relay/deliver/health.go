package deliver

import (
	"context"
	"sync"
	"time"
)

// brakeAfter failed attempts in a row, a webhook is failing: its lanes then take turns, one attempt at a time with a
// growing pause, so that a receiver that is down for a minute finds its events in the log and not among the dead
// letters. With brakePauseMax of 1 s and the default of 50 failures, it may be down for about 45 s before it is turned
// off.
const (
	brakeAfter    = 5
	brakePause    = 50 * time.Millisecond
	brakePauseMax = time.Second
)

// health counts failed attempts in a row. Safe for concurrent use by the lanes of one sender.
type health struct {
	disableAfter  int
	disableWithin time.Duration
	turn          chan struct{} // holds one token: the turn of a failing webhook's next attempt

	mu       sync.Mutex
	streak   int
	times    []time.Time // of the last disableAfter failures of the streak, as a ring
	reason   string
	disabled bool
	holders  int // lanes that hold the turn: 0 or 1
}

func newHealth(o *Options) *health {
	h := &health{disableAfter: o.DisableFailures, disableWithin: o.DisableWithin, turn: make(chan struct{}, 1)}
	h.turn <- struct{}{}
	return h
}

// pass lets a lane make an attempt: at once when all is well; in turn, after a pause, while the webhook is failing. It
// answers false when ctx ends or the webhook is turned off. Each pass is followed by succeeded, failed or leave.
func (h *health) pass(ctx context.Context) bool {
	if braked, disabled := h.braked(); disabled {
		return false
	} else if !braked {
		return true
	}
	select {
	case <-h.turn:
	case <-ctx.Done():
		return false
	}
	h.mu.Lock()
	h.holders++
	disabled, pause := h.disabled, h.pauseLocked()
	h.mu.Unlock()
	if disabled || !sleep(ctx, pause) {
		h.leave()
		return false
	}
	return true
}

func (h *health) braked() (braked, disabled bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.streak >= brakeAfter, h.disabled
}

func (h *health) pauseLocked() time.Duration {
	if h.streak < brakeAfter {
		return 0 // somebody got through meanwhile
	}
	return backoff(h.streak-brakeAfter+1, brakePause, brakePauseMax)
}

// leave gives the turn back without an attempt.
func (h *health) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leaveLocked()
}

func (h *health) leaveLocked() {
	if h.holders > 0 {
		h.holders--
		h.turn <- struct{}{}
	}
}

// succeeded ends a streak, and says whether the webhook was failing.
func (h *health) succeeded() (recovered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leaveLocked()
	recovered = h.streak >= brakeAfter
	h.streak, h.times = 0, h.times[:0]
	return recovered
}

// failed counts a failure. began says that the webhook is failing from now on; disable that it is to be turned off.
func (h *health) failed(now time.Time, reason string) (began, disable bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leaveLocked()
	h.streak++
	h.reason = reason
	if h.disableAfter > 0 {
		if len(h.times) == h.disableAfter {
			h.times = append(h.times[:0], h.times[1:]...)
		}
		h.times = append(h.times, now)
		disable = len(h.times) == h.disableAfter && now.Sub(h.times[0]) <= h.disableWithin
	}
	return h.streak == brakeAfter, disable && !h.disabled
}

// disable turns the webhook off; false when it was off already.
func (h *health) disable(reason string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.disabled {
		return false
	}
	h.disabled, h.reason = true, reason
	return true
}

func (h *health) state() (disabled bool, reason string, streak int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.disabled, h.reason, h.streak
}
