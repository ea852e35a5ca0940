package mail

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// post is a mail server that keeps what it takes. Its functions may be changed while it runs.
type post struct {
	mechanisms []string // of AUTH
	tls        *tls.Config

	mu       sync.Mutex
	taken    []delivery
	logins   []string // user:password, of every try
	sessions int
	password string
	onRcpt   func(to string) error
	onData   func(raw string) error
}

// delivery is one mail as the server took it.
type delivery struct {
	from, to, raw, user string
	at                  time.Time
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions++
	return &session{post: p}, nil
}

type session struct {
	post           *post
	user, from, to string
}

func (s *session) Reset() {}

func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return s.post.mechanisms }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		s.post.mu.Lock()
		defer s.post.mu.Unlock()
		s.post.logins = append(s.post.logins, user+":"+password)
		if password != s.post.password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}
	if mechanism == "LOGIN" {
		return &login{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// login is the server's half of AUTH LOGIN: it asks for the user, then for the password.
type login struct {
	asked int
	user  string
	check func(user, password string) error
}

func (l *login) Next(response []byte) ([]byte, bool, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.post.mechanisms != nil && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.to = to
	if s.post.onRcpt != nil {
		return s.post.onRcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	if s.post.onData != nil {
		if err := s.post.onData(string(raw)); err != nil {
			return err
		}
	}
	s.post.taken = append(s.post.taken, delivery{s.from, s.to, string(raw), s.user, time.Now()})
	return nil
}

// change sets something of the server while it runs.
func (p *post) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *post) got() []delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]delivery(nil), p.taken...)
}

// serve answers on a listener until stop.
func (p *post) serve(t testing.TB, listener net.Listener) (stop func()) {
	t.Helper()
	s := smtp.NewServer(p)
	s.Domain, s.AllowInsecureAuth, s.TLSConfig = "mail.test", true, p.tls
	s.ErrorLog = log.New(io.Discard, "", 0)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			_ = s.Close()
			<-ended
			_ = s.Shutdown(context.Background())
		})
	}
	t.Cleanup(stop)
	return stop
}

// listen is a listener on loopback.
func listen(t testing.TB, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// rig is a Mailer and what it says.
type rig struct {
	*Mailer
	t        testing.TB
	registry *prometheus.Registry
	log      *lines
}

// newRig is a Mailer without TLS that tries again soon, unless change says otherwise.
func newRig(t testing.TB, server string, change func(o *Options)) *rig {
	t.Helper()
	g := &rig{t: t, registry: prometheus.NewRegistry(), log: &lines{}}
	o := Options{Server: server, From: "edgerelay <relay@example.com>", TLS: "none", Registerer: g.registry, Logger: g.log.logger(),
		waits: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond}}
	if change != nil {
		change(&o)
	}
	var err error
	if g.Mailer, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.close(0) })
	return g
}

// close closes the Mailer within d.
func (g *rig) close(d time.Duration) int {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return g.Close(ctx)
}

// await waits until something holds, and fails the test when that takes too long.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// counted compares one metric with what it should be, leaving out labels that count nothing yet.
func (g *rig) counted(name, want string) {
	g.t.Helper()
	kind := "counter"
	if !strings.HasSuffix(name, "_total") {
		kind = "gauge"
	}
	families, err := g.registry.Gather()
	if err != nil {
		g.t.Fatal(err)
	}
	help := ""
	for _, f := range families {
		if f.GetName() == name {
			help = f.GetHelp()
		}
		f.Metric = slices.DeleteFunc(f.Metric, func(m *dto.Metric) bool { return len(m.Label) > 0 && m.GetCounter().GetValue() == 0 })
	}
	text := "# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n" + want + "\n"
	if err := testutil.GatherAndCompare(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil }), strings.NewReader(text), name); err != nil {
		g.t.Error(err)
	}
}

// lines is a log that a test can read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func (l *lines) has(t testing.TB, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(l.String(), part) {
			t.Errorf("the log has no %q:\n%s", part, l)
		}
	}
}

// parse reads a mail as its reader's program does.
func parse(t testing.TB, raw string) (header mail.Header, subject, body string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, raw)
	}
	return m.Header, decodeHeader(t, m.Header.Get("Subject")), decodeBody(t, m)
}

// authority is a self-made CA, and a server's configuration with a certificate of it for the names.
func authority(t testing.TB, names ...string) (*x509.CertPool, *tls.Config) {
	t.Helper()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotAfter: time.Now().Add(time.Hour)}
	rootKey, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	leafKey, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	rootDER, err1 := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: names, NotAfter: time.Now().Add(time.Hour)}
	leafDER, err2 := x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), rootKey)
	parsed, err3 := x509.ParseCertificate(rootDER)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}}}
}

// to dials one address, whatever the name: so a test can be any host.
func to(address string) func(ctx context.Context, network, _ string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// pipes is a listener in memory, for bubbles, in which a real socket would stop the clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
