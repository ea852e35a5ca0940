package deliver

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
)

func TestTry(t *testing.T) {
	r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(fasthttp.StatusTeapot)
		ctx.SetBodyString("no coffee")
	})
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.Enabled = false })
	w := *g.hooks[0]
	w.Secret, w.Schemes = "s3cret", []sign.Scheme{sign.Pendo}
	e := event.Sample(event.GuideDisplayed)
	trial, err := g.fleet.Try(context.Background(), &w, &e)
	if err != nil {
		t.Fatal(err)
	}
	if trial.Status != 418 || trial.Outcome != Final || string(trial.Reply) != "no coffee" || trial.Took <= 0 ||
		trial.Timing.Total != trial.Took || trial.Timing.FirstByte <= 0 {
		t.Errorf("got %+v", trial)
	}
	if want := string(format.Pendo(nil, &e, event.Note{All: true})); string(trial.Body()) != want {
		t.Errorf("body %s, want %s", trial.Body(), want)
	}
	if !strings.Contains(string(trial.Request), "X-Pendo-Signature: sha256=") {
		t.Errorf("not signed: %s", trial.Request)
	}
	if s := g.queue.Stats(); s.Dead != 0 || s.Backlog != 0 || s.Flight != 0 {
		t.Errorf("the queue was touched: %+v", s)
	}
}

// TestTryChosenProperties: a trial has every field that the webhook chose, with sample values.
func TestTryChosenProperties(t *testing.T) {
	r := newReceiver(t, nil)
	g := newRig(t, r.url, nil)
	w, faults := hook.Compile(hook.Spec{Name: "pilot", URL: r.url, Format: "userpilot", Events: []string{"*"}, Properties: []string{"user.email", "company.plan"},
		InFlight: 1, Timeout: time.Second, AllowPrivate: true, AllowHTTP: true}, func(string) bool { return true })
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	e := event.Sample(event.PageLoaded)
	e.Visitor, e.Account = []byte(`"ada"`), []byte(`"acme"`)
	trial, err := g.fleet.Try(context.Background(), w, &e)
	want := `"user":{"user_id":"ada","email":"visitor@example.com"},"company":{"id":"acme","plan":"enterprise"}}}`
	if err != nil || trial.Outcome != Delivered || !strings.HasSuffix(string(trial.Body()), want) {
		t.Errorf("%s, %v: %s", trial.Outcome, err, trial.Body())
	}
}

func TestTryEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	r := newReceiver(t, func(int, *fasthttp.RequestCtx) { <-release })
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.Timeout = time.Hour })
	defer close(release)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	e := event.Sample(event.GuideDisplayed)
	trial, err := g.fleet.Try(ctx, g.hooks[0], &e)
	if err != nil || trial.Outcome != Retry || trial.Reason == "" {
		t.Errorf("got %+v, %v", trial, err)
	}
}
