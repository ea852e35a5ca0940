package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/valyala/fasthttp"

	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
)

// TestSoftStop lets attempts under way end and begins nothing new; the rest is there after a restart.
func TestSoftStop(t *testing.T) {
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	r := newReceiver(t, func(_ int, _ *fasthttp.RequestCtx) {
		arrived <- struct{}{}
		<-release
	})
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.InFlight, w.Timeout = 4, time.Minute })
	for i := range 20 {
		g.send(t, "v", fmt.Sprint(i))
	}
	for range 4 {
		<-arrived
	}
	stopped := make(chan int)
	go func() { stopped <- g.close(t, context.Background()) }()
	eventually(t, func() bool { return g.sender("crm").soft.Err() != nil }, func() string { return "the stop does not begin" })
	close(release)
	if cut := <-stopped; cut != 0 {
		t.Errorf("%d attempts were cut off", cut)
	}
	for _, d := range r.deliveries() {
		if d.status != 200 {
			t.Errorf("an attempt under way got the status %d", d.status)
		}
	}
	if n := r.count(); n != 4 {
		t.Errorf("%d requests, want 4: something new was begun", n)
	}
	g.open(t)
	r.wait(t, 20)
	g.drained(t)
	g.each(t, r.deliveries(), 20, "1")
}

// each checks that requests were for n different events, once each, all of them such attempts.
func (g *rig) each(t *testing.T, got []delivery, n int, attempt string) {
	t.Helper()
	seen := map[string]bool{}
	for _, d := range got {
		if seen[d.id] {
			t.Errorf("%s came twice", d.id)
		}
		seen[d.id] = true
		if d.attempt != attempt {
			t.Errorf("%s came as attempt %s, want %s", d.id, d.attempt, attempt)
		}
	}
	if len(seen) != n {
		t.Errorf("%d events came, want %d", len(seen), n)
	}
}

// TestHardStop cuts attempts off: nobody's failure, and delivered after the restart, again as attempt 1.
func TestHardStop(t *testing.T) {
	f := func(what string, before int, script func(c net.Conn, arrived chan<- struct{})) {
		t.Helper()
		arrived := make(chan struct{}, 100)
		w := newWire(t, func(_ int, c net.Conn) { script(c, arrived) })
		g := newRig(t, w.url, func(_ *Options, w *hook.Webhook) { w.InFlight, w.Timeout = 3, time.Minute })
		for i := range 10 {
			g.send(t, "v", fmt.Sprint(i))
		}
		for range 3 {
			<-arrived
		}
		over, end := context.WithCancel(context.Background())
		end()
		if cut := g.close(t, over); cut != 3 {
			t.Errorf("%s: %d attempts were cut off, want 3", what, cut)
		}
		m := g.fleet.metrics
		for outcome, want := range map[string]int{"delivered": before, "retry": 0, "final": 0} {
			if n := testutil.ToFloat64(m.attempts.WithLabelValues("crm", outcome)); n != float64(want) {
				t.Errorf("%s: %v attempts count as %s, want %d", what, n, outcome, want)
			}
		}
		if _, _, streak := g.sender("crm").health.state(); streak != 0 {
			t.Errorf("%s: %d failures are counted", what, streak)
		}
		r := newReceiver(t, nil)
		g.hooks[0].Target.Host = r.addr
		g.open(t)
		r.wait(t, 10-before)
		g.drained(t)
		g.each(t, r.deliveries(), 10-before, "1")
		if letters := g.deadLetters(t); len(letters) != 0 {
			t.Errorf("%s: %d dead letters", what, len(letters))
		}
	}
	f("without an answer", 0, func(c net.Conn, arrived chan<- struct{}) {
		readRequest(c)
		arrived <- struct{}{}
		hold(c)
	})
	f("in the head of an answer", 0, func(c net.Conn, arrived chan<- struct{}) {
		readRequest(c)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: ")
		arrived <- struct{}{}
		hold(c)
	})
	f("on a kept connection", 3, func(c net.Conn, arrived chan<- struct{}) {
		readRequest(c)
		_, _ = io.WriteString(c, okReply)
		readRequest(c)
		arrived <- struct{}{}
		hold(c)
	})
}

// TestHardStopInTheBody: the answer's status has come, so the delivery has ended.
func TestHardStopInTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := make(chan struct{})
		script := func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345") // a pipe returns when it is read
			close(read)
			hold(c)
		}
		q, fleet := scripted(t, script, func(*hook.Webhook) {})
		q.add(1)
		<-read
		over, end := context.WithCancel(t.Context())
		end()
		if cut := fleet.Stop(over); cut != 0 {
			t.Errorf("%d attempts were cut off", cut)
		}
		if settled, _, open := q.counts(); settled != 1 || open != 0 {
			t.Errorf("%d delivered, %d wait", settled, open)
		}
	})
}

