package deliver

import (
	"slices"
	"strings"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/trace"
	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// startSpan begins the span of the attempt under way, in the trace of what came in; at is the time.
func (l *lane) startSpan(e *wal.Entry, record []byte, at time.Time) {
	w := l.sender.hook
	d := trace.Delivery{Webhook: w.Name, Event: l.event.Kind.String(), Method: "POST", Host: w.Target.Hostname(), Number: e.Attempts + 1}
	if len(l.request.Method) > 0 {
		d.Method = string(l.request.Method)
	}
	if e.Time > 0 {
		d.Waited = max(at.Sub(time.UnixMilli(e.Time)), 0)
	}
	l.course.span = l.sender.opt.Tracer.Attempt(record, d)
}

// appendTrace appends the headers that carry the span to the receiver. The webhook's own of the same name go before them.
func (l *lane) appendTrace(dst []byte) []byte {
	l.course.span.Headers(func(name, value string) {
		if !slices.ContainsFunc(l.sender.hook.Header, func(own hook.Header) bool { return strings.EqualFold(own.Name, name) }) {
			dst = appendField(dst, name, value)
		}
	})
	return dst
}

// traceRequest has the request in hand carry the span to the upstream.
func (l *lane) traceRequest() {
	l.course.span.Headers(func(name, value string) {
		switch name {
		case trace.ParentHeader:
			l.request.Set(upstream.TraceParent, []byte(value))
		case trace.StateHeader:
			l.request.Set(upstream.TraceState, []byte(value))
		}
	})
}

// endSpan ends the span with what the attempt came to.
func (l *lane) endSpan(v Verdict) {
	if l.course.span.On() {
		l.course.span.EndAttempt(trace.Outcome{Name: v.Outcome.String(), Status: v.Status, Reason: v.Reason, Delivered: v.Outcome == Delivered})
		l.course.span = trace.Span{} // once
	}
}
