package mail

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs f with a Mailer and its server where time passes at will.
func inBubble(t *testing.T, change func(o *Options), f func(p *post, g *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, l := &post{}, newPipes()
		stop := p.serve(t, l)
		g := newRig(t, "127.0.0.1:25", func(o *Options) {
			o.network.dial, o.waits = l.dial, nil
			if change != nil {
				change(o)
			}
		})
		f(p, g)
		g.close(0)
		stop()
	})
}

// subjects are those of the mails taken so far, with the minutes at which they came.
func subjects(t *testing.T, p *post, begin time.Time) string {
	t.Helper()
	synctest.Wait()
	var b strings.Builder
	for _, d := range p.got() {
		_, subject, _ := parse(t, d.raw)
		fmt.Fprintf(&b, "%v %s: %s\n", d.at.Sub(begin).Round(time.Minute), d.to, subject)
	}
	return b.String()
}

// TestStorm: a recipient gets one mail in ten minutes, the rest summed up; nobody else waits for that.
func TestStorm(t *testing.T) {
	inBubble(t, nil, func(p *post, g *rig) {
		begin := time.Now()
		send := func(to, subject string) {
			g.Send(Message{To: to, Subject: subject, Text: "text of " + subject + "\n"})
			synctest.Wait()
		}
		send("a@example.com", "first")
		for i := range 100 {
			send("A@Example.com", fmt.Sprintf("more %d", i))
		}
		send("b@example.com", "other")
		time.Sleep(25 * time.Minute)
		send("a@example.com", "later")
		want := "0s a@example.com: first\n0s b@example.com: other\n10m0s a@example.com: more 99 (and 99 more)\n25m0s a@example.com: later\n"
		if got := subjects(t, p, begin); got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
		_, _, body := parse(t, p.got()[2].raw)
		if want := "50 messages, oldest first, and 50 before them that are left out.\n\n== 1. more 50\n\ntext of more 50\n\n== 2. more 51\n"; !strings.HasPrefix(body, want) {
			t.Errorf("summed up as:\n%s", body)
		}
		if want := "== 50. more 99\n\ntext of more 99\n"; !strings.HasSuffix(body, want) {
			t.Errorf("summed up as:\n%s", body)
		}
		g.counted("edge_mail_dropped_total", `edge_mail_dropped_total{reason="summed"} 50`)
		g.counted("edge_mail_sent_total", "edge_mail_sent_total 4")
	})
}

// TestPutOffForLong: the waits grow, and after hours the mail is given up; the next one is new.
func TestPutOffForLong(t *testing.T) {
	inBubble(t, nil, func(p *post, g *rig) {
		begin, tries := time.Now(), []time.Duration(nil)
		p.onRcpt = func(string) error {
			tries = append(tries, time.Since(begin).Round(time.Second))
			return fmt.Errorf("not now") // go-smtp answers 451 then
		}
		g.Send(hello)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if want := "[0s 10s 1m10s 6m10s 21m10s 51m10s 1h21m10s 1h51m10s 2h21m10s 2h51m10s 3h21m10s 3h51m10s 4h21m10s]"; fmt.Sprint(tries) != want {
			t.Errorf("tried at %v, want %v", tries, want)
		}
		g.log.has(t, "mail is given up", "reason=expired", "to=owner@example.com")
		g.counted("edge_mail_dropped_total", `edge_mail_dropped_total{reason="expired"} 1`)
		g.counted("edge_mail_waiting", "edge_mail_waiting 0")
		p.change(func() { p.onRcpt = nil })
		g.Send(hello)
		if got := subjects(t, p, begin); got != "24h0m0s owner@example.com: hello\n" {
			t.Errorf("then: %s", got)
		}
	})
}

