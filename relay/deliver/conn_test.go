package deliver

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"edgerelay/relay/hook"
)

const okReply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// serveAll answers every request on a connection.
func serveAll(c net.Conn) {
	for readRequest(c) != "" {
		if _, err := io.WriteString(c, okReply); err != nil {
			return
		}
	}
}

// keepLanes is a webhook whose lanes, and with them their connections, stay.
func keepLanes(inFlight int) func(o *Options, w *hook.Webhook) {
	return func(o *Options, w *hook.Webhook) { o.Linger, w.InFlight, w.Timeout = time.Hour, inFlight, time.Minute }
}

// faultless checks that n deliveries took one attempt each.
func (g *rig) faultless(t *testing.T, n int) {
	t.Helper()
	g.drained(t)
	m := g.fleet.metrics
	if got := testutil.ToFloat64(m.attempts.WithLabelValues("crm", "delivered")); got != float64(n) {
		t.Errorf("%v attempts delivered, want %d", got, n)
	}
	if got := testutil.ToFloat64(m.attempts.WithLabelValues("crm", "retry")); got != 0 {
		t.Errorf("%v attempts failed, want none", got)
	}
}

func TestConnectionIsKept(t *testing.T) {
	w := newWire(t, func(_ int, c net.Conn) { serveAll(c) })
	g := newRig(t, w.url, keepLanes(1))
	for i := range 10 {
		g.send(t, "v", fmt.Sprint(i))
	}
	g.faultless(t, 10)
	if n := w.conns.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestConnectionIsClosedWithItsLane(t *testing.T) {
	ended := make(chan struct{}, 1)
	w := newWire(t, func(_ int, c net.Conn) {
		serveAll(c)
		ended <- struct{}{}
	})
	g := newRig(t, w.url, nil)
	g.send(t, "v", "e")
	<-ended
	d := g.sender("crm").dialer
	eventually(t, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.open) == 0
	}, func() string { return "the connection is still on the list" })
}

// TestConnectionThatCannotBeKept has receivers end each connection after one answer, in all the ways they know. None of
// them is the receiver's failure.
func TestConnectionThatCannotBeKept(t *testing.T) {
	f := func(what string, script func(c net.Conn)) {
		t.Helper()
		w := newWire(t, func(_ int, c net.Conn) { script(c) })
		g := newRig(t, w.url, keepLanes(1))
		for i := range 20 {
			g.send(t, "v", fmt.Sprint(i))
		}
		g.faultless(t, 20)
		if n := w.conns.Load(); n < 20 {
			t.Errorf("%s: %d connections for 20 answers", what, n)
		}
	}
	answer := func(reply string) func(c net.Conn) {
		return func(c net.Conn) {
			if readRequest(c) != "" {
				_, _ = io.WriteString(c, reply)
			}
		}
	}
	f("closed without a word", answer(okReply))
	f("announced", answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
	f("announced, and never answered again", func(c net.Conn) {
		answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")(c)
		hold(c)
	})
	f("HTTP/1.0", answer("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"))
	f("closed while the next request comes", func(c net.Conn) {
		answer(okReply)(c)
		_, _ = c.Read(make([]byte, 1))
	})
	f("reset while the next request comes", func(c net.Conn) {
		answer(okReply)(c)
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).SetLinger(0)
	})
	// What follows an answer unasked must not be taken for the next one.
	f("an answer too many", answer(okReply+"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"))
	f("a body too many", answer("HTTP/1.1 204 OK\r\n\r\nHTTP/1.1 500 No\r\n\r\n"))
	f("an upgrade", func(c net.Conn) {
		answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")(c)
	})
}

// TestConnectionThatSaysFarewell is a balancer that ends idle connections with a 408.
func TestConnectionThatSaysFarewell(t *testing.T) {
	said := make(chan struct{})
	w := newWire(t, func(n int, c net.Conn) {
		if n > 1 {
			serveAll(c)
			return
		}
		readRequest(c)
		_, _ = io.WriteString(c, okReply)
		time.Sleep(10 * time.Millisecond) // the answer is complete before
		_, _ = io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		close(said)
	})
	g := newRig(t, w.url, keepLanes(1))
	g.send(t, "v", "first")
	<-said
	time.Sleep(2 * trust)
	g.send(t, "v", "second")
	g.faultless(t, 2)
}

// TestReceiverThatAnswersTwice: an answer that nobody asked for is not taken for the next delivery's, which failed in truth.
func TestReceiverThatAnswersTwice(t *testing.T) {
	said := make(chan struct{})
	w := newWire(t, func(n int, c net.Conn) {
		readRequest(c)
		if n == 1 {
			_, _ = io.WriteString(c, okReply)
			time.Sleep(5 * time.Millisecond) // the answer is complete before
			_, _ = io.WriteString(c, okReply)
			close(said)
			readRequest(c)
		}
		_, _ = io.WriteString(c, "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n")
	})
	g := newRig(t, w.url, keepLanes(1))
	g.send(t, "v", "first")
	<-said
	time.Sleep(10 * time.Millisecond)
	g.send(t, "v", "second")
	g.drained(t)
	if letters := g.deadLetters(t); len(letters) != 1 || letters[0].Status != 400 {
		t.Errorf("dead letters %+v, want the second delivery's", letters)
	}
	if n := w.conns.Load(); n != 2 {
		t.Errorf("%d connections, want a new one for the second", n)
	}
}

// TestReceiverThatStartsAnew closes all kept connections at once, more than there are failures to a brake.
func TestReceiverThatStartsAnew(t *testing.T) {
	const lanes = 3 * brakeAfter
	var mu sync.Mutex
	var open []net.Conn
	var arrived sync.WaitGroup
	arrived.Add(lanes)
	release := make(chan struct{})
	w := newWire(t, func(n int, c net.Conn) {
		mu.Lock()
		open = append(open, c)
		mu.Unlock()
		if n <= lanes { // so that each lane has a connection
			readRequest(c)
			arrived.Done()
			<-release
			_, _ = io.WriteString(c, okReply)
		}
		serveAll(c)
	})
	g := newRig(t, w.url, keepLanes(lanes))
	for i := range lanes {
		g.send(t, "v", fmt.Sprint(i))
	}
	arrived.Wait()
	close(release)
	g.faultless(t, lanes)
	mu.Lock()
	for _, c := range open {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	mu.Unlock()
	for i := range 4 * lanes {
		g.send(t, "v", fmt.Sprint("more ", i))
	}
	g.faultless(t, 5*lanes)
	if st := g.sender("crm").State(); st.Name == "failing" {
		t.Errorf("the webhook is %+v", st)
	}
}
