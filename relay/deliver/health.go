package deliver

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// brakeAfter failed attempts in a row, a webhook is failing: its lanes then take turns, one attempt at a time with a
// growing pause, so that a receiver that is down for a minute finds its events in the log and not among the dead
// letters. With brakePauseMax of 5 s and the default of 50 failures, it may be down for some 3 minutes before it is turned
// off; longer when it says by Retry-After how long it will be.
const (
	brakeAfter    = 5
	brakePause    = 50 * time.Millisecond
	brakePauseMax = 5 * time.Second
)

// health counts failed attempts in a row. Safe for concurrent use by the lanes of one sender.
//
// A lane passes before its attempt, is told whether it holds the turn, and says so when it comes back by succeeded,
// failed or leave. A lane that passed while all was well holds none, however the webhook fares meanwhile: so there is
// always exactly one turn, in turn or in one lane's hands.
type health struct {
	disableAfter  int
	disableWithin time.Duration
	askedMax      time.Duration // of a Retry-After, for the whole webhook
	now           func() time.Time
	turn          chan struct{} // holds one token: the turn of a failing webhook's next attempt

	streak atomic.Int32 // failed attempts in a row; written under mu
	good   atomic.Int64 // attempts that delivered

	mu       sync.Mutex
	blamed   int           // failures of the streak that are the receiver's
	first    time.Time     // of them
	times    []time.Time   // of the last disableAfter of them: number n stands at n%disableAfter, n from 0
	share    share         // of failures among all attempts
	asked    time.Time     // until when the receiver wants to be left alone
	well     chan struct{} // closed when the webhook stops failing; made when it begins to
	reason   string
	disabled bool
}

func newHealth(o *Options) *health {
	h := &health{disableAfter: o.DisableFailures, disableWithin: o.DisableWithin, askedMax: o.BackoffMax, now: o.now,
		turn: make(chan struct{}, 1)}
	h.turn <- struct{}{}
	return h
}

// failing says that attempts are made in turn.
func (h *health) failing() bool { return h.streak.Load() >= brakeAfter }

// pass lets a lane make an attempt: at once when all is well; in turn, after a pause, while the webhook is failing. ok
// is false when ctx ends first. Each pass that is ok is followed by succeeded, failed or leave.
func (h *health) pass(ctx context.Context) (turn, ok bool) {
	if !h.failing() {
		return false, true
	}
	well, _ := h.line()
	select {
	case <-h.turn:
	case <-well:
		return false, true
	case <-ctx.Done():
		return false, false
	}
	well, pause := h.line()
	wait := time.NewTimer(pause)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true, true
	case <-well:
		h.leave(true)
		return false, true
	case <-ctx.Done():
		h.leave(true)
		return false, false
	}
}

// line is what those who stand in line wait for: that somebody gets through, or the pause of the one whose turn it is.
func (h *health) line() (well <-chan struct{}, pause time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if over := int(h.streak.Load()) - brakeAfter; over >= 0 {
		pause = backoff(over+1, brakePause, brakePauseMax)
	}
	return h.well, max(pause, h.asked.Sub(h.now()))
}

// leave ends a pass without an attempt.
func (h *health) leave(turn bool) {
	if turn {
		h.turn <- struct{}{}
	}
}

// succeeded ends a streak, and says whether the webhook was failing.
func (h *health) succeeded(turn bool) (recovered bool) {
	defer h.leave(turn)
	h.good.Add(1)
	if h.streak.Load() == 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	recovered = h.failing()
	if recovered {
		close(h.well)
	}
	h.streak.Store(0)
	h.blamed = 0
	h.asked = time.Time{}
	return recovered
}

// failed counts a failure. began says that the webhook is failing from now on; disable, when it is not "", why it is to be
// turned off.
func (h *health) failed(turn bool, v Verdict, now time.Time) (began bool, disable string) {
	defer h.leave(turn)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reason = v.Reason
	if until := now.Add(min(v.After, h.askedMax)); until.After(h.asked) {
		h.asked = until
	}
	if began = h.streak.Add(1) == brakeAfter; began {
		h.well = make(chan struct{})
	}
	if h.disableAfter > 0 && !v.Ours {
		if disable = h.blame(now); disable != "" {
			disable += "; the last: " + v.Reason
		}
	}
	return began, disable
}

// blame counts a failure of the receiver, and says why that is enough to turn the webhook off. A count in a row finds the
// receiver that is broken, the time of a streak the one that is slow about it, and the share the one that answers now and
// then.
func (h *health) blame(now time.Time) string {
	n := h.blamed
	if h.blamed++; n == 0 {
		h.first, h.times = now, h.times[:0]
	}
	if at := n % h.disableAfter; at == len(h.times) {
		h.times = append(h.times, now)
	} else {
		h.times[at] = now
	}
	within := h.disableWithin
	bad, good, whole := h.share.add(now, within, h.good.Load())
	switch {
	case n+1 >= h.disableAfter && now.Sub(h.times[(n+1)%h.disableAfter]) <= within:
		return fmt.Sprintf("%d attempts in a row failed", h.disableAfter)
	case n+1 >= brakeAfter && now.Sub(h.first) >= within:
		return fmt.Sprintf("no attempt got through for %s", now.Sub(h.first).Round(time.Second))
	case whole && bad >= int64(h.disableAfter) && bad >= shareMax*good:
		return fmt.Sprintf("%d of %d attempts in %s failed", bad, bad+good, within)
	}
	return ""
}

// disable notes why the webhook is turned off; false when it was off already.
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
	return h.disabled, h.reason, int(h.streak.Load())
}
