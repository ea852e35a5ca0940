package deliver

import (
	"math/rand/v2"
	"strconv"
	"time"

	"edgerelay/relay/journal"
	"edgerelay/relay/trace"
	"edgerelay/wal"
)

// deliver makes one attempt and ends the entry accordingly. It returns the machine's time after that.
func (l *lane) deliver() (end time.Time) {
	s, e := l.sender, &l.entry
	begin := time.Now()
	wall := s.opt.wall(begin)
	l.course = course{number: e.Attempts + 1}
	if err := s.cargo.encode(l, e, wall); err != nil {
		s.health.leave(l.turn)
		l.bury(e, Verdict{Outcome: Final, Reason: err.Error()}, wall)
		return begin
	}
	if plan := s.hook.Plan; plan != nil && plan.Once {
		l.hangUp() // what becomes of a kept connection cannot be told from what became of the request
	}
	err := l.exchange(begin)
	end = time.Now()
	l.course.timing.Total = end.Sub(begin)
	if l.conn != nil {
		l.conn.idle = end
	}
	wall = s.opt.wall(end)
	v := alone(s.cargo.judge(l, err, 1, wall))
	if v.Outcome != Delivered && s.hard.Err() != nil {
		s.health.leave(l.turn)
		s.cutOff.Add(1)
		l.course.span.EndAttempt(trace.Outcome{Name: "cut_off", Reason: "the relay was stopped"})
		s.queue.Return(e) // cut off by the stop: the receiver is not to blame, and this was no attempt
		return end
	}
	if !v.Ours {
		e.Attempts++
	}
	s.metrics.attempt(v, end.Sub(begin))
	off := l.report(v, wall)
	if v.Outcome == Off {
		e.Attempts-- // it was no attempt of the event
		l.tell(journal.Retry, v, wall)
		s.queue.Return(e)
		l.pauseOff(off)
		return time.Now()
	}
	l.settle(e, v, wall)
	return end
}

// report tells the health what the attempt came to, and turns the webhook off when that is the end. It returns how many
// attempts in a row have failed.
func (l *lane) report(v Verdict, now time.Time) (streak int32) {
	s := l.sender
	if v.Outcome == Delivered || v.Well {
		if s.health.succeeded(l.turn) {
			s.logger.Info("webhook delivers again")
		}
		return 0
	}
	began, disable := s.health.failed(l.turn, v, now)
	switch {
	case v.Outcome == Gone:
		s.disable(goneReason(v))
	case v.Outcome == Off && s.health.failing():
		s.disable(v.Reason)
	case disable != "":
		s.disable(disable)
	case began:
		s.logger.Warn("webhook is failing, one attempt at a time until it answers", "reason", v.Reason)
	}
	return s.health.streak.Load()
}

// offPause is how long a lane waits after the destination has refused the webhook's key, longer each time in a row. Some
// vendors answer so for a moment when they are in trouble, so that it takes brakeAfter times to turn a webhook off.
const offPause = time.Second

func (l *lane) pauseOff(streak int32) {
	sleep(l.sender.soft, time.Duration(streak)*l.sender.opt.offPause)
}

// settle ends the entry: delivered, parked until its next attempt, or given up.
func (l *lane) settle(e *wal.Entry, v Verdict, now time.Time) {
	s := l.sender
	var err error
	switch v.Outcome {
	case Delivered:
		l.tell(journal.Delivered, v, now)
		err = s.queue.Settle(e)
		s.metrics.delivered(now.Sub(time.UnixMilli(e.Time)))
	case Retry:
		delay, more := s.delay(e.Attempts, v.After, rand.Int64N)
		if v.Ours {
			delay, more = s.opt.Backoff, true // it was no attempt; the brake keeps the others back meanwhile
		}
		if !more || !s.cargo.lasts(e, now.Add(delay)) {
			v.Reason = "attempt " + strconv.Itoa(e.Attempts) + " was the last: " + v.Reason
			l.bury(e, v, now)
			return
		}
		l.tell(journal.Retry, v, now)
		err = s.queue.Park(e, now.Add(delay).UnixMilli())
		s.metrics.retried.Inc()
		s.bell.setAlarm() // a lane that rests does it too, but when that will be is for others to say
	default:
		l.bury(e, v, now)
	}
	if err != nil {
		s.logger.Error("end of a delivery was not kept, it will be repeated", "record", e.Seq, "error", err)
	}
}

func (l *lane) bury(e *wal.Entry, v Verdict, now time.Time) {
	s := l.sender
	outcome := journal.Dead
	if v.Outcome == Gone {
		outcome = journal.Gone
	}
	l.tell(outcome, v, now)
	s.metrics.dead.Inc()
	d := wal.Death{Time: now.UnixMilli(), Status: v.Status, Reason: v.Reason}
	if err := s.queue.Bury(e, d); err != nil {
		s.logger.Error("dead letter was not kept, its delivery will be repeated", "record", e.Seq, "error", err)
	}
}
