package mail

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

var hello = Message{To: "owner@example.com", Subject: "hello", Text: "one\ntwo\n"}

// sends says that a message reaches the server.
func sends(t *testing.T, p *post, g *rig) delivery {
	t.Helper()
	g.Send(hello)
	await(t, "mail", func() bool { return len(p.got()) == 1 })
	return p.got()[0]
}

// TestWays: a mail gets through in every mode, with and without a log-in.
func TestWays(t *testing.T) {
	pool, config := authority(t, "mail.example.com")
	for _, mode := range []string{"starttls", "tls", "none"} {
		for _, mechanism := range []string{"", "PLAIN", "LOGIN"} {
			t.Run(mode+mechanism, func(t *testing.T) {
				p := &post{password: "s3cret"}
				l := listen(t, "127.0.0.1:0")
				address, server := l.Addr().String(), "mail.example.com:25"
				switch mode {
				case "starttls":
					p.tls = config
				case "tls":
					l = tls.NewListener(l, config)
				case "none":
					server = address // PLAIN goes in clear to loopback only
				}
				if mechanism != "" {
					p.mechanisms = []string{mechanism}
				}
				p.serve(t, l)
				g := newRig(t, server, func(o *Options) {
					o.TLS, o.network.dial, o.network.roots = mode, to(address), pool
					if mechanism != "" {
						o.Username, o.Password = "relay", "s3cret"
					}
				})
				got := sends(t, p, g)
				if got.from != "relay@example.com" || got.to != "owner@example.com" {
					t.Errorf("envelope %q → %q", got.from, got.to)
				}
				if want := map[bool]string{true: "relay"}[mechanism != ""]; got.user != want {
					t.Errorf("logged in as %q, want %q", got.user, want)
				}
				await(t, "count", func() bool { return g.waiting() == 0 })
				g.counted("edge_mail_sent_total", "edge_mail_sent_total 1")
				g.counted("edge_mail_waiting", "edge_mail_waiting 0")
				if g.log.String() != "" {
					t.Errorf("said:\n%s", g.log)
				}
			})
		}
	}
}

// TestStranger: another machine's certificate must be good; this machine's own need not be.
func TestStranger(t *testing.T) {
	pool, config := authority(t, "mail.example.com")
	const next = "name the host in [smtp] server as its certificate does"
	for _, mode := range []string{"starttls", "tls"} {
		f := func(server string, known bool, want ...string) {
			t.Helper()
			p := &post{tls: config}
			l := listen(t, "127.0.0.1:0")
			address := l.Addr().String()
			if mode == "tls" {
				l = tls.NewListener(l, config)
			}
			stop := p.serve(t, l)
			defer stop()
			g := newRig(t, server, func(o *Options) {
				o.TLS, o.network.dial = mode, to(address)
				if known {
					o.network.roots = pool
				}
			})
			defer g.close(0)
			g.Send(hello)
			if want == nil {
				await(t, "mail", func() bool { return len(p.got()) == 1 })
				return
			}
			await(t, "a fault", func() bool { return g.log.String() != "" })
			g.log.has(t, want...)
			if len(p.got()) > 0 {
				t.Errorf("%s to %s: the mail was sent", mode, server)
			}
		}
		f("mail.example.com:25", true)
		f("mail.example.com:25", false, "signed by unknown authority", next)
		f("mail.other.example:25", true, "not mail.other.example", next)
		f("10.0.0.7:25", true, "because it doesn't contain any IP SANs", next)
		f("127.0.0.1:25", false)
		f("localhost:25", false)
		f("[::1]:25", false)
	}
}

