package deliver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
	"edgerelay/wal"
)

func TestEachEventIsDeliveredOnceAndSigned(t *testing.T) {
	f := func(schemes ...sign.Scheme) {
		t.Helper()
		r := newReceiver(t, nil)
		g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) {
			w.Schemes, w.Secret = schemes, "s3cret"
			w.Header = []hook.Header{{Name: "X-Team", Value: "growth"}}
		})
		const n = 200
		for i := range n {
			g.send(t, fmt.Sprint("v", i%7), fmt.Sprint("event ", i))
		}
		r.wait(t, n)
		g.drained(t)
		got := r.deliveries()
		g.each(t, got, n, "1")
		for _, d := range got {
			header := func(name string) string { return field(d.head, "\r\n"+name+": ", "\r\n") }
			if header("User-Agent") != "edgerelay/test" || header("Content-Type") != "application/json" || header("X-Team") != "growth" {
				t.Fatalf("headers are\n%s", d.head)
			}
			if len(schemes) == 0 {
				continue
			}
			if _, err := sign.Verify(func(name string) string { return headerOf(d.head, name) }, []byte(d.body), []string{"s3cret"}, time.Now()); err != nil {
				t.Fatalf("%v: %v in\n%s", schemes, err, d.head)
			}
		}
	}
	f()
	f(sign.Pendo)
	f(sign.PendoBare)
	f(sign.GitHub)
	f(sign.Standard)
	f(sign.Pendo, sign.Standard, sign.GitHub)
}

// headerOf is a header of a request's head, whatever the case of its name.
func headerOf(head, name string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		if key, value, _ := strings.Cut(line, ": "); strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// TestBodiesAreTheSameOnEveryAttempt compares all attempts, one of them after a restart, with what the format prints.
func TestBodiesAreTheSameOnEveryAttempt(t *testing.T) {
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		if string(ctx.Request.Header.Peek(attemptHeader)) != "4" {
			ctx.SetStatusCode(503)
		}
	})
	g := newRig(t, r.url, func(o *Options, w *hook.Webhook) { w.InFlight, w.Schedule = 1, []time.Duration{0, time.Hour, 0} })
	e := event.Sample(event.TrackEventReceived)
	e.Visitor = []byte(`"ä\u0001<&>\ud800"`)
	e.Properties = []byte(`{"1":2,"price":1e+21,"big":123456789012345678901}`)
	var b wal.Batch
	b.Add(wal.Record{Body: e.AppendRecord(nil), Receivers: []wal.Receiver{{Queue: 1, Note: event.Note{Bits: []byte{2}}.Append(nil)}}})
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
	r.wait(t, 2)
	eventually(t, func() bool { return g.queue.Stats().Parked == 1 }, func() string { return "it is not parked" })
	g.close(t, t.Context())
	g.hooks[0].Schedule = []time.Duration{0, 0, 0}
	late := time.Now().Add(2 * time.Hour)
	g.opt.Now = func() time.Time { return late }
	g.open(t)
	got := r.wait(t, 4)
	g.drained(t)
	want := string(format.Pendo(nil, &e, event.Note{Bits: []byte{2}}))
	for i, d := range got {
		if d.body != want || d.attempt != fmt.Sprint(i+1) {
			t.Errorf("attempt %d came as %s with\n%s\nwant\n%s", i+1, d.attempt, d.body, want)
		}
	}
	if !strings.Contains(want, `"ids":["trackTypeId-def456"]`) {
		t.Errorf("the note was not heard: %s", want)
	}
}

func TestLastAttemptBecomesADeadLetter(t *testing.T) {
	f := func(retries, attempts int, schedule ...time.Duration) {
		t.Helper()
		r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(500) })
		g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.Retries, w.Schedule = retries, schedule })
		g.send(t, "v", "e")
		r.wait(t, attempts)
		g.drained(t)
		letters := g.deadLetters(t)
		if len(letters) != 1 {
			t.Fatalf("%d dead letters, want 1", len(letters))
		}
		want := fmt.Sprintf("attempt %d was the last: 500 Internal Server Error", attempts)
		if d := letters[0]; d.Status != 500 || d.Reason != want || d.Attempts != attempts {
			t.Errorf("death %+v after %d attempts, want %q", d.Death, d.Attempts, want)
		}
		if n := r.count(); n != attempts {
			t.Errorf("%d attempts, want %d", n, attempts)
		}
	}
	f(3, 4)
	f(1, 2)
	f(0, 1)
	f(0, 3, time.Millisecond, 0)
}

// TestFinalAnswersAreNotTriedAgain sends one event for each status to a receiver that answers by it.
func TestFinalAnswersAreNotTriedAgain(t *testing.T) {
	statuses := []int{300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 408, 409, 413, 418, 422, 451, 600, 999}
	elsewhere := newReceiver(t, nil)
	r := newReceiver(t, func(n int, ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.Set("Location", elsewhere.url)
		ctx.Response.Header.Set("Retry-After", "0")
		if n%2 == 1 { // a success in between, or the webhook would be failing
			ctx.SetStatusCode(statuses[min(n/2, len(statuses)-1)])
		}
	})
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.InFlight = 1 })
	for i := range 2 * len(statuses) {
		g.send(t, "v", fmt.Sprint(i))
	}
	g.drained(t)
	letters := g.deadLetters(t)
	if len(letters) != len(statuses) || r.count() != 2*len(statuses) || elsewhere.count() != 0 {
		t.Fatalf("%d dead letters, %d requests, %d elsewhere; want %d, %d and 0",
			len(letters), r.count(), elsewhere.count(), len(statuses), 2*len(statuses))
	}
	for i, letter := range letters {
		if letter.Status != statuses[i] || letter.Attempts != 1 {
			t.Errorf("answer %d: status %d after %d attempts", statuses[i], letter.Status, letter.Attempts)
		}
	}
}

// TestRecordThatCannotBeRead becomes a dead letter at once, and holds nobody up.
func TestRecordThatCannotBeRead(t *testing.T) {
	r := newReceiver(t, nil)
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.InFlight = 1 })
	var b wal.Batch
	b.Add(wal.Record{Body: []byte("no record"), Receivers: []wal.Receiver{{Queue: 1}}})
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
	g.send(t, "v", "e")
	g.faultless(t, 1)
	letters := g.deadLetters(t)
	if len(letters) != 1 || letters[0].Attempts != 0 || !strings.HasPrefix(letters[0].Reason, "read record 1: ") {
		t.Errorf("dead letters %+v", letters)
	}
}
