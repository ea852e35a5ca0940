package deliver

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
)

// TestConsentComesLater delivers at once when it is there, without the pauses of a webhook that fails.
func TestConsentComesLater(t *testing.T) {
	g := &guard{}
	inGuardedBubble(t, g, func(_ *Options, w *hook.Webhook) { w.InFlight = 8 }, func(b *bubble) {
		b.queue.add(100)
		b.sleep(3 * time.Minute)
		asked := len(g.asked)
		g.set("*", "")
		b.sleep(5 * time.Minute)
		g.want(t, asked+1, 100)
		if first, last := g.posts[0], g.posts[99]; last.Sub(first) > 0 {
			t.Errorf("the deliveries took %v", last.Sub(first))
		}
		if settled, buried, open := b.queue.counts(); settled != 100 || buried+open != 0 {
			t.Errorf("%d delivered, %d given up, %d wait", settled, buried, open)
		}
	})
}

// TestAllowedRate: what the receiver allows lowers the pace from the first delivery on, and never raises it.
func TestAllowedRate(t *testing.T) {
	f := func(own float64, allowed, requested string, gap time.Duration) {
		t.Helper()
		g := &guard{allow: "*", rate: allowed}
		inGuardedBubble(t, g, func(_ *Options, w *hook.Webhook) {
			w.Rate, w.InFlight = own, 4
			if own > 0 {
				w.Burst = 1
			}
		}, func(b *bubble) {
			b.queue.add(20)
			b.sleep(20*gap + time.Minute)
			g.want(t, 1, 20)
			if got := g.asked[0].Get("WebHook-Request-Rate"); got != requested {
				t.Errorf("own %v: asked for the rate %q, want %q", own, got, requested)
			}
			for i := 1; i < len(g.posts); i++ {
				if got := g.posts[i].Sub(g.posts[i-1]); got < gap-time.Millisecond || got > gap+time.Millisecond {
					t.Errorf("own %v, allowed %q: deliveries %d and %d came within %v, want %v", own, allowed, i, i+1, got, gap)
				}
			}
		})
	}
	f(0, "", "", 0)
	f(0, "*", "", 0)
	f(0, " 60 ", "", time.Second)
	f(0, "1", "", time.Minute)
	f(10, "*", "600", 100*time.Millisecond)
	f(10, "", "600", 100*time.Millisecond)
	f(10, "120", "600", 500*time.Millisecond)
	f(2, "6000", "120", 500*time.Millisecond)
	f(0.001, "30", "1", 1000*time.Second)
	for _, odd := range []string{"0", "-1", "many", "99999999999999999999", "1.5"} {
		f(2, odd, "120", 500*time.Millisecond)
	}
}

// TestStopWhileAsking: a receiver that does not answer the question holds up nobody, and what waits for it is given back.
func TestStopWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, fleet := scripted(t, hold, func(w *hook.Webhook) { asking(t, w); w.InFlight, w.Timeout = 4, time.Minute })
		q.add(10)
		time.Sleep(10 * time.Second)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		fleet.Stop(ctx)
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("the stop took %v", took)
		}
		if st := q.Stats(); st.Backlog != 10 || st.Flight != 0 || st.Dead != 0 || st.Parked != 0 {
			t.Errorf("the queue holds %+v", st)
		}
	})
}

// TestQuestionWithoutAnswer: no connection and no reply are no consent, and the reason says so.
func TestQuestionWithoutAnswer(t *testing.T) {
	d := &diary{}
	w := newWire(t, func(_ int, c net.Conn) { readRequest(c) })
	g := newRig(t, w.url, func(o *Options, h *hook.Webhook) { asking(t, h); o.Journal, h.InFlight = d, 1 })
	g.send(t, "v", "e")
	a := d.wait(t, 2)[1]
	if a.Outcome != journal.Retry || a.Status != 0 || a.Reason != "the receiver could not be asked for its consent: the receiver closed the connection without an answer" {
		t.Errorf("told: %+v", a)
	}
	if letters := g.deadLetters(t); len(letters) > 0 {
		t.Errorf("given up: %+v", letters)
	}
}

