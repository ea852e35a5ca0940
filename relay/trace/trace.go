// Package trace makes OpenTelemetry spans of the requests that come in and of the attempts that go out, and sends them to
// a collector. What it reads and writes in headers is W3C Trace Context (https://www.w3.org/TR/trace-context/).
//
//	tracer, err := trace.Open(trace.Options{Endpoint: "http://127.0.0.1:4318", Sample: 1})
//	span := tracer.Request(traceparent, tracestate)      // goes on with the sender's trace, or begins one
//	record = span.AppendRecord(record)                   // kept with each event
//	span.EndRequest(trace.Answer{…})
//	span = tracer.Attempt(record, trace.Delivery{…})     // each attempt, later, perhaps after a restart
//	span.Headers(set)                                    // traceparent for the receiver
//	span.EndAttempt(trace.Outcome{…})
//
// An attempt is a child of the request that brought its event. The conventions for messaging want links where one span
// works on several messages, which may come from several traces; an attempt is of one event, where they let the message's
// origin be the parent, and then whoever looks at the sender's trace sees what became of it. The gap between the two is the
// time in the queue, which stands in the attempt too.
//
// Spans wait for the collector in memory, up to a limit. Nobody else waits for it: what comes beyond the limit is dropped
// and counted.
//
// It knows spans, their names and OTLP. It knows no HTTP of the relay, no event and no webhook. A Tracer is safe for
// concurrent use; a Span belongs to who has it. A relay that does not trace has no Tracer, and zero Spans, whose methods do
// nothing.
package trace

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// Options are a Tracer's.
type Options struct {
	Endpoint string            // of the collector: OTLP over HTTP. Without a path it is /v1/traces, see CheckEndpoint
	Headers  map[string]string // of the requests to it
	Sample   float64           // share of the traces that begin here, 0 to 1; others are as their sender decided
	Version  string            // of this program

	Registerer prometheus.Registerer // default: a registry that nobody reads
	Logger     *slog.Logger          // default: slog.Default
}

// Tracer makes spans.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   api.Tracer
	pipe     *pipe
}

// exportTimeout is for one request to the collector; it is tried again for some time, see retryTime.
const (
	exportTimeout = 10 * time.Second
	retryTime     = 30 * time.Second
)

// CheckEndpoint says what is wrong with a collector's URL.
func CheckEndpoint(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf(`%q is no URL of a collector; write it like "http://127.0.0.1:4318"`, text)
	case u.User != nil:
		return fmt.Errorf("holds a user or password; put them into headers, as Authorization")
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q has a query or fragment, which would not be sent; leave it out", text)
	}
	return nil
}

// Open makes a Tracer. Nothing is sent before the first span has ended. Whoever gets one closes it.
func Open(o Options) (*Tracer, error) {
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	client := &http.Client{
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the headers are for one host
		Timeout:       exportTimeout,
	}
	endpoint := strings.TrimSuffix(o.Endpoint, "/")
	if u, err := url.Parse(endpoint); err == nil && u.Path == "" {
		endpoint += "/v1/traces"
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithHTTPClient(client),
		otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithHeaders(o.Headers),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression), otlptracehttp.WithTimeout(exportTimeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: time.Second,
			MaxInterval: 10 * time.Second, MaxElapsedTime: retryTime}))
	if err != nil {
		return nil, fmt.Errorf("open traces to %q: %w", o.Endpoint, err)
	}
	t := &Tracer{pipe: newPipe(exporter, o.Registerer, o.Logger)}
	t.pipe.hangUp = client.CloseIdleConnections
	t.provider = sdk.NewTracerProvider(sdk.WithSpanProcessor(t.pipe), sdk.WithResource(o.resource()),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Sample))))
	t.tracer = t.provider.Tracer("edgerelay", api.WithInstrumentationVersion(o.Version))
	return t, nil
}

// resource is who makes the spans.
func (o *Options) resource() *resource.Resource {
	names := []attribute.KeyValue{attribute.String("service.name", "edgerelay"), attribute.String("service.version", o.Version)}
	if host, err := os.Hostname(); err == nil {
		names = append(names, attribute.String("host.name", host))
	}
	return resource.NewSchemaless(names...)
}

// Close sends what waits until ctx ends, and returns how many spans were not taken. No span of the Tracer is sent any more.
func (t *Tracer) Close(ctx context.Context) (left int) {
	if t == nil {
		return 0
	}
	return t.pipe.close(ctx)
}
