package deliver

import (
	"context"
	"sync/atomic"
	"time"

	"edgerelay/relay/freight"
	"edgerelay/relay/hook"
)

// berth is where a sender's carrier is: it is opened when the sender starts and the one before it has closed its own, and
// closed when the last lane has ended.
type berth struct {
	carrier atomic.Pointer[freight.Carrier]
	ready   chan struct{} // closed once there is a carrier
	closed  chan struct{} // closed when it is closed, or will never be opened
	begun   bool
}

func newBerth() *berth { return &berth{ready: make(chan struct{}), closed: make(chan struct{})} }

// carrierRetry is how long a sender waits before it tries again to open a carrier.
const carrierRetry = 10 * time.Second

// openCarrier opens the carrier in the background, of a plan that has one. Nobody waits while it is open: a goroutine of its
// own closes it when the sender halts.
func (s *Sender) openCarrier() {
	if s.berth == nil || s.berth.begun {
		return
	}
	s.berth.begun = true
	forerunners := s.forerunners
	s.probes.Go(func() {
		if !s.awaitEnds(forerunners) {
			s.leaveBerth()
			return
		}
		c := s.makeCarrier()
		if c == nil {
			s.leaveBerth()
			return
		}
		s.berth.carrier.Store(&c)
		close(s.berth.ready)
		s.probes.Add(1)
		context.AfterFunc(s.soft, func() {
			defer s.probes.Done()
			s.closeCarrier(c)
		})
	})
}

// closeCarrier closes it when no lane uses it any more.
func (s *Sender) closeCarrier(c freight.Carrier) {
	s.crew.wait()
	if err := c.Close(); err != nil {
		s.logger.Warn("carrier did not close in order", "error", err)
	}
	s.leaveBerth()
}

// leaveBerth says that the sender has no carrier open, and never will have again.
func (s *Sender) leaveBerth() {
	close(s.berth.closed)
	if !s.forsaken.Load() {
		return
	}
	if err := freight.Discard(s.freightDir()); err != nil {
		s.logger.Error("what a deleted webhook had collected is still there", "error", err, "next", "the next start tries again")
	}
}

// awaitEnds waits until those that had the queue before have no lane and no carrier any more: what they had in hand
// is delivered or back in the queue. It answers false when s halts first.
func (s *Sender) awaitEnds(forerunners []*Sender) bool {
	for _, f := range forerunners {
		for !f.ended() {
			if !sleep(s.soft, 10*time.Millisecond) {
				return false
			}
		}
	}
	return true
}

func awaitClosed(ctx context.Context, closed <-chan struct{}) bool {
	select {
	case <-closed:
		return true
	case <-ctx.Done():
		return false
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// makeCarrier tries until there is a carrier; nil when the sender halts first.
func (s *Sender) makeCarrier() freight.Carrier {
	for {
		c, err := s.opt.newCarrier(s.hook.Plan, s.freightOptions())
		if err == nil {
			return c
		}
		s.logger.Error("webhook cannot deliver, trying again every 10 seconds", "error", hook.ScrubText(err.Error(), s.secrets))
		if !sleep(s.soft, carrierRetry) {
			return nil
		}
	}
}

func (s *Sender) freightOptions() freight.Options {
	return freight.Options{Webhook: s.hook.Name, Dial: s.dialer.connect, UserAgent: s.opt.UserAgent, Logger: s.logger, Now: s.opt.Now,
		Dir: s.freightDir(), Mail: s.opt.Mail, Scrub: func(text string) string { return hook.ScrubText(text, s.secrets) }}
}

// ship makes one attempt for the batch in hand with the carrier, which is open.
func (l *lane) ship() Verdict {
	s, first := l.sender, &l.batch[0]
	p := freight.Parcel{Body: l.body, Count: len(l.batch), First: first.Seq, Last: l.batch[len(l.batch)-1].Seq,
		At: time.UnixMilli(first.Time), Number: l.course.number}
	if a := s.archive; a != nil && !l.alone {
		p.First, p.Last = a.first, a.last
	}
	ctx, cancel := context.WithTimeout(s.hard, s.hook.Timeout)
	defer cancel()
	v := (*s.berth.carrier.Load()).Ship(ctx, &p)
	s.scrub(&v)
	return v
}
