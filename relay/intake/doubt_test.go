package intake

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/people"
	"edgerelay/wal"
)

// TestElderAgentResends: an event counts once, whether it comes again in the same batch, in another, or because the first
// was refused.
func TestElderAgentResends(t *testing.T) {
	var fail error
	r := start(t, func(o *Options) { o.Log = &moody{o.Log, &fail} })
	r.meet()
	f := func(want string, events ...string) {
		t.Helper()
		r.taken(elder(events...))
		if got := r.kinds(); got != want {
			t.Errorf("%d events: %q, want %q", len(events), got, want)
		}
	}
	c := func(i int) string { return clickAt(i*100, i) }
	f("featureClicked featureClicked", c(1), c(2))
	f("", c(1), c(2))
	f("featureClicked", c(1), c(2), c(3), c(3), c(3))
	for _, fault := range []error{wal.ErrFull, wal.ErrOverloaded, errors.New("input/output error")} {
		fail = fault
		if got := r.raw(elder(c(4), c(5), c(6))); got.status != 503 {
			t.Errorf("%v: %d", fault, got.status)
		}
		if got := r.raw(strangerClick(c(4))); got.status != 503 { // by the way of new people
			t.Errorf("%v: %d", fault, got.status)
		}
	}
	fail = nil
	r.kinds()
	f("featureClicked rageClick", c(4))
	f("featureClicked featureClicked", c(4), c(5), c(6))
	f("featureClicked featureClicked rageClick featureClicked", c(6), c(7), c(8), c(9), c(9))
	f("", c(1), c(2), c(3), c(4), c(5), c(6), c(7), c(8), c(9))
}

func strangerClick(click string) []byte {
	return elder(click, strings.Replace(click, `"account_id":"a"`, `"account_id":"new"`, 1))
}

// moody is a log that takes nothing while fail says why.
type moody struct {
	Log
	fail *error
}

func (m *moody) Submit(b *wal.Batch) error {
	if *m.fail != nil {
		return *m.fail
	}
	return m.Log.Submit(b)
}

// TestElderAgentRestart: what was told is no news after a restart, and a run that spans it is not seen.
func TestElderAgentRestart(t *testing.T) {
	fs := vfs.NewMem()
	t.Run("first", func(t *testing.T) {
		r := startOn(t, fs, "data")
		r.meet()
		r.taken(elder(clickAt(0, 0), clickAt(1, 1), clickAt(2, 2), clickAt(3, 3), clickAt(4, 4), clickAt(5, 5)))
		if got := strings.Count(r.kinds(), "rageClick"); got != 1 {
			t.Errorf("%d rage clicks", got)
		}
	})
	t.Run("second", func(t *testing.T) {
		r := startOn(t, fs, "data")
		r.taken(elder(clickAt(2, 2), clickAt(3, 3), clickAt(4, 4), clickAt(5, 5)))
		if got := r.kinds(); got != "" {
			t.Errorf("told again: %s", got)
		}
		r.taken(elder(clickAt(6, 6), clickAt(7, 7)))
		if got := r.kinds(); got != "featureClicked featureClicked" {
			t.Error(got)
		}
		r.taken(elder(clickAt(8, 8), clickAt(9, 9)))
		if got := r.kinds(); got != "featureClicked featureClicked rageClick" {
			t.Error(got)
		}
	})
}

// TestNobodysFrustration: people who yield no event yield no frustration, and leave no trace in the detector.
func TestNobodysFrustration(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"x*"}, []string{"acme"}); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	change := r.book.Begin()
	if _, err := change.SetDoNotProcess("demo", []byte(`"private"`), true); err != nil {
		t.Fatal(err)
	}
	r.commit(change)
	for _, who := range []string{`"visitor_id":"x1"`, `"visitor_id":"private"`, `"account_id":"acme"`} {
		var events []string
		for i := range 8 {
			name, _, _ := strings.Cut(who, ":")
			old := map[string]string{`"visitor_id"`: `"visitor_id":"v"`, `"account_id"`: `"account_id":"a"`}[name]
			events = append(events, strings.Replace(clickAt(i, i), old, who, 1), strings.Replace(loadAt(i, 100+i, fmt.Sprint(i%2)), old, who, 1))
		}
		r.taken(elder(events...))
		r.stored()
	}
	if n := r.server.signals.Len(); n != 0 {
		t.Errorf("%d visitors are remembered", n)
	}
	if got := r.counter("edge_intake_excluded_events_total"); got != 3*16 {
		t.Errorf("%v excluded counted", got)
	}
}

// TestSourcesApart: an agent and Segment's SDK on the same site tell of the same pages, which is no way back.
func TestSourcesApart(t *testing.T) {
	r := start(t)
	r.meet()
	r.taken(elder(loadAt(0, 1, "a")))
	r.good("/v1/page", `{"userId":"v","messageId":"1","timestamp":"2026-11-21T06:11:00.005Z","properties":{"url":"https://app.example.com/b"}}`, basicKey)
	r.taken(elder(loadAt(10, 2, "a")))
	if got := r.kinds(); got != "pageLoaded pageLoaded pageLoaded" {
		t.Error(got)
	}
}

// TestFrustrationConcurrency: every batch comes over two connections at once, those of all visitors mixed, some by way of
// news about people. Each run is told once.
func TestFrustrationConcurrency(t *testing.T) {
	const senders, visitors, rounds = 8, 6, 12
	r := start(t)
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for round := range rounds {
				var events []string
				for v := range visitors {
					v = (v + sender) % visitors
					for i := range 2 {
						n := round*2 + i
						click := strings.Replace(clickAt(n*10, 1000*v+n), `"v"`, fmt.Sprintf(`"v%d"`, v), 1)
						events = append(events, strings.Replace(click, `"a"`, fmt.Sprintf(`"a%d"`, round%3), 1))
					}
				}
				r.taken(elder(events...))
			}
		})
	}
	all.Wait()
	got, ids := map[string]int{}, map[[20]byte]bool{}
	for _, e := range r.events() {
		got[e.Kind.String()+string(e.Visitor)]++
		if ids[e.UniqueID] {
			t.Errorf("twice: %s", show(e))
		}
		ids[e.UniqueID] = true
	}
	for v := range visitors {
		if n := got[fmt.Sprintf(`featureClicked"v%d"`, v)]; n != 2*rounds {
			t.Errorf("visitor %d: %d clicks", v, n)
		}
		if n := got[fmt.Sprintf(`rageClick"v%d"`, v)]; n != 2*rounds/4 {
			t.Errorf("visitor %d: %d rage clicks", v, n)
		}
	}
}
