package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

func enclosure(text string) *Enclosure {
	return &Enclosure{ID: "product-2026-11-20", To: []string{"a@example.com", "b@example.com"}, Subject: "Export of\n2026-11-20",
		Text: "Here it is.\n", Name: "product-2026-11-20.csv", Type: "text/csv; charset=utf-8", Content: strings.NewReader(text)}
}

// parts are the text and the file of a mail as its reader's program finds them.
func parts(t *testing.T, raw string) (text, name, file string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, values, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("it is %s, %v", kind, err)
	}
	for r := multipart.NewReader(m.Body, values["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return text, name, file
		}
		if err != nil {
			t.Fatal(err)
		}
		var decoder io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "base64":
			decoder = base64.NewDecoder(base64.StdEncoding, p)
		case "quoted-printable":
			decoder = quotedprintable.NewReader(p)
		}
		content, err := io.ReadAll(decoder)
		if err != nil {
			t.Fatal(err)
		}
		if p.FileName() == "" {
			text = string(content)
			continue
		}
		name, file = p.FileName(), string(content)
		if got := p.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/csv") {
			t.Errorf("the file's type is %s", got)
		}
	}
}

func TestDeliver(t *testing.T) {
	p := &post{}
	l := listen(t, "127.0.0.1:0")
	p.serve(t, l)
	g := newRig(t, l.Addr().String(), nil)
	content := "a,b\r\n\"x\ny\",é\r\n" + string(bytes.Repeat([]byte("row,row\r\n"), 100_000))
	e := enclosure(content)
	for range 2 { // the same once more, as after a lost answer
		if err := g.Deliver(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	got := p.got()
	if len(got) != 2 || got[0].from != "relay@example.com" {
		t.Fatalf("%d mails", len(got))
	}
	for _, d := range got {
		text, name, file := parts(t, d.raw)
		if text != "Here it is.\r\n" && text != "Here it is.\n" || name != e.Name || file != content {
			t.Errorf("text %q, file %s of %d bytes", text, name, len(file))
		}
		m, err := mail.ReadMessage(strings.NewReader(d.raw))
		if err != nil {
			t.Fatal(err)
		}
		if h := m.Header; h.Get("Message-Id") != "<product-2026-11-20@example.com>" || h.Get("Subject") != "Export of 2026-11-20" ||
			h.Get("To") != "<a@example.com>, <b@example.com>" {
			t.Errorf("the header is %v", h)
		}
	}
	g.counted("edge_mail_attempts_total", `edge_mail_attempts_total{outcome="sent"} 2`)
}

func TestDeliverFails(t *testing.T) {
	p := &post{}
	l := listen(t, "127.0.0.1:0")
	stop := p.serve(t, l)
	g := newRig(t, l.Addr().String(), nil)
	f := func(ctx context.Context, refused bool, part string, change func()) {
		t.Helper()
		p.change(change)
		err := g.Deliver(ctx, enclosure("a,b\r\n"))
		if err == nil || errors.Is(err, ErrRefused) != refused || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %s", err, part)
		}
	}
	one := func(to string) error {
		if strings.HasPrefix(to, "b@") {
			return &smtp.SMTPError{Code: 550, Message: "no such user"}
		}
		return nil
	}
	f(t.Context(), true, "no such user", func() { p.onRcpt = one })
	f(t.Context(), false, "later", func() {
		p.onRcpt, p.onData = nil, func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} }
	})
	f(t.Context(), true, "too large", func() {
		p.onData = func(string) error { return &smtp.SMTPError{Code: 552, Message: "too large"} }
	})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	f(ended, false, "canceled", func() { p.onData = nil })
	stop()
	f(t.Context(), false, "refused", func() {})
	if got := p.got(); len(got) > 0 {
		t.Errorf("%d mails went out", len(got))
	}
	bad := enclosure("")
	bad.To = []string{"a@example.com,b@example.com"}
	if err := g.Deliver(t.Context(), bad); !errors.Is(err, ErrRefused) {
		t.Errorf("two addresses in one: %v", err)
	}
}
