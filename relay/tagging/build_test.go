package tagging

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"edgerelay/relay/catalog"
)

// counting is traffic that counts the catalogs it is told of.
type counting struct {
	Traffic
	set atomic.Int64
}

func (c *counting) SetCatalog(known *catalog.Catalog) {
	c.set.Add(1)
	c.Traffic.SetCatalog(known)
}

// TestTogether: changes that come at once share a catalog, and each is in force when it is answered.
func TestTogether(t *testing.T) {
	r := newRig(t)
	traffic := &counting{Traffic: r.traffic}
	r.opt.Traffic = traffic
	r.build.mu.Lock() // a catalog is being compiled
	var hands sync.WaitGroup
	for i := range 16 {
		hands.Go(func() {
			r.create(Pages, fmt.Sprintf(`{"app":"web","id":"p%d","rules":["/p%d"]}`, i, i))
			r.touches("web", fmt.Sprintf("https://x/p%d", i), fmt.Sprintf(`["p%d"]`, i))
		})
	}
	for {
		if l, err := r.List(Query{List: Pages, Origin: OfAPI}); err != nil {
			t.Fatal(err)
		} else if l.Total == 16 { // all are kept, and seen by who looks
			break
		}
	}
	r.build.mu.Unlock()
	hands.Wait()
	if n := traffic.set.Load(); n != 1 {
		t.Errorf("%d catalogs for 16 changes at once", n)
	}
	r.delete(Pages, "p0")
	if n := traffic.set.Load(); n != 2 {
		t.Errorf("%d catalogs after one more change", n)
	}
}

// TestCloseEndsRests: who waits for a catalog does not hold up the end of the program.
func TestCloseEndsRests(t *testing.T) {
	r := newRig(t)
	r.build.took = 1 << 60
	r.Store.Close()
	r.build.ended = theTime.AddDate(100, 0, 0)
	r.create(Pages, `{"id":"p"}`)
	r.Store = nil
}

// TestManyHands: changes, looks and loads at once, of which one edit of each version wins.
func TestManyHands(t *testing.T) {
	r := newRig(t)
	first := r.create(Pages, `{"app":"web","id":"p","rules":["/p"]}`)
	var won atomic.Int64
	var hands sync.WaitGroup
	for i := range 8 {
		hands.Go(func() {
			if _, err := r.Edit(Ref{List: Pages, ID: "p"}, doc(t, fmt.Sprintf(`{"name":"%d"}`, i)), first.ETag); err == nil {
				won.Add(1)
			} else {
				refused(t, err, Stale, "", "")
			}
			r.create(Features, fmt.Sprintf(`{"app":"web","id":"f%d","selectors":["a"],"page":"p"}`, i))
			if trial, err := r.Try("web", "https://x/p", "a"); err != nil || len(trial.Features) == 0 {
				t.Errorf("%+v, %v", trial, err)
			}
			if _, err := r.List(Query{List: Features}); err != nil {
				t.Error(err)
			}
			if i%4 == 0 {
				if err := r.Load(theFile()); err != nil {
					t.Error(err)
				}
			}
			r.delete(Features, fmt.Sprintf("f%d", i))
		})
	}
	hands.Wait()
	if won.Load() != 1 {
		t.Errorf("%d edits of one version won", won.Load())
	}
	if got := len(r.events()); got != 1+1+2*8 {
		t.Errorf("%d events", got)
	}
	if got := r.ids(Query{List: Features, Origin: OfAPI}); got != "" {
		t.Errorf("left: %s", got)
	}
	r.touches("web", "https://x/p", `["p"]`)
}
