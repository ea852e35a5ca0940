package intake

import (
	"errors"

	"edgerelay/relay/trace"
)

// startSpan begins the request's span, in the trace of its sender if that has one, and notes it for the events.
func (r *request) startSpan() {
	h := &r.ctx.Request.Header
	r.span = r.server.opt.Tracer.Request(h.Peek(trace.ParentHeader), h.Peek(trace.StateHeader))
	r.trace = r.span.AppendRecord(nil)
}

// endSpan ends it. err is why the request was refused, as refuse was told. The path and whatever else may hold a key or tell
// of a person is no part of the span.
func (r *request) endSpan(err error) {
	a := trace.Answer{Endpoint: r.end.label(), Method: methodName(r.ctx.Request.Header.Method()), Status: r.ctx.Response.StatusCode(),
		Events: r.stored}
	if r.app != nil {
		a.App = r.app.name
	}
	if err != nil {
		a.Refusal = "unavailable"
	}
	if no := (*refusal)(nil); errors.As(err, &no) {
		a.Refusal = no.code
	}
	r.span.EndRequest(a)
}

// methodName is a method's name if it is one that HTTP knows: a span's name is no place for what strangers make up.
func methodName(method []byte) string {
	for _, known := range []string{"GET", "POST", "PUT", "PATCH", "HEAD", "OPTIONS", "DELETE"} {
		if string(method) == known {
			return known
		}
	}
	return "_OTHER"
}
