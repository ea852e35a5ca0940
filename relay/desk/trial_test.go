package desk

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
)

const sent = "POST /in HTTP/1.1\r\nHost: example.com\r\nX-Token: t0p-secret\r\nX-Team: one\r\nX-Pendo-Signature: sha256=abc\r\n\r\n{\"event\":\"x\"}"

func TestTry(t *testing.T) {
	g := newRig(t, nil)
	g.create("crm", `"events":["featureClicked:abc","*"],"headers":{"X-Token":"t0p-secret","X-Team":"one","Authorization":"Bearer abcdefgh"},"secret":"signing-secret"`)
	g.reply = Attempt{Outcome: "retry", Status: 503, Reason: "503 Service Unavailable", Took: 12345 * time.Microsecond,
		Request: []byte(sent), Reply: []byte("down for \xff maintenance")}
	try := func(what string) (Trial, event.Event) {
		t.Helper()
		var body []byte
		if what != "" {
			body = []byte(what)
		}
		trial, err := g.Try(t.Context(), "crm", body)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return trial, g.tried[len(g.tried)-1]
	}
	first, e := try("")
	if e.Kind != event.FeatureClicked || e.Time != noon.UnixMilli() || e.UniqueID == event.Sample(e.Kind).UniqueID {
		t.Errorf("sent %+v", e)
	}
	if first.Webhook != "crm" || first.Event != "featureClicked" || first.Status != 503 || first.Outcome != "retry" || first.Took != 12.345 ||
		first.Reply.Text != "down for \uFFFD maintenance" || first.Reply.Size != 22 {
		t.Errorf("trial %+v", first)
	}
	r := first.Request
	if r.Line != "POST /in HTTP/1.1" || r.URL != "https://example.com/in" || r.Body.Text != `{"event":"x"}` || len(r.Headers) != 4 ||
		r.Headers[1] != (journal.Header{Name: "X-Token", Value: "••••"}) || r.Headers[2] != (journal.Header{Name: "X-Team", Value: "one"}) || r.Headers[3] != (journal.Header{Name: "X-Pendo-Signature", Value: "sha256=abc"}) {
		t.Errorf("request %+v", r)
	}
	g.reply.Reply = []byte("token t0p-secret, Bearer abcdefgh, abcdefgh, signing-secret, one")
	if echo, _ := try(""); echo.Reply.Text != "token ••••, ••••, ••••, ••••, one" {
		t.Errorf("an echo is shown as %s", echo.Reply.Text)
	}
	second, _ := try(`{"event":"page.viewed"}`)
	if second.Event != "pageLoaded" || second.UniqueID == first.UniqueID {
		t.Errorf("second %+v", second)
	}
	if _, e = try(`{"event":{"event":"pageLoaded","visitorId":"v","ids":["p"]}}`); string(e.Visitor) != `"v"` || len(e.IDs) != 1 || e.App == nil {
		t.Errorf("inner event %+v", e)
	}
	if whole, e := try(`{"event":"pageLoaded","visitorId":"w","timestamp":1705329000,"uniqueId":"` + strings.Repeat("0a", 20) + `"}`); string(e.Visitor) != `"w"` ||
		e.Time != 1705329000000 || whole.UniqueID != strings.Repeat("0a", 20) {
		t.Errorf("whole event %+v", e)
	}
	for _, bad := range []string{`{"event":"pageLoadd"}`, `{"event":7}`, `{"event":{}}`, `{}`} {
		_, err := g.Try(t.Context(), "crm", []byte(bad))
		refused(t, err, Invalid, "event")
	}
	_, err := g.Try(t.Context(), "crm", []byte(`{`))
	refused(t, err, Invalid, "")
	_, err = g.Try(t.Context(), "nobody", nil)
	refused(t, err, NotFound, "")
	g.reply = Attempt{}
	_, err = g.Try(t.Context(), "crm", nil)
	refused(t, err, Invalid, "event")
}

