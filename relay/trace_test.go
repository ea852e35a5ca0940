package relay

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes OTLP over HTTP and remembers the spans.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*spans.Span
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		packed, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(packed)
		var got collect.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &got) != nil {
			t.Errorf("no OTLP: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range got.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// named are the spans of a name, in the order of their ends. The relay must have stopped.
func (c *collector) named(name string) (found []*spans.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

// traced is a receiver that refuses the first attempts and remembers the trace headers of all.
type traced struct {
	*httptest.Server
	mu      sync.Mutex
	headers []string // traceparent and tracestate of each request, with its path
	bodies  []string
}

func newTraced(t *testing.T, refuse int) *traced {
	g := &traced{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.headers = append(g.headers, strings.Join(r.Header.Values("Traceparent"), ",")+" "+strings.Join(r.Header.Values("Tracestate"), ","))
		g.bodies = append(g.bodies, string(body))
		if len(g.headers) <= refuse {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

// wait waits for n requests.
func (g *traced) wait(t *testing.T, n int) (headers, bodies []string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		g.mu.Lock()
		headers, bodies = g.headers, g.bodies
		g.mu.Unlock()
		if len(headers) >= n {
			return headers, bodies
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d requests came, want %d", len(headers), n)
		}
	}
}

const (
	senderTrace = "0af7651916cd43dd8448eb211c80319c"
	senderSpan  = "b7ad6b7169203331"
)

// send sends one request with a sender's trace.
func (r *running) send(method, path, body string) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.intake+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Traceparent", "00-"+senderTrace+"-"+senderSpan+"-01")
	req.Header.Set("Tracestate", "vendor=a1")
	req.SetBasicAuth("k2", "")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusOK {
		r.t.Fatal(resp.Status)
	}
}

const tracedApp = "[delivery]\nbackoff = \"100ms\"\nbackoff_max = \"200ms\"\n" + reloadApp + "key = \"k2\"\n"

const tracedTrack = `{"type":"track","event":"Signed Up","userId":"u1","messageId":"m1","timestamp":"2026-11-21T10:00:00Z"}`

// checkAttempts holds attempts against the headers that the receiver got: a child of the request each, of its own ID.
func checkAttempts(t *testing.T, request *spans.Span, attempts []*spans.Span, headers []string) {
	t.Helper()
	if len(attempts) != len(headers) {
		t.Fatalf("%d spans of %d attempts", len(attempts), len(headers))
	}
	for i, a := range attempts {
		if want := "00-" + senderTrace + "-" + hex.EncodeToString(a.SpanId) + "-01 vendor=a1"; headers[i] != want {
			t.Errorf("attempt %d: headers %q, want %q", i+1, headers[i], want)
		}
		if hex.EncodeToString(a.TraceId) != senderTrace || string(a.ParentSpanId) != string(request.SpanId) {
			t.Errorf("attempt %d is no child of the request: %v", i+1, a)
		}
	}
}

// TestTrace follows the trace of an SDK's request through intake, the log and a restart to a webhook that takes it at the
// third attempt.
func TestTrace(t *testing.T) {
	c, to := newCollector(t), newTraced(t, 2)
	r := run(t, fmt.Sprintf("[telemetry]\notlp = %q\n", c.URL)+tracedApp+reloadHook("crm", to.URL, "trackEventReceived"))
	r.send(http.MethodPost, "/v1/track", tracedTrack)
	to.wait(t, 1)
	r.stop()
	r.start()
	headers, _ := to.wait(t, 3)
	r.stop()

	requests := c.named("POST /v1/track")
	if len(requests) != 1 {
		t.Fatalf("spans of requests: %v", c.spans)
	}
	if hex.EncodeToString(requests[0].TraceId) != senderTrace || hex.EncodeToString(requests[0].ParentSpanId) != senderSpan {
		t.Errorf("request: %v", requests[0])
	}
	attempts := c.named("deliver crm")
	checkAttempts(t, requests[0], attempts, headers)
	for i, want := range []string{"1 retry", "2 retry", "3 delivered"} {
		number, outcome := int64(0), ""
		for _, attribute := range attempts[i].Attributes {
			switch attribute.Key {
			case "edgerelay.attempt":
				number = attribute.Value.GetIntValue()
			case "edgerelay.outcome":
				outcome = attribute.Value.GetStringValue()
			}
		}
		if got := fmt.Sprint(number, " ", outcome); got != want {
			t.Errorf("attempt %d: %s, want %s", i+1, got, want)
		}
	}
}

// TestTraceUpstream: what goes on to an app's upstream carries the trace too.
func TestTraceUpstream(t *testing.T) {
	c, to := newCollector(t), newTraced(t, 0)
	r := run(t, fmt.Sprintf("[telemetry]\notlp = %q\n", c.URL)+tracedApp+fmt.Sprintf("upstream = %q\n", to.URL))
	r.send(http.MethodGet, "/data/ptm.gif/k2?jzb=eJyLjgUAARUAuQ", "")
	headers, _ := to.wait(t, 1)
	r.stop()
	attempts := c.named("deliver upstream/demo")
	for _, s := range c.spans {
		if strings.HasPrefix(s.Name, "GET ") {
			checkAttempts(t, s, attempts, headers)
			return
		}
	}
	t.Errorf("no span of the request: %v", c.spans)
}

// TestNoTrace: off by default. Nobody is sent a header, not even one that came in, and the body is that of a relay that
// traces.
func TestNoTrace(t *testing.T) {
	c, on, off := newCollector(t), newTraced(t, 0), newTraced(t, 0)
	r := run(t, tracedApp+reloadHook("crm", off.URL, "trackEventReceived"))
	r.send(http.MethodPost, "/v1/track", tracedTrack)
	headers, without := off.wait(t, 1)
	if headers[0] != " " {
		t.Errorf("headers %q", headers)
	}
	r.stop()
	r = run(t, fmt.Sprintf("[telemetry]\notlp = %q\n", c.URL)+tracedApp+reloadHook("crm", on.URL, "trackEventReceived"))
	r.send(http.MethodPost, "/v1/track", tracedTrack)
	if _, with := on.wait(t, 1); with[0] != without[0] {
		t.Errorf("the bodies differ:\n%s\n%s", with[0], without[0])
	}
}

// TestTraceWithoutACollector: nothing waits for a collector that is not there.
func TestTraceWithoutACollector(t *testing.T) {
	to := newTraced(t, 0)
	r := run(t, "[telemetry]\notlp = \"http://127.0.0.1:1\"\n"+tracedApp+reloadHook("crm", to.URL, "trackEventReceived"))
	r.send(http.MethodPost, "/v1/track", tracedTrack)
	to.wait(t, 1)
}

// TestTraceChange: a running relay keeps its collector, and what proves to the collector who sends is not shown.
func TestTraceChange(t *testing.T) {
	from, to := defaults(), defaults()
	to.Telemetry = Telemetry{OTLP: "http://127.0.0.1:4318", Sample: 1, Headers: map[string]string{"Authorization": "Bearer secret"}}
	var got []string
	for _, c := range Difference(from, to) {
		got = append(got, c.String())
	}
	want := "+ telemetry.headers = (not shown)  (with the next start)\n+ telemetry.otlp = http://127.0.0.1:4318  (with the next start)"
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}