// TestTryAsks: a trial asks as well, and shows the question when that is as far as it came.
func TestTryAsks(t *testing.T) {
	g, r := guarded(t, testOrigin, func(_ *Options, w *hook.Webhook) { w.Enabled = false })
	try := func() Trial {
		t.Helper()
		e := event.Sample(event.PageLoaded)
		trial, err := r.fleet.Try(context.Background(), r.hooks[0], &e)
		if err != nil {
			t.Fatal(err)
		}
		return trial
	}
	if trial := try(); trial.Outcome != Delivered || trial.Status != 204 || !strings.HasPrefix(string(trial.Request), "POST /hook?key=a%20b HTTP/1.1\r\n") {
		t.Errorf("%+v: %s", trial.Verdict, trial.Request)
	}
	g.want(t, 1, 1)
	g.set("", "")
	trial := try()
	if trial.Outcome != Retry || trial.Status != 405 || !strings.Contains(trial.Reason, "has not consented") || len(trial.Body()) > 0 ||
		!strings.HasPrefix(string(trial.Request), "OPTIONS /hook?key=a%20b HTTP/1.1\r\nHost: ") {
		t.Errorf("%+v: %s", trial.Verdict, trial.Request)
	}
	g.want(t, 2, 1)
}

// TestProbeAsks: a webhook that was turned off for want of consent comes back by itself when it may be probed.
func TestProbeAsks(t *testing.T) {
	g := &guard{}
	var at *bubble
	recovered := 0
	inGuardedBubble(t, g, func(o *Options, w *hook.Webhook) {
		w.Probe, w.InFlight, o.DisableFailures, o.DisableWithin = true, 1, 3, time.Minute
		o.Recovered = func(w *hook.Webhook) {
			recovered++
			if err := at.fleet.Replace(w.Name, w, ""); err != nil {
				panic(err)
			}
		}
	}, func(b *bubble) {
		at = b
		b.queue.add(10)
		b.sleep(10 * time.Minute)
		asked := len(g.asked)
		if !b.queue.onHold() || asked < 5 {
			t.Errorf("asked %d times, off %v", asked, b.queue.onHold())
		}
		g.set(testOrigin, "")
		b.sleep(20 * time.Minute)
		g.want(t, asked+2, 10) // the probe, and the sender that follows
		if recovered != 1 {
			t.Errorf("recovered %d times", recovered)
		}
	})
}

// TestJudgeConsent: only the header counts.
func TestJudgeConsent(t *testing.T) {
	f := func(status int, allowed, retryAfter, want string, after time.Duration) {
		t.Helper()
		header := map[string]string{"WebHook-Allowed-Origin": allowed, "Retry-After": retryAfter}
		v := judgeConsent(&destination.Answer{Status: status, Header: func(name string) string { return header[name] }}, testOrigin)
		const before = "the receiver has not consented to deliveries from relay.example.com: "
		if want != "" {
			want = before + want
		}
		if v.Reason != want || (v.Outcome == Delivered) != (want == "") || v.Status != status || v.After != after {
			t.Errorf("%d %q: %+v, want %q", status, allowed, v, want)
		}
	}
	for _, status := range []int{200, 204, 302, 401, 404, 410, 500} {
		f(status, testOrigin, "", "", 0)
		f(status, "*", "", "", 0)
	}
	f(200, " Relay.Example.Com ", "", "", 0)
	f(200, "", "", "its answer to OPTIONS, 200 OK, has no WebHook-Allowed-Origin", 0)
	f(410, "", "", "its answer to OPTIONS, 410 Gone, has no WebHook-Allowed-Origin", 0)
	f(429, "", "7", "its answer to OPTIONS, 429 Too Many Requests, has no WebHook-Allowed-Origin", 7*time.Second)
	f(200, "example.com", "", `it allows "example.com"`, 0)
	f(200, "*.example.com", "", `it allows "*.example.com"`, 0)
	f(200, testOrigin+", *", "", `it allows "relay.example.com, *"`, 0)
	f(200, "\x01"+strings.Repeat("é", 60), "", `it allows "\x01`+strings.Repeat("é", 49)+`\xc3"`, 0)
}
