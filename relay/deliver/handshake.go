package deliver

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"edgerelay/relay/destination"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
)

// The abuse protection of CloudEvents (HTTP 1.1 Web Hooks for Event Delivery 1.0, section 4): a webhook whose plan has an
// origin is sent nothing before its receiver has consented. The relay asks by OPTIONS at the delivery's own URL, and the
// receiver consents by a header of its reply, whose status does not count.
//
//	OPTIONS /hook HTTP/1.1                           HTTP/1.1 200 OK
//	WebHook-Request-Origin: relay.example.com        WebHook-Allowed-Origin: relay.example.com, or *
//	WebHook-Request-Rate: 120                        WebHook-Allowed-Rate: 60, or *
//
// Rates are requests a minute. The question is asked again after each start and each change of the webhook. A receiver that
// does not answer at once, but by calling back (WebHook-Request-Callback), is not offered to.
const (
	requestRate   = "WebHook-Request-Rate"
	allowedOrigin = "WebHook-Allowed-Origin"
	allowedRate   = "WebHook-Allowed-Rate"
)

// consent is whether a receiver lets the sender's lanes deliver. One lane asks for all; the others wait for what it is told.
// Safe for concurrent use.
type consent struct {
	given atomic.Bool
	asks  chan struct{} // held by the lane that asks, or waits for the time to ask
	again time.Time     // the next question's, after one that was not answered by consent; of the lane that asks
	tries int           // such questions in a row; of the lane that asks
}

// newConsent is nil where no consent is needed.
func newConsent(w *hook.Webhook) *consent {
	if w.Plan == nil || w.Plan.Origin == "" {
		return nil
	}
	return &consent{asks: make(chan struct{}, 1)}
}

// missing says whether deliveries have to wait for consent.
func (c *consent) missing() bool { return c != nil && !c.given.Load() }

// waitConsent returns true when the receiver has consented. It is false, and the health's turn is given back, when the
// question came to something else, or the sender halts. Nothing happens to the entry in hand: it stays in the log.
func (l *lane) waitConsent(turn bool) bool {
	s, c := l.sender, l.sender.consent
	select {
	case c.asks <- struct{}{}:
		defer func() { <-c.asks }()
	case <-s.soft.Done():
		s.health.leave(turn)
		return false
	}
	if c.given.Load() {
		return true
	}
	if wait := time.Until(c.again); s.soft.Err() != nil || wait > 0 && !sleep(s.soft, wait) {
		s.health.leave(turn)
		return false
	}
	l.course = course{number: l.entry.Attempts + 1}
	v := l.ask()
	if v.Outcome == Delivered {
		c.given.Store(true)
		return true
	}
	if s.hard.Err() != nil {
		s.health.leave(turn)
		return false
	}
	c.tries++
	c.again = time.Now().Add(max(backoff(c.tries, s.opt.Backoff, s.opt.BackoffMax), min(v.After, s.opt.BackoffMax)))
	now := s.opt.now()
	l.tellOf(&l.entry, journal.Retry, v, now)
	l.turn = turn
	l.report(v, now)
	return false
}

// ask asks the receiver for its consent. Delivered is that it has given it, and at what pace; the sender's is lowered then.
func (l *lane) ask() Verdict {
	s := l.sender
	w := s.hook
	begin := time.Now()
	l.wire = appendQuestion(l.wire[:0], w, s.opt.UserAgent)
	err := l.exchange(begin)
	end := time.Now()
	l.course.timing.Total = end.Sub(begin)
	if l.conn != nil {
		l.conn.idle = end
	}
	if err != nil {
		v := judgeError(err)
		v.Outcome, v.Reason = Retry, "the receiver could not be asked for its consent: "+v.Reason
		return v
	}
	l.answer.Status, l.answer.Now = l.response.StatusCode(), s.opt.wall(end)
	v := judgeConsent(&l.answer, w.Plan.Origin)
	if v.Outcome == Delivered {
		s.slow(l.answer.Header(allowedRate))
		s.logger.Info("receiver consents to deliveries", "origin", w.Plan.Origin, "rate", l.answer.Header(allowedRate))
	}
	s.scrub(&v)
	return v
}

// appendQuestion appends the request that asks for consent. The webhook's own headers are part of it: receivers may want to
// know who asks.
func appendQuestion(dst []byte, w *hook.Webhook, userAgent string) []byte {
	dst = appendStart(dst, "OPTIONS", w, requestURI(w.Target))
	ours := []destination.Header{{Name: "User-Agent", Value: userAgent}, {Name: destination.RequestOrigin, Value: w.Plan.Origin}}
	if w.Rate > 0 {
		perMinute := max(1, math.Ceil(min(w.Rate*60, 1e9)))
		ours = append(ours, destination.Header{Name: requestRate, Value: strconv.FormatInt(int64(perMinute), 10)})
	}
	return append(appendHeaders(dst, w, ours), "\r\n"...)
}

// judgeConsent says whether a reply is consent to deliveries from an origin.
func judgeConsent(a *destination.Answer, origin string) Verdict {
	v := Verdict{Outcome: Retry, Status: a.Status}
	switch allowed := strings.TrimSpace(a.Header(allowedOrigin)); {
	case allowed == "*" || strings.EqualFold(allowed, origin):
		return Verdict{Outcome: Delivered, Status: a.Status}
	case allowed == "":
		v.Reason = "its answer to OPTIONS, " + destination.StatusText(a.Status) + ", has no " + allowedOrigin
	default:
		v.Reason = "it allows " + strconv.Quote(allowed[:min(len(allowed), 100)])
	}
	v.Reason = "the receiver has not consented to deliveries from " + origin + ": " + v.Reason
	v.After = destination.RetryAfter(a.Header("Retry-After"), a.Now)
	return v
}

// slow lowers the pace to what a receiver allows, requests a minute. What is no such number, "*" among it, changes nothing.
func (s *Sender) slow(allowed string) {
	perMinute, err := strconv.ParseUint(strings.TrimSpace(allowed), 10, 32)
	if err != nil || perMinute == 0 || s.pace == nil {
		return
	}
	if limit := rate.Limit(float64(perMinute) / 60); limit < s.pace.Limit() {
		s.pace.SetBurst(max(1, min(s.pace.Burst(), int(perMinute/60))))
		s.pace.SetLimit(limit)
	}
}

// unpaced is a pace without limit, for senders whose receivers may ask for one.
func unpaced(w *hook.Webhook) *rate.Limiter {
	return rate.NewLimiter(rate.Inf, cmp.Or(w.InFlight, 1))
}
