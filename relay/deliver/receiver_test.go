package deliver

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// receiver is a real HTTP server whose answers the test scripts.
type receiver struct {
	url    string
	addr   string
	forget atomic.Bool // keep no record of requests

	mu     sync.Mutex
	got    []delivery
	answer func(n int, ctx *fasthttp.RequestCtx) // n counts requests from 1
}

type delivery struct {
	head, body, id, signature, attempt string
	status                             int // of the answer
}

func newReceiver(t testing.TB, answer func(n int, ctx *fasthttp.RequestCtx)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	ln := listen(t)
	r.addr = ln.Addr().String()
	r.url = "http://" + r.addr + "/hook"
	srv := &fasthttp.Server{Handler: r.handle, CloseOnShutdown: true, Logger: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(ln)
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = srv.ShutdownWithContext(ctx)
		_ = ln.Close()
		<-served
	})
	return r
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func (r *receiver) handle(ctx *fasthttp.RequestCtx) {
	if r.forget.Load() {
		return
	}
	d := delivery{head: ctx.Request.Header.String(), body: string(ctx.PostBody()),
		signature: string(ctx.Request.Header.Peek("X-Pendo-Signature")),
		attempt:   string(ctx.Request.Header.Peek("X-Edgerelay-Attempt"))}
	d.id = strings.Trim(string(event.Lookup([]byte(d.body), "uniqueId")), `"`)
	r.mu.Lock()
	r.got = append(r.got, d)
	n := len(r.got)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(n, ctx)
	}
	r.mu.Lock()
	r.got[n-1].status = ctx.Response.StatusCode()
	r.mu.Unlock()
}

// deliveries are the requests that came, in the order in which they came.
func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery(nil), r.got...)
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// wait returns once n requests have come.
func (r *receiver) wait(t testing.TB, n int) []delivery {
	t.Helper()
	eventually(t, func() bool { return r.count() >= n }, func() string {
		return fmt.Sprintf("the receiver got %d of %d requests", r.count(), n)
	})
	return r.deliveries()
}

// field is the text between two others.
func field(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

// wire is a receiver that speaks bytes: each connection is the script's, from its first byte to its end.
type wire struct {
	url   string
	conns atomic.Int32
}

// newWire listens; script gets each connection with its number from 1. The connection is closed when it returns.
func newWire(t testing.TB, script func(n int, c net.Conn)) *wire {
	t.Helper()
	ln := listen(t)
	w := &wire{url: "http://" + ln.Addr().String() + "/hook"}
	var scripts sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	scripts.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			n := int(w.conns.Add(1))
			scripts.Go(func() {
				defer c.Close()
				script(n, c)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		scripts.Wait()
	})
	return w
}

// readRequest reads one request off a connection and returns it whole; "" when the connection ended.
func readRequest(c net.Conn) string {
	var got []byte
	buf := make([]byte, 4096)
	for {
		head, body, found := strings.Cut(string(got), "\r\n\r\n")
		if found {
			var length int
			_, _ = fmt.Sscan(field(head+"\r\n", "Content-Length: ", "\r\n"), &length)
			if len(body) >= length {
				return string(got)
			}
		}
		n, err := c.Read(buf)
		if err != nil {
			return ""
		}
		got = append(got, buf[:n]...)
	}
}
