package relay

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/http/httpguts"

	"edgerelay/relay/strict"
	"edgerelay/relay/trace"
)

func (c *Telemetry) read(t *strict.Table) {
	t.Text("otlp", &c.OTLP)
	if c.OTLP != "" {
		if err := trace.CheckEndpoint(c.OTLP); err != nil {
			t.Fault("otlp", "%v", err)
		}
	}
	t.Number("sample", &c.Sample, 0, 1)
	t.Pairs("headers", &c.Headers)
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			t.Fault("headers."+name, "is not a name that a header can have; use letters, digits and -")
		case !httpguts.ValidHeaderFieldValue(strings.TrimSpace(c.Headers[name])):
			t.Fault("headers."+name, "has a line break or control character in its value; leave it out")
		}
	}
	if c.OTLP == "" && len(c.Headers) > 0 {
		t.Fault("otlp", `is missing beside headers; set it like "http://127.0.0.1:4318", or leave headers out`)
	}
}

// newTracer makes what traces; nil, which traces nothing, when there is no collector. Whoever gets one closes it.
func newTracer(c *Telemetry, registerer prometheus.Registerer, logger *slog.Logger) (*trace.Tracer, error) {
	if c.OTLP == "" {
		return nil, nil
	}
	return trace.Open(trace.Options{Endpoint: c.OTLP, Headers: c.Headers, Sample: c.Sample, Version: Version,
		Registerer: registerer, Logger: logger})
}

// closeTracer sends the last spans.
func (r *Relay) closeTracer(ctx context.Context) {
	soon, cancel := context.WithTimeout(ctx, traceTime)
	defer cancel()
	if left := r.tracer.Close(soon); left > 0 {
		r.logger.Warn("the last spans were not taken by the collector", "spans", left)
	}
}
