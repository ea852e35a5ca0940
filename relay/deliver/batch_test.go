package deliver

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/destination"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
)

// batched makes a test's webhook one that takes batches: JSON lists of events.
func batched(count int, change func(p *destination.Plan)) func(o *Options, w *hook.Webhook) {
	return func(_ *Options, w *hook.Webhook) {
		plan := *urlPlan(w.Target)
		plan.Body = destination.Body{Open: "[", Between: ",", Close: "]", Item: format.Pendo}
		plan.Batch, plan.Judge = destination.Batch{Count: count}, destination.JudgeStatus
		if change != nil {
			change(&plan)
		}
		w.Plan = &plan
	}
}

// names are the track events in a batch.
func names(t testing.TB, body string) (list []string) {
	t.Helper()
	var events []struct{ Properties struct{ Name string } }
	if err := json.Unmarshal([]byte(body), &events); err != nil {
		t.Errorf("%v in %s", err, body)
	}
	for _, e := range events {
		list = append(list, e.Properties.Name)
	}
	return list
}

// tally counts what a receiver took.
type tally struct {
	mu    sync.Mutex
	taken map[string]int
	sizes []int
}

func (c *tally) take(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken == nil {
		c.taken = map[string]int{}
	}
	c.sizes = append(c.sizes, len(names))
	for _, n := range names {
		c.taken[n]++
	}
}

// want says that these and no others were taken, once each.
func (c *tally) want(t *testing.T, n int, but ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range n {
		name := fmt.Sprint(i)
		if got := c.taken[name]; (got == 1) == slices.Contains(but, name) || got > 1 {
			t.Errorf("event %s was taken %d times", name, got)
		}
	}
	if len(c.taken) != n-len(but) {
		t.Errorf("%d events were taken, want %d", len(c.taken), n-len(but))
	}
}

func TestBatchHoldsAsManyAsMayBe(t *testing.T) {
	var c tally
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) { c.take(names(t, string(ctx.PostBody()))...) })
	g := newRig(t, r.url, batched(10, nil))
	g.queue.Hold(true)
	for i := range 95 {
		g.send(t, "v", fmt.Sprint(i))
	}
	g.queue.Hold(false)
	g.drained(t)
	c.want(t, 95)
	slices.Sort(c.sizes)
	if len(c.sizes) != 10 || c.sizes[0] != 5 || c.sizes[9] != 10 {
		t.Errorf("batches of %v", c.sizes)
	}
}

func TestBatchEndsAtItsBytes(t *testing.T) {
	var c tally
	const most = 3000
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		if n := len(ctx.PostBody()); n > most {
			t.Errorf("a body of %d bytes", n)
		}
		c.take(names(t, string(ctx.PostBody()))...)
	})
	g := newRig(t, r.url, batched(1000, func(p *destination.Plan) { p.Batch.Bytes = most }))
	for i := range 100 {
		g.send(t, strings.Repeat("v", i), fmt.Sprint(i))
	}
	g.drained(t)
	c.want(t, 100)
}

func TestBatchWaitsForItsAge(t *testing.T) {
	var c tally
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) { c.take(names(t, string(ctx.PostBody()))...) })
	g := newRig(t, r.url, batched(1000, func(p *destination.Plan) { p.Batch.Age = 300 * time.Millisecond }))
	for i := range 10 {
		g.send(t, "v", fmt.Sprint(i))
		time.Sleep(5 * time.Millisecond)
	}
	g.drained(t)
	c.want(t, 10)
	if len(c.sizes) > 2 {
		t.Errorf("batches of %v", c.sizes)
	}
}

// One bad event spoils every batch that it is in, and the destination does not say which one it is.
func TestBatchThatOneEventSpoils(t *testing.T) {
	var c tally
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		list := names(t, string(ctx.PostBody()))
		if slices.Contains(list, "77") || slices.Contains(list, "200") {
			ctx.SetStatusCode(400)
			return
		}
		c.take(list...)
	})
	g := newRig(t, r.url, batched(100, nil))
	for i := range 300 {
		g.send(t, "v", fmt.Sprint(i))
	}
	g.drained(t)
	c.want(t, 300, "77", "200")
	letters := g.deadLetters(t)
	if len(letters) != 2 || letters[0].Attempts != 1 {
		t.Errorf("dead letters %+v", letters)
	}
}

