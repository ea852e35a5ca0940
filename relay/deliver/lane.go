package deliver

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/sign"
	"edgerelay/wal"
)

// lane is one request at a time of a sender. Everything in it is reused from delivery to delivery and touched by its
// goroutine only.
type lane struct {
	sender *Sender
	signer *sign.Signer // nil: not signed
	rand   *rand.Rand   // for jitter

	event    event.Event
	id       [40]byte // the uniqueId's hex digits
	body     []byte
	number   []byte
	request  fasthttp.Request
	response fasthttp.Response
}

// bodyKeep is the largest body buffer that a lane keeps.
const bodyKeep = 1 << 20

func newLane(s *Sender) (*lane, error) {
	l := &lane{sender: s, rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))}
	if len(s.hook.Schemes) > 0 {
		signer, err := sign.New(s.hook.Schemes, s.hook.Secret, s.hook.SecretPrevious)
		if err != nil {
			return nil, err
		}
		l.signer = signer
	}
	l.prepare()
	return l, nil
}

// run takes and delivers until there is nothing more to do, or the sender stops.
func (l *lane) run() {
	s := l.sender
	for {
		if s.soft.Err() != nil {
			s.running.Add(-1)
			s.retire(l)
			return
		}
		e, ok, err := s.queue.Take(s.opt.Now().UnixMilli())
		if err != nil {
			s.logger.Error("next delivery cannot be read, trying again in 1s", "error", err)
			sleep(s.soft, time.Second)
			continue
		}
		if !ok {
			if !l.rest() && s.laneEnds(l) {
				return
			}
			continue
		}
		s.encourage()
		if !l.waitTurn() {
			s.queue.Return(&e)
			continue
		}
		l.deliver(&e)
	}
}

// rest waits for work, at most the linger time; it answers false when none came.
func (l *lane) rest() bool {
	s := l.sender
	s.armDue()
	s.resting.Add(1)
	defer s.resting.Add(-1)
	linger := time.NewTimer(s.opt.Linger)
	defer linger.Stop()
	select {
	case <-s.work:
		return true
	case <-s.soft.Done():
		return true
	case <-linger.C:
		return false
	}
}

// waitTurn waits for the health's brake and the webhook's pace; it answers false when the sender stops or the webhook
// was turned off meanwhile.
func (l *lane) waitTurn() bool {
	s := l.sender
	if !s.health.pass(s.soft) {
		return false
	}
	if s.pace != nil && s.pace.Wait(s.soft) != nil {
		s.health.leave()
		return false
	}
	return true
}

// deliver makes one attempt and ends the entry accordingly.
func (l *lane) deliver(e *wal.Entry) {
	s := l.sender
	e.Attempts++
	if err := l.encode(e); err != nil {
		s.health.leave()
		l.bury(e, Verdict{Outcome: Final, Reason: err.Error()})
		return
	}
	begin := s.opt.Now()
	v := l.attempt()
	now := s.opt.Now()
	if s.hard.Err() != nil && v.Outcome != Delivered {
		s.health.leave()
		e.Attempts--
		s.queue.Return(e) // cut off by the stop: the receiver is not to blame
		return
	}
	s.metrics.attempt(v, now.Sub(begin))
	l.judge(v, now)
	l.settle(e, v, now)
}

// judge tells the health what the attempt came to.
func (l *lane) judge(v Verdict, now time.Time) {
	s := l.sender
	if v.Outcome == Delivered {
		if s.health.succeeded() {
			s.logger.Info("webhook delivers again")
		}
		return
	}
	if v.Outcome == Gone {
		s.health.failed(now, v.Reason)
		s.disable("the receiver answered 410 Gone")
		return
	}
	began, disable := s.health.failed(now, v.Reason)
	if began {
		s.logger.Warn("webhook is failing, one attempt at a time until it answers", "reason", v.Reason)
	}
	if disable {
		s.disable(strconv.Itoa(s.opt.DisableFailures) + " attempts in a row failed; the last: " + v.Reason)
	}
}

// settle ends the entry: delivered, parked until its next attempt, or given up.
func (l *lane) settle(e *wal.Entry, v Verdict, now time.Time) {
	s := l.sender
	var err error
	switch v.Outcome {
	case Delivered:
		err = s.queue.Settle(e)
		s.metrics.delivered(now.Sub(time.UnixMilli(e.Time)))
	case Retry:
		delay, more := s.delay(e.Attempts, v.After, l.rand)
		if !more {
			v.Reason = "attempt " + strconv.Itoa(e.Attempts) + " was the last: " + v.Reason
			l.bury(e, v)
			return
		}
		err = s.queue.Park(e, now.Add(delay).UnixMilli())
		s.metrics.retried.Inc()
	default:
		l.bury(e, v)
	}
	if err != nil {
		s.logger.Error("end of a delivery was not kept, it will be repeated", "record", e.Seq, "error", err)
	}
}

func (l *lane) bury(e *wal.Entry, v Verdict) {
	s := l.sender
	s.metrics.dead.Inc()
	d := wal.Death{Time: s.opt.Now().UnixMilli(), Status: v.Status, Reason: v.Reason}
	if err := s.queue.Bury(e, d); err != nil {
		s.logger.Error("dead letter was not kept, its delivery will be repeated", "record", e.Seq, "error", err)
	}
}

func hexID(dst *[40]byte, id *[20]byte) []byte {
	hex.Encode(dst[:], id[:])
	return dst[:]
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
