package deliver

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/hook"
)

// say is a script that reads one request and writes bytes.
func say(reply string) func(int, net.Conn) {
	return func(_ int, c net.Conn) {
		if readRequest(c) != "" {
			_, _ = io.WriteString(c, reply)
		}
	}
}

// hold keeps a connection open until the other end closes it.
func hold(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// one delivers one event to a script, once.
func one(t *testing.T, script func(int, net.Conn)) (g *rig, w *wire) {
	t.Helper()
	w = newWire(t, script)
	g = newRig(t, w.url, func(_ *Options, h *hook.Webhook) { h.Retries, h.InFlight, h.Timeout = 0, 1, time.Minute })
	g.send(t, "v", "e")
	g.drained(t)
	return g, w
}

func TestReplyThatCounts(t *testing.T) {
	f := func(reply string) {
		t.Helper()
		g, w := one(t, say(reply))
		if letters := g.deadLetters(t); len(letters) != 0 {
			t.Errorf("%.80q: it was not delivered: %+v", reply, letters[0].Death)
		}
		if n := w.conns.Load(); n != 1 {
			t.Errorf("%.80q: %d connections for one delivery", reply, n)
		}
	}
	f("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	f("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok")
	f("HTTP/1.0 200 OK\r\n\r\nuntil the end")
	f("HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\n")
	f("HTTP/1.1 204 No Content\r\n\r\n")
	f("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")
	f("HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n")
	f("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	f("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	f("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
	f(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", answerInterims-1) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	// The status has come: what is wrong with the body no longer matters.
	f("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbroken off")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno length")
	f("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
	f(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", answerBodyMax+1, strings.Repeat("x", answerBodyMax+1)))
}

func TestReplyThatDoesNotCount(t *testing.T) {
	f := func(reply string, status int, reason string) {
		t.Helper()
		g, _ := one(t, say(reply))
		letters := g.deadLetters(t)
		if len(letters) != 1 {
			t.Errorf("%.80q: it was delivered", reply)
			return
		}
		got := strings.TrimPrefix(letters[0].Reason, "attempt 1 was the last: ")
		if letters[0].Status != status || got != reason {
			t.Errorf("%.80q: status %d, reason %q; want %d, %q", reply, letters[0].Status, got, status, reason)
		}
	}
	f("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", 101, "101 Switching Protocols")
	f("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 500, "500 Internal Server Error")
	f("HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nbroken off", 500, "500 Internal Server Error")
	f("HTTP/1.1 404 Not Found\r\n\r\nuntil the end", 404, "404 Not Found")
	f("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302,
		"302 Found; redirects are never followed, set the webhook's url to the new address")
	f("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", 999, "999")
	f("HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n", 0, "the reply is not valid HTTP: its status is 000")
	f(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000), 0,
		"the reply is not valid HTTP: 100 interim replies and no final one")
	f("HTTP/1.1 20 OK\r\n\r\n", 0, "the reply is not valid HTTP: invalid response status code")
	f("hello world, this is no HTTP\r\n\r\n", 0, "the reply is not valid HTTP: invalid response status code")
	f("\x15\x03\x01\x00\x02\x02\x0a secret \r\n\r\n", 0,
		"the reply is not valid HTTP: cannot find whitespace in the first line of response")
	f("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0,
		"the reply is not valid HTTP: cannot parse content-length: unexpected first char found: expecting 0-9")
	f("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", answerHeadMax)+"\r\n\r\n", 0,
		"the reply's headers are longer than 8192 bytes")
	f("HTTP/1.1 200 OK\r\nContent-Le", 0, "the reply broke off: EOF")
	f("HTTP", 0, "the reply broke off: EOF")
	f("", 0, "the receiver closed the connection without an answer")
}

func TestReceiverThatResets(t *testing.T) {
	g, w := one(t, func(_ int, c net.Conn) {
		readRequest(c)
		_ = c.(*net.TCPConn).SetLinger(0)
	})
	letters := g.deadLetters(t)
	if len(letters) != 1 || !strings.Contains(letters[0].Reason, "without an answer") || !strings.Contains(letters[0].Reason, "reset") {
		t.Errorf("%d dead letters, the first %+v", len(letters), letters[0].Death)
	}
	if n := w.conns.Load(); n != 1 {
		t.Errorf("a new connection that was reset was tried %d times in one attempt", n)
	}
}

// TestReceiverThatTakesTooLong: the timeout is of the whole attempt, up to the head of the answer.
func TestReceiverThatTakesTooLong(t *testing.T) {
	const timeout = 30 * time.Second
	f := func(what string, script func(c net.Conn), wantDelivered bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			q, fleet := scripted(t, script, func(w *hook.Webhook) { w.Retries, w.Timeout = 0, timeout })
			begin := time.Now()
			q.add(1)
			time.Sleep(timeout)
			synctest.Wait()
			settled, _, open := q.counts()
			switch {
			case open != 0:
				t.Errorf("%s: no end after %v", what, time.Since(begin))
			case wantDelivered && settled != 1:
				t.Errorf("%s: %+v, want it delivered", what, q.buried[0])
			case !wantDelivered && (settled != 0 || q.buried[0].Status != 408 || q.buried[0].Reason != "attempt 1 was the last: no answer in time"):
				t.Errorf("%s: %d delivered, %+v, want a timeout as status 408", what, settled, q.buried)
			}
			fleet.Stop(t.Context())
			time.Sleep(time.Minute) // scripts end
		})
	}
	reply := func(head string, then func(c net.Conn)) func(c net.Conn) {
		return func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, head)
			then(c)
		}
	}
	drip := func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, "x"); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}
	f("a request that nobody reads", func(c net.Conn) { _, _ = c.Write([]byte{0}) }, false) // waits until it is closed
	f("no answer", hold, false)
	f("an unfinished head", reply("HTTP/1.1 200 OK\r\nX: ", hold), false)
	f("a head that drips", reply("HTTP/1.1 200 OK\r\nX: ", drip), false)
	f("interim answers that drip", reply("", func(c net.Conn) {
		for range 1000 {
			if _, err := io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	}), false)
	f("a body that drips", reply("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", drip), true)
	f("a body that never comes", reply("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", hold), true)
	f("a body without end", reply("HTTP/1.1 200 OK\r\n\r\n", func(c net.Conn) {
		for {
			if _, err := c.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}), true)
}

// scripted is a fleet in a synctest bubble whose receiver speaks bytes.
func scripted(t *testing.T, script func(c net.Conn), change func(w *hook.Webhook)) (*memQueue, *Fleet) {
	t.Helper()
	q := newMemQueue(t)
	o := Options{Open: func(_ *hook.Webhook, wake func()) (Queue, error) {
		q.wake = wake
		return q, nil
	}}
	o.network.dial = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			script(theirs)
		}()
		return ours, nil
	}
	fleet := NewFleet(o)
	w := newWebhook(t, 1, "crm", "http://receiver.test/")
	change(w)
	if err := fleet.Start(w); err != nil {
		t.Fatal(err)
	}
	return q, fleet
}

