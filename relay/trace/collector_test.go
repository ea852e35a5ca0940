package trace

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector takes OTLP over HTTP and remembers it.
type collector struct {
	*httptest.Server
	t      *testing.T
	answer atomic.Int32 // status, 0 is 200
	hold   chan struct{}

	mu     sync.Mutex
	header http.Header
	path   string
	spans  []*spans.Span
}

func newCollector(t *testing.T) *collector {
	c := &collector{t: t, hold: make(chan struct{})}
	close(c.hold)
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender gave up before it had sent everything
	}
	packed, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		c.t.Error(err)
		return
	}
	body, err := io.ReadAll(packed)
	var got collect.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &got) != nil {
		c.t.Errorf("no OTLP: %v", err)
	}
	select {
	case <-c.hold:
	case <-r.Context().Done():
		return
	}
	if status := c.answer.Load(); status != 0 {
		w.WriteHeader(int(status))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header, c.path = r.Header, r.URL.Path
	for _, resource := range got.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// taken is what the collector took, in the order of their ends.
func (c *collector) taken() []*spans.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spans
}

// open is a Tracer to the collector.
func (c *collector) open(change func(o *Options)) (*Tracer, *prometheus.Registry) {
	c.t.Helper()
	o := Options{Endpoint: c.URL, Sample: 1, Version: "1.2", Registerer: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	t, err := Open(o)
	if err != nil {
		c.t.Fatal(err)
	}
	return t, o.Registerer.(*prometheus.Registry)
}

// counted are the spans by what became of them.
func (c *collector) counted(tracer *Tracer) (exported, failed, dropped float64) {
	p := tracer.pipe
	return testutil.ToFloat64(p.exported), testutil.ToFloat64(p.failed), testutil.ToFloat64(p.dropped)
}
