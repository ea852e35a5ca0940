package desk

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestRates: what a sender has done shows at once, and leaves the rate a minute later and the share an hour later.
func TestRates(t *testing.T) {
	g := newRig(t, nil)
	g.create("crm", `"events":["*"]`)
	g.forward(5 * time.Minute)
	g.watch.sample()
	live := func() Live {
		t.Helper()
		w, err := g.Get("crm")
		if err != nil {
			t.Fatal(err)
		}
		return w.Live
	}
	if l := live(); l.Rate != 0 || l.Success != nil || l.Recent != nil || l.State != "idle" {
		t.Errorf("at rest %+v", l)
	}
	g.forward(2 * time.Second)
	g.beat("crm", Pulse{State: "delivering", Counts: Counts{Delivered: 90, Succeeded: 30, Failed: 10, Dead: 2}, Backlog: 7, InFlight: 2, Parked: 1, Dead: 2,
		Oldest: g.clock().Add(-1500 * time.Millisecond)})
	l := live()
	if l.Rate != 1.452 || l.Success == nil || *l.Success != 0.75 {
		t.Errorf("rate %v, success %v", l.Rate, l.Success)
	}
	if l.Backlog != 7 || l.InFlight != 2 || l.Parked != 1 || l.Dead != 2 || l.Lag != 1.5 || l.State != "delivering" {
		t.Errorf("live %+v", l)
	}
	for range 6 {
		g.forward(10 * time.Second)
		g.watch.sample()
	}
	if l := live(); l.Rate != 1.5 {
		t.Errorf("after a minute %v/s", l.Rate)
	}
	g.forward(10 * time.Second)
	g.watch.sample()
	if l := live(); l.Rate != 0 || *l.Success != 0.75 || fmt.Sprint(l.Recent[28:]) != "[0 90]" {
		t.Errorf("later %v/s, %v, %v", l.Rate, *l.Success, l.Recent)
	}
	g.forward(70 * time.Minute)
	g.watch.sample()
	if l := live(); l.Success != nil || slices.Max(l.Recent) != 0 {
		t.Errorf("after an hour %+v", l)
	}
}

// TestRatesOfNewcomers: what a webhook did before anybody looked at it for the first time counts, as over the time in which
// it can have done it: whoever starts the relay, sends and looks sees what went out.
func TestRatesOfNewcomers(t *testing.T) {
	g := newRig(t, nil)
	g.forward(8 * time.Second)
	g.beat("crm", Pulse{Counts: Counts{Delivered: 60, Succeeded: 6, Failed: 2}})
	g.create("crm", `"events":["*"]`)
	w, err := g.Get("crm")
	if err != nil || w.Live.Rate != 7.5 || w.Live.Success == nil || *w.Live.Success != 0.75 {
		t.Fatalf("at once %+v, %v", w.Live, err)
	}
	g.forward(2 * time.Second)
	g.watch.sample()
	if w, err = g.Get("crm"); err != nil || w.Live.Rate != 6 || w.Live.Success == nil || *w.Live.Success != 0.75 {
		t.Errorf("after a step %+v, %v", w.Live, err)
	}
	if s, err := g.Stats("crm"); err != nil || s.Short.Delivered[shortSteps-1] != 60 {
		t.Errorf("steps %v, %v", s.Short.Delivered, err)
	}
}

// TestSeries: steps stand at their time, whatever was missed; counts that begin anew are no negative ones.
func TestSeries(t *testing.T) {
	g := newRig(t, nil)
	w := g.create("crm", `"events":["*"]`)
	step := func(d time.Duration, c Counts, backlog int64) {
		g.forward(d)
		g.beat("crm", Pulse{Counts: c, Backlog: backlog})
		g.watch.sample()
	}
	step(0, Counts{}, 0)
	if m := g.watch.meters[w.Queue]; m.short.steps != nil || m.long.steps != nil {
		t.Error("a webhook that does nothing takes room")
	}
	step(10*time.Second, Counts{Delivered: 3}, 1)
	step(10*time.Second, Counts{Delivered: 3, Failed: 1}, 2)
	step(30*time.Second, Counts{Delivered: 4, Failed: 1, Dead: 1}, 0)
	step(10*time.Second, Counts{Delivered: 2}, 0) // it was renamed: its counters are new
	g.forward(10 * time.Second)
	s, err := g.Stats("crm")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Short.Delivered) != shortSteps || len(s.Long.Delivered) != longSteps || s.Short.Step != 10 || s.Long.Step != 60 {
		t.Fatalf("%d and %d steps of %v and %v s", len(s.Short.Delivered), len(s.Long.Delivered), s.Short.Step, s.Long.Step)
	}
	if !s.Short.From.Equal(noon.Add(70*time.Second - shortSteps*shortStep)) {
		t.Errorf("short steps from %v", s.Short.From)
	}
	f := func(what string, got []uint32, want ...uint32) {
		t.Helper()
		if tail := got[len(got)-len(want):]; !slices.Equal(tail, want) || slices.Max(got[:len(got)-len(want)]) != 0 {
			t.Errorf("%s %v, want %v", what, got, want)
		}
	}
	f("delivered", s.Short.Delivered, 3, 0, 0, 0, 1, 2, 0)
	f("failed", s.Short.Failed, 0, 1, 0, 0, 0, 0, 0)
	f("dead", s.Short.Dead, 0, 0, 0, 0, 1, 0, 0)
	f("backlog", s.Short.Backlog, 1, 2, 0, 0, 0, 0, 0)
	f("delivered by the minute", s.Long.Delivered, 6)

	g.forward(-time.Hour) // the clock is set back
	g.watch.sample()
	g.forward(48 * time.Hour)
	g.watch.sample()
	if s, err = g.Stats("crm"); err != nil || slices.Max(s.Long.Delivered) != 0 {
		t.Errorf("two days later %v, %v", s.Long.Delivered, err)
	}
	_, err = g.Stats("nobody")
	refused(t, err, NotFound, "")
}

// TestLooks: however many look on, the senders are asked once a second; a change is seen at once.
func TestLooks(t *testing.T) {
	asked := 0
	g := newRig(t, func(o *Options) {
		pulses := o.Pulses
		o.Pulses = func() []Pulse { asked++; return pulses() }
	})
	g.create("crm", `"events":["*"]`)
	before := asked
	for range 50 {
		g.List()
	}
	if asked != before {
		t.Errorf("asked %d times", asked-before)
	}
	g.forward(freshness)
	g.List()
	if asked != before+1 {
		t.Errorf("asked %d times after a second", asked-before)
	}
	if _, err := g.Edit("crm", nil); err != nil || asked != before+2 {
		t.Errorf("asked %d times after a change, %v", asked-before, err)
	}
	if err := g.Delete("crm"); err != nil {
		t.Fatal(err)
	}
	g.watch.sample()
	if len(g.watch.meters) != 0 {
		t.Error("a deleted webhook's meter is kept")
	}
}
