package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/deliver"
	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
	"edgerelay/relay/registry"
	"edgerelay/relay/replay"
	"edgerelay/wal"
)

// plant is a relay behind a console, without its intake: a log in memory, senders, the registry and the desk. Its config
// file has one webhook, "of the file", which is off.
type plant struct {
	*serving
	log      *wal.Log
	fleet    *deliver.Fleet
	hooks    *registry.Registry
	desk     *desk.Desk
	journal  *pastErrors // the registry's
	attempts *journal.Journal
	replays  *replay.Runner
	receiver *receiver
	reload   func() ([]desk.Change, error)
}

// noToken is for tests that are not about access.
var noToken = Options{}

func mustPlant(t testing.TB, opts Options) *plant {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	p := &plant{journal: &pastErrors{}, receiver: newReceiver(t)}
	var err error
	if p.log, err = wal.Open(wal.Options{Dir: "log", FS: vfs.NewMem(), Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	if p.attempts, err = journal.Open(journal.Options{State: p.log, Share: 1, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	tap := desk.NewTap(p.attempts)
	p.fleet = deliver.NewFleet(deliver.Options{
		Open: func(w *hook.Webhook, wake func()) (deliver.Queue, error) {
			return p.log.Queue(w.Queue, wal.QueueOptions{Wake: wake, Ordered: w.ByVisitor})
		},
		Backoff: time.Millisecond, BackoffMax: 10 * time.Millisecond, DisableFailures: 20, DisableWithin: time.Hour,
		Disabled:  func(w *hook.Webhook, reason string) { p.hooks.TurnedOff(w, reason) },
		UserAgent: "edgerelay/test", Linger: 10 * time.Millisecond, Journal: tap, Logger: quiet,
	})
	p.openHooks(t, quiet)
	if p.replays, err = replay.New(replay.Options{Log: p.log, Hooks: p.hooks.Set, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	p.desk = desk.New(desk.Options{Hooks: p.hooks, Log: p.log, Journal: p.attempts, Tap: tap, Replays: p.replays, Catalog: openCatalog(t, p.log),
		Pulses: p.pulses, Try: p.try,
		Reload: func(context.Context) ([]desk.Change, error) { return p.reload() },
		Compare: func(name string, text []byte) ([]desk.Change, error) {
			if string(text) == "faulty" {
				return nil, &desk.Error{Code: desk.BadConfig, Message: name + ":1: is faulty"}
			}
			return []desk.Change{{Key: name, To: string(text)}}, nil
		},
		Apps: configuredApps, Logger: quiet, Now: opts.Now})
	opts.Desk = p.desk
	t.Cleanup(func() { // after the console's end
		p.desk.Close()
		p.replays.Close()
		p.fleet.Stop(context.Background())
		if err := errors.Join(p.attempts.Close(), p.log.Close()); err != nil {
			t.Error(err)
		}
	})
	p.serving = mustServe(t, opts)
	return p
}

// openHooks opens the registry with the webhook of the file.
func (p *plant) openHooks(t testing.TB, quiet *slog.Logger) {
	t.Helper()
	vault, err := registry.OpenVault(t.TempDir(), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	if p.hooks, err = registry.Open(registry.Options{State: p.log, Vault: vault, Fleet: chairs{p.fleet, p.log}, Journal: p.journal, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	inherited := hook.Spec{InFlight: 4, Timeout: 5 * time.Second, Retries: 3, AllowPrivate: true, AllowHTTP: true}
	rules := registry.Rules{Inherited: inherited, Known: func(app string) bool { return app == "web" || app == "mobile" }}
	fixed := inherited
	fixed.Name, fixed.URL, fixed.Secret = "of the file", "https://example.com/fixed", "file-secret-value"
	compiled, faults := hook.Compile(fixed, rules.Known)
	if faults != nil {
		t.Fatal(faults)
	}
	if err := errors.Join(p.hooks.Load(rules, []*hook.Webhook{compiled}), p.hooks.Start()); err != nil {
		t.Fatal(err)
	}
}

func configuredApps() []desk.App {
	return []desk.App{{Name: "web", Platform: "web", Keys: []string{"web-key-0123456789"}}, {Name: "mobile"}}
}

func (p *plant) pulses() (all []desk.Pulse) {
	for _, s := range p.fleet.Senders() {
		q, state := s.Queue().Stats(), s.State()
		all = append(all, desk.Pulse{Queue: s.Hook().Queue, State: state.Name, Reason: state.Reason, Lanes: state.Lanes, Backlog: q.Backlog,
			InFlight: q.Flight, Parked: q.Parked, Dead: q.Dead, Counts: desk.Counts(s.Counts())})
	}
	return all
}

func (p *plant) try(ctx context.Context, w *hook.Webhook, e *event.Event) (desk.Attempt, error) {
	t, err := p.fleet.Try(ctx, w, e)
	return desk.Attempt{Outcome: [...]string{"delivered", "retry", "final", "gone"}[t.Outcome], Status: t.Status, Reason: t.Reason, Took: t.Took,
		Request: t.Request, Reply: t.Reply}, err
}

// accept appends an event of the app "web" as intake does, and returns its number.
func (p *plant) accept(k event.Kind, visitor string) uint64 {
	p.t.Helper()
	e := event.Sample(k)
	e.AppName, e.Visitor = []byte("web"), event.AppendString(nil, visitor)
	e.UniqueID = event.UniqueID(fmt.Append(nil, p.log.Head()))
	receivers, _ := p.hooks.Set().Receivers(nil, nil, &e, "web", nil)
	var b wal.Batch
	b.Add(wal.Record{Body: e.AppendRecord(nil), Receivers: receivers, Identity: event.Identity(e.UniqueID)})
	got, err := p.log.Append(&b)
	if err != nil {
		p.t.Fatal(err)
	}
	return got.First
}

// eventually waits for something that happens in the background.
func (p *plant) eventually(what string, is func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if is() {
			return
		}
	}
	p.t.Fatalf("never: %s", what)
}

// chairs are the senders as the registry knows them.
type chairs struct {
	*deliver.Fleet
	log *wal.Log
}

func (c chairs) Remove(name string) error {
	q, err := c.Fleet.Remove(name)
	if err != nil {
		return err
	}
	return c.log.Drop(q.(*wal.Queue))
}

func (c chairs) Drop(queue uint32) error {
	if q := c.log.Find(queue); q != nil {
		return c.log.Drop(q)
	}
	return nil
}

func (c chairs) Skip(name string) (int64, error) { return c.Sender(name).Queue().(*wal.Queue).Skip() }

func (c chairs) Waits(name string) bool {
	q := c.Sender(name).Queue().Stats()
	return q.Backlog+q.Parked+int64(q.Flight) > 0
}

// pastErrors is a journal that says what it is told to.
type pastErrors struct {
	mu          sync.Mutex
	errors, any bool
}

func (j *pastErrors) set(errors, any bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.errors, j.any = errors, any
}

func (j *pastErrors) HasErrors(uint32, time.Time) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.errors, nil
}

func (j *pastErrors) Any(uint32) (bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.any, nil
}

func (*pastErrors) Note(*hook.Webhook, string) {}
func (*pastErrors) Drop(uint32) error          { return nil }

// receiver is at the other end of webhooks.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	bodies []string
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Errorf("receive: %v", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies = append(r.bodies, string(body))
		w.WriteHeader(r.status)
		fmt.Fprintf(w, "reply %d to %s", len(r.bodies), req.URL.Path)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.bodies)
}

// call sends a request with a JSON body and reads the JSON reply into into, unless that is nil.
func (p *plant) call(status int, method, path, body string, into any, headers ...string) *http.Response {
	p.t.Helper()
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	resp, text := p.do(method, path, body, headers...)
	if resp.StatusCode != status {
		p.t.Fatalf("%s %s: %d %s, want %d", method, path, resp.StatusCode, text, status)
	}
	if into == nil {
		return resp
	}
	reflect.ValueOf(into).Elem().SetZero()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		p.t.Fatalf("%s %s: %s: %v", method, path, text, err)
	}
	return resp
}

// deny checks that a request with a JSON body is refused.
func (p *plant) deny(status int, code, field, message, method, path, body string, headers ...string) {
	p.t.Helper()
	p.refused(status, code, field, message, method, path, body, append(headers, "Content-Type", "application/json")...)
}

// create makes a webhook to the receiver.
func (p *plant) create(settings string) desk.Webhook {
	p.t.Helper()
	var w desk.Webhook
	p.call(201, "POST", "/api/webhooks", strings.ReplaceAll(settings, "$URL", p.receiver.URL), &w)
	return w
}
