package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/registry"
	"edgerelay/wal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a desk with a log in memory and a registry, whose senders are what pulses says.
type rig struct {
	*Desk
	t     testing.TB
	log   *wal.Log
	hooks *registry.Registry

	mu     sync.Mutex
	now    time.Time
	pulses map[string]Pulse // by webhook
	tried  []event.Event
	reply  Attempt
	apps   []App
}

// noon is when tests begin.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newRig(t testing.TB, change func(o *Options)) *rig {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	g := &rig{t: t, now: noon, pulses: map[string]Pulse{}, apps: []App{{Name: "web", Keys: []string{"a-long-api-key-of-web", "k"}}, {Name: "mobile"}}}
	var err error
	if g.log, err = wal.Open(wal.Options{Dir: "log", FS: vfs.NewMem(), Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	vault, err := registry.OpenVault(t.TempDir(), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	if g.hooks, err = registry.Open(registry.Options{State: g.log, Vault: vault, Fleet: noFleet{}, Journal: noJournal{}, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	rules := registry.Rules{Inherited: hook.Spec{InFlight: 4, Timeout: time.Second, Retries: 3},
		Known: func(app string) bool { return app == "web" || app == "mobile" }}
	if err := g.hooks.Load(rules, nil); err != nil {
		t.Fatal(err)
	}
	o := Options{Hooks: g.hooks, Log: g.log, Pulses: g.beats, Try: g.try, Apps: func() []App { return g.apps }, Logger: quiet, Now: g.clock}
	if change != nil {
		change(&o)
	}
	g.Desk = New(o)
	t.Cleanup(func() {
		g.Close()
		if err := g.log.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *rig) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *rig) forward(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = g.now.Add(d)
}

func (g *rig) beats() (all []Pulse) {
	for _, w := range g.hooks.List() {
		g.mu.Lock()
		p := g.pulses[w.Name]
		g.mu.Unlock()
		if p.Queue = w.Queue; p.State == "" {
			p.State = "idle"
		}
		all = append(all, p)
	}
	return all
}

// beat sets what a webhook's sender does.
func (g *rig) beat(name string, p Pulse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pulses[name] = p
}

func (g *rig) try(_ context.Context, _ *hook.Webhook, e *event.Event) (Attempt, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tried = append(g.tried, *e)
	if g.reply.Outcome == "" {
		return Attempt{}, errors.New("the format has no body for this event")
	}
	return g.reply, nil
}

// create makes a webhook of these events.
func (g *rig) create(name, settings string) Webhook {
	g.t.Helper()
	d, err := hook.ParseDocument(fmt.Appendf(nil, `{"name":%q,"url":"https://example.com/in",%s}`, name, settings))
	if err != nil {
		g.t.Fatal(err)
	}
	w, err := g.Create(d)
	if err != nil {
		g.t.Fatal(err)
	}
	return w
}

// accept appends events as intake does.
func (g *rig) accept(events ...event.Event) {
	g.t.Helper()
	var b wal.Batch
	for i := range events {
		receivers, _ := g.hooks.Set().Receivers(nil, nil, &events[i], string(events[i].AppName), nil)
		b.Add(wal.Record{Body: events[i].AppendRecord(nil), Receivers: receivers, Identity: event.Identity(events[i].UniqueID)})
	}
	if _, err := g.log.Append(&b); err != nil {
		g.t.Fatal(err)
	}
}

// numbered is the nth event of its kind, of the app "web" and a visitor of one in ten.
func numbered(k event.Kind, n int) event.Event {
	e := event.Sample(k)
	e.AppName = []byte("web")
	e.Visitor = fmt.Appendf(nil, `"visitor-%d"`, n%10)
	e.Account = fmt.Appendf(nil, `"account-%d"`, n%3)
	e.UniqueID = event.UniqueID(fmt.Append(nil, n))
	e.IDs = [][]byte{fmt.Appendf(nil, `"item-%d"`, n%5)}
	return e
}

// refused checks that an error is a refusal.
func refused(t testing.TB, err error, code Code, field string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code || e.Field != field || e.Message == "" {
		t.Errorf("got %v, want a refusal %s of %q", err, code, field)
	}
}

// noFleet has no senders.
type noFleet struct{}

func (noFleet) Start(*hook.Webhook) error                   { return nil }
func (noFleet) StartDisabled(*hook.Webhook, string) error   { return nil }
func (noFleet) Replace(string, *hook.Webhook, string) error { return nil }
func (noFleet) Remove(string) error                         { return nil }
func (noFleet) Drop(uint32) error                           { return nil }
func (noFleet) Skip(string) (int64, error)                  { return 0, nil }
func (noFleet) Waits(string) bool                           { return false }

type noJournal struct{}

func (noJournal) HasErrors(uint32, time.Time) (bool, error) { return false, nil }
func (noJournal) Any(uint32) (bool, error)                  { return true, nil }
func (noJournal) Note(*hook.Webhook, string)                {}
func (noJournal) Drop(uint32) error                         { return nil }
