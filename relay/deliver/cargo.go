package deliver

import (
	"fmt"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/hook"
	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// cargo is what a sender carries, and what is peculiar to that: how a record becomes the request of an attempt, what an
// answer means, and for how long to try again.
type cargo struct {
	encode func(l *lane, e *wal.Entry, at time.Time) error        // into l.wire; an error means that no retry will help
	judge  func(l *lane, err error, n int, now time.Time) Verdict // of a request of n events, see lane.judge
	lasts  func(e *wal.Entry, next time.Time) bool                // says whether an entry may be tried again then

	disableAfter func(o *Options) int // failed attempts in a row, after which the sender is turned off
}

// newCargo is events, in a webhook's format, except for upstreams.
func newCargo(w *hook.Webhook) cargo {
	if w.Patience > 0 {
		return requestCargo(w)
	}
	return cargo{
		encode:       (*lane).encode,
		judge:        (*lane).judgeEvents,
		lasts:        func(*wal.Entry, time.Time) bool { return true }, // attempts are counted
		disableAfter: func(o *Options) int { return o.DisableFailures },
	}
}

// requestCargo is requests on their way to an app's upstream, as they came. Nobody could mend the requests or turn the
// upstream on again, so an upstream that fails is asked again and again: what it did not take in the end is too old.
func requestCargo(w *hook.Webhook) cargo {
	base := upstream.NewBase(w.Target, w.Via)
	return cargo{
		encode:       func(l *lane, e *wal.Entry, at time.Time) error { return l.encodeRequest(base, e, at) },
		judge:        (*lane).judgeUpstream,
		lasts:        func(e *wal.Entry, next time.Time) bool { return next.Sub(time.UnixMilli(e.Time)) < w.Patience },
		disableAfter: func(*Options) int { return 0 },
	}
}

// encodeRequest prints a request again, in l.wire.
func (l *lane) encodeRequest(base *upstream.Base, e *wal.Entry, at time.Time) error {
	if err := upstream.ParseRecord(e.Body, &l.request); err != nil {
		return fmt.Errorf("read record %d: %w", e.Seq, err)
	}
	if cap(l.wire) > bufferKeep {
		l.wire = nil
	}
	if l.sender.opt.Tracer != nil {
		l.startSpan(e, l.request.Trace, at)
		l.traceRequest()
	}
	l.wire = base.AppendRequest(l.wire[:0], &l.request)
	return nil
}

// judgeUpstream judges as a webhook's receiver is judged, where 410 means this one request, and where an address is not a
// webhook's.
func (l *lane) judgeUpstream(err error, n int, now time.Time) Verdict {
	v := l.judge(destination.JudgeWebhook, err, n, now)
	switch {
	case v.Outcome == Gone:
		v.Outcome = Final
	case err == nil && v.Status >= 300 && v.Status < 400:
		v.Reason = destination.StatusText(v.Status) + "; redirects are never followed, set the app's upstream to the new address"
	}
	return v
}
