package mail

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func decodeHeader(t testing.TB, text string) string {
	t.Helper()
	plain, err := new(mime.WordDecoder).DecodeHeader(text)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func decodeBody(t testing.TB, m *mail.Message) string {
	t.Helper()
	if got := m.Header.Get("Content-Type"); got != "text/plain; charset=UTF-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := m.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
		t.Fatalf("Content-Transfer-Encoding %q", got)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

// mailed is the mail that says of a webhook.
func mailed(t *testing.T, console string, say func(m *Mailer)) delivery {
	t.Helper()
	p, l := &post{}, listen(t, "127.0.0.1:0")
	stop := p.serve(t, l)
	defer stop()
	g := newRig(t, l.Addr().String(), func(o *Options) { o.ConsoleURL = console })
	say(g.Mailer)
	if left := g.close(20 * time.Second); left != 0 || len(p.got()) != 1 {
		t.Fatalf("%d mails came:\n%s", len(p.got()), g.log)
	}
	return p.got()[0]
}

var noon = time.Date(2026, 11, 21, 13, 0, 0, 0, time.FixedZone("CET", 3600))

// TestTurnedOff: the whole mail, header by header.
func TestTurnedOff(t *testing.T) {
	got := mailed(t, "https://relay.example.com/", func(m *Mailer) {
		m.TurnedOff(News{To: "owner@example.com", Webhook: "crm", Reason: "50 attempts in a row failed; the last: 502 Bad Gateway", Status: 502, At: noon})
	})
	header, subject, body := parse(t, got.raw)
	if subject != `edgerelay: webhook "crm" was turned off` {
		t.Errorf("subject %q", subject)
	}
	for name, want := range map[string]string{
		"From": `"edgerelay" <relay@example.com>`, "To": "<owner@example.com>", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
	} {
		if header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, header.Get(name), want)
		}
	}
	if date, err := header.Date(); err != nil || time.Since(date).Abs() > time.Minute {
		t.Errorf("date %v, %v", date, err)
	}
	if id := header.Get("Message-Id"); len(id) != len("<@example.com>")+26 || !strings.HasSuffix(id, "@example.com>") {
		t.Errorf("Message-ID %q", id)
	}
	var names []string
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := "Auto-Submitted Content-Transfer-Encoding Content-Type Date From Message-Id Mime-Version Subject To"; strings.Join(names, " ") != want {
		t.Errorf("headers %v", names)
	}
	want := `edgerelay turned the webhook "crm" off. Nothing is sent to it now; its events wait in the
log, as long as the log's limits let them.

Reason:      50 attempts in a row failed; the last: 502 Bad Gateway
Last status: 502
When:        2026-11-21 12:00:00 UTC

What to do next:
- Mend the receiver, and see in the webhook's log what it answered.
- Then turn the webhook on again, in the console or with
  edgerelay webhook enable crm

Console: https://relay.example.com/
`
	if body != want {
		t.Errorf("body:\n%s", body)
	}
}

func TestProbing(t *testing.T) {
	got := mailed(t, "", func(m *Mailer) {
		m.TurnedOff(News{To: "owner@example.com", Webhook: "Größe & Co's", At: noon, Probing: true})
	})
	_, subject, body := parse(t, got.raw)
	if subject != `edgerelay: webhook "Größe & Co's" was turned off` {
		t.Errorf("subject %q", subject)
	}
	want := `edgerelay turned the webhook "Größe & Co's" off. Nothing is sent to it now; its events wait in the
log, as long as the log's limits let them.

When:        2026-11-21 12:00:00 UTC

What to do next:
- Mend the receiver, and see in the webhook's log what it answered.
- The relay asks the receiver from time to time, and turns the webhook on again when it answers well.
  To be faster, turn it on yourself, in the console or with
  edgerelay webhook enable 'Größe & Co'\''s'
`
	if body != want {
		t.Errorf("body:\n%s", body)
	}
}

func TestWorksAgain(t *testing.T) {
	got := mailed(t, "http://127.0.0.1:8485/", func(m *Mailer) {
		m.WorksAgain(News{To: "owner@example.com", Webhook: "crm", Status: 204, At: noon})
	})
	_, subject, body := parse(t, got.raw)
	if subject != `edgerelay: webhook "crm" works again` {
		t.Errorf("subject %q", subject)
	}
	want := `The receiver of the webhook "crm" answers well again, and edgerelay has turned the webhook on.

Last status: 204
When:        2026-11-21 12:00:00 UTC

There is nothing to do.

Console: http://127.0.0.1:8485/
`
	if body != want {
		t.Errorf("body:\n%s", body)
	}
}

