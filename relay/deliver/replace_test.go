package deliver

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/hook"
)

// TestReplaceUnderLoad edits a webhook over and over while events flow: each is delivered once, whatever the edits change.
func TestReplaceUnderLoad(t *testing.T) {
	var slow atomic.Int32
	r := newReceiver(t, func(int, *fasthttp.RequestCtx) {
		if slow.Add(1)%7 == 0 {
			time.Sleep(3 * time.Millisecond)
		}
	})
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.InFlight = 3 })
	const n = 1500
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range n {
			g.send(t, fmt.Sprint("v", i%5), fmt.Sprint(i))
		}
	}()
	name := "crm"
	for i := 0; ; i++ {
		w := *g.hooks[0]
		w.Name, w.InFlight, w.ByVisitor = fmt.Sprint("crm ", i%3), 1+i%4, i%2 == 0
		if err := g.fleet.Replace(name, &w, ""); err != nil {
			t.Fatal(err)
		}
		name = w.Name
		select {
		case <-sent:
			r.wait(t, n)
			g.drained(t)
			g.each(t, r.deliveries(), n, "1")
			if all := g.fleet.Senders(); len(all) != 1 || all[0] != g.fleet.Sender(name) {
				t.Errorf("%d senders are left", len(all))
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// TestReplaceLetsAttemptsEnd gives the new settings at once to what is begun, though an attempt hangs with the old ones.
func TestReplaceLetsAttemptsEnd(t *testing.T) {
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	hung := newReceiver(t, func(int, *fasthttp.RequestCtx) {
		arrived <- struct{}{}
		<-release
	})
	well := newReceiver(t, nil)
	g := newRig(t, hung.url, func(_ *Options, w *hook.Webhook) { w.InFlight, w.ByVisitor, w.Timeout = 1, true, time.Minute })
	g.send(t, "a", "1")
	<-arrived
	g.send(t, "a", "2") // waits for the first in its order
	g.send(t, "b", "3")
	w := newWebhook(t, 1, "crm", well.url)
	w.ByVisitor = true
	if err := g.fleet.Replace("crm", w, ""); err != nil {
		t.Fatal(err)
	}
	well.wait(t, 1)
	if got := well.count(); got != 1 {
		t.Errorf("%d deliveries went by the new settings while the first was under way, want that of b", got)
	}
	close(release)
	well.wait(t, 2)
	g.drained(t)
	if hung.count() != 1 || well.count() != 2 {
		t.Errorf("%d deliveries by the old settings and %d by the new", hung.count(), well.count())
	}
}

// TestReplaceOfADisabledWebhook keeps it off until it is to be on, and tells of each turning off once.
func TestReplaceOfADisabledWebhook(t *testing.T) {
	gone := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusGone) })
	well := newReceiver(t, nil)
	told := make(chan string, 10)
	g := newRig(t, gone.url, func(o *Options, w *hook.Webhook) {
		o.Disabled = func(w *hook.Webhook, reason string) { told <- w.Name + ": " + reason }
	})
	g.send(t, "v", "1")
	if got := <-told; got != "crm: the receiver answered 410 Gone" {
		t.Errorf("told %q", got)
	}
	w := newWebhook(t, 1, "crm", well.url)
	if err := g.fleet.Replace("crm", w, "the receiver answered 410 Gone"); err != nil {
		t.Fatal(err)
	}
	g.send(t, "v", "2")
	if st := g.fleet.Sender("crm").State(); st.Name != "disabled" || st.Reason != "the receiver answered 410 Gone" {
		t.Errorf("edited while it is off: %+v", st)
	}
	if err := g.fleet.Replace("crm", w, ""); err != nil {
		t.Fatal(err)
	}
	well.wait(t, 1)
	g.drained(t)
	select {
	case got := <-told:
		t.Errorf("told again: %q", got)
	default:
	}
}

func TestRemove(t *testing.T) {
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	r := newReceiver(t, func(int, *fasthttp.RequestCtx) {
		arrived <- struct{}{}
		<-release
	})
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.InFlight, w.Timeout = 1, time.Minute })
	g.send(t, "a", "1")
	g.send(t, "a", "2")
	<-arrived
	q, err := g.fleet.Remove("crm")
	if err != nil || q != Queue(g.queue) {
		t.Fatal(q, err)
	}
	if _, err := g.fleet.Remove("crm"); err == nil {
		t.Error("it could be removed twice")
	}
	if err := g.log.Drop(g.queue); err != nil {
		t.Fatal(err)
	}
	close(release)
	if cut := g.fleet.Stop(context.Background()); cut != 0 || r.count() != 1 {
		t.Errorf("%d attempts were cut off; %d requests, want the one that was under way", cut, r.count())
	}
}
