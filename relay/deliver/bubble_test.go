package deliver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/hook"
)

// bubble is a fleet with one webhook inside a synctest bubble, where waiting costs no time and its length is exact: the
// queue is kept in memory, the network is pipes.
type bubble struct {
	hook     *hook.Webhook
	opt      Options
	fleet    *Fleet
	sender   *Sender
	queue    *memQueue
	receiver *pipes
}

// inBubble runs test with a started fleet, and stops it afterwards. answer gets the number of each request, from 1, and
// returns a status and, by a header, what else; it may sleep.
func inBubble(t *testing.T, change func(o *Options, w *hook.Webhook), answer func(n int, h http.Header) int, test func(b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{hook: newWebhook(t, 1, "crm", "http://receiver.test/hook"), queue: newMemQueue(t),
			receiver: &pipes{answer: answer}}
		b.opt = Options{Backoff: time.Second, BackoffMax: 5 * time.Minute, Logger: slog.New(slog.DiscardHandler)}
		if change != nil {
			change(&b.opt, b.hook)
		}
		b.opt.network.dial = b.receiver.dial
		b.opt.Open = func(_ *hook.Webhook, wake func()) (Queue, error) {
			b.queue.wake = wake
			return b.queue, nil
		}
		b.fleet = NewFleet(b.opt)
		if err := b.fleet.Start(b.hook); err != nil {
			t.Fatal(err)
		}
		b.sender = b.fleet.Senders()[0]
		test(b)
		b.fleet.Stop(context.Background())
		b.receiver.close()
	})
}

// sleep lets time pass, and everything happen that happens then.
func (b *bubble) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// pipes is a receiver at the other end of in-memory connections.
type pipes struct {
	answer func(n int, h http.Header) int
	reply  func(r *http.Request, h http.Header) int // in its place, when it is set

	conns    sync.WaitGroup
	mu       sync.Mutex
	at       []time.Time // of each request
	together []int       // requests being answered when each came, itself included
	now      int
	open     []net.Conn
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	p.mu.Lock()
	p.open = append(p.open, theirs)
	p.mu.Unlock()
	p.conns.Go(func() { p.serve(theirs) })
	return ours, nil
}

func (p *pipes) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		p.mu.Lock()
		p.at = append(p.at, time.Now())
		n := len(p.at)
		p.now++
		p.together = append(p.together, p.now)
		p.mu.Unlock()
		status, header := 200, http.Header{}
		switch {
		case p.reply != nil:
			status = p.reply(r, header)
		case p.answer != nil:
			status = p.answer(n, header)
		}
		p.mu.Lock()
		p.now--
		p.mu.Unlock()
		if _, err := fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Length: 0\r\n%s\r\n", status, headerLines(header)); err != nil {
			return
		}
	}
}

func headerLines(h http.Header) (lines string) {
	for name, values := range h {
		lines += name + ": " + values[0] + "\r\n"
	}
	return lines
}

// times are when requests came; together is how many were being answered then.
func (p *pipes) times() (at []time.Time, together []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.at), slices.Clone(p.together)
}

func (p *pipes) close() {
	p.mu.Lock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.conns.Wait()
}
