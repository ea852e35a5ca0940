package intake

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
	"edgerelay/wal"
)

// tagged is a page of an app that was tagged, in the change of a number.
func tagged(app string, change byte) event.Event {
	return event.Event{AppName: []byte(app), Kind: event.PageTagged, UniqueID: [20]byte{change}, Time: theTime.UnixMilli(),
		IDs: [][]byte{[]byte(`"p1"`)}, Properties: []byte(`{"id":"p1"}`)}
}

// TestAnnounce: a change's events and its state are one commit.
func TestAnnounce(t *testing.T) {
	other := App{Name: "other", Keys: []string{"K2"}, ID: `"o"`, Platform: "ios", SubscriptionID: "1", SubscriptionName: "S"}
	r := start(t, func(o *Options) { o.Apps = []App{demo(), other} })
	put := func(value string) func(*wal.Batch) {
		return func(b *wal.Batch) { b.Put([]byte("catalog/x"), []byte(value)) }
	}
	state := func(want string) {
		t.Helper()
		if got, _, err := r.log.Get(nil, []byte("catalog/x")); err != nil || string(got) != want {
			t.Errorf("state %q, %v, want %q", got, err, want)
		}
	}
	f := func(app string, change byte, want ...string) {
		t.Helper()
		value := fmt.Sprint(app, change)
		if err := r.server.Announce([]event.Event{tagged(app, change)}, put(value)); err != nil {
			t.Fatal(err)
		}
		state(value)
		var got []string
		for _, e := range r.events() {
			got = append(got, fmt.Sprintf("%s %s %s %x %s", e.AppName, e.App, e.Subscription, e.UniqueID[:4], show(e)))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	const what = ` pageTagged id="p1" properties={"id":"p1"}`
	f("demo", 1, `demo {"id":-323232,"name":"demo","platform":"web"} {"id":4802463602049999,"name":"Demo Ltd"} 358f56bd`+what)
	f("demo", 1) // it was told
	f("demo", 2, `demo {"id":-323232,"name":"demo","platform":"web"} {"id":4802463602049999,"name":"Demo Ltd"} 9c9b1864`+what)
	f("", 3, `demo {"id":-323232,"name":"demo","platform":"web"} {"id":4802463602049999,"name":"Demo Ltd"} 92973d36`+what,
		`other {"id":"o","name":"other","platform":"ios"} {"id":1,"name":"S"} 7659cf21`+what)
	f("gone", 4, `gone {"id":"gone","name":"gone","platform":"web"} {"id":"gone","name":"gone"} 3180ff4a`+what)
	if got := r.counter("edge_intake_accepted_events_total", "app", "other", "dialect", "admin"); got != 1 {
		t.Errorf("%v accepted of the other app", got)
	}

	// Without events, the state alone.
	if err := r.server.Announce(nil, put("alone")); err != nil {
		t.Fatal(err)
	}
	state("alone")
	r.stored()
}

// full is a log that takes nothing.
type full struct{ Log }

func (full) Submit(*wal.Batch) error { return wal.ErrFull }

func TestAnnounceToAFullLog(t *testing.T) {
	r := start(t, func(o *Options) { o.Log = full{o.Log} })
	err := r.server.Announce([]event.Event{tagged("demo", 1)}, func(b *wal.Batch) { b.Put([]byte("catalog/x"), []byte("1")) })
	if !errors.Is(err, wal.ErrFull) {
		t.Errorf("got %v", err)
	}
	if _, found, _ := r.log.Get(nil, []byte("catalog/x")); found {
		t.Error("half a change was kept")
	}
}

func pagesAt(t testing.TB, id, rule string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(catalog.Options{Pages: []catalog.Page{{App: "demo", ID: id, Rules: []string{rule}}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSetCatalog: requests go by the catalog of the moment; apps that are set later, too.
func TestSetCatalog(t *testing.T) {
	r := start(t)
	r.meet()
	n := 0
	f := func(want ...string) {
		t.Helper()
		n++
		r.taken(sent("ptm.gif", `[`+agentEventOf("load", n, `{}`, "")+`]`))
		var got []string
		for _, e := range r.events() {
			for _, id := range e.IDs {
				got = append(got, string(id))
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("pages %s, want %s", got, want)
		}
	}
	f()
	r.server.SetCatalog(pagesAt(t, "first", "//*/users/*"))
	f(`"first"`)
	r.server.SetCatalog(pagesAt(t, "second", "//*/users/**"))
	f(`"second"`)
	if err := r.server.SetApps([]App{demo()}); err != nil {
		t.Fatal(err)
	}
	f(`"second"`)
	r.server.SetCatalog(pagesAt(t, "third", "//*/elsewhere"))
	f()
}

// TestSetCatalogUnderTraffic: catalogs change, changes are announced and apps set while requests come.
func TestSetCatalogUnderTraffic(t *testing.T) {
	r := start(t)
	r.meet()
	catalogs := []*catalog.Catalog{pagesAt(t, "one", "//*/users/*"), pagesAt(t, "two", "//*/users/**")}
	r.server.SetCatalog(catalogs[0])
	stop := make(chan struct{})
	var hands, traffic sync.WaitGroup
	hands.Go(func() {
		for i := byte(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			r.server.SetCatalog(catalogs[i%2])
			err := errors.Join(r.server.SetApps([]App{demo()}), r.server.Announce([]event.Event{tagged("", i)}, func(*wal.Batch) {}))
			if err != nil {
				t.Error(err)
			}
		}
	})
	for worker := range 4 {
		traffic.Go(func() {
			for i := range 50 {
				r.taken(sent("ptm.gif", `[`+agentEventOf("load", 1000*(worker+1)+i, `{}`, "")+`]`))
			}
		})
	}
	traffic.Wait()
	close(stop)
	hands.Wait()
	loads := 0
	for _, e := range r.events() {
		if e.Kind != event.PageLoaded {
			continue
		}
		if loads++; len(e.IDs) != 1 {
			t.Errorf("a load has %d pages", len(e.IDs))
		}
	}
	if loads != 200 {
		t.Errorf("%d loads, want 200", loads)
	}
}
