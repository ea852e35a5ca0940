package deliver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/hook"
)

const (
	dialTimeout      = 10 * time.Second
	answerBytesMax   = 64 << 10 // of a reply's body; more is cut off and the connection closed
	idleConnDuration = 10 * time.Second
)

// client is the connections of one webhook. It never follows a redirect, and reaches private addresses only when the
// webhook may.
type client struct {
	host   *fasthttp.HostClient
	dialer net.Dialer
	ctx    context.Context // ends with the hard stop

	mu    sync.Mutex
	open  map[*conn]struct{}
	ended bool
}

func newClient(w *hook.Webhook, ctx context.Context) *client {
	c := &client{ctx: ctx, open: map[*conn]struct{}{}}
	c.dialer = net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if !w.AllowPrivate {
		c.dialer.Control = refusePrivate
	}
	c.host = &fasthttp.HostClient{
		Addr:                      hostPort(w),
		IsTLS:                     w.Target.Scheme == "https",
		TLSConfig:                 &tls.Config{ServerName: w.Target.Hostname(), MinVersion: tls.VersionTLS12},
		DialTimeout:               c.dial,
		MaxConns:                  w.InFlight,
		MaxIdleConnDuration:       idleConnDuration,
		MaxResponseBodySize:       answerBytesMax,
		ReadBufferSize:            8 << 10,
		DisablePathNormalizing:    true,
		NoDefaultUserAgentHeader:  true,
		MaxIdemponentCallAttempts: 2,
		RetryIfErr:                retryOnStale,
	}
	return c
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

// retryOnStale sends once more, within the same attempt, when a kept connection turned out to be closed by the receiver
// before it answered a single byte: that says nothing about the receiver.
func retryOnStale(_ *fasthttp.Request, attempts int, err error) (resetTimeout, retry bool) {
	stale := errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
	return false, attempts == 1 && stale
}

// privateError is the refusal to connect to a private address.
type privateError struct{ address string }

func (e *privateError) Error() string {
	return fmt.Sprintf("the url leads to the private address %s; set allow_private = true when that is meant", e.address)
}

// refusePrivate looks at the address that is really connected to, so that a name that resolves to a private address gets
// no further than one that spells it.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || hook.Private(at.Addr()) {
		return &privateError{address}
	}
	return nil
}

func (c *client) dial(address string, timeout time.Duration) (net.Conn, error) {
	ctx := c.ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	nc, err := c.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	k := &conn{Conn: nc, client: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, errors.Join(net.ErrClosed, nc.Close())
	}
	c.open[k] = struct{}{}
	return k, nil
}

// cut closes all connections, those in use too.
func (c *client) cut() {
	c.mu.Lock()
	c.ended = true
	open := c.open
	c.open = nil
	c.mu.Unlock()
	for k := range open {
		_ = k.Conn.Close() // its user gets the error
	}
}

// close lets go of idle connections after the lanes have ended.
func (c *client) close() {
	c.host.CloseIdleConnections()
	c.cut()
}

// conn is a connection that its client can find again.
type conn struct {
	net.Conn
	client *client
}

func (k *conn) Close() error {
	k.client.mu.Lock()
	delete(k.client.open, k)
	k.client.mu.Unlock()
	return k.Conn.Close()
}
