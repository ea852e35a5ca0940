package deliver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/destination"
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
