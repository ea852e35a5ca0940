package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/freight"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// shelf is a store of objects that never replaces one, and breaks as its weather says.
type shelf struct {
	mu      sync.Mutex
	objects map[string]string
	again   int                // attempts for an object that was there
	other   []string           // of those, with other bytes
	fate    func(n int) string // what becomes of attempt n, from 1: "" is fine, "lost" takes the object and says that it did not
	tries   int
	open    int // carriers
	most    int // carriers that were ever open at once
}

func (s *shelf) carrier(*destination.Plan, freight.Options) (freight.Carrier, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	s.most = max(s.most, s.open)
	return s, nil
}

func (s *shelf) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	return nil
}

func (s *shelf) Ship(_ context.Context, p *freight.Parcel) Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	fate := ""
	if s.fate != nil {
		fate = s.fate(s.tries)
	}
	if fate == "refused" {
		return Verdict{Outcome: Retry, Status: 503, Reason: "busy"}
	}
	name := fmt.Sprintf("%d-%d", p.First, p.Last)
	if is, found := s.objects[name]; found {
		s.again++
		if is != string(p.Body) {
			s.other = append(s.other, name)
		}
	} else {
		s.objects[name] = string(p.Body)
	}
	if fate == "lost" {
		return Verdict{Outcome: Retry, Reason: "no answer in time", Status: 408}
	}
	return Verdict{Outcome: Delivered, Status: 200}
}

// events are how often each event is in an object.
func (s *shelf) events() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := map[string]int{}
	for _, body := range s.objects {
		for line := range strings.Lines(body) {
			times[strings.Trim(string(event.Lookup([]byte(strings.TrimSpace(line)), "uniqueId")), `"`)]++
		}
	}
	return times
}

// archives makes a test's webhook an archive of objects of at most count events.
func archives(s *shelf, count int, age time.Duration) func(o *Options, w *hook.Webhook) {
	return func(o *Options, w *hook.Webhook) {
		o.newCarrier = s.carrier
		o.Backoff, o.BackoffMax = time.Millisecond, 5*time.Millisecond
		w.Plan = &destination.Plan{Type: "shelf", URL: w.Target, Carrier: true, Archive: true,
			Body:  destination.Body{Between: "\n", Close: "\n", Item: format.Pendo},
			Batch: destination.Batch{Count: count, Age: age}}
	}
}

// wantOnce holds what the shelf has against what was sent.
func wantOnce(t *testing.T, s *shelf, n int) {
	t.Helper()
	times := s.events()
	doubled := 0
	for _, k := range times {
		if k > 1 {
			doubled++
		}
	}
	if len(times) != n || doubled > 0 {
		t.Errorf("of %d events %d are in objects, %d of them in several", n, len(times), doubled)
	}
	if len(s.other) > 0 {
		t.Errorf("objects %v came again with other bytes", s.other)
	}
}

func TestArchiveHoldsEachEventOnce(t *testing.T) {
	s := &shelf{objects: map[string]string{}, fate: func(n int) string { return []string{"", "refused", "lost", ""}[n%4] }}
	g := newRig(t, "http://shelf.test/", archives(s, 70, 20*time.Millisecond))
	g.sendMany(t, 1000)
	g.drained(t)
	wantOnce(t, s, 1000)
	if s.again == 0 {
		t.Error("no object came again after its answer was lost")
	}
	if len(g.deadLetters(t)) > 0 {
		t.Error("there are dead letters")
	}
}

// The power goes at random moments, also between an object and the note that it is there: the log comes back as it was
// some moments ago, and the shelf keeps what it has.
func TestArchiveHoldsEachEventOnceOverCrashes(t *testing.T) {
	s := &shelf{objects: map[string]string{}, fate: func(n int) string { return []string{"", "lost", "", "refused", ""}[n%5] }}
	g := newCrashRig(t, archives(s, 50, time.Millisecond))
	const rounds, each = 30, 211
	random := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		g.sendSome(t, each)
		time.Sleep(time.Duration(random.IntN(15)) * time.Millisecond)
		g.crash(t, random)
	}
	g.drained(t)
	wantOnce(t, s, rounds*each)
	if s.most > 1 {
		t.Errorf("%d carriers were open at once", s.most)
	}
}

// Settings change while objects are under way: the object that was begun keeps its name and its events.
func TestArchiveHoldsEachEventOnceOverChanges(t *testing.T) {
	s := &shelf{objects: map[string]string{}, fate: func(n int) string { return []string{"lost", "", "refused"}[n%3] }}
	g := newRig(t, "http://shelf.test/", archives(s, 50, time.Millisecond))
	for i := range 20 {
		g.sendFrom(t, i*100, 100)
		time.Sleep(2 * time.Millisecond)
		w := *g.hooks[0]
		plan := *w.Plan
		plan.Batch.Count = 20 + i*7
		w.Plan = &plan
		if err := g.fleet.Replace("crm", &w, ""); err != nil {
			t.Fatal(err)
		}
	}
	g.drained(t)
	wantOnce(t, s, 2000)
	if s.most > 1 {
		t.Errorf("%d carriers were open at once", s.most)
	}
}

