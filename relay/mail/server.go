package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	smtp "github.com/wneessen/go-mail"
)

// attemptTimeout bounds one attempt from the look-up of the server's name to its last reply. RFC 5321 has servers take
// minutes; those that take mail from programs do not, and nothing but other mail waits.
const attemptTimeout = time.Minute

// network is the machine's own unless a test sets something else.
type network struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	roots *x509.CertPool
}

// server is where mail is handed over. It is safe for concurrent use.
type server struct {
	address, host      string // host:port, and its parts
	port               int
	from               string
	username, password string
	mode               string // starttls, tls or none
	tls                *tls.Config
	dial               func(ctx context.Context, network, address string) (net.Conn, error)
}

func newServer(o *Options) (*server, error) {
	host, port, err := net.SplitHostPort(o.Server)
	number, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || number == 0 || host == "" {
		return nil, fmt.Errorf(`the server %q is not a host and port; write it like "mail.example.com:587"`, o.Server)
	}
	if _, err := mail.ParseAddress(o.From); err != nil {
		return nil, fmt.Errorf(`the sender %q is not a mail address; write it like "edgerelay@example.com"`, o.From)
	}
	if !slices.Contains([]string{"starttls", "tls", "none"}, o.TLS) {
		return nil, fmt.Errorf("unknown TLS mode %q; known are starttls, tls, none", o.TLS)
	}
	s := &server{address: o.Server, host: host, port: int(number), from: o.From,
		username: o.Username, password: o.Password, mode: o.TLS, dial: o.network.dial}
	if s.dial == nil {
		s.dial = new(net.Dialer).DialContext
	}
	// A mail server on this machine mostly has a certificate that it made for itself, and nobody stands in between.
	s.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: o.network.roots, InsecureSkipVerify: loopback(host)}
	return s, nil
}

// loopback says that a host can only be this machine.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// send hands one letter over, on a connection of its own. It returns nil when the server took it, whatever came after.
func (s *server) send(ctx context.Context, l *letter) *fault {
	message, err := l.compose(s.from)
	if err != nil {
		return &fault{refused, err, "see [smtp] from and the webhook's owner"}
	}
	timeout := attemptTimeout
	if l.enclosure != nil {
		timeout = enclosureTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w := &wire{server: s, ctx: ctx}
	defer w.close()
	client, err := s.client(w.dial, isASCII(s.from) && isASCII(l.to), timeout)
	if err != nil {
		return &fault{serverFault, err, "see [smtp]"}
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return &fault{serverFault, err, remedy(err)}
	}
	err = client.SendWithSMTPClient(session, message)
	_ = client.CloseWithSMTPClient(session) // takes leave; what was taken is taken
	if message.IsDelivered() {
		return nil
	}
	return undelivered(err)
}

// wire is one connection. The library obeys a context only while it connects, and does not close a connection whose
// greeting, STARTTLS or log-in goes wrong: wire does both.
type wire struct {
	server *server
	ctx    context.Context // ends the connection
	socket net.Conn
	leave  func() bool // stops to watch ctx
}

func (w *wire) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	socket, err := w.server.dial(ctx, network, w.server.address) // the library's has no brackets around IPv6
	if err != nil {
		return nil, err
	}
	w.socket = socket
	w.leave = context.AfterFunc(w.ctx, func() { _ = socket.Close() }) // whoever reads from it gets the error
	if w.server.mode != "tls" {
		return socket, nil
	}
	secured := tls.Client(socket, w.server.tls)
	return secured, secured.HandshakeContext(ctx)
}

func (w *wire) close() {
	if w.socket != nil {
		w.leave()
		_ = w.socket.Close() // all that was to be said on it has been
	}
}

// client is the library's, made anew for each attempt because it remembers things of the last.
func (s *server) client(dial smtp.DialContextFunc, ascii bool, timeout time.Duration) (*smtp.Client, error) {
	options := []smtp.Option{smtp.WithPort(s.port), smtp.WithTimeout(timeout), smtp.WithTLSConfig(s.tls), smtp.WithDialContextFunc(dial),
		smtp.WithoutNoop(), smtp.WithoutRset(), smtp.WithTLSPolicy(smtp.NoTLS)}
	if s.mode == "starttls" {
		options = append(options, smtp.WithTLSPolicy(smtp.TLSMandatory))
	}
	if ascii { // else the server must know SMTPUTF8, and so must all behind it
		options = append(options, smtp.WithoutSMTPUTF8())
	}
	if s.username != "" {
		options = append(options, smtp.WithUsername(s.username), smtp.WithPassword(s.password), smtp.WithOpportunisticSMTPAuth(s.logins()...))
	}
	return smtp.NewClient(s.host, options...)
}

// logins are the ways to log in, the best first. Under TLS that is the one that every server knows; without, only those
// that do not show the password, unless the line ends on this machine.
func (s *server) logins() []smtp.SMTPAuthType {
	if s.mode != "none" {
		return []smtp.SMTPAuthType{smtp.SMTPAuthPlain, smtp.SMTPAuthLogin, smtp.SMTPAuthSCRAMSHA256, smtp.SMTPAuthSCRAMSHA1, smtp.SMTPAuthCramMD5}
	}
	hidden := []smtp.SMTPAuthType{smtp.SMTPAuthSCRAMSHA256, smtp.SMTPAuthSCRAMSHA1, smtp.SMTPAuthCramMD5}
	if loopback(s.host) {
		return append(hidden, smtp.SMTPAuthPlainNoEnc, smtp.SMTPAuthLoginNoEnc)
	}
	return hidden
}
