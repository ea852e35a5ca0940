package deliver

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/hook"
)

// TestNoWakeIsLost appends one event at a time to the real log, with pauses around the time after which lanes end.
func TestNoWakeIsLost(t *testing.T) {
	const linger = 300 * time.Microsecond
	f := func(seed uint64, inFlight, n int) {
		t.Helper()
		r := newReceiver(t, nil)
		g := newRig(t, r.url, func(o *Options, w *hook.Webhook) { o.Linger, w.InFlight = linger, inFlight })
		random := rand.New(rand.NewPCG(seed, 5))
		for i := range n {
			g.send(t, "v", fmt.Sprint(i))
			if random.IntN(4) == 0 {
				time.Sleep(time.Duration(random.Int64N(int64(2 * linger))))
			}
		}
		g.drained(t)
		g.each(t, r.deliveries(), n, "1")
		eventually(t, func() bool { return g.sender("crm").State() == State{Name: "idle"} },
			func() string { return fmt.Sprintf("the sender is %+v", g.sender("crm").State()) })
	}
	f(1, 1, 1500)
	f(2, 3, 1500)
	f(3, 16, 1500)
}

// TestIdleSendersCostNoGoroutines starts a thousand webhooks, of which one gets something to do.
func TestIdleSendersCostNoGoroutines(t *testing.T) {
	r := newReceiver(t, nil)
	g := newRig(t, r.url, nil)
	before := runtime.NumGoroutine()
	for i := range 1000 {
		g.add(t, fmt.Sprint("idle ", i), r.url)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines for 1000 idle senders", n-before)
	}
	g.sendMany(t, 100)
	r.wait(t, 100)
	g.drained(t)
	eventually(t, func() bool { return countLanes() == 0 }, func() string { return fmt.Sprintf("%d lanes stay", countLanes()) })
}

// countLanes counts the goroutines that are lanes.
func countLanes() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "(*Sender).runLane")
}

// TestHungWebhookBesideHealthyOnes: all its lanes hang, and its neighbours get everything.
func TestHungWebhookBesideHealthyOnes(t *testing.T) {
	release := make(chan struct{})
	hung := newReceiver(t, func(_ int, _ *fasthttp.RequestCtx) { <-release })
	healthy := newReceiver(t, nil)
	g := newRig(t, hung.url, func(_ *Options, w *hook.Webhook) { w.Timeout = time.Minute })
	var names []string
	for i := range 9 {
		names = append(names, fmt.Sprint("healthy ", i))
		g.add(t, names[i], healthy.url)
	}
	const n = 100
	for i := range n {
		g.send(t, "v", fmt.Sprint(i))
	}
	healthy.wait(t, 9*n)
	for _, name := range names {
		if st := g.queues[name].Stats(); st.Backlog != 0 || st.Parked != 0 {
			t.Errorf("%s: %+v", name, st)
		}
	}
	if st := g.queue.Stats(); st.Backlog != n-4 || st.Flight != 4 {
		t.Errorf("the hung one: %+v, want 4 in flight", st)
	}
	if st := g.sender("crm").State(); st.Name != "delivering" || st.Lanes != 4 {
		t.Errorf("the hung one is %+v", st)
	}
	close(release)
	g.drained(t, names...)
	if n := hung.count(); n != 100 {
		t.Errorf("the hung one got %d of 100 after it woke up", n)
	}
}