// What a webhook did before it became an archive, and in between, is neither lost nor in two objects.
func TestArchiveAfterAnotherType(t *testing.T) {
	r := newReceiver(t, nil)
	s := &shelf{objects: map[string]string{}}
	g := newRig(t, r.url, func(o *Options, _ *hook.Webhook) { o.newCarrier = s.carrier; o.Backoff = time.Millisecond })
	url := *g.hooks[0]
	shelved := url
	archives(s, 30, time.Millisecond)(&g.opt, &shelved)
	for i := range 12 {
		g.sendFrom(t, i*100, 100)
		time.Sleep(time.Duration(i%4) * time.Millisecond)
		w := url
		if i%2 == 0 {
			w = shelved
		}
		if err := g.fleet.Replace("crm", &w, ""); err != nil {
			t.Fatal(err)
		}
	}
	g.drained(t)
	times := s.events()
	for _, d := range r.deliveries() {
		times[d.id]++
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("event %s was delivered %d times", id, n)
		}
	}
	if len(times) != 1200 {
		t.Errorf("%d of 1200 events were delivered", len(times))
	}
}

// A dead letter that comes back long after its place in the log is an object of its own.
func TestArchiveOfWhatComesBack(t *testing.T) {
	s := &shelf{objects: map[string]string{}}
	g := newRig(t, "http://shelf.test/", func(o *Options, w *hook.Webhook) {
		archives(s, 10, time.Millisecond)(o, w)
		w.Plan.Batch.Item = 2000
	})
	g.sendFrom(t, 0, 25)
	long, _ := trackEvent(strings.Repeat("x", 3000), "long")
	var b wal.Batch
	b.Add(wal.Record{Body: long, Receivers: []wal.Receiver{{Queue: 1}}})
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
	g.sendFrom(t, 25, 25)
	g.drained(t)
	letters := g.deadLetters(t)
	if len(letters) != 1 {
		t.Fatalf("%d dead letters", len(letters))
	}
	w := *g.hooks[0]
	plan := *w.Plan
	plan.Batch.Item = 0
	w.Plan = &plan
	if err := g.fleet.Replace("crm", &w, ""); err != nil {
		t.Fatal(err)
	}
	if ok, err := g.queue.Revive(letters[0].Seq, 0); !ok || err != nil {
		t.Fatal(ok, err)
	}
	g.drained(t)
	wantOnce(t, s, 51)
	if s.objects[fmt.Sprintf("%d-%d", letters[0].Seq, letters[0].Seq)] == "" {
		t.Error("there is no object of the event that came back")
	}
}

// crashRig is a rig whose log loses power now and then.
type crashRig struct {
	*rig
	sent  int
	power power
}

// power is what carriers run on. Without it nothing reaches the destination any more: what the log does between the moment
// of the crash and its end in the test never was.
type power struct {
	sync.RWMutex
	gone bool
}

func (p *power) set(on bool) {
	p.Lock()
	defer p.Unlock()
	p.gone = !on
}

type powered struct {
	freight.Carrier
	power *power
}

func (c powered) Ship(ctx context.Context, p *freight.Parcel) Verdict {
	c.power.RLock()
	defer c.power.RUnlock()
	if c.power.gone {
		return Verdict{Outcome: Retry, Reason: "the power is gone"}
	}
	return c.Carrier.Ship(ctx, p)
}

func newCrashRig(t *testing.T, change func(o *Options, w *hook.Webhook)) *crashRig {
	t.Helper()
	g := &rig{fs: vfs.NewCrashableMem(), hooks: []*hook.Webhook{newWebhook(t, 1, "crm", "http://shelf.test/")}}
	g.opt = rigOptions()
	c := &crashRig{rig: g}
	change(&g.opt, g.hooks[0])
	made := g.opt.newCarrier
	if made == nil {
		made = freight.New
	}
	g.opt.newCarrier = func(plan *destination.Plan, o freight.Options) (freight.Carrier, error) {
		carrier, err := made(plan, o)
		return powered{carrier, &c.power}, err
	}
	g.open(t)
	t.Cleanup(func() { c.close(t, context.Background()) })
	return c
}

func (g *crashRig) sendSome(t *testing.T, n int) {
	t.Helper()
	g.sendFrom(t, g.sent, n)
	g.sent += n
}

// crash takes the power away: what was not synced is there in part or not at all.
func (g *crashRig) crash(t *testing.T, random *rand.Rand) {
	t.Helper()
	g.power.set(false)
	after := g.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // attempts under way are cut
	g.close(t, ctx)
	g.fs = after
	g.power.set(true)
	g.open(t)
}
