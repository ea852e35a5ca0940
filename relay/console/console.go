// Package console is the operator's window, on a listener of its own: health, metrics, profiles, live numbers, and the
// request inspector, which receives deliveries and shows them.
//
// It knows the relay through the functions in its Options only, and nothing of intake, log or senders. It is the cold
// path: net/http, html/template, no care for allocations, but every size and every wait has a limit. A Server is safe for
// concurrent use.
//
//	GET  /                  page with live numbers and links       GET  /healthz   200 or 503 and why; needs no token
//	GET  /api/stats         the numbers as JSON                    GET  /readyz    the same
//	GET  /metrics           Prometheus                             GET  /debug/pprof/
//	POST /inspect, /inspect/…   takes a delivery; ?status=503&share=0.3&delay=100ms&retry_after=5 answers badly
//	GET  /inspect           the last deliveries, as a page for browsers, else (or with ?format=json) as JSON
//	DELETE /inspect         forgets them
//
//	/api/…              the admin API, see openapi.json             /login, /logout  of people; their pages are in package page
//
// With a token, all but the two health checks want "Authorization: Bearer TOKEN", or the token as the password of Basic;
// people log in at /login, and their browser keeps a cookie for half a day. The token for reading lets its owner look at
// everything but profiles, and change nothing. A delivery to the inspector proves itself by its signature instead. Errors
// are {"error":{"code","message","field"}}.
package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/console/page"
	"edgerelay/relay/desk"
)

const (
	headersMax    = 64 << 10 // bytes
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
)

// Options are what a Server needs of the relay. All functions are called from many goroutines at once.
type Options struct {
	Gatherer prometheus.Gatherer        // what /metrics shows
	Ready    func() error               // why the relay cannot take or send events now; nil = always ready
	Health   func() error               // why the relay should be restarted; nil = always healthy
	Stats    func() any                 // what /api/stats shows, encoded as JSON; nil = nothing
	Desk     *desk.Desk                 // what the admin API works on; nil = there is no admin API
	Secrets  func() map[string][]string // webhook name → secrets that it may sign with; nil = none
	Token    string                     // "" = no token is asked for; then only loopback listeners are served
	// ReadToken is for those who may look and change nothing; "" = there are none.
	ReadToken string
	Version   string           // shown on the pages
	Logger    *slog.Logger     // nil = slog.Default()
	Now       func() time.Time // nil = time.Now
}

func (o *Options) fill() {
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Health == nil {
		o.Health = func() error { return nil }
	}
	if o.Stats == nil {
		o.Stats = func() any { return struct{}{} }
	}
	if o.Secrets == nil {
		o.Secrets = func() map[string][]string { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Server is a console. Make it with New.
type Server struct {
	opts      Options
	pages     *page.Pages
	inspector *inspector
	guard     *guard
	gate      *gate
	http      *http.Server
	reading   chan struct{} // holds a token for each delivery being read

	stopping sync.Once
	stop     chan struct{} // closed when answers are no longer to wait
}

// New makes a Server. It starts nothing.
func New(opts Options) (*Server, error) {
	opts.fill()
	if opts.Gatherer == nil {
		return nil, errors.New("make console: there is no Gatherer to show metrics of")
	}
	if err := CheckToken(opts.Token); err != nil {
		return nil, fmt.Errorf("make console: the token %w", err)
	}
	if err := CheckReadToken(opts.ReadToken, opts.Token); err != nil {
		return nil, fmt.Errorf("make console: the token for reading %w", err)
	}
	guard := newGuard(opts.Token, opts.ReadToken, opts.Now)
	pages, err := page.New(page.Options{Desk: opts.Desk, Who: guard.who, Version: opts.Version, Logger: opts.Logger, Now: opts.Now})
	if err != nil {
		return nil, fmt.Errorf("make console: %w", err)
	}
	s := &Server{
		opts:      opts,
		pages:     pages,
		inspector: newInspector(opts.Now()),
		guard:     guard,
		gate:      newGate(opts.Now),
		stop:      make(chan struct{}),
		reading:   make(chan struct{}, readingMax),
	}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headersMax,
		ErrorLog:          slog.NewLogLogger(opts.Logger.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// Serve answers on listener, which it closes, until Shutdown; then it returns nil. It refuses a listener that other
// machines can reach when there is no token: whoever sees the console sees the events.
func (s *Server) Serve(listener net.Listener) error {
	if addr, ok := listener.Addr().(*net.TCPAddr); ok && s.opts.Token == "" && !addr.IP.IsLoopback() {
		_ = listener.Close()
		return fmt.Errorf("serve console on %s: other machines can reach it and there is no token: set [console] token, or listen on 127.0.0.1", addr)
	}
	if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve console: %w", err)
	}
	return nil
}

// Shutdown stops listening and waits for the requests in flight; those that are not done when ctx ends are cut off. It
// may be called more than once, and before Serve.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Do(func() { close(s.stop) })
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
		return fmt.Errorf("shut console down: requests were cut off: %w", err)
	}
	return nil
}