// TestWrongMode: each mistake in [smtp] tls has its own next step, and the password does not leave.
func TestWrongMode(t *testing.T) {
	pool, config := authority(t, "mail.example.com")
	f := func(mode string, p *post, wrapped bool, want string) {
		t.Helper()
		l := listen(t, "127.0.0.1:0")
		address := l.Addr().String()
		if wrapped {
			l = tls.NewListener(l, config)
		}
		stop := p.serve(t, l)
		defer stop()
		g := newRig(t, "mail.example.com:25", func(o *Options) {
			o.TLS, o.network.dial, o.network.roots, o.Username, o.Password = mode, to(address), pool, "relay", "s3cret"
		})
		defer g.close(0)
		g.Send(hello)
		await(t, "a fault", func() bool { return g.log.String() != "" })
		g.log.has(t, want)
		if p.change(func() {}); len(p.logins) > 0 || strings.Contains(g.log.String(), "s3cret") {
			t.Errorf("%s: the password was shown to %q and the log:\n%s", mode, p.logins, g.log)
		}
	}
	f("starttls", &post{mechanisms: []string{"PLAIN"}}, false, "the server offers no STARTTLS")
	f("tls", &post{mechanisms: []string{"PLAIN"}}, false, "the server does not speak TLS as expected")
	f("none", &post{mechanisms: []string{"PLAIN", "LOGIN"}}, false, "the server offers no log-in that hides the password on this line")
	f("none", &post{}, false, "the server offers no log-in on this port")
	f("starttls", &post{tls: config}, false, "the server offers no log-in on this port")
}

// TestWrongPassword: mail waits until the password is right; one line says that something is wrong, one that it is not.
func TestWrongPassword(t *testing.T) {
	pool, config := authority(t, "mail.example.com")
	p := &post{tls: config, mechanisms: []string{"PLAIN"}, password: "new"}
	l := listen(t, "127.0.0.1:0")
	p.serve(t, l)
	g := newRig(t, "mail.example.com:587", func(o *Options) {
		o.TLS, o.network.dial, o.network.roots, o.Username, o.Password = "starttls", to(l.Addr().String()), pool, "relay", "s3cret"
	})
	g.Send(hello)
	tries := func() (n int) {
		p.change(func() { n = len(p.logins) })
		return n
	}
	await(t, "three tries", func() bool { return tries() >= 3 })
	p.change(func() { p.password = "s3cret" })
	await(t, "mail", func() bool { return len(p.got()) == 1 && g.waiting() == 0 })
	await(t, "relief", func() bool { return strings.Contains(g.log.String(), "can be used again") })
	want := `level=WARN msg="the mail server cannot be used, mail waits and is tried again" server=mail.example.com:587 ` +
		`error="SMTP AUTH failed: 535 \"5.7.8 Authentication failed\"" next="see [smtp] username and password, and whether the server lets this user send by programs"
level=INFO msg="the mail server can be used again"
`
	if g.log.String() != want {
		t.Errorf("said:\n%swant:\n%s", g.log, want)
	}
}

// TestDownThenUp: nothing is lost while the server is away.
func TestDownThenUp(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	address := l.Addr().String()
	_ = l.Close()
	g := newRig(t, address, nil)
	for i := range 3 {
		g.Send(Message{To: fmt.Sprintf("owner%d@example.com", i), Subject: "hello", Text: "x\n"})
	}
	await(t, "a fault", func() bool {
		return strings.Contains(g.log.String(), "see that [smtp] server is right, up, and can be reached from here")
	})
	p := &post{}
	p.serve(t, listen(t, address))
	await(t, "mails", func() bool { return len(p.got()) == 3 && g.waiting() == 0 })
	if n := strings.Count(g.log.String(), "cannot be used"); n != 1 {
		t.Errorf("said %d times that it is down:\n%s", n, g.log)
	}
}

