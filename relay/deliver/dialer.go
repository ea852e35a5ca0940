package deliver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
)

// dialTimeout bounds one connect, name look-up and TLS included; the webhook's timeout bounds it as well.
const dialTimeout = 10 * time.Second

// network is the machine's own unless a test sets something else.
type network struct {
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	resolver *net.Resolver
	roots    *x509.CertPool
}

// dialer makes one webhook's connections and knows which are open, so that a hard stop can cut them. It reaches private
// addresses only when the webhook may. Safe for concurrent use.
type dialer struct {
	ctx     context.Context // ends with the hard stop
	address string
	connect func(ctx context.Context, network, address string) (net.Conn, error)
	tls     *tls.Config // nil: plain http

	mu    sync.Mutex
	open  map[*conn]struct{}
	ended bool
}

func newDialer(ctx context.Context, w *hook.Webhook, n *network) *dialer {
	d := &dialer{ctx: ctx, address: hostPort(w), connect: n.dial, open: map[*conn]struct{}{}}
	if d.connect == nil {
		machine := &net.Dialer{KeepAlive: 30 * time.Second, Resolver: n.resolver}
		if !w.AllowPrivate {
			machine.Control = refusePrivate
		}
		d.connect = machine.DialContext
	}
	if w.Target.Scheme == "https" {
		d.tls = &tls.Config{ServerName: w.Target.Hostname(), MinVersion: tls.VersionTLS12, RootCAs: n.roots}
	}
	return d
}

func hostPort(w *hook.Webhook) string {
	port := w.Target.Port()
	if port == "" {
		port = "80"
		if w.Target.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(w.Target.Hostname(), port)
}

// connectError says that no connection came about.
type connectError struct{ cause error }

func (e *connectError) Error() string { return "no connection: " + e.cause.Error() }

func (e *connectError) Unwrap() error { return e.cause }

// privateError is the refusal to connect to a private address.
type privateError struct{ address string }

func (e *privateError) Error() string {
	return fmt.Sprintf("the url leads to the private address %s; set allow_private = true in the config file when that is meant", e.address)
}

// PrivateAddress is the address, by which carriers tell this error from others.
func (e *privateError) PrivateAddress() string { return e.address }

// refusePrivate looks at the address that is really connected to, so that a name that resolves to a private address gets
// no further than one that spells it.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || hook.Private(at.Addr()) {
		return &privateError{address}
	}
	return nil
}

// dial connects, within the deadline and dialTimeout. It notes where the time went, also when nothing came of it.
func (d *dialer) dial(deadline time.Time, t *journal.Timing) (*conn, error) {
	if soon := time.Now().Add(dialTimeout); soon.Before(deadline) {
		deadline = soon
	}
	ctx, cancel := context.WithDeadline(d.ctx, deadline)
	defer cancel()
	socket, err := d.timeConnect(ctx, t)
	if err != nil {
		return nil, &connectError{err}
	}
	c := &conn{Conn: socket, socket: socket, dialer: d}
	if !d.keep(c) {
		return nil, &connectError{context.Canceled}
	}
	if d.tls == nil {
		return c, nil
	}
	secured := tls.Client(socket, d.tls)
	begin := time.Now()
	err = secured.HandshakeContext(ctx)
	if t.TLS = time.Since(begin); err != nil {
		_ = c.Close() // the handshake's error says more
		return nil, &connectError{err}
	}
	c.Conn = secured
	return c, nil
}

// timeConnect connects and tells the look-up's time from the rest. The look-up begins and ends on this goroutine.
func (d *dialer) timeConnect(ctx context.Context, t *journal.Timing) (net.Conn, error) {
	var looked time.Time
	t.DNS = 0
	begin := time.Now()
	socket, err := d.connect(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { looked = time.Now() },
		DNSDone:  func(httptrace.DNSDoneInfo) { t.DNS += time.Since(looked) },
	}), "tcp", d.address)
	t.Connect = time.Since(begin) - t.DNS
	return socket, err
}

// keep notes an open connection; after the hard stop it closes it instead and answers false.
func (d *dialer) keep(c *conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		_ = c.socket.Close() // nothing was sent on it
		return false
	}
	d.open[c] = struct{}{}
	return true
}

// cut closes all connections under their users, who get an error.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	for c := range d.open {
		_ = c.socket.Close() // its user closes it once more and does not care either
	}
}
