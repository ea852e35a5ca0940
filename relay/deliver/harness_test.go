package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

func TestMain(m *testing.M) {
	// Two goroutines of fasthttp's server end by themselves, some seconds after it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// rig is a log in memory, a fleet and its webhooks.
type rig struct {
	fs       *vfs.MemFS
	log      *wal.Log
	registry *prometheus.Registry
	opt      Options
	hooks    []*hook.Webhook
	fleet    *Fleet
	queues   map[string]*wal.Queue // by webhook
	queue    *wal.Queue            // the first webhook's
	wrap     func(q Queue) Queue   // around each queue as senders see it; nil: none
}

// newWebhook is a webhook as Compile would make it, numbered n.
func newWebhook(t testing.TB, n uint32, name, target string) *hook.Webhook {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return &hook.Webhook{Spec: hook.Spec{Name: name, Enabled: true, InFlight: 4, Timeout: 5 * time.Second, Retries: 3,
		AllowPrivate: true, AllowHTTP: true}, Queue: n, Target: u, Plan: urlPlan(u)}
}

// urlPlan is the plan of type url.
func urlPlan(u *url.URL) *destination.Plan {
	return &destination.Plan{Type: "url", URL: u, Header: []destination.Header{{Name: "Content-Type", Value: "application/json"}},
		Body: destination.Body{Item: format.Pendo}, Judge: destination.JudgeWebhook}
}

// newRig starts a fleet with one webhook, "crm".
func newRig(t testing.TB, target string, change func(o *Options, w *hook.Webhook)) *rig {
	t.Helper()
	g := &rig{fs: vfs.NewMem(), hooks: []*hook.Webhook{newWebhook(t, 1, "crm", target)}}
	g.opt = rigOptions()
	if change != nil {
		change(&g.opt, g.hooks[0])
	}
	g.open(t)
	t.Cleanup(func() { g.close(t, context.Background()) })
	return g
}

func rigOptions() Options {
	return Options{Backoff: 10 * time.Millisecond, BackoffMax: 50 * time.Millisecond, UserAgent: "edgerelay/test",
		Linger: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
}

// open opens the log and starts all webhooks.
func (g *rig) open(t testing.TB) {
	t.Helper()
	l, err := wal.Open(wal.Options{Dir: "log", FS: g.fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	g.log, g.queues, g.registry = l, map[string]*wal.Queue{}, prometheus.NewRegistry()
	g.opt.Registerer, g.opt.Memory = g.registry, l
	g.opt.Open = func(w *hook.Webhook, wake func()) (Queue, error) {
		q, err := l.Queue(w.Queue, wal.QueueOptions{Wake: wake, Ordered: w.ByVisitor})
		g.queues[w.Name] = q
		if g.wrap != nil && err == nil {
			return g.wrap(q), nil
		}
		return q, err
	}
	g.fleet = NewFleet(g.opt)
	for _, w := range g.hooks {
		g.start(t, w)
	}
}

func (g *rig) start(t testing.TB, w *hook.Webhook) {
	t.Helper()
	if err := g.fleet.Start(w); err != nil {
		t.Fatal(err)
	}
	g.queue = g.queues[g.hooks[0].Name]
}

// add starts one more webhook.
func (g *rig) add(t testing.TB, name, target string) {
	t.Helper()
	w := newWebhook(t, uint32(len(g.hooks)+1), name, target)
	g.hooks = append(g.hooks, w)
	g.start(t, w)
}

// close stops the fleet within ctx, and closes the log. It returns how many attempts were cut off.
func (g *rig) close(t testing.TB, ctx context.Context) (cut int) {
	t.Helper()
	cut = g.fleet.Stop(ctx)
	if err := g.log.Close(); err != nil {
		t.Error(err)
	}
	return cut
}

// sender is a webhook's.
func (g *rig) sender(name string) *Sender {
	for _, s := range g.fleet.Senders() {
		if s.Hook().Name == name {
			return s
		}
	}
	return nil
}

// trackEvent is an event of a visitor, and its key of order.
func trackEvent(visitor, name string) (record []byte, order uint64) {
	e := event.Sample(event.TrackEventReceived)
	e.Visitor = event.AppendString(nil, []byte(visitor))
	e.Name = event.AppendString(nil, []byte(name))
	e.UniqueID = event.UniqueID([]byte(visitor), []byte(name))
	return e.AppendRecord(nil), event.OrderKey([]byte("app"), e.Visitor)
}

// send appends one track event of a visitor for all webhooks.
func (g *rig) send(t testing.TB, visitor, name string) {
	t.Helper()
	record, order := trackEvent(visitor, name)
	r := wal.Record{Body: record, Order: order}
	for _, w := range g.hooks {
		r.Receivers = append(r.Receivers, wal.Receiver{Queue: w.Queue})
	}
	var b wal.Batch
	b.Add(r)
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
}

// sendMany appends n track events of one visitor for the first webhook, a thousand to a commit.
func (g *rig) sendMany(t testing.TB, n int) {
	t.Helper()
	g.sendFrom(t, 0, n)
}

// sendFrom is the same from number from on.
func (g *rig) sendFrom(t testing.TB, from, n int) {
	t.Helper()
	e := event.Sample(event.TrackEventReceived)
	var body []byte
	for first := from; first < from+n; first += 1000 {
		var batch wal.Batch
		for i := first; i < min(first+1000, from+n); i++ {
			e.UniqueID = event.UniqueID([]byte(fmt.Sprint(i)))
			body = e.AppendRecord(body[:0])
			batch.Add(wal.Record{Body: body, Receivers: []wal.Receiver{{Queue: 1}}})
		}
		if _, err := g.log.Append(&batch); err != nil {
			t.Fatal(err)
		}
	}
}

// drained returns once nothing waits for a webhook any more.
func (g *rig) drained(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range append(names, g.hooks[0].Name) {
		q := g.queues[name]
		eventually(t, func() bool {
			s := q.Stats()
			return !s.Stale && s.Backlog == 0 && s.Flight == 0 && s.Parked == 0
		}, func() string { return fmt.Sprintf("%s: the queue still holds %+v", name, q.Stats()) })
	}
}

// deadLetters are the first webhook's.
func (g *rig) deadLetters(t testing.TB) []wal.DeadLetter {
	t.Helper()
	letters, err := g.queue.Dead(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return letters
}

// eventually waits for what happens on other goroutines and real sockets. Its bound is there to end a test that hangs.
func eventually(t testing.TB, ok func() bool, what func() string) {
	t.Helper()
	for range 6000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal(what())
}