// TestReceiverThatAnswersEarly refuses a large body without reading it, as servers with a limit do.
func TestReceiverThatAnswersEarly(t *testing.T) {
	w := newWire(t, func(_ int, c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = c.(*net.TCPConn).CloseWrite()
		hold(c)
	})
	g := newRig(t, w.url, func(_ *Options, h *hook.Webhook) { h.Retries = 0 })
	g.send(t, "v", strings.Repeat("x", 8<<20))
	// The queue's figures may be those of a moment ago while it writes 8 MiB, so they do not say when it has ended.
	eventually(t, func() bool { return len(g.deadLetters(t)) == 1 }, func() string { return "no dead letter" })
	if letters := g.deadLetters(t); len(letters) != 1 || letters[0].Status != 413 {
		t.Errorf("dead letters %+v, want one with 413", letters)
	}
}

func TestNobodyListens(t *testing.T) {
	ln := listen(t)
	_ = ln.Close()
	g := newRig(t, "http://"+ln.Addr().String(), func(_ *Options, h *hook.Webhook) { h.Retries = 1 })
	g.send(t, "v", "e")
	g.drained(t)
	letters := g.deadLetters(t)
	if len(letters) != 1 || letters[0].Attempts != 2 || letters[0].Status != 0 || !strings.Contains(letters[0].Reason, "connection refused") {
		t.Errorf("dead letters %+v", letters)
	}
}
