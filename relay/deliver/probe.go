package deliver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/journal"
)

// A webhook that is turned off and may be probed is tried after probePause, and after twice as long each further time.
const (
	probePause    = time.Minute
	probePauseMax = 15 * time.Minute
)

// A webhook that is turned off because the receiver said that it is no more has one of these reasons: the first at a 410, the
// second, with the verdict's behind it, where a vendor says so in words of its own. It is never probed.
const (
	reasonGone     = "the receiver answered 410 Gone"
	reasonGoneThus = "the receiver is gone: "
)

// goneReason is why a webhook is turned off that is gone.
func goneReason(v Verdict) string {
	if v.Status == fasthttp.StatusGone {
		return reasonGone
	}
	return reasonGoneThus + v.Reason
}

// mayProbe says whether a webhook that is off for a reason is to be probed.
func (s *Sender) mayProbe(reason string) bool {
	return s.hook.Probe && reason != reasonGone && !strings.HasPrefix(reason, reasonGoneThus)
}

// startProbe begins to try the receiver of a webhook that is off, until the sender is retired.
func (s *Sender) startProbe() {
	s.probing.Lock()
	defer s.probing.Unlock()
	if s.retired {
		return
	}
	var ctx context.Context
	ctx, s.endProbe = context.WithCancel(s.hard)
	s.probes.Go(func() { s.probe(ctx) })
}

// haltProbe lets no probe begin any more. When it returns, the queue's hold is its caller's to change.
func (s *Sender) haltProbe() {
	s.probing.Lock()
	defer s.probing.Unlock()
	s.retired = true
	if s.endProbe != nil {
		s.endProbe()
	}
}

// probe tries one of the held deliveries now and then. When it is delivered the webhook can be on again; else it is as if
// nothing had been tried.
func (s *Sender) probe(ctx context.Context) {
	signer, err := newSigner(s.hook)
	if err != nil {
		panic(fmt.Sprintf("deliver: webhook %q could sign at its start and now cannot: %v", s.hook.Name, err))
	}
	l := newLane(s, signer)
	defer l.hangUp()
	for pause := probePause; sleep(ctx, pause); pause = min(2*pause, probePauseMax) {
		if s.takeHeld(ctx, l) && l.probe() {
			s.logger.Info("webhook works again and is turned on")
			s.opt.Recovered(s.hook)
			return
		}
	}
}

// takeHeld takes one delivery out of the queue, which is on hold before and after.
func (s *Sender) takeHeld(ctx context.Context, l *lane) (ok bool) {
	s.probing.Lock()
	defer s.probing.Unlock()
	if ctx.Err() != nil {
		return false
	}
	s.queue.Hold(false)
	defer s.queue.Hold(true)
	var err error
	if l.entry, ok, err = s.queue.Take(s.opt.now().UnixMilli()); err != nil {
		l.puzzledOnce(err)
		return false
	}
	return ok
}

// probe makes one attempt for the entry in hand, and says whether it was delivered.
func (l *lane) probe() bool {
	s, e := l.sender, &l.entry
	begin := time.Now()
	l.course = course{number: e.Attempts + 1}
	if s.consent.missing() {
		if v := l.ask(); v.Outcome != Delivered {
			l.tellOf(e, journal.Retry, v, s.opt.now())
			s.queue.Return(e)
			return false
		}
	}
	if err := s.cargo.encode(l, e, s.opt.wall(begin)); err != nil {
		l.bury(e, Verdict{Outcome: Final, Reason: err.Error()}, s.opt.now())
		return false
	}
	err := l.exchange(begin)
	wall := s.opt.now()
	v := alone(s.cargo.judge(l, err, 1, wall))
	l.course.timing.Total = time.Since(begin)
	s.metrics.attempt(v, l.course.timing.Total)
	if v.Outcome != Delivered {
		l.tell(journal.Retry, v, wall)
		s.queue.Return(e)
		return false
	}
	l.settle(e, v, wall)
	return true
}