// TestConnectionThatComesTooLate is made after the hard stop by a network that does not listen: nothing is sent on it.
func TestConnectionThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		q := newMemQueue(t)
		o := Options{Open: func(_ *hook.Webhook, wake func()) (Queue, error) {
			q.wake = wake
			return q, nil
		}}
		release := make(chan struct{})
		o.network.dial = func(context.Context, string, string) (net.Conn, error) {
			<-release
			return ours, nil
		}
		fleet := NewFleet(o)
		if err := fleet.Start(newWebhook(t, 1, "crm", "http://receiver.test/")); err != nil {
			t.Fatal(err)
		}
		q.add(1)
		synctest.Wait()
		over, end := context.WithCancel(t.Context())
		end()
		cut := make(chan int)
		go func() { cut <- fleet.Stop(over) }()
		synctest.Wait()
		close(release)
		if n := <-cut; n != 1 {
			t.Errorf("%d attempts were cut off, want 1", n)
		}
		if got := readRequest(theirs); got != "" {
			t.Errorf("after the stop it sent %q", got)
		}
		if q.Stats().Backlog != 1 {
			t.Errorf("the queue is %+v", q.Stats())
		}
	})
}

// TestHardStopWhileConnecting cuts a handshake that hangs.
func TestHardStopWhileConnecting(t *testing.T) {
	arrived := make(chan struct{}, 10)
	w := newWire(t, func(_ int, c net.Conn) {
		arrived <- struct{}{}
		hold(c)
	})
	g := newRig(t, strings.Replace(w.url, "http:", "https:", 1), func(_ *Options, w *hook.Webhook) { w.Timeout = time.Minute })
	g.send(t, "v", "e")
	<-arrived
	over, end := context.WithCancel(context.Background())
	end()
	if cut := g.close(t, over); cut != 1 {
		t.Errorf("%d attempts were cut off, want 1", cut)
	}
	g.open(t)
	if st := g.queue.Stats(); st.Backlog+int64(st.Flight) != 1 || st.Parked != 0 {
		t.Errorf("after the restart the queue holds %+v", st)
	}
}

func TestStopIsIdempotent(t *testing.T) {
	r := newReceiver(t, nil)
	g := newRig(t, r.url, nil)
	g.send(t, "v", "e")
	r.wait(t, 1)
	var stops sync.WaitGroup
	for range 4 {
		stops.Go(func() {
			if cut := g.fleet.Stop(context.Background()); cut != 0 {
				t.Errorf("%d attempts were cut off", cut)
			}
		})
	}
	stops.Wait()
	if cut := g.fleet.Stop(context.Background()); cut != 0 {
		t.Errorf("%d attempts were cut off", cut)
	}
	g.send(t, "v", "late")
	g.sender("crm").Wake()
	if n := r.count(); n != 1 {
		t.Errorf("%d requests, one of them after the stop", n)
	}
	if err := g.fleet.Start(newWebhook(t, 9, "late", r.url)); err == nil {
		t.Error("a webhook was started after the stop")
	}
}

func TestStopBeforeAnythingBegan(t *testing.T) {
	f := NewFleet(Options{Logger: slog.New(slog.DiscardHandler)})
	if cut := f.Stop(t.Context()); cut != 0 {
		t.Errorf("%d attempts were cut off", cut)
	}
}

func TestStartRefuses(t *testing.T) {
	f := NewFleet(Options{Logger: slog.New(slog.DiscardHandler), Open: func(w *hook.Webhook, _ func()) (Queue, error) {
		if w.Name == "closed" {
			return nil, errors.New("queue is closed")
		}
		return newMemQueue(t), nil
	}})
	g := func(w *hook.Webhook, want string) {
		t.Helper()
		err := f.Start(w)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	g(newWebhook(t, 1, "crm", "http://127.0.0.1/"), "")
	g(newWebhook(t, 1, "crm", "http://127.0.0.1/"), `start sender of webhook "crm": it runs already`)
	g(newWebhook(t, 2, "closed", "http://127.0.0.1/"), `start sender of webhook "closed": queue is closed`)
	unsigned := newWebhook(t, 3, "unsigned", "http://127.0.0.1/")
	unsigned.Schemes = []sign.Scheme{sign.Pendo}
	g(unsigned, `start sender of webhook "unsigned": the secret is empty: set one, or no signature`)
	f.Stop(t.Context())
	g(newWebhook(t, 4, "late", "http://127.0.0.1/"), "start sender: the fleet is stopped")
}
