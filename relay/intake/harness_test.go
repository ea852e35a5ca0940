package intake

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

// TestMain looks for goroutines that were left behind. Two of the HTTP server's notice only on their next turn that they
// are done with, or never.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// theTime is when everything happens that does not say otherwise.
var theTime = time.Date(2026, 11, 21, 6, 12, 0, 0, time.UTC)

// rig is a real server on a real socket in front of a real log in memory.
type rig struct {
	t       testing.TB
	server  *Server
	log     *wal.Log
	queue   *wal.Queue
	book    *people.Book
	metrics *prometheus.Registry
	addr    string
	logged  *buffer
	now     atomic.Int64 // Unix nanoseconds
}

// everybody wants everything: all events go to queue 1.
type everybody struct{}

func (everybody) Receivers(dst []wal.Receiver, notes []byte, _ *event.Event, _ string, _ *people.View) ([]wal.Receiver, []byte) {
	return append(dst, wal.Receiver{Queue: 1}), notes
}

// buffer is a log that several goroutines write.
type buffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) String() string {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.String()
}

// demo is the app that tests send to.
func demo() App {
	return App{Name: "demo", Keys: []string{"KEY", "WK_TEST_web", "WK_TEST_node"}, IntegrationKeys: []string{"INT"},
		ID: "-323232", Platform: "web", SubscriptionID: "4802463602049999", SubscriptionName: "Demo Ltd", SegmentTrack: true}
}

// start starts a server; change, if any, changes its options.
func start(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	return startOn(t, vfs.NewMem(), "data", change...)
}

// startOn starts a server whose log is in a folder.
func startOn(t testing.TB, fs vfs.FS, dir string, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, logged: &buffer{}, metrics: prometheus.NewRegistry()}
	r.now.Store(theTime.UnixNano())
	var err error
	r.log, err = wal.Open(wal.Options{Dir: dir, FS: fs, DedupeWindow: time.Hour, DiskReserve: -1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.log.Close(); err != nil {
			t.Error(err)
		}
	})
	if r.queue, err = r.log.Queue(1, wal.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	r.book = people.Open(people.Options{State: r.log, CacheBytes: 1 << 16})
	o := Options{Apps: []App{demo()}, Log: r.log, Selector: everybody{}, People: r.book, CORSOrigins: []string{"*"},
		Metrics: r.metrics, Logger: slog.New(slog.NewTextHandler(r.logged, nil)),
		Now: func() time.Time { return time.Unix(0, r.now.Load()).UTC() }}
	for _, f := range change {
		f(&o)
	}
	if r.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	r.server.mangle = true
	r.listen()
	return r
}

// listen serves until the test ends.
func (r *rig) listen() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	served, server := make(chan error, 1), r.server
	go func() { served <- server.Serve(ln) }()
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			r.t.Error(err)
		}
		if err := <-served; err != nil {
			r.t.Error(err)
		}
	})
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

// raw sends bytes as they are over a connection of its own and reads one reply.
func (r *rig) raw(request []byte) reply {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(request)
		sent <- err
	}()
	method, _, _ := bytes.Cut(request, []byte(" "))
	got, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: string(method)})
	if err != nil {
		r.t.Fatalf("read reply: %v", err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		r.t.Fatalf("read reply: %v", err)
	}
	c.Close()
	<-sent
	return reply{got.StatusCode, got.Header, string(body)}
}

// request is the bytes of an HTTP request; header lines are "Name: value".
func rawRequest(method, target, body string, header ...string) []byte {
	b := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: relay.example\r\n", method, target)
	for _, line := range header {
		b = append(b, line+"\r\n"...)
	}
	if !strings.Contains(strings.Join(header, "\n"), "Transfer-Encoding") && method != "GET" {
		b = fmt.Appendf(b, "Content-Length: %d\r\n", len(body))
	}
	return append(append(b, "\r\n"...), body...)
}

func (r *rig) post(target, body string, header ...string) reply {
	r.t.Helper()
	return r.raw(rawRequest("POST", target, body, header...))
}

// good posts what must be taken.
func (r *rig) good(target, body string, header ...string) {
	r.t.Helper()
	if got := r.post(target, body, header...); got.status != 200 {
		r.t.Fatalf("POST %s: %d %s", target, got.status, got.body)
	}
}

const (
	basicKey       = "Authorization: Basic S0VZOg==" // KEY:
	integrationKey = "X-Pendo-Integration-Key: INT"
)

// events takes the events that were stored since the last call.
func (r *rig) events() []*event.Event {
	r.t.Helper()
	var all []*event.Event
	for {
		entry, ok, err := r.queue.Take(time.Now().UnixMilli())
		if err != nil {
			r.t.Fatal(err)
		}
		if !ok {
			return all
		}
		e := new(event.Event)
		if err := event.ParseRecord(bytes.Clone(entry.Body), e); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, e)
		if err := r.queue.Settle(&entry); err != nil {
			r.t.Fatal(err)
		}
	}
}

// show is an event as a line: its kind, then what it has, in the order of the fields.
func show(e *event.Event) string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	field := func(name string, value []byte) {
		if value != nil {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	field("visitor", e.Visitor)
	field("account", e.Account)
	field("name", e.Name)
	for _, id := range e.IDs {
		field("id", id)
	}
	field("source", e.Source)
	field("guide", e.Guide.ID)
	field("step", e.Guide.StepID)
	field("language", e.Guide.Language)
	field("guideProperties", e.Guide.Properties)
	field("nps", e.Guide.NPS)
	field("pollResponses", e.Guide.PollResponses)
	field("properties", e.Properties)
	if e.Time != theTime.UnixMilli() {
		fmt.Fprintf(&b, " time=%s", time.UnixMilli(e.Time).UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	field("url", e.URL)
	field("ip", e.IP)
	field("userAgent", e.UserAgent)
	return b.String()
}

// stored compares the events that were stored since the last call, line by line.
func (r *rig) stored(want ...string) {
	r.t.Helper()
	var got []string
	for _, e := range r.events() {
		got = append(got, show(e))
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		r.t.Errorf("stored\n%s\nwant\n%s", g, w)
	}
}

// counter is the sum of a metric over all series that have the labels, given as name, value, name, value….
func (r *rig) counter(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			has := map[string]string{}
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			matches := true
			for i := 0; i < len(labels); i += 2 {
				matches = matches && has[labels[i]] == labels[i+1]
			}
			if matches {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// commit makes a change of people durable.
func (r *rig) commit(change *people.Change) {
	r.t.Helper()
	var b wal.Batch
	change.Stage(&b)
	if err := r.log.Submit(&b); err != nil {
		r.t.Fatal(err)
	}
	change.Submitted()
	_, err := b.Wait()
	change.Done(err == nil)
	if err != nil {
		r.t.Fatal(err)
	}
}