// TestGreylisting: the server puts the mail off and takes the very same one later; others do not wait for it.
func TestGreylisting(t *testing.T) {
	p := &post{}
	tries, seen := 0, []string(nil)
	p.onRcpt = func(to string) error {
		if tries++; to == "owner@example.com" && tries < 3 {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted"}
		}
		return nil
	}
	p.onData = func(raw string) error {
		if seen = append(seen, raw); len(seen) == 1 {
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Try again"}
		}
		return nil
	}
	l := listen(t, "127.0.0.1:0")
	p.serve(t, l)
	g := newRig(t, l.Addr().String(), nil)
	g.Send(hello)
	await(t, "mail", func() bool { return len(p.got()) == 1 && g.waiting() == 0 })
	if len(seen) != 2 || seen[0] != seen[1] {
		t.Errorf("the second attempt differs from the first:\n%s", strings.Join(seen, "\n---\n"))
	}
	g.counted("edge_mail_attempts_total", "edge_mail_attempts_total{outcome=\"put_off\"} 3\nedge_mail_attempts_total{outcome=\"sent\"} 1")
	if n := strings.Count(g.log.String(), "\n"); n != 1 {
		t.Errorf("said %d lines:\n%s", n, g.log)
	}
	g.log.has(t, "mail was put off by the server and is tried again", `451 \"4.7.1 Greylisted\"`)
}

// TestRefused: what is refused is given up at once, with what to do; the next mail goes out.
func TestRefused(t *testing.T) {
	p := &post{}
	p.onRcpt = func(to string) error {
		if to == "gone@example.com" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
		}
		return nil
	}
	l := listen(t, "127.0.0.1:0")
	p.serve(t, l)
	g := newRig(t, l.Addr().String(), nil)
	g.Send(Message{To: "gone@example.com", Subject: "hello", Text: "x\n"})
	sends(t, p, g)
	await(t, "both", func() bool { return g.waiting() == 0 })
	g.log.has(t, `550 \"5.1.1 No such user\"`, "reason=refused", "set the webhook's owner to an address that exists")
	g.counted("edge_mail_dropped_total", `edge_mail_dropped_total{reason="refused"} 1`)
}

// TestTaken: a mail that the server took is not sent again, whatever the server does then. A server that closes down, or
// breaks the connection, before that is at fault itself.
func TestTaken(t *testing.T) {
	f := func(ends map[string]string, want int) {
		t.Helper()
		l := listen(t, "127.0.0.1:0")
		datas := make(chan int, 1)
		go func() { datas <- script(l, ends) }()
		g := newRig(t, l.Addr().String(), func(o *Options) { o.Interval = time.Millisecond })
		g.Send(hello)
		await(t, "end", func() bool { return g.waiting() == 0 })
		_ = l.Close()
		if got := <-datas; got != want {
			t.Errorf("%v: sent %d times, want %d", ends, got, want)
		}
		g.counted("edge_mail_sent_total", "edge_mail_sent_total 1")
	}
	f(nil, 1)
	f(map[string]string{"QUIT": ""}, 1)
	f(map[string]string{"QUIT": "554 never"}, 1)
	f(map[string]string{"EHLO": "421 closing"}, 1)
	f(map[string]string{"": "554 no service"}, 1)
	f(map[string]string{"MAIL": "421 closing"}, 1)
	f(map[string]string{"RCPT": ""}, 1)
	f(map[string]string{".": ""}, 2)
	f(map[string]string{".": "421 closing"}, 2)
}

// script is a mail server to the letter. Each of ends happens once: an answer to a command, or the end of the connection
// in its place. It returns how many mails it has read when the listener is closed.
func script(l net.Listener, ends map[string]string) (datas int) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return datas
		}
		in := bufio.NewScanner(conn)
		for verb, reply := "", "220 ready"; ; {
			if end, ok := ends[verb]; ok {
				delete(ends, verb)
				if reply = end; end == "" {
					break
				}
			}
			if _, err := fmt.Fprintf(conn, "%s\r\n", reply); err != nil || !in.Scan() {
				break
			}
			verb, reply = strings.ToUpper(in.Text()[:min(4, len(in.Text()))]), "250 fine"
			if verb == "DATA" {
				fmt.Fprint(conn, "354 go on\r\n")
				for in.Scan() && in.Text() != "." {
				}
				verb = "."
				datas++
			}
		}
		_ = conn.Close()
	}
}