// TestTrialOfVendor: neither a key that a type makes a header or a body of is shown, nor an address that is a key.
func TestTrialOfVendor(t *testing.T) {
	g := newRig(t, nil)
	try := func(name, settings, request, reply string) string {
		t.Helper()
		g.create(name, `"events":["*"],`+settings)
		g.reply = Attempt{Outcome: "final", Status: 404, Request: []byte(request), Reply: []byte(reply)}
		trial, err := g.Try(t.Context(), name, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s | %s | %v | %s | %s", trial.Request.Line, trial.Request.URL, trial.Request.Headers, trial.Request.Body.Text, trial.Reply.Text)
	}
	got := try("channel", `"type":"slack","url":"https://hooks.slack.com/services/T1/B2/c3c3c3"`,
		"POST /services/T1/B2/c3c3c3 HTTP/1.1\r\nHost: hooks.slack.com\r\n\r\n{}", "no hook at /services/T1/B2/c3c3c3")
	if want := "POST /•••• HTTP/1.1 | https://hooks.slack.com/•••• | [{Host hooks.slack.com}] | {} | no hook at ••••"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = try("cdp", `"type":"segment","url":"","write_key":"0123456789"`,
		"POST /v1/batch HTTP/1.1\r\nAuthorization: Basic MDEyMzQ1Njc4OTo=\r\n\r\n{\"key\":\"0123456789\"}", "Basic MDEyMzQ1Njc4OTo= is unknown")
	if want := `POST /v1/batch HTTP/1.1 | https://api.segment.io/v1/batch | [{Authorization ••••}] | {"key":"••••"} | •••• is unknown`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTrialOfKind: an event that the type has no body for is not sent.
func TestTrialOfKind(t *testing.T) {
	g := newRig(t, nil)
	g.create("crm", `"type":"hubspot","url":"","access_token":"a-token","settings":{"hub_id":"12345"},"events":["*"]`)
	_, err := g.Try(t.Context(), "crm", []byte(`{"event":"pageTagged"}`))
	refused(t, err, Invalid, "event")
	if len(g.tried) > 0 {
		t.Error("it was sent")
	}
}

// TestTrialCompressed: a body is shown as it was before it was compressed.
func TestTrialCompressed(t *testing.T) {
	g := newRig(t, nil)
	g.create("crm", `"events":["*"],"secret":"signing-secret"`)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte(`{"key":"signing-secret"}`))
	_ = w.Close()
	g.reply = Attempt{Outcome: "delivered", Status: 200, Request: append([]byte("POST /in HTTP/1.1\r\nContent-Encoding: gzip\r\n\r\n"), zipped.Bytes()...)}
	trial, err := g.Try(t.Context(), "crm", nil)
	if err != nil || trial.Request.Body.Text != `{"key":"••••"}` {
		t.Errorf("%q, %v", trial.Request.Body.Text, err)
	}
}

// TestTrialsAtOnce: so many wait for their receivers, and no more.
func TestTrialsAtOnce(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	g := newRig(t, func(o *Options) {
		o.Try = func(ctx context.Context, _ *hook.Webhook, _ *event.Event) (Attempt, error) {
			begun <- struct{}{}
			<-end
			return Attempt{Outcome: "delivered", Status: 200}, nil
		}
	})
	g.create("crm", `"events":["*"]`)
	var all sync.WaitGroup
	for range trialsMax {
		all.Go(func() {
			if _, err := g.Try(t.Context(), "crm", nil); err != nil {
				t.Error(err)
			}
		})
		<-begun
	}
	_, err := g.Try(t.Context(), "crm", nil)
	refused(t, err, Busy, "")
	close(end)
	all.Wait()
}

func TestShorten(t *testing.T) {
	long := strings.Repeat("a", shownMax-1)
	for text, want := range map[string]string{"": "", "abc": "abc", long + "ab": long + "a", long + "é": long, long + "\U0001F600x": long} {
		if s := shorten([]byte(text)); s.Text != want || s.Size != len(text) || s.Cut != (len(text) > shownMax) {
			t.Errorf("of %d bytes %d are shown, want %d (%v)", len(text), len(s.Text), len(want), s.Cut)
		}
	}
}