// TestNobodyAnswers: a server that hangs is given a minute, and each pause asks it for one mail only, of all in turn.
func TestNobodyAnswers(t *testing.T) {
	var hanging atomic.Bool
	var asked atomic.Int32
	hanging.Store(true)
	inBubble(t, func(o *Options) {
		dial := o.network.dial
		o.Server = "[::1]:25"
		o.network.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			asked.Add(1)
			if address != "[::1]:25" {
				t.Errorf("dials %s", address)
			}
			if !hanging.Load() {
				return dial(ctx, network, address)
			}
			ours, theirs := net.Pipe()
			context.AfterFunc(ctx, func() { _ = theirs.Close() })
			return ours, nil
		}
	}, func(p *post, g *rig) {
		for i := range 20 {
			g.Send(Message{To: fmt.Sprintf("owner%d@example.com", i), Subject: "hello", Text: "x\n"})
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if asked.Load() != 9 {
			t.Errorf("asked %d times in three hours, want 9", asked.Load())
		}
		if n := strings.Count(g.log.String(), "\n"); n != 1 {
			t.Errorf("said:\n%s", g.log)
		}
		hanging.Store(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(p.got()) != 20 || g.waiting() != 0 {
			t.Errorf("%d mails came, %v wait", len(p.got()), g.waiting())
		}
	})
}

// TestFull: what finds no room is dropped, counted, and said once; the recipients of before are forgotten in time.
func TestFull(t *testing.T) {
	var up atomic.Bool
	inBubble(t, func(o *Options) {
		dial := o.network.dial
		o.network.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if up.Load() {
				return dial(ctx, network, address)
			}
			return nil, net.ErrClosed
		}
	}, func(p *post, g *rig) {
		send := func(from, to int) {
			for i := range to - from {
				g.Send(Message{To: fmt.Sprintf("owner%d@example.com", from+i), Subject: "hello", Text: strings.Repeat("x", 20<<10)})
			}
		}
		send(0, recipientsMax+10)
		synctest.Wait()
		g.counted("edge_mail_waiting", "edge_mail_waiting 1000")
		g.counted("edge_mail_dropped_total", `edge_mail_dropped_total{reason="full"} 10`)
		if n := strings.Count(g.log.String(), "too many mails wait"); n != 1 {
			t.Errorf("said so %d times:\n%s", n, g.log)
		}
		up.Store(true)
		time.Sleep(time.Hour)
		send(recipientsMax, 2*recipientsMax)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(p.got()) != 2*recipientsMax {
			t.Errorf("%d mails came", len(p.got()))
		}
		if n := len(p.got()[0].raw); n < textMax || n > textMax+2<<10 {
			t.Errorf("a text of 20 KiB went out as a mail of %d bytes", n)
		}
	})
}

// TestClose: what waits goes out, also what the interval holds back; then nothing is taken any more.
func TestClose(t *testing.T) {
	inBubble(t, nil, func(p *post, g *rig) {
		begin := time.Now()
		for i := range 3 {
			g.Send(Message{To: "a@example.com", Subject: fmt.Sprint("message ", i), Text: "x\n"})
			synctest.Wait()
		}
		if left := g.close(time.Minute); left != 0 {
			t.Errorf("%d left", left)
		}
		if got, want := subjects(t, p, begin), "0s a@example.com: message 0\n0s a@example.com: message 2 (and 1 more)\n"; got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
		g.Send(hello)
		if left := g.close(time.Minute); left != 0 {
			t.Errorf("%d left", left)
		}
		g.counted("edge_mail_dropped_total", `edge_mail_dropped_total{reason="closed"} 1`)
	})
}

// TestCloseGivesUp: a server that does not answer holds nobody up for longer than asked, and what is left is told.
func TestCloseGivesUp(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		context.AfterFunc(ctx, func() { _ = theirs.Close() })
		return ours, nil
	}
	inBubble(t, func(o *Options) { o.network.dial = hang }, func(_ *post, g *rig) {
		g.Send(hello)
		g.Send(Message{To: "b@example.com", Subject: "x", Text: "x\n"})
		synctest.Wait()
		begin := time.Now()
		if left := g.close(3 * time.Second); left != 2 || time.Since(begin) != 3*time.Second {
			t.Errorf("%d left after %v", left, time.Since(begin))
		}
		if left := g.close(0); left != 2 {
			t.Errorf("then %d left", left)
		}
	})
}
