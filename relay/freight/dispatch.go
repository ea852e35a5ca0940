package freight

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"edgerelay/relay/destination"
)

func (x *export) poke() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// run ships what is due until the carrier is closed.
func (x *export) run(ctx context.Context) {
	defer close(x.ended)
	for {
		s, wait := x.next()
		if s != nil && ctx.Err() == nil {
			x.dispatch(ctx, s)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-x.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// next is a file to be shipped now, or how long it is until the next one is. Files of another shape than new ones have are
// shipped at once: nothing more comes to them.
func (x *export) next() (*spool, time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now, wait := x.now(), lookAround
	if err := x.mendLocked(); err != nil {
		return nil, wait // Ship tells it
	}
	slices.SortStableFunc(x.mu.spools, func(a, b *spool) int { return cmp.Compare(a.path, b.path) })
	for _, s := range x.mu.spools {
		due := x.turn(s, now)
		if !due.After(now) {
			return s, 0
		}
		wait = min(wait, due.Sub(now))
	}
	return nil, wait
}

// turn is when a file is shipped, now or later.
func (x *export) turn(s *spool, now time.Time) time.Time {
	due := s.head.Due
	if s.sealed || s.head.Shape != x.shape || x.direct != nil || due.Before(now) {
		due = now
	}
	if s.again.After(due) {
		due = s.again
	}
	return due
}

// dispatch makes one attempt to ship a file. While it is under way nothing is added to it, since it is sealed.
func (x *export) dispatch(ctx context.Context, s *spool) {
	x.mu.Lock()
	err := s.seal()
	x.mu.Unlock()
	if err != nil {
		x.postpone(s, judgeSpool(err))
		return
	}
	v := x.store.put(ctx, &object{
		key:     join(x.settings.Of("prefix"), x.name+"-"+filepath.Base(s.path)+s.head.Ending),
		content: s.data,
		size:    s.end,
		kind:    s.head.Kind,
		label:   s.head.Label,
		events:  s.events,
	})
	if v.Outcome != destination.Delivered {
		if ctx.Err() == nil {
			x.postpone(s, v)
		}
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := s.shipped(); err != nil { // it is shipped again at the next start, under the same name
		x.logger.Error("an export was shipped and cannot be taken away", "file", s.path, "error", err)
	}
	x.mu.spools = slices.DeleteFunc(x.mu.spools, func(other *spool) bool { return other == s })
	x.mu.shipped++
	x.logger.Info("export shipped", "period", s.head.Label, "events", s.events, "bytes", s.end)
}

// postpone has a file wait for its next attempt. What the destination refuses is also told by the next Ship, so that the
// webhook is turned off and somebody looks at it.
func (x *export) postpone(s *spool, v destination.Verdict) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s.pause = min(max(2*s.pause, pauseFirst, v.After), pauseMost)
	if v.Outcome != destination.Retry {
		s.pause = pauseMost
		x.mu.refused = "the export of " + s.head.Label + " was refused: " + v.Reason
	}
	now := x.now()
	first := s.failure.First
	if first.IsZero() {
		first = now.UTC()
	}
	if err := s.fail(Failure{At: now.UTC(), First: first, Period: s.head.Label, Reason: x.scrub(v.Reason)}); err != nil {
		x.logger.Warn("why an export was not shipped is not written down", "file", s.path, "error", err)
	}
	s.again = now.Add(s.pause)
	x.mu.failed++
	x.logger.Warn("an export was not shipped", "period", s.head.Label, "events", s.events, "outcome", v.Outcome.String(),
		"reason", x.scrub(v.Reason), "again", s.pause)
}
