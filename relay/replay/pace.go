package replay

import (
	"context"
	"fmt"
	"math"
	"time"

	"golang.org/x/time/rate"

	"edgerelay/relay/hook"
)

// pace holds a job back: by its own rate, and by what waits for the webhook already.
type pace struct {
	limit *rate.Limiter
	most  int  // events at once
	batch int  // at present
	slow  bool // the webhook had not caught up when it was last looked at
}

const (
	// batchTime is how much of the rate goes at once, a twentieth of a second's worth, up to batchMax events. It is also
	// how long a webhook may take to catch up with that.
	batchTime = 50 * time.Millisecond
	batchMax  = 256
	// roomTime is how often, at first, a job looks whether the webhook has caught up; then less and less, down to
	// roomTimeMax.
	roomTime    = time.Millisecond
	roomTimeMax = 20 * time.Millisecond
	// parkedMax is how many deliveries may wait for their next attempt: a webhook that fails gets no more on top. One that
	// is ordered also keeps there what waits behind its visitors' earlier events, and a live event of theirs queues up
	// behind all of it, so there it is less.
	parkedMax        = 1000
	parkedMaxOrdered = 100
)

// newPace begins with one event at a time.
func newPace(perSecond float64) *pace {
	p := &pace{batch: 1, most: min(max(1, int(perSecond*batchTime.Seconds())), batchMax)}
	p.limit = rate.NewLimiter(rate.Limit(perSecond), p.most)
	return p
}

// wait waits until n events, at most a batch, may go.
func (p *pace) wait(ctx context.Context, n int) error { return p.limit.WaitN(ctx, n) }

// adapt doubles the batch when the webhook has caught up in time, and halves it when it has not: a slow webhook gets one
// event at a time.
func (p *pace) adapt(waited time.Duration) {
	slow := waited > batchTime
	if slow {
		p.batch = max(p.batch/2, 1)
	} else if !p.slow {
		p.batch = min(2*p.batch, p.most)
	}
	p.slow = slow
}

// makeRoom waits until the webhook has caught up with what waits for it.
func (r *run) makeRoom(ctx context.Context) error {
	began, wait := time.Now(), roomTime
	for {
		w, err := r.target() // may have been turned off meanwhile
		if err != nil {
			return err
		}
		crowded := r.crowded(w)
		if crowded == "" {
			r.pace.adapt(time.Since(began))
			return ctx.Err()
		}
		r.job.waitFor(crowded)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, roomTimeMax)
	}
}

// crowded says what the webhook has to do first, "" when it may get more.
func (r *run) crowded(w *hook.Webhook) string {
	if full := r.full(); full != "" {
		return full
	}
	queue := r.log.Find(w.Queue)
	if queue == nil {
		return "" // nothing was ever for it
	}
	s, parked := queue.Stats(), int64(parkedMax)
	if w.ByVisitor {
		parked = parkedMaxOrdered
	}
	switch {
	case s.Backlog > ahead(w):
		return fmt.Sprintf("%d deliveries wait for the webhook %q already", s.Backlog, w.Name)
	case s.Parked > parked:
		return fmt.Sprintf("%d deliveries to the webhook %q wait for their next attempt", s.Parked, w.Name)
	}
	return ""
}

// full says why the log takes nothing, "" when it does.
func (r *run) full() string {
	if why := r.log.Full(); why != "" {
		return "the log is full: " + why
	}
	return ""
}

// ahead is how many deliveries may wait for a webhook when more are added: as many as it takes at once, or in a quarter
// of a second. A live event then waits about one request's time longer than without the replay.
func ahead(w *hook.Webhook) int64 {
	n := int64(w.InFlight)
	if w.Rate > 0 {
		n = min(n, int64(math.Ceil(w.Rate/4)))
	}
	return n
}