// TestInjection: whatever stands in a name, a reason or a subject, the mail has the headers that it should have, in their
// number, and its reader sees one line.
func TestInjection(t *testing.T) {
	const crlf = "\r\nBcc: all@example.com\r\nSubject: you won\r\n\r\n<html>"
	f := func(name, reason, wantName, wantReason string) {
		t.Helper()
		got := mailed(t, "", func(m *Mailer) {
			m.TurnedOff(News{To: "owner@example.com", Webhook: name, Reason: reason, Status: 500, At: noon})
		})
		header, subject, body := parse(t, got.raw)
		if len(header) != 9 || len(header["Subject"]) != 1 || header.Get("Bcc") != "" {
			t.Errorf("%q: headers %v", name, header)
		}
		if want := `edgerelay: webhook "` + wantName + `" was turned off`; subject != want {
			t.Errorf("subject %q, want %q", subject, want)
		}
		if wantReason != "" {
			wantReason = "Reason:      " + wantReason + "\n"
		}
		if !strings.Contains(body, "\n\n"+wantReason+"Last status: 500\n") {
			t.Errorf("body:\n%s", body)
		}
		for raw := range strings.SplitSeq(got.raw, "\r\n") {
			if len(raw) > 78 || strings.ContainsFunc(raw, func(r rune) bool { return r > '~' || r < ' ' }) {
				t.Errorf("a line of the mail is %q", raw)
			}
		}
	}
	const shown = " Bcc: all@example.com Subject: you won <html>"
	f("crm"+crlf, "failed"+crlf, "crm"+shown, "failed"+shown)
	f("a\nb\rc\x00d\te\u0085f\u2028g\u202eh\x1b[31mi", "\n\n", `a b c d e f g h [31mi`, "")
	f("=?utf-8?q?x?=", "=0D=0A.\r\n.\r\nQUIT", `= ?utf-8?q?x?=`, "=0D=0A. . QUIT")
	f("\xff\xfe", "\xc3(", "\uFFFD", "\uFFFD(")
	f("日本語 🚀 "+strings.Repeat("ж", 300), strings.Repeat("x", 2000), "日本語 🚀 "+strings.Repeat("ж", 113)+"…", strings.Repeat("x", 499)+"…")
}

// TestAddress: nothing but one plain address is sent to.
func TestAddress(t *testing.T) {
	p, l := &post{}, listen(t, "127.0.0.1:0")
	p.serve(t, l)
	g := newRig(t, l.Addr().String(), nil)
	bad := []string{"", "owner", "a@example.com, b@example.com", "Owner <a@example.com>", "a@example.com\r\nRCPT TO:<b@example.com>",
		"\"a\r\nb\"@example.com", "a@example.com\n", " a@example.com", "<a@example.com>", "a@" + strings.Repeat("x", 400) + ".example"}
	for _, to := range bad {
		g.Send(Message{To: to, Subject: "x", Text: "x\n"})
	}
	g.TurnedOff(News{Webhook: "crm"})
	g.WorksAgain(News{Webhook: "crm"})
	if left := g.close(20 * time.Second); left != 0 || len(p.got()) != 0 || p.sessions != 0 {
		t.Errorf("%d mails went out", len(p.got()))
	}
	g.counted("edge_mail_dropped_total", `edge_mail_dropped_total{reason="address"} 10`)
	g.log.has(t, "set the webhook's owner to one plain mail address")
}

func TestNewRefuses(t *testing.T) {
	f := func(change func(o *Options), want string) {
		t.Helper()
		o := Options{Server: "mail.example.com:587", From: "relay@example.com", TLS: "starttls"}
		change(&o)
		if m, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %q", m, err, want)
		}
	}
	f(func(o *Options) { o.Server = "mail.example.com" }, `the server "mail.example.com" is not a host and port`)
	f(func(o *Options) { o.Server = "mail.example.com:0" }, "is not a host and port")
	f(func(o *Options) { o.From = "relay" }, `the sender "relay" is not a mail address`)
	f(func(o *Options) { o.TLS = "" }, `unknown TLS mode ""`)
}

// TestNil: a relay without a mail server needs no mailer.
func TestNil(t *testing.T) {
	var m *Mailer
	m.Send(hello)
	m.TurnedOff(News{To: "owner@example.com"})
	m.WorksAgain(News{To: "owner@example.com"})
	if left := m.Close(t.Context()); left != 0 {
		t.Errorf("%d left", left)
	}
}

// TestManySenders: messages may come from everywhere at once, also while the Mailer is closed; each is sent or counted.
func TestManySenders(t *testing.T) {
	p, l := &post{}, listen(t, "127.0.0.1:0")
	p.serve(t, l)
	g := newRig(t, l.Addr().String(), nil)
	var senders sync.WaitGroup
	for i := range 8 {
		senders.Go(func() {
			for range 20 {
				g.Send(Message{To: string(rune('a'+i)) + "@example.com", Subject: "x", Text: "x\n"})
			}
		})
	}
	await(t, "a mail", func() bool { return len(p.got()) > 0 })
	left := g.close(20 * time.Second)
	senders.Wait()
	told := 0
	for _, d := range p.got() {
		_, _, body := parse(t, d.raw)
		told += max(1, strings.Count(body, "== "))
	}
	families, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for _, f := range families {
		if f.GetName() == "edge_mail_dropped_total" {
			for _, m := range f.GetMetric() {
				dropped += int(m.GetCounter().GetValue())
			}
		}
	}
	if told+dropped != 160 || left != 0 {
		t.Errorf("%d told and %d dropped of 160, %d left", told, dropped, left)
	}
}
