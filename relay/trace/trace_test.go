package trace

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	parent  = "00-" + traceID + "-b7ad6b7169203331-01"
)

// headers are a span's, by name.
func headers(s Span) map[string]string {
	got := map[string]string{}
	s.Headers(func(name, value string) { got[name] = value })
	return got
}

// texts are a span's attributes, as name=value.
func texts(s *spans.Span) (all []string) {
	for _, a := range s.Attributes {
		value := a.Value.GetStringValue()
		if value == "" {
			value = strings.Split(a.Value.String(), ":")[1]
		}
		all = append(all, a.Key+"="+value)
	}
	slices.Sort(all)
	return all
}

// TestTraceOfASender follows a sender's trace through a request and its record to an attempt.
func TestTraceOfASender(t *testing.T) {
	c := newCollector(t)
	tracer, _ := c.open(func(o *Options) { o.Headers, o.Sample = map[string]string{"Authorization": "Bearer x"}, 0 })
	r := tracer.Request([]byte(parent), []byte("vendor=a1,other=b"))
	record := r.AppendRecord([]byte("before"))[len("before"):]
	r.EndRequest(Answer{Endpoint: "track", Method: "POST", App: "demo", Events: 2, Status: 200})
	if id := hex.EncodeToString(record[:16]); id != traceID || record[24] != 1 || string(record[25:]) != "vendor=a1,other=b" {
		t.Errorf("record %x", record)
	}
	a := tracer.Attempt(record, Delivery{Webhook: "crm", Event: "pageLoaded", Method: "POST", Host: "crm.test", Number: 2, Waited: 1500 * time.Millisecond})
	got := headers(a)
	a.EndAttempt(Outcome{Name: "retry", Status: 503, Reason: "503 Service Unavailable"})
	if left := tracer.Close(t.Context()); left != 0 {
		t.Errorf("%d left", left)
	}

	if c.path != "/v1/traces" || c.header.Get("Authorization") != "Bearer x" {
		t.Errorf("asked for %s with %v", c.path, c.header)
	}
	taken := c.taken()
	if len(taken) != 2 {
		t.Fatalf("%d spans", len(taken))
	}
	request, attempt := taken[0], taken[1]
	if hex.EncodeToString(request.TraceId) != traceID || hex.EncodeToString(request.ParentSpanId) != "b7ad6b7169203331" ||
		request.Name != "POST track" || request.Kind != spans.Span_SPAN_KIND_SERVER || request.Status.GetCode() != 0 {
		t.Errorf("request: %v", request)
	}
	if hex.EncodeToString(attempt.TraceId) != traceID || string(attempt.ParentSpanId) != string(request.SpanId) ||
		attempt.Name != "deliver crm" || attempt.Kind != spans.Span_SPAN_KIND_CLIENT || attempt.Status.Code != spans.Status_STATUS_CODE_ERROR {
		t.Errorf("attempt: %v", attempt)
	}
	if want := "00-" + traceID + "-" + hex.EncodeToString(attempt.SpanId) + "-01"; got[ParentHeader] != want || got[StateHeader] != "vendor=a1,other=b" {
		t.Errorf("headers %q, want %s", got, want)
	}
	want := []string{"edgerelay.attempt=2", "edgerelay.event=pageLoaded", "edgerelay.outcome=retry", "edgerelay.reason=503 Service Unavailable",
		"edgerelay.waited_seconds=1.5", "edgerelay.webhook=crm", "http.request.method=POST", "http.request.resend_count=1",
		"http.response.status_code=503", "server.address=crm.test"}
	if got := texts(attempt); !slices.Equal(got, want) {
		t.Errorf("attempt:\n got %q\nwant %q", got, want)
	}
	want = []string{"edgerelay.app=demo", "edgerelay.endpoint=track", "edgerelay.events=2", "http.request.method=POST", "http.response.status_code=200"}
	if got := texts(request); !slices.Equal(got, want) {
		t.Errorf("request:\n got %q\nwant %q", got, want)
	}
}

