package deliver

import (
	"errors"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/destination"
	"edgerelay/relay/freight"
	"edgerelay/relay/hook"
)

// Outcome, Verdict and Ruling are what attempts come to.
type (
	Outcome = destination.Outcome
	Verdict = destination.Verdict
	Ruling  = destination.Ruling
)

// The outcomes, by their short names.
const (
	Delivered = destination.Delivered
	Retry     = destination.Retry
	Final     = destination.Final
	Gone      = destination.Gone
	Split     = destination.Split
	Off       = destination.Off
)

// judge turns the reply in l.response to a request of n events, or err when there was none, into a verdict. It allocates
// only when something was not delivered.
func (l *lane) judge(by func(*destination.Answer) Verdict, err error, n int, now time.Time) Verdict {
	if err != nil {
		return judgeError(err)
	}
	l.answer.Status, l.answer.Count, l.answer.Now = l.response.StatusCode(), n, now
	l.answer.Body = l.response.Body()
	v := by(&l.answer)
	if v.Each != nil && len(v.Each) != n {
		panic(fmt.Sprintf("deliver: %d rulings for a batch of %d", len(v.Each), n))
	}
	l.sender.scrub(&v)
	return v
}

// scrub masks the webhook's secrets in reasons: a destination may say in its answer what it was sent.
func (s *Sender) scrub(v *Verdict) {
	if v.Reason != "" {
		v.Reason = hook.ScrubText(v.Reason, s.secrets)
	}
	for i := range v.Each {
		if r := &v.Each[i]; r.Reason != "" {
			r.Reason = hook.ScrubText(r.Reason, s.secrets)
		}
	}
}

// judgeEvents judges by the webhook's plan.
func (l *lane) judgeEvents(err error, n int, now time.Time) Verdict {
	plan := l.sender.hook.Plan
	v := l.judge(plan.Judge, err, n, now)
	if plan.Once && err != nil && l.course.sent && v.Outcome == Retry {
		v.Outcome = Final
		v.Reason += "; it may have been taken, and is not sent again because it would count twice"
	}
	return v
}

// reasonMax bounds a reason in bytes: it stands in every dead letter.
const reasonMax = 300

func judgeError(err error) Verdict {
	v := Verdict{Outcome: Retry, Reason: err.Error(), Ours: freight.Ours(err)}
	var private *privateError
	var connecting *connectError
	switch {
	case errors.As(err, &private):
		v.Outcome, v.Reason = Final, private.Error()
	case isTimeout(err) && errors.As(err, &connecting):
		v.Status, v.Reason = fasthttp.StatusRequestTimeout, "no connection in time: "+connecting.cause.Error()
	case isTimeout(err):
		v.Status, v.Reason = fasthttp.StatusRequestTimeout, "no answer in time"
	}
	v.Reason = v.Reason[:min(len(v.Reason), reasonMax)]
	return v
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
