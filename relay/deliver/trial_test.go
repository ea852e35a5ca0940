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
