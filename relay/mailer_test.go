package relay

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/destination"
	"edgerelay/relay/freight"
	"edgerelay/relay/mail"
)

// TestMailer: what [smtp] says reaches the mail server.
func TestMailer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() { said <- takeMail(listener) }()
	c := defaults()
	c.SMTP = SMTP{Server: listener.Addr().String(), From: "relay@example.com", TLS: "none"}
	m, err := newMailer(c, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	m.TurnedOff(mail.News{To: "owner@example.com", Webhook: "crm", Reason: "the receiver answered 410 Gone", Status: 410, At: time.Now()})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if left := m.Close(ctx); left != 0 {
		t.Errorf("%d left", left)
	}
	text := <-said
	for _, part := range []string{"MAIL FROM:<relay@example.com>", "RCPT TO:<owner@example.com>", "Reason:      the receiver answered 410 Gone", "Console: http://127.0.0.1:8485/"} {
		if !strings.Contains(text, part) {
			t.Errorf("the server heard no %q:\n%s", part, text)
		}
	}
}

// TestOwnerHears: a receiver that is gone turns its webhook off, and the owner gets mail of it.
func TestOwnerHears(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() { said <- takeMail(listener) }()
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	defer gone.Close()
	r := run(t, reloadApp+reloadHook("crm", gone.URL, "*")+"owner = \"owner@example.com\"\n"+
		fmt.Sprintf("[smtp]\nserver = %q\nfrom = \"relay@example.com\"\ntls = \"none\"\n", listener.Addr()))
	r.track("k1", "first")
	text := <-said
	for _, part := range []string{"RCPT TO:<owner@example.com>", `Subject: edgerelay: webhook "crm" was turned off`, "Reason:      the receiver answered 410 Gone"} {
		if !strings.Contains(text, part) {
			t.Errorf("the server heard no %q:\n%s", part, text)
		}
	}
}

// takeMail is a mail server for one mail; it returns what it heard.
func takeMail(listener net.Listener) string {
	conn, err := listener.Accept()
	_ = listener.Close()
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	var heard strings.Builder
	fmt.Fprint(conn, "220 ready\r\n")
	for in := bufio.NewScanner(conn); in.Scan(); {
		heard.WriteString(in.Text() + "\n")
		switch line := in.Text(); {
		case line == "DATA":
			fmt.Fprint(conn, "354 go on\r\n")
			for in.Scan() && in.Text() != "." {
				heard.WriteString(in.Text() + "\n")
			}
			fmt.Fprint(conn, "250 fine\r\n")
		case line == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return heard.String()
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
	return heard.String()
}

func TestNoMailer(t *testing.T) {
	m, err := newMailer(defaults(), prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if m != nil || err != nil {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestConsoleURL(t *testing.T) {
	f := func(listen, want string) {
		t.Helper()
		c := Console{Listen: listen}
		if got := c.url(); got != want {
			t.Errorf("%s: %q, want %q", listen, got, want)
		}
	}
	f("127.0.0.1:8485", "http://127.0.0.1:8485/")
	f("relay.example.com:80", "http://relay.example.com:80/")
	f("[2001:db8::1]:8485", "http://[2001:db8::1]:8485/")
	f(":8485", "")
	f("0.0.0.0:8485", "")
	f("[::]:8485", "")
	f("127.0.0.1:0", "")
}

// TestMailFile: what the server says of a file is what becomes of the export.
func TestMailFile(t *testing.T) {
	f := func(to string, want destination.Outcome) {
		t.Helper()
		c := defaults()
		c.SMTP.Server, c.SMTP.From, c.SMTP.TLS = "127.0.0.1:1", "relay@example.com", "none" // where nobody listens
		m, err := newMailer(c, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close(t.Context())
		v := mailFile(m)(t.Context(), &freight.Letter{ID: "x", To: []string{to}, Name: "x.csv", Kind: "text/csv", Content: strings.NewReader("a\r\n")})
		if v.Outcome != want || v.Reason == "" {
			t.Errorf("%s: %+v, want %s", to, v, want)
		}
	}
	f("a@example.com", destination.Retry)
	f("nobody", destination.Off)
	if mailFile(nil) != nil {
		t.Error("without a mail server there is one")
	}
}