// TestTracesThatBeginHere: without a good traceparent a trace begins, and the share says whether it is sent. A sender that
// does not sample is followed too.
func TestTracesThatBeginHere(t *testing.T) {
	c := newCollector(t)
	all, _ := c.open(nil)
	none, _ := c.open(func(o *Options) { o.Sample = 0 })
	f := func(tracer *Tracer, parent, state, flags string) {
		t.Helper()
		s := tracer.Request([]byte(parent), []byte(state))
		got := headers(tracer.Attempt(s.AppendRecord(nil), Delivery{}))
		s.EndRequest(Answer{})
		if text := got[ParentHeader]; len(text) != 55 || !strings.HasSuffix(text, flags) || strings.Contains(text, traceID) || got[StateHeader] != "" {
			t.Errorf("%q: headers %q", parent, got)
		}
	}
	f(all, "", "", "-01")
	f(none, "", "", "-00")
	f(all, "00-"+traceID+"-0000000000000000-01", "a=b", "-01")
	f(all, strings.ToUpper(parent), "a=b", "-01")
	f(all, parent+"x", "a=b", "-01")
	f(all, "garbage", "a=b", "-01")

	s := all.Request([]byte(strings.TrimSuffix(parent, "1")+"0"), nil)
	if text := headers(all.Attempt(s.AppendRecord(nil), Delivery{}))[ParentHeader]; !strings.Contains(text, traceID) || !strings.HasSuffix(text, "-00") {
		t.Errorf("not sampled by its sender: %q", text)
	}
	s.EndRequest(Answer{})
	all.Close(t.Context())
	none.Close(t.Context())
	if n := len(c.taken()); n != 5 {
		t.Errorf("%d spans were sent, want 5", n)
	}
}

// TestBadRecords: what is no record begins a trace, and a state that cannot be read is left out.
func TestBadRecords(t *testing.T) {
	c := newCollector(t)
	tracer, _ := c.open(nil)
	defer tracer.Close(t.Context())
	good := tracer.Request([]byte(parent), []byte("a=b")).AppendRecord(nil)
	for n := range recordSize {
		if text := headers(tracer.Attempt(good[:n], Delivery{}))[ParentHeader]; len(text) != 55 || strings.Contains(text, traceID) {
			t.Errorf("%d bytes: %q", n, text)
		}
	}
	bad := append(slices.Clone(good[:recordSize]), "\r\nX: y"...)
	if got := headers(tracer.Attempt(bad, Delivery{})); !strings.Contains(got[ParentHeader], traceID) || got[StateHeader] != "" {
		t.Errorf("bad state: %q", got)
	}
	long := "a=" + strings.Repeat("b", 256) + ",c=" + strings.Repeat("d", 256)
	if got := tracer.Request([]byte(parent), []byte(long)).AppendRecord(nil); len(got) != recordSize {
		t.Errorf("a state of %d bytes is kept", len(long))
	}
}

// TestDeadCollector: nobody waits for a collector that hangs; what is too much is dropped and counted, and Close ends with
// its time.
func TestDeadCollector(t *testing.T) {
	c := newCollector(t)
	c.hold = make(chan struct{})
	defer close(c.hold)
	tracer, _ := c.open(nil)
	const more = 100
	for range waitingMax + more {
		tracer.Request(nil, nil).EndRequest(Answer{})
	}
	if exported, failed, dropped := c.counted(tracer); exported != 0 || failed != 0 || dropped != more {
		t.Errorf("%v exported, %v failed, %v dropped", exported, failed, dropped)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if left := tracer.Close(over); left != waitingMax {
		t.Errorf("%d left of %d", left, waitingMax)
	}
	if _, failed, _ := c.counted(tracer); failed != waitingMax {
		t.Errorf("%v failed", failed)
	}
}

// TestCollectorThatRefuses: what it refuses for good is lost and counted, and no reason to stop.
func TestCollectorThatRefuses(t *testing.T) {
	c := newCollector(t)
	c.answer.Store(http.StatusBadRequest)
	tracer, _ := c.open(nil)
	tracer.Request(nil, nil).EndRequest(Answer{})
	if err := tracer.provider.ForceFlush(t.Context()); err != nil {
		t.Error(err)
	}
	c.answer.Store(0)
	tracer.Request(nil, nil).EndRequest(Answer{})
	if left := tracer.Close(t.Context()); left != 0 {
		t.Errorf("%d left", left)
	}
	if exported, failed, _ := c.counted(tracer); exported != 1 || failed != 1 {
		t.Errorf("%v exported, %v failed", exported, failed)
	}
}

func TestCheckEndpoint(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got := ""
		if err := CheckEndpoint(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	f("http://127.0.0.1:4318", "")
	f("https://otlp.example.com/api/v1/traces", "")
	f("127.0.0.1:4318", `"127.0.0.1:4318" is no URL of a collector; write it like "http://127.0.0.1:4318"`)
	f("grpc://a:4317", `"grpc://a:4317" is no URL of a collector; write it like "http://127.0.0.1:4318"`)
	f("https://user:secret@otlp.example.com", "holds a user or password; put them into headers, as Authorization")
	f("https://otlp.example.com/?key=x", `"https://otlp.example.com/?key=x" has a query or fragment, which would not be sent; leave it out`)
}

// TestNoTracer: what a relay without traces has does nothing.
func TestNoTracer(t *testing.T) {
	var s Span
	if s.On() {
		t.Error("it is on")
	}
	s.EndRequest(Answer{})
	s.EndAttempt(Outcome{})
	if (*Tracer)(nil).Close(t.Context()) != 0 {
		t.Error("something is left")
	}
}
