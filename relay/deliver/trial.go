package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/freight"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
	"edgerelay/wal"
)

// Trial is what came of one attempt that belongs to no queue. Its slices belong to the caller.
type Trial struct {
	Verdict
	Request []byte        // as it was sent, signature included
	Reply   []byte        // the reply's body, up to 64 KiB
	Took    time.Duration // connecting included
	Timing  journal.Timing
}

// Try sends one event to a webhook, on or off, and waits for the reply: once, at once, outside of its queue, its pace and
// its health. An error means that nothing was sent.
func (f *Fleet) Try(ctx context.Context, w *hook.Webhook, e *event.Event) (t Trial, err error) {
	signer, err := newSigner(w)
	if err != nil {
		return t, fmt.Errorf("try webhook %q: %w", w.Name, err)
	}
	o := f.opt.Load()
	s := &Sender{hook: w, opt: o, head: appendHead(nil, w, o.UserAgent), logger: o.Logger, secrets: w.Secrets(), consent: newConsent(w)}
	s.dialer = newDialer(ctx, w, &o.network)
	l := newLane(s, signer)
	defer l.hangUp()
	defer context.AfterFunc(ctx, s.dialer.cut)()
	begin := time.Now()
	if s.consent.missing() {
		if t.Verdict = l.ask(); t.Outcome != Delivered {
			return l.tried(t, begin), nil
		}
		l.course = course{}
	}
	entry := wal.Entry{Body: e.AppendRecord(nil), Note: w.SampleNote(e)}
	if err := l.encode(&entry, o.wall(begin)); err != nil {
		return t, fmt.Errorf("try webhook %q: %w", w.Name, err)
	}
	if w.Plan.Carrier {
		return s.tryCarrier(ctx, l, begin)
	}
	failed := l.exchange(begin)
	t.Verdict = alone(l.judgeEvents(failed, 1, o.now()))
	l.endSpan(t.Verdict)
	return l.tried(t, begin), nil
}

// tried adds to a trial what the request in hand was and what came back.
func (l *lane) tried(t Trial, begin time.Time) Trial {
	t.Took = time.Since(begin)
	t.Timing = l.course.timing
	t.Timing.Total = t.Took
	t.Request = l.wire
	if l.course.replied {
		t.Reply = slices.Clone(l.response.Body())
	}
	return t
}

// errSpools says why a webhook that collects a file for some time cannot be tried.
var errSpools = errors.New("it collects events and sends a file now and then: an event alone is never sent")

// tryCarrier ships the body in hand as a parcel of its own, with a carrier of its own.
func (s *Sender) tryCarrier(ctx context.Context, l *lane, begin time.Time) (t Trial, err error) {
	w := s.hook
	if w.Plan.Settings.Of("every") != "" {
		return t, fmt.Errorf("try webhook %q: %w", w.Name, errSpools)
	}
	dir, err := os.MkdirTemp("", "edgerelay-trial-")
	if err != nil {
		return t, fmt.Errorf("try webhook %q: %w", w.Name, err)
	}
	defer os.RemoveAll(dir)
	o := s.freightOptions()
	o.Dir = dir
	c, err := s.opt.newCarrier(w.Plan, o)
	if err != nil {
		return t, fmt.Errorf("try webhook %q: %w", w.Name, err)
	}
	number := uint64(begin.UnixMicro()) // no position of the log: an object of its own
	t.Verdict = alone(c.Ship(ctx, &freight.Parcel{Body: l.body, Count: 1, First: number, Last: number, At: begin, Number: 1}))
	s.scrub(&t.Verdict)
	t.Took = time.Since(begin)
	t.Timing.Total = t.Took
	t.Request = fmt.Appendf(nil, "PUT %s HTTP/1.1\r\n\r\n%s", w.Plan.URL.Redacted(), l.body)
	return t, c.Close()
}

// alone is the verdict on a batch of one event: what became of that.
func alone(v Verdict) Verdict {
	if len(v.Each) == 1 {
		r := v.Each[0]
		v.Outcome, v.After, v.Reason, v.Each = r.Outcome, r.After, r.Reason, nil
	}
	if v.Outcome == Split {
		v.Outcome = Final
	}
	return v
}

// Body is the request's body.
func (t *Trial) Body() []byte {
	_, body, _ := bytes.Cut(t.Request, []byte("\r\n\r\n"))
	return body
}
