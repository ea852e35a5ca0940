package trace

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	api "go.opentelemetry.io/otel/trace"
)

// The headers of W3C Trace Context.
const (
	ParentHeader = "traceparent"
	StateHeader  = "tracestate"
)

// stateMax is how long a tracestate may be to be passed on, in bytes: what the specification asks for. It is kept with
// each event.
const stateMax = 512

// recordSize is the least length of a record: trace, span, flags.
const recordSize = 16 + 8 + 1

// appendRecord appends where in a trace a span stands, as the log keeps it beside an event. DO NOT CHANGE: logs on disk
// hold it.
//
//	| trace id, 16 | span id, 8 | flags, 1 | tracestate |
func appendRecord(dst []byte, c api.SpanContext) []byte {
	trace, span := c.TraceID(), c.SpanID()
	dst = append(append(dst, trace[:]...), span[:]...)
	dst = append(dst, byte(c.TraceFlags()))
	return append(dst, c.TraceState().String()...)
}

// withRecord is a context for children of what a record names; of nothing when it is none.
func withRecord(record []byte) context.Context {
	ctx := context.Background()
	if len(record) < recordSize {
		return ctx
	}
	state, err := api.ParseTraceState(string(record[recordSize:]))
	if err != nil {
		state = api.TraceState{} // the trace goes on without it
	}
	return api.ContextWithRemoteSpanContext(ctx, api.NewSpanContext(api.SpanContextConfig{
		TraceID: api.TraceID(record[:16]), SpanID: api.SpanID(record[16:24]), TraceFlags: api.TraceFlags(record[24]),
		TraceState: state, Remote: true}))
}

// withHeaders is a context for children of what a sender's headers name; of nothing when they are none.
func withHeaders(parent, state []byte) context.Context {
	if len(parent) == 0 {
		return context.Background()
	}
	c := carrier{parent: string(parent)}
	if len(state) <= stateMax {
		c.state = string(state)
	}
	return propagation.TraceContext{}.Extract(context.Background(), &c)
}

// carrier is the two headers, as the library reads and writes them.
type carrier struct {
	parent, state string
	set           func(name, value string)
}

// Get implements propagation.TextMapCarrier.
func (c *carrier) Get(name string) string {
	switch name {
	case ParentHeader:
		return c.parent
	case StateHeader:
		return c.state
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (c *carrier) Set(name, value string) { c.set(name, value) }

// Keys implements propagation.TextMapCarrier.
func (c *carrier) Keys() []string { return []string{ParentHeader, StateHeader} }
