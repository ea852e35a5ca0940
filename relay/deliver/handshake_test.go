package deliver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
)

const testOrigin = "relay.example.com"

// asking makes a webhook one of format cloudevents whose receiver is asked for its consent.
func asking(t testing.TB, w *hook.Webhook) {
	t.Helper()
	kind, _ := destination.ByName("url")
	plan, faults := kind.Make(destination.Settings{Webhook: w.Name, URL: w.Target.String(), Format: "cloudevents", More: map[string]string{"origin": testOrigin}})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	w.Plan = plan
}

// guard is a receiver that enforces the rules: it takes deliveries only of an origin that it has consented to, and notes what
// breaks them.
type guard struct {
	mu      sync.Mutex
	allow   string // what it answers as the allowed origin; "" does not consent
	rate    string // the allowed rate; "" says nothing
	given   bool
	asked   []http.Header
	posts   []time.Time
	broken  []string
	refused int // POSTs without consent
}

// take judges one request and returns the status of the answer, and the headers through set.
func (g *guard) take(method, uri string, header http.Header, body string, set func(name, value string)) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	origin := header.Get("WebHook-Request-Origin")
	if origin != testOrigin {
		g.broken = append(g.broken, fmt.Sprintf("%s has the origin %q", method, origin))
	}
	if uri != "/hook?key=a%20b" {
		g.broken = append(g.broken, method+" goes to "+uri)
	}
	switch {
	case method == http.MethodOptions:
		g.asked = append(g.asked, header)
		if body != "" {
			g.broken = append(g.broken, "OPTIONS has the body "+body)
		}
		if g.allow == "" {
			return 405
		}
		set("WebHook-Allowed-Origin", g.allow)
		if g.rate != "" {
			set("WebHook-Allowed-Rate", g.rate)
		}
		g.given = g.allow == "*" || g.allow == testOrigin
		return 404 // the status does not count
	case !g.given:
		g.refused++
		return 403
	}
	g.posts = append(g.posts, time.Now())
	if header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || !strings.Contains(body, `"specversion":"1.0"`) {
		g.broken = append(g.broken, fmt.Sprintf("a delivery as %s: %s", header.Get("Content-Type"), body))
	}
	if n := header.Get("X-Edgerelay-Attempt"); n != "1" {
		g.broken = append(g.broken, "a delivery is attempt "+n)
	}
	return 204
}

func (g *guard) set(allow, rate string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.allow, g.rate = allow, rate
}

// want holds what the guard has seen.
func (g *guard) want(t testing.TB, asked, posts int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.asked) != asked || len(g.posts) != posts || g.refused > 0 || len(g.broken) > 0 {
		t.Errorf("asked %d times, %d deliveries; want %d, %d. %d came without consent; broken: %q", len(g.asked), len(g.posts), asked, posts, g.refused, g.broken)
	}
}

// listenAt is the guard as a real server.
func (g *guard) listenAt(t testing.TB) (url string) {
	t.Helper()
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		header := http.Header{}
		for name, value := range ctx.Request.Header.All() {
			header.Set(string(name), string(value))
		}
		ctx.SetStatusCode(g.take(string(ctx.Method()), string(ctx.RequestURI()), header, string(ctx.PostBody()), ctx.Response.Header.Set))
	})
	return r.url + "?key=a b"
}

// guarded is a rig whose webhook asks a guard.
func guarded(t *testing.T, allow string, change func(o *Options, w *hook.Webhook)) (*guard, *rig) {
	t.Helper()
	g := &guard{allow: allow}
	return g, newRig(t, g.listenAt(t), func(o *Options, w *hook.Webhook) {
		asking(t, w)
		if change != nil {
			change(o, w)
		}
	})
}

// TestConsent: many lanes ask once, at the exact URL, and then deliver; a new start asks again.
func TestConsent(t *testing.T) {
	g, r := guarded(t, testOrigin, func(_ *Options, w *hook.Webhook) {
		w.InFlight, w.Header = 16, []hook.Header{{Name: "Authorization", Value: "Bearer x"}}
	})
	r.sendMany(t, 300)
	r.drained(t)
	g.want(t, 1, 300)
	h := g.asked[0]
	if h.Get("Authorization") != "Bearer x" || h.Get("User-Agent") != "edgerelay/test" || h.Get("WebHook-Request-Rate") != "" ||
		h.Get("WebHook-Request-Callback") != "" || h.Get("Content-Type") != "" {
		t.Errorf("the question has %v", h)
	}
	r.close(t, context.Background())
	g.set("*", "")
	r.open(t)
	r.sendFrom(t, 300, 50)
	r.drained(t)
	g.want(t, 2, 350)
	same := *r.hooks[0]
	if err := r.fleet.Replace("crm", &same, ""); err != nil {
		t.Fatal(err)
	}
	r.sendFrom(t, 350, 50)
	r.drained(t)
	g.want(t, 3, 400)
}

