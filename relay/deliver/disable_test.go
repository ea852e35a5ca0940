package deliver

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/valyala/fasthttp"

	"edgerelay/relay/destination"
	"edgerelay/relay/hook"
)

func TestGoneTurnsTheWebhookOff(t *testing.T) {
	r := newReceiver(t, func(n int, ctx *fasthttp.RequestCtx) {
		if n == 3 {
			ctx.SetStatusCode(410)
		}
	})
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.InFlight = 1 })
	for i := range 10 {
		g.send(t, "v", fmt.Sprint(i))
	}
	eventually(t, func() bool { return g.sender("crm").State().Lanes == 0 }, func() string { return "lanes stay" })
	if st := g.sender("crm").State(); st.Name != "disabled" || st.Reason != "the receiver answered 410 Gone" {
		t.Errorf("the sender is %+v", st)
	}
	g.send(t, "v", "one more")
	if n := r.count(); n != 3 {
		t.Errorf("%d requests came, want 3", n)
	}
	if letters := g.deadLetters(t); len(letters) != 1 || letters[0].Status != 410 {
		t.Errorf("dead letters %+v, want the one that met the 410", letters)
	}
	if got := testutil.ToFloat64(g.fleet.metrics.disabled.WithLabelValues("crm")); got != 1 {
		t.Errorf("the metric says %v, want 1", got)
	}
	// What was held is there for the next start.
	g.close(t, context.Background())
	g.open(t)
	got := r.wait(t, 11)
	g.drained(t)
	seen := map[string]int{}
	for _, d := range got {
		seen[d.id]++
	}
	if len(seen) != 11 || len(got) != 11 {
		t.Errorf("%d requests of %d events, want 11 of 11", len(got), len(seen))
	}
}

func TestFailuresTurnTheWebhookOff(t *testing.T) {
	var status atomic.Int32
	status.Store(404)
	answer := func(_ int, _ http.Header) int { return int(status.Load()) }
	change := func(o *Options, w *hook.Webhook) {
		w.InFlight, o.DisableFailures, o.DisableWithin = 4, 20, 15*time.Minute
	}
	inBubble(t, change, answer, func(b *bubble) {
		b.queue.add(100)
		b.sleep(10 * time.Minute)
		want := State{Name: "disabled", Reason: "20 attempts in a row failed; the last: 404 Not Found"}
		if st := b.sender.State(); st != want {
			t.Errorf("the sender is %+v, want %+v", st, want)
		}
		at, _ := b.receiver.times()
		if _, buried, _ := b.queue.counts(); len(at) != 20 || buried != 20 {
			t.Errorf("%d attempts, %d dead letters; want 20", len(at), buried)
		}
		if !b.queue.onHold() || b.queue.Stats().Flight != 0 || b.queue.Stats().Backlog != 80 {
			t.Errorf("on hold: %v, %+v", b.queue.onHold(), b.queue.Stats())
		}
	})
}

// TestRefusedEventsAreNoFailure: a destination that works and does not take some events is neither turned off nor sent the
// others more slowly.
func TestRefusedEventsAreNoFailure(t *testing.T) {
	answer := func(n int, _ http.Header) int { return 404 }
	change := func(o *Options, w *hook.Webhook) {
		w.InFlight, o.DisableFailures, o.DisableWithin = 4, 20, 15*time.Minute
		w.Plan.Judge = func(a *destination.Answer) Verdict {
			v := destination.JudgeStatus(a)
			v.Well = true
			return v
		}
	}
	inBubble(t, change, answer, func(b *bubble) {
		b.queue.add(100)
		b.sleep(100 * time.Millisecond)
		if st := b.sender.State(); st.Reason != "" || st.Name == "disabled" || st.Name == "failing" {
			t.Errorf("the sender is %+v", st)
		}
		if _, buried, open := b.queue.counts(); buried != 100 || open != 0 {
			t.Errorf("%d dead letters, %d are kept; want 100 and none", buried, open)
		}
	})
}

