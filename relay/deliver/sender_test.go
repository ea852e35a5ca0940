package deliver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
)

func TestEachEventIsDeliveredOnceAndSigned(t *testing.T) {
	r := newReceiver(t, nil)
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) {
		w.Schemes, w.Secret = []sign.Scheme{sign.Pendo}, "s3cret"
	})
	const n = 500
	for i := range n {
		g.send(t, fmt.Sprint("v", i%7), fmt.Sprint("event ", i))
	}
	got := r.wait(t, n)
	g.drained(t)
	seen := map[string]bool{}
	for _, d := range got {
		if seen[d.id] {
			t.Errorf("%s came twice", d.id)
		}
		seen[d.id] = true
		if d.attempt != "1" || !strings.HasPrefix(d.signature, "sha256=") {
			t.Errorf("attempt %q, signature %q", d.attempt, d.signature)
		}
	}
}

func TestRetryThenDeliver(t *testing.T) {
	r := newReceiver(t, func(n int, ctx *fasthttp.RequestCtx) {
		if n < 3 {
			ctx.SetStatusCode(503)
		}
	})
	g := newRig(t, r.url, nil)
	g.send(t, "v", "e")
	got := r.wait(t, 3)
	g.drained(t)
	for i, d := range got {
		if d.attempt != fmt.Sprint(i+1) || d.body != got[0].body {
			t.Errorf("attempt %d came as %s with body %s", i+1, d.attempt, d.body)
		}
	}
}

func TestLastAttemptBecomesADeadLetter(t *testing.T) {
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(500) })
	g := newRig(t, r.url, nil)
	g.send(t, "v", "e")
	r.wait(t, 4)
	g.drained(t)
	letters, err := g.queue.Dead(0, 10)
	if err != nil || len(letters) != 1 {
		t.Fatalf("dead letters: %v, error %v", letters, err)
	}
	if d := letters[0].Death; d.Status != 500 || d.Reason != "attempt 4 was the last: 500 Internal Server Error" {
		t.Errorf("death: %+v", d)
	}
	if n := len(r.deliveries()); n != 4 {
		t.Errorf("%d attempts, want 4", n)
	}
}

func TestVisitorsKeepTheirOrderWhateverFails(t *testing.T) {
	r := newReceiver(t, func(n int, ctx *fasthttp.RequestCtx) {
		if n%3 == 0 {
			ctx.SetStatusCode(500)
		}
	})
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.ByVisitor, w.Retries = true, 100 })
	for i := range 120 {
		g.send(t, fmt.Sprint("v", i%5), fmt.Sprintf("%04d", i))
	}
	r.wait(t, 120)
	g.drained(t)
	last := map[string]string{}
	for _, d := range r.deliveries() {
		visitor := between(d.body, `"visitorId":"`, `"`)
		name := between(d.body, `"name":"0`, `"`)
		if name < last[visitor] {
			t.Fatalf("%s: %s came after %s", visitor, name, last[visitor])
		}
		last[visitor] = name
	}
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}
