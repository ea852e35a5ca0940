package trace

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	api "go.opentelemetry.io/otel/trace"
)

// Span is one that is under way.
type Span struct{ span api.Span }

// On says that there is a span.
func (s Span) On() bool { return s.span != nil }

// Request begins the span of a request that came in with these headers, nil where there are none.
func (t *Tracer) Request(parent, state []byte) Span {
	_, span := t.tracer.Start(withHeaders(parent, state), "request", api.WithSpanKind(api.SpanKindServer))
	return Span{span}
}

// Answer is what a request came to. It says nothing of who it is about.
type Answer struct {
	Endpoint string
	Method   string
	App      string // "" when the key is nobody's
	Events   int    // that were stored
	Status   int
	Refusal  string // why nothing was taken; "" when something was
}

// EndRequest ends the span of a request.
func (s Span) EndRequest(a Answer) {
	if s.span == nil {
		return
	}
	s.span.SetName(a.Method + " " + a.Endpoint)
	s.span.SetAttributes(attribute.String("http.request.method", a.Method), attribute.Int("http.response.status_code", a.Status),
		attribute.String("edgerelay.endpoint", a.Endpoint), attribute.Int("edgerelay.events", a.Events))
	if a.App != "" {
		s.span.SetAttributes(attribute.String("edgerelay.app", a.App))
	}
	if a.Refusal != "" {
		s.span.SetAttributes(attribute.String("error.type", a.Refusal))
	}
	if a.Status >= 500 {
		s.span.SetStatus(codes.Error, a.Refusal) // what is below is the sender's fault, not this server's
	}
	s.span.End()
}

// AppendRecord appends where the span stands in its trace, for Attempt.
func (s Span) AppendRecord(dst []byte) []byte { return appendRecord(dst, s.span.SpanContext()) }

// Delivery is what an attempt is about.
type Delivery struct {
	Webhook string
	Event   string // kind; "" for a request on its way upstream
	Method  string
	Host    string
	Number  int           // of the attempt, from 1
	Waited  time.Duration // since the event was stored; of the first attempt, the time in the queue
}

// Attempt begins the span of an attempt, in the trace of which AppendRecord has told; in one that begins here when there
// is no such record.
func (t *Tracer) Attempt(record []byte, d Delivery) Span {
	_, span := t.tracer.Start(withRecord(record), "deliver "+d.Webhook, api.WithSpanKind(api.SpanKindClient))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("edgerelay.webhook", d.Webhook), attribute.Int("edgerelay.attempt", d.Number),
			attribute.Float64("edgerelay.waited_seconds", d.Waited.Seconds()),
			attribute.String("http.request.method", d.Method), attribute.String("server.address", d.Host))
		if d.Event != "" {
			span.SetAttributes(attribute.String("edgerelay.event", d.Event))
		}
		if d.Number > 1 {
			span.SetAttributes(attribute.Int("http.request.resend_count", d.Number-1))
		}
	}
	return Span{span}
}

// Headers gives the headers that let the receiver go on with the trace.
func (s Span) Headers(set func(name, value string)) {
	propagation.TraceContext{}.Inject(api.ContextWithSpan(context.Background(), s.span), &carrier{set: set})
}

// Outcome is what an attempt came to.
type Outcome struct {
	Name      string // as in metrics
	Status    int    // of the reply; 0 when there was none
	Reason    string // why it was not delivered
	Delivered bool
}

// EndAttempt ends the span of an attempt.
func (s Span) EndAttempt(o Outcome) {
	if s.span == nil {
		return
	}
	s.span.SetAttributes(attribute.String("edgerelay.outcome", o.Name))
	if o.Status != 0 {
		s.span.SetAttributes(attribute.Int("http.response.status_code", o.Status))
	}
	if !o.Delivered {
		s.span.SetAttributes(attribute.String("edgerelay.reason", o.Reason))
		s.span.SetStatus(codes.Error, o.Reason)
	}
	s.span.End()
}