// TestDisabledWebhookRests: neither events nor due times make a webhook that is off do anything at all.
func TestDisabledWebhookRests(t *testing.T) {
	answer := func(n int, _ http.Header) int {
		if n == 10 {
			return 410
		}
		return 500 + n%2
	}
	change := func(o *Options, w *hook.Webhook) { w.InFlight, w.Schedule = 4, []time.Duration{time.Hour} }
	inBubble(t, change, answer, func(b *bubble) {
		b.queue.add(100)
		b.sleep(time.Minute)
		if st := b.sender.State(); st.Name != "disabled" || st.Lanes != 0 {
			t.Errorf("the sender is %+v", st)
		}
		takes := b.queue.takes
		if takes > 30 {
			t.Errorf("the queue was asked %d times for 10 attempts", takes)
		}
		for range 100 {
			b.queue.add(1)
			b.sender.Wake()
			b.sleep(time.Minute)
		}
		if b.queue.takes != takes {
			t.Errorf("the queue was asked %d times more", b.queue.takes-takes)
		}
		if _, buried, open := b.queue.counts(); buried != 1 || open != 199 {
			t.Errorf("%d dead letters, %d are kept; want 1 and 199", buried, open)
		}
	})
}

// TestDisableReleasesThoseWhoWait: lanes in line and lanes that wait for their pace put back what they hold.
func TestDisableReleasesThoseWhoWait(t *testing.T) {
	f := func(rate float64) {
		t.Helper()
		answer := func(n int, _ http.Header) int {
			if n == 7 {
				return 410
			}
			return 500
		}
		change := func(o *Options, w *hook.Webhook) { w.InFlight, w.Rate, w.Burst = 16, rate, 1 }
		inBubble(t, change, answer, func(b *bubble) {
			b.queue.add(50)
			b.sleep(time.Hour)
			at, _ := b.receiver.times()
			if _, buried, open := b.queue.counts(); buried != 1 || open != 49 || b.queue.Stats().Flight != 0 {
				t.Errorf("%d dead letters, %d kept, %+v", buried, open, b.queue.Stats())
			}
			if most := 7 + 15; len(at) < 7 || len(at) > most { // others may have been in the air
				t.Errorf("%d attempts, want 7 to %d", len(at), most)
			}
			if rate > 0 && len(at) != 7 {
				t.Errorf("%d attempts at a pace, want 7", len(at))
			}
		})
	}
	f(0)
	f(2)
}

// TestDisabledWhileAttemptsAreInTheAir: they end as they would have.
func TestDisabledWhileAttemptsAreInTheAir(t *testing.T) {
	answer := func(n int, _ http.Header) int {
		if n == 1 {
			return 410
		}
		time.Sleep(time.Second)
		return 200
	}
	inBubble(t, func(_ *Options, w *hook.Webhook) { w.InFlight = 4 }, answer, func(b *bubble) {
		b.queue.add(4)
		b.sleep(time.Minute)
		settled, buried, open := b.queue.counts()
		if at, _ := b.receiver.times(); settled != len(at)-1 || buried != 1 || settled+buried+open != 4 {
			t.Errorf("%d attempts, %d delivered, %d given up, %d kept", len(at), settled, buried, open)
		}
		if st := b.sender.State(); st.Name != "disabled" {
			t.Errorf("a success after the end turned it on: %+v", st)
		}
	})
}

// TestWebhookThatIsOff is opened on hold and gets nothing, whatever comes.
func TestWebhookThatIsOff(t *testing.T) {
	inBubble(t, func(_ *Options, w *hook.Webhook) { w.Enabled = false }, nil, func(b *bubble) {
		b.queue.add(10)
		b.sender.Wake()
		b.sleep(time.Hour)
		if at, _ := b.receiver.times(); len(at) != 0 || b.queue.takes != 0 || !b.queue.onHold() {
			t.Errorf("%d requests, %d takes, on hold: %v", len(at), b.queue.takes, b.queue.onHold())
		}
		if st := b.sender.State(); st.Name != "off" || st.Lanes != 0 {
			t.Errorf("the sender is %+v", st)
		}
	})
}

// TestWakeBeforeTheQueueIsOpen: the log may name the queue while it opens.
func TestWakeBeforeTheQueueIsOpen(t *testing.T) {
	f := func(enabled bool, want int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			r := &pipes{}
			q := newMemQueue(t)
			o := Options{Open: func(_ *hook.Webhook, wake func()) (Queue, error) {
				q.wake = wake
				for range 4 {
					go q.add(1)
				}
				synctest.Wait()
				return q, nil
			}}
			o.network.dial = r.dial
			fleet := NewFleet(o)
			w := newWebhook(t, 1, "crm", "http://receiver.test/")
			w.Enabled = enabled
			if err := fleet.Start(w); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if settled, _, _ := q.counts(); settled != want {
				t.Errorf("enabled %v: %d were delivered, want %d", enabled, settled, want)
			}
			fleet.Stop(context.Background())
			r.close()
		})
	}
	f(true, 4)
	f(false, 0)
}
