package console

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"edgerelay/relay/sink/receipt"
)

// readingMax bounds the memory that strangers can take before their signature is checked: so many bodies of 4 MiB.
const readingMax = 32

// delayMax is how long an answer may be held back: long enough to outlast a sender's usual timeout of 30 s.
const delayMax = time.Minute

// plan is how a delivery asks to be answered.
type plan struct {
	status     int // 0 = 200
	share      receipt.Share
	delay      time.Duration
	retryAfter int // seconds; 0 = not said
}

// receive takes a delivery.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	plan, wrong := newPlan(r.URL.Query())
	if wrong != nil {
		failField(w, http.StatusBadRequest, "bad_request", wrong.Field, "%s", wrong.Message)
		return
	}
	select {
	case s.reading <- struct{}{}:
	default:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusServiceUnavailable, "busy", "the inspector reads %d deliveries already; send it again", readingMax)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	<-s.reading
	if err != nil {
		s.unreadable(w, err)
		return
	}
	d := newDelivery(r, body, s.opts.Now())
	d.Signature = verify(r.Header.Get, body, s.opts.Secrets(), d.Time)
	if s.opts.Token != "" && d.Signature.State != verified && !s.guard.hasToken(r) {
		fail(w, http.StatusUnauthorized, "unauthorized", "%s", d.Signature.refusal())
		return
	}
	s.inspector.keep(d, plan)
	s.wait(r, plan.delay)
	plan.answer(w, d)
}

// refusal is why a signature lets nobody in.
func (s signature) refusal() string {
	switch s.State {
	case wrong:
		return s.Reason
	case unchecked:
		return "there is a signature, but no webhook has a secret to check it with: set one"
	}
	return "the console has a token, so it takes signed deliveries only: set the webhook's secret, or send the token"
}

// newPlan reads the query. The fault names the field.
func newPlan(query url.Values) (plan, *fault) {
	p := plan{share: receipt.NewShare(1)}
	if text := query.Get("status"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 200 || n > 599 {
			return p, &fault{Field: "status", Message: "status is no final HTTP status: use 200 to 599"}
		}
		p.status = n
	}
	if text := query.Get("share"); text != "" {
		share, err := strconv.ParseFloat(text, 64)
		if err != nil || !(share >= 0 && share <= 1) {
			return p, &fault{Field: "share", Message: "share is no share of deliveries: use a number from 0 to 1"}
		}
		p.share = receipt.NewShare(share)
	}
	if text := query.Get("delay"); text != "" {
		delay, err := time.ParseDuration(text)
		if err != nil || delay < 0 || delay > delayMax {
			return p, &fault{Field: "delay", Message: "delay is no time to wait: use 0s to " + delayMax.String() + `, such as "100ms"`}
		}
		p.delay = delay
	}
	if text := query.Get("retry_after"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 24*60*60 {
			return p, &fault{Field: "retry_after", Message: "retry_after is no number of seconds: use 1 to 86400"}
		}
		p.retryAfter = n
	}
	return p, nil
}

// unreadable answers a body that did not come whole.
func (s *Server) unreadable(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		fail(w, http.StatusRequestEntityTooLarge, "too_large", "the body has more than %d bytes, the most that the inspector takes", tooLarge.Limit)
		return
	}
	fail(w, http.StatusBadRequest, "bad_request", "read the body: %v", err)
}

// wait holds an answer back, but neither the end of the server nor for who has gone.
func (s *Server) wait(r *http.Request, delay time.Duration) {
	if delay == 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.stop:
	}
}

// answer answers d as it says itself.
func (p plan) answer(w http.ResponseWriter, d *delivery) {
	if d.Status == p.status && p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	switch {
	case d.Status == http.StatusNoContent || d.Status == http.StatusNotModified:
		w.WriteHeader(d.Status)
	case d.Status < 300:
		answerJSON(w, d.Status, struct {
			ID        uint64 `json:"id"`
			Signature string `json:"signature"`
		}{d.ID, d.Signature.State})
	default:
		failField(w, d.Status, "asked_for", "status", "the URL asks for status %d", d.Status)
	}
}