// TestNoConsentHoldsEvents: without consent, or with another's, nothing is sent or given up, the log of attempts says why, and
// what comes when it is given is each event's first attempt.
func TestNoConsentHoldsEvents(t *testing.T) {
	d := &diary{sample: true}
	g, r := guarded(t, "", func(o *Options, w *hook.Webhook) { o.Journal, w.InFlight, w.Retries = d, 4, 0 })
	r.sendMany(t, 40)
	d.wait(t, 3)
	g.set("other.example.com", "")
	told := d.wait(t, len(d.entries())+3)
	if s := r.queue.Stats(); s.Backlog+int64(s.Flight) != 40 || s.Dead != 0 || s.Parked != 0 {
		t.Errorf("the queue holds %+v", s)
	}
	for at, want := range map[int]string{0: "its answer to OPTIONS, 405 Method Not Allowed, has no WebHook-Allowed-Origin",
		len(told) - 1: `it allows "other.example.com"`} {
		a := told[at]
		if a.Outcome != journal.Retry || a.Number != 1 || a.Reason != "the receiver has not consented to deliveries from relay.example.com: "+want ||
			a.UniqueID == "" || a.Size != 0 || !slices.ContainsFunc(a.Request, func(h journal.Header) bool { return h.Name == "WebHook-Request-Origin" }) {
			t.Errorf("told: %+v", a)
		}
	}
	g.set(testOrigin, "")
	r.drained(t)
	g.want(t, len(g.asked), 40)
}

// inGuardedBubble is inBubble with a guard as the receiver.
func inGuardedBubble(t *testing.T, g *guard, change func(o *Options, w *hook.Webhook), test func(b *bubble)) {
	t.Helper()
	inBubble(t, func(o *Options, w *hook.Webhook) {
		target := *w.Target
		target.RawQuery = "key=a b"
		w.Target = &target
		asking(t, w)
		if change != nil {
			change(o, w)
		}
	}, nil, func(b *bubble) {
		b.receiver.reply = func(r *http.Request, h http.Header) int {
			body := "" // what it was is read and gone
			if r.Method == http.MethodPost {
				body = `"specversion":"1.0"`
			}
			return g.take(r.Method, r.RequestURI, r.Header, body, h.Set)
		}
		test(b)
	})
}

// TestNoConsentTurnsTheWebhookOff: questions go on with the usual back-off, however many lanes wait, until the health has had
// enough, and the reason says what was missing.
func TestNoConsentTurnsTheWebhookOff(t *testing.T) {
	g := &guard{}
	var why string
	inGuardedBubble(t, g, func(o *Options, w *hook.Webhook) {
		w.InFlight, o.DisableFailures, o.DisableWithin = 8, 50, 15*time.Minute
		o.Disabled = func(_ *hook.Webhook, reason string) { why = reason }
	}, func(b *bubble) {
		b.queue.add(20)
		b.sleep(10 * time.Minute)
		if why != "" {
			t.Errorf("off after 10 minutes: %s", why)
		}
		at, together := b.receiver.times()
		if slices.Max(together) != 1 || len(at) < 8 || len(at) > 12 {
			t.Errorf("%d questions in ten minutes, up to %d at once", len(at), slices.Max(together))
		}
		for i := 1; i < len(at); i++ {
			if gap, least := at[i].Sub(at[i-1]), min(time.Second<<(i-1), 5*time.Minute); gap < least || gap > least+brakePauseMax {
				t.Errorf("question %d came %v after the one before, want %v or a little more", i+1, gap, least)
			}
		}
		b.sleep(20 * time.Minute)
		const want = "; the last: the receiver has not consented to deliveries from relay.example.com: its answer to OPTIONS, 405 Method Not Allowed, has no WebHook-Allowed-Origin"
		if !strings.HasPrefix(why, "no attempt got through for ") || !strings.HasSuffix(why, want) {
			t.Errorf("off because %q", why)
		}
		if st := b.queue.Stats(); st.Backlog != 20 || st.Flight != 0 || st.Dead != 0 || st.Parked != 0 || !b.queue.onHold() {
			t.Errorf("the queue holds %+v", st)
		}
		before := len(g.asked)
		b.sleep(time.Hour)
		g.want(t, before, 0)

		g.set(testOrigin, "")
		if err := b.fleet.Replace("crm", b.hook, ""); err != nil {
			t.Fatal(err)
		}
		b.sleep(time.Minute)
		g.want(t, before+1, 20)
	})
}

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
