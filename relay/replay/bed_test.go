package replay

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bed is a log, webhooks and a runner.
type bed struct {
	t      testing.TB
	fs     *vfs.MemFS
	log    *wal.Log
	opt    wal.Options
	set    atomic.Pointer[hook.Set]
	queues map[string]*wal.Queue
	woken  map[string]chan struct{} // of the webhooks that somebody waits for
	runner *Runner
	off    atomic.Pointer[string]
	change func(o *Options)

	serial int
}

// inBubble runs test with webhooks "crm" and "bi" (which select everything) where waiting costs no time and its length is
// exact, and closes everything.
func inBubble(t *testing.T, test func(t *testing.T, b *bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, vfs.NewCrashableMem())
		t.Cleanup(b.close)
		test(t, b)
	})
}

func newBed(t testing.TB, fs *vfs.MemFS) *bed {
	t.Helper()
	b := &bed{t: t, fs: fs, opt: wal.Options{Dir: "log", TrimInterval: 24 * 365 * time.Hour, Retain: 24 * 365 * time.Hour,
		DiskReserve: -1, Memory: 1 << 20, CursorInterval: time.Second, Logger: slog.New(slog.DiscardHandler)}}
	b.setHooks(newHook("crm", 1, "*"), newHook("bi", 2, "*"))
	b.open()
	return b
}

func newHook(name string, queue uint32, events ...string) *hook.Webhook {
	w, faults := hook.Compile(hook.Spec{Name: name, URL: "https://example.com/" + name, Enabled: true, InFlight: 16, Timeout: time.Second,
		Events: events}, func(string) bool { return true })
	if len(faults) > 0 {
		panic(fmt.Sprint(faults))
	}
	w.Queue = queue
	return w
}

func (b *bed) setHooks(hooks ...*hook.Webhook) {
	b.t.Helper()
	set, err := hook.NewSet(hooks)
	if err != nil {
		b.t.Fatal(err)
	}
	b.set.Store(set)
}

// open opens the log, the webhooks' queues and a runner on what fs holds.
func (b *bed) open() {
	b.t.Helper()
	if b.fs != nil {
		b.opt.FS = b.fs
	}
	l, err := wal.Open(b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.log, b.queues = l, map[string]*wal.Queue{}
	for _, w := range b.set.Load().All() {
		b.openQueue(w)
	}
	b.run()
}

func (b *bed) openQueue(w *hook.Webhook) {
	b.t.Helper()
	wake := func() {
		select {
		case b.woken[w.Name] <- struct{}{}:
		default:
		}
	}
	q, err := b.log.Queue(w.Queue, wal.QueueOptions{Ordered: w.ByVisitor, Wake: wake})
	if err != nil {
		b.t.Fatal(err)
	}
	b.queues[w.Name] = q
}

// run makes a runner.
func (b *bed) run() {
	b.t.Helper()
	o := Options{Log: b.log, Hooks: b.set.Load, Logger: slog.New(slog.DiscardHandler), Off: func(*hook.Webhook) string {
		if off := b.off.Load(); off != nil {
			return *off
		}
		return ""
	}}
	if b.change != nil {
		b.change(&o)
	}
	var err error
	if b.runner, err = New(o); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) close() {
	b.t.Helper()
	b.runner.Close()
	if err := b.log.Close(); err != nil {
		b.t.Error(err)
	}
}

// crash takes the power away and opens what is left.
func (b *bed) crash() {
	b.t.Helper()
	after := b.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: b.serial % 101, RNG: rand.New(rand.NewPCG(uint64(b.serial), 9))})
	b.close()
	b.fs = after
	b.open()
}

// take makes an event of a kind with IDs: what intake would make of it.
func (b *bed) take(kind event.Kind, app string, ids ...string) *event.Event {
	b.serial++
	e := event.Sample(kind)
	e.UniqueID = event.UniqueID(fmt.Append(nil, b.serial))
	e.Visitor = event.AppendString(nil, fmt.Append(nil, "visitor ", b.serial%7))
	e.AppName, e.IDs, e.Received = []byte(app), nil, time.Now().UnixMilli()
	for _, id := range ids {
		e.IDs = append(e.IDs, event.AppendString(nil, []byte(id)))
	}
	return &e
}

// send appends events in one commit for whoever wants them, and returns the number of the first.
func (b *bed) send(events ...*event.Event) uint64 {
	b.t.Helper()
	var batch wal.Batch
	for _, e := range events {
		receivers, _ := b.set.Load().Receivers(nil, nil, e, string(e.AppName), nil)
		batch.Add(wal.Record{Body: e.AppendRecord(nil), Receivers: receivers, Identity: event.Identity(e.UniqueID),
			Order: event.OrderKey(e.AppName, e.Visitor)})
	}
	got, err := b.log.Append(&batch)
	if err != nil {
		b.t.Fatal(err)
	}
	return got.First
}

// sendPages appends n page events of the app shop, ten to a commit, a second apart.
func (b *bed) sendPages(n int) (ids []string) {
	b.t.Helper()
	for len(ids) < n {
		var events []*event.Event
		for range min(10, n-len(ids)) {
			e := b.take(event.PageLoaded, "shop", "p1", "p2")
			events, ids = append(events, e), append(ids, idOf(e))
		}
		b.send(events...)
		time.Sleep(time.Second)
	}
	return ids
}

func idOf(e *event.Event) string { return hex.EncodeToString(e.UniqueID[:]) }

// start starts a replay that must be in order.
func (b *bed) start(q Request) Job {
	b.t.Helper()
	j, err := b.runner.Start(q)
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

func (b *bed) job(id string) Job {
	b.t.Helper()
	j, err := b.runner.Job(id)
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

func (b *bed) count(q Request) Count {
	b.t.Helper()
	c, err := b.runner.Count(context.Background(), q)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// sendRaw appends a record that is no event, for crm.
func (b *bed) sendRaw(body []byte) {
	b.t.Helper()
	var batch wal.Batch
	batch.Add(wal.Record{Body: body, Receivers: []wal.Receiver{{Queue: 1}}})
	if _, err := b.log.Append(&batch); err != nil {
		b.t.Fatal(err)
	}
}

// stored is how many jobs the log's state holds.
func (b *bed) stored() (n int) {
	b.t.Helper()
	for _, prefix := range []string{jobKey, atKey} {
		if err := b.log.Scan([]byte(prefix), nil, func(_, _ []byte) bool { n++; return true }); err != nil {
			b.t.Fatal(err)
		}
	}
	return n / 2
}