// The destination says what became of each: taken, wrong, later, or not looked at.
func TestBatchIsRuledOneByOne(t *testing.T) {
	var c tally
	seen := map[string]bool{}
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		var taken, rulings []string
		for i, n := range names(t, string(ctx.PostBody())) {
			c.mu.Lock()
			first := !seen[n]
			seen[n] = true
			c.mu.Unlock()
			switch {
			case n == "5":
				rulings = append(rulings, "final")
			case first && i%3 == 1:
				rulings = append(rulings, "retry")
			case first && i%3 == 2:
				rulings = append(rulings, "split")
			default:
				rulings = append(rulings, "delivered")
				taken = append(taken, n)
			}
		}
		c.take(taken...)
		ctx.SetBodyString(strings.Join(rulings, " "))
	})
	outcomes := map[string]Outcome{"final": Final, "retry": Retry, "split": Split, "delivered": Delivered}
	g := newRig(t, r.url, batched(20, func(p *destination.Plan) {
		p.Judge = func(a *destination.Answer) Verdict {
			v := Verdict{Outcome: Delivered, Status: a.Status}
			for word := range strings.FieldsSeq(string(a.Body)) {
				v.Each = append(v.Each, Ruling{Outcome: outcomes[word], Reason: word})
			}
			return v
		}
	}))
	for i := range 200 {
		g.send(t, "v", fmt.Sprint(i))
	}
	g.drained(t)
	c.want(t, 200, "5")
	if letters := g.deadLetters(t); len(letters) != 1 || letters[0].Reason != "final" {
		t.Errorf("dead letters %+v", letters)
	}
}

// A destination that refuses the key gets no more, loses nothing, and goes on when the webhook is turned on again.
func TestBatchToWhoRefusesTheKey(t *testing.T) {
	var c tally
	var mu sync.Mutex
	status, requests := 401, 0
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		mu.Lock()
		defer mu.Unlock()
		requests++
		if ctx.SetStatusCode(status); status == 200 {
			c.take(names(t, string(ctx.PostBody()))...)
		}
	})
	for _, count := range []int{1, 50} {
		mu.Lock()
		status, requests, c.taken = 401, 0, nil
		mu.Unlock()
		off := make(chan string, 1)
		g := newRig(t, r.url, func(o *Options, w *hook.Webhook) {
			batched(count, nil)(o, w)
			w.InFlight, o.offPause = 1, time.Millisecond
			o.Disabled = func(_ *hook.Webhook, reason string) { off <- reason }
		})
		for i := range 120 {
			g.send(t, "v", fmt.Sprint(i))
		}
		if reason := <-off; reason != "401 Unauthorized: the destination refuses the webhook's key" {
			t.Errorf("turned off for %q", reason)
		}
		mu.Lock()
		if status = 200; requests != brakeAfter {
			t.Errorf("%d requests before it was turned off", requests)
		}
		mu.Unlock()
		if err := g.fleet.Replace("crm", g.hooks[0], ""); err != nil {
			t.Fatal(err)
		}
		g.drained(t)
		c.want(t, 120)
		if len(g.deadLetters(t)) > 0 {
			t.Error("there are dead letters")
		}
		got := g.fleet.Sender("crm").Counts()
		if got.Delivered != 120 || got.Failed != brakeAfter || got.Succeeded == 0 || (count == 1) != (got.Succeeded == 120) {
			t.Errorf("batches of %d: counted %+v", count, got)
		}
	}
}

// Nothing of a batch that was sent and not answered is sent again where that would count twice.
func TestBatchThatGoesOutOnce(t *testing.T) {
	var c tally
	r := newReceiver(t, func(n int, ctx *fasthttp.RequestCtx) {
		c.take(names(t, string(ctx.PostBody()))...)
		if n == 1 {
			ctx.HijackSetNoResponse(true)
			ctx.Hijack(func(c net.Conn) { _ = c.Close() })
		}
	})
	g := newRig(t, r.url, batched(10, func(p *destination.Plan) { p.Once = true }))
	for i := range 30 {
		g.send(t, "v", fmt.Sprint(i))
	}
	g.drained(t)
	c.want(t, 30)
	for _, letter := range g.deadLetters(t) {
		if !strings.Contains(letter.Reason, "is not sent again because it would count twice") {
			t.Errorf("dead letter %q", letter.Reason)
		}
	}
	if len(g.deadLetters(t)) == 0 {
		t.Error("there is no dead letter of what was not answered")
	}
}

// What is given up on stands in the attempt log once, under its own name, and what a vendor calls gone in its own words is
// why the webhook is off.
func TestBatchIsToldOfOnce(t *testing.T) {
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(404) })
	book := &diary{}
	off := make(chan string, 1)
	g := newRig(t, r.url, func(o *Options, w *hook.Webhook) {
		batched(10, func(p *destination.Plan) {
			p.Judge = func(a *destination.Answer) Verdict {
				return Verdict{Outcome: Gone, Status: a.Status, Reason: "no_service"}
			}
		})(o, w)
		w.Probe = true
		o.Journal = book
		o.Disabled = func(_ *hook.Webhook, reason string) { off <- reason }
	})
	g.send(t, "v", "alone")
	if reason := <-off; reason != "the receiver is gone: no_service" || g.sender("crm").mayProbe(reason) {
		t.Errorf("turned off for %q", reason)
	}
	eventually(t, func() bool { return len(g.deadLetters(t)) == 1 }, func() string { return "there is no dead letter" })
	if n := len(book.entries()); n != 1 {
		t.Errorf("the attempt log has %d entries", n)
	}
}
