package deliver

import (
	"math/rand/v2"
	"strconv"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/journal"
	"edgerelay/relay/trace"
	"edgerelay/wal"
)

// deliverBatch makes one attempt for the batch in hand and ends each of its entries.
func (l *lane) deliverBatch() {
	s := l.sender
	begin := time.Now()
	l.course = course{number: l.batch[0].Attempts + 1}
	v, end := l.transfer(begin)
	l.course.timing.Total = end.Sub(begin)
	if l.conn != nil {
		l.conn.idle = end
	}
	wall := s.opt.wall(end)
	if v.Outcome != Delivered && v.Each == nil && s.hard.Err() != nil {
		s.health.leave(l.turn)
		s.cutOff.Add(1)
		l.course.span.EndAttempt(trace.Outcome{Name: "cut_off", Reason: "the relay was stopped"})
		l.giveBack() // cut off by the stop: the receiver is not to blame, and this was no attempt
		return
	}
	s.metrics.attempt(v, end.Sub(begin))
	l.rule(v, wall)
}

// transfer sends the batch, and says what the attempt came to and when.
func (l *lane) transfer(begin time.Time) (Verdict, time.Time) {
	s, first := l.sender, &l.batch[0]
	if s.berth != nil {
		v := l.ship()
		end := time.Now()
		return whole(v, len(l.batch)), end
	}
	if event.ParseRecord(first.Body, &l.event) != nil {
		l.event.Reset() // it was readable when the body was made of it
	}
	if cap(l.wire) > batchKeep {
		l.wire = nil
	}
	l.wire = append(l.wire[:0], s.head...)
	l.seal(first, s.opt.wall(begin))
	if s.hook.Plan.Once {
		l.hangUp() // what becomes of a kept connection cannot be told from what became of the request
	}
	err := l.exchange(begin)
	end := time.Now()
	return whole(s.cargo.judge(l, err, len(l.batch), s.opt.wall(end)), len(l.batch)), end
}

// whole is the verdict on a batch of n. An event alone cannot be split, and a batch of which nothing was taken for the sake
// of others is one to be split.
func whole(v Verdict, n int) Verdict {
	if n == 1 {
		return alone(v)
	}
	if v.Each == nil {
		return v
	}
	for _, r := range v.Each {
		if r.Outcome != Split {
			return v
		}
	}
	v.Each, v.Outcome = nil, Split
	return v
}

// rule ends the entries of the batch by the verdict.
func (l *lane) rule(v Verdict, now time.Time) {
	s := l.sender
	if v.Outcome == Split {
		s.health.leave(l.turn)
		s.split(len(l.batch))
		l.tellBatch(journal.Retry, v, now)
		l.giveBack()
		return
	}
	streak := l.report(v, now)
	if v.Outcome == Off {
		l.tellBatch(journal.Retry, v, now)
		l.giveBack()
		l.pauseOff(streak)
		return
	}
	if v.Outcome == Delivered {
		s.grow(len(l.batch))
	}
	l.endings = l.endings[:0]
	number, told := l.course.number, 0
	for i := range l.batch {
		if l.end(&l.batch[i], ruling(&v, i), v, now) {
			told++
		}
	}
	if told < len(l.batch) {
		l.course.number = number
		l.tellBatch(outcomeOf(v.Outcome), v, now)
	}
	if err := s.queue.End(l.endings); err != nil {
		s.logger.Error("end of a batch was not kept, it will be repeated", "record", l.batch[0].Seq, "events", len(l.batch), "error", err)
	}
	clear(l.endings)
	s.bell.setAlarm()
}

// ruling is what became of entry i.
func ruling(v *Verdict, i int) Ruling {
	if v.Each != nil {
		return v.Each[i]
	}
	return Ruling{Outcome: v.Outcome, After: v.After, Reason: v.Reason}
}

// end notes how an entry of the batch ends, and says whether the journal was told of it under its own name.
func (l *lane) end(e *wal.Entry, r Ruling, v Verdict, now time.Time) (told bool) {
	s := l.sender
	switch r.Outcome {
	case Delivered:
		l.endings = append(l.endings, wal.Ending{Entry: e})
		s.metrics.delivered(now.Sub(time.UnixMilli(e.Time)))
		return false
	case Split:
		s.queue.Return(e)
		l.store.forget()
		return false
	case Retry:
		if !v.Ours {
			e.Attempts++
		}
		delay, more := s.delay(e.Attempts, r.After, rand.Int64N)
		if v.Ours {
			delay, more = s.opt.Backoff, true
		}
		if more {
			l.endings = append(l.endings, wal.Ending{Entry: e, Due: now.Add(delay).UnixMilli()})
			s.metrics.retried.Inc()
			return false
		}
		r.Reason = "attempt " + strconv.Itoa(e.Attempts) + " was the last: " + r.Reason
	default:
		e.Attempts++
	}
	l.course.number = e.Attempts
	l.tellOf(e, journal.Dead, Verdict{Outcome: Final, Status: v.Status, Reason: r.Reason}, now)
	s.metrics.dead.Inc()
	l.endings = append(l.endings, wal.Ending{Entry: e, Death: &wal.Death{Time: now.UnixMilli(), Status: v.Status, Reason: r.Reason}})
	return true
}

func outcomeOf(o Outcome) journal.Outcome {
	switch o {
	case Delivered:
		return journal.Delivered
	case Gone:
		return journal.Gone
	case Final:
		return journal.Dead
	}
	return journal.Retry
}

// tellBatch tells the journal of an attempt under the name of the batch's first event. What is given up on is told of one
// by one besides.
func (l *lane) tellBatch(outcome journal.Outcome, v Verdict, now time.Time) {
	if n := len(l.batch); n > 1 && v.Reason != "" {
		v.Reason = strconv.Itoa(n) + " events: " + v.Reason
	}
	l.tellOf(&l.batch[0], outcome, v, now)
}

// tellOf tells the journal of the attempt under the name of one of its events.
func (l *lane) tellOf(e *wal.Entry, outcome journal.Outcome, v Verdict, now time.Time) {
	if event.ParseRecord(e.Body, &l.event) != nil {
		l.event.Reset() // it was readable when the body was made of it
	}
	l.tell(outcome, v, now)
}
