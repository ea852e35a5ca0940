package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

func TestMain(m *testing.M) {
	// fasthttp's own cleaners end by themselves, some seconds after their owner.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"))
}

// receiver is a real HTTP server whose answers the test scripts.
type receiver struct {
	url    string
	addr   string
	forget atomic.Bool // keep no record of requests

	mu     sync.Mutex
	got    []delivery
	answer func(n int, ctx *fasthttp.RequestCtx) // n counts requests from 1
}

type delivery struct {
	body, id, signature, attempt string
	at                           time.Time
}

func newReceiver(t testing.TB, answer func(n int, ctx *fasthttp.RequestCtx)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	r.url = "http://" + r.addr + "/hook"
	srv := &fasthttp.Server{Handler: r.handle, CloseOnShutdown: true}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(ln)
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = srv.ShutdownWithContext(ctx)
		_ = ln.Close()
		<-served
	})
	return r
}

func (r *receiver) handle(ctx *fasthttp.RequestCtx) {
	if r.forget.Load() {
		return
	}
	d := delivery{body: string(ctx.PostBody()), signature: string(ctx.Request.Header.Peek("X-Pendo-Signature")),
		attempt: string(ctx.Request.Header.Peek("X-Edgerelay-Attempt")), at: time.Now()}
	d.id = string(event.Lookup([]byte(d.body), "uniqueId"))
	r.mu.Lock()
	r.got = append(r.got, d)
	n := len(r.got)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(n, ctx)
	}
}

func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery(nil), r.got...)
}

// wait returns once n requests have come.
func (r *receiver) wait(t testing.TB, n int) []delivery {
	t.Helper()
	eventually(t, func() bool { return len(r.deliveries()) >= n }, func() string {
		return fmt.Sprintf("the receiver got %d of %d requests", len(r.deliveries()), n)
	})
	return r.deliveries()
}

func eventually(t testing.TB, ok func() bool, what func() string) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal(what())
}

// rig is a log, a fleet and one webhook.
type rig struct {
	log   *wal.Log
	fleet *Fleet
	queue *wal.Queue
	hook  *hook.Webhook
}

func newRig(t testing.TB, target string, change func(o *Options, w *hook.Webhook)) *rig {
	t.Helper()
	l, err := wal.Open(wal.Options{Dir: "log", FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{log: l}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	g.hook = &hook.Webhook{Spec: hook.Spec{Name: "crm", Enabled: true, InFlight: 4, Timeout: 2 * time.Second, Retries: 3,
		AllowPrivate: true, AllowHTTP: true}, Queue: 1, Target: u, Encode: format.Pendo}
	o := Options{Backoff: 10 * time.Millisecond, BackoffMax: 50 * time.Millisecond, UserAgent: "edgerelay/test",
		Linger: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o, g.hook)
	}
	o.Open = func(w *hook.Webhook, wake func()) (Queue, error) {
		q, err := l.Queue(w.Queue, wal.QueueOptions{Wake: wake, Ordered: w.ByVisitor})
		g.queue = q
		return q, err
	}
	g.fleet = NewFleet(o)
	if err := g.fleet.Start(g.hook); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.fleet.Stop(context.Background())
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// send appends one track event of a visitor.
func (g *rig) send(t testing.TB, visitor, name string) {
	t.Helper()
	e := event.Sample(event.TrackEventReceived)
	e.Visitor = event.AppendString(nil, []byte(visitor))
	e.Name = event.AppendString(nil, []byte(name))
	e.UniqueID = event.UniqueID([]byte(visitor), []byte(name))
	var b wal.Batch
	b.Add(wal.Record{Body: e.AppendRecord(nil), Order: event.OrderKey([]byte("app"), e.Visitor),
		Receivers: []wal.Receiver{{Queue: 1}}})
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
}

// drained returns once nothing waits.
func (g *rig) drained(t testing.TB) {
	t.Helper()
	eventually(t, func() bool {
		s := g.queue.Stats()
		return s.Backlog == 0 && s.Flight == 0 && s.Parked == 0
	}, func() string { return fmt.Sprintf("the queue still holds %+v", g.queue.Stats()) })
}
