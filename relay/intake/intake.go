// Package intake is HTTP in: it takes what SDKs and servers send, turns it into events, decides who wants each, and
// answers once all of it is on disk.
//
// The path of a request is one straight line in one goroutine:
//
//	accept → parse → enrich → match → append → answer
//
// A dialect is a file (or a few) that says which paths it has and turns a body into items: track.go, segment.go, pendo.go. What
// they share stands in request.go (the scratch), body.go (the bytes), people.go and commit.go (what happens to items),
// frustration.go (what is found in them that the SDK did not say).
// A further dialect is one more file and one more line in route.go.
//
// It knows dialects, apps and people. It knows no webhook: who wants an event is asked of a Selector. It knows no file
// and no block: a Log takes batches. It never speaks to anybody but the one who asked: what an app's upstream gets goes
// into the log like an event (upstream.go), and what only the upstream can answer is asked of a Live (live.go).
//
// A body is made stable JSON (see package event) as a whole and once, before it is looked at. That one pass checks
// syntax, UTF-8 and depth, settles duplicate keys and spelling, and leaves bytes of which every part can be kept as it
// stands; a typed decode in front of it would read everything twice.
//
// # Concurrency
//
// A Server is safe for concurrent use. Everything else here belongs to one request.
package intake

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/relay/signal"
	"edgerelay/relay/trace"
	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// Log is what intake needs of the log: Submit takes the batch or fails at once with wal.ErrFull, wal.ErrOverloaded or
// wal.ErrClosed. The batch's Wait says when it is on disk; until then it is the log's.
//
// Seen says whether an event of this identity was submitted before; a later submit of one is then a repeat. Remember
// makes it one without an event.
type Log interface {
	Submit(b *wal.Batch) error
	Seen(identity uint64) bool
	Remember(identity uint64)
}

// Selector says who gets an event of an app. It appends to dst, in ascending order of queues, and to notes, which the
// receivers' notes may point into; it keeps neither these nor the event. It is called concurrently, each time with a view of
// the caller's: what receivers want kept of the visitor and the account, as they are with this event.
type Selector interface {
	Receivers(dst []wal.Receiver, notes []byte, e *event.Event, app string, view *people.View) ([]wal.Receiver, []byte)
}

// Live asks an app's upstream while the sender waits. An error says that there is no answer to pass on. It is called
// concurrently and keeps nothing of q.
type Live interface {
	Ask(q *upstream.Request) (*upstream.Reply, error)
}

// Options are a Server's settings. Log, Selector and People are required; zero values of the rest mean the defaults.
type Options struct {
	Apps     []App
	Catalog  *catalog.Catalog // which items events touch, see SetCatalog; nil: none
	Log      Log
	Selector Selector
	People   *people.Book

	// BodyMax is how large a request's body may be in bytes, as it came and again when inflated. Default 4 MiB.
	BodyMax int
	// BodiesMax bounds the memory in bytes of all large bodies being worked on; over it requests are answered "try again
	// later". One body always passes. Default 64 MiB: eight of 4 MiB, each held as it came and as stable JSON. Bodies up
	// to 128 KiB are not counted: they are bounded by ConnectionsMax.
	BodiesMax int64
	// ConnectionsMax bounds the open connections. Each takes some 20 KiB. Default 10,000.
	ConnectionsMax int

	// CORSOrigins may read replies: "*", "https://example.com", "https://*.example.com". Empty: no page may.
	CORSOrigins []string
	// TrustedProxies may say for whom they ask, in X-Forwarded-For, -Host and -Proto.
	TrustedProxies []netip.Prefix
	// Via is what an upstream's requests say when they passed this relay before; "": they are not looked at.
	Via string
	// TLSCert and TLSKey are the files of a certificate and its key; both empty: plain HTTP.
	TLSCert, TLSKey string

	// Signals bounds what is remembered of visitors whose SDKs do not label frustration. Its default is 24 MiB at most.
	Signals signal.Options

	// Tracer makes a span of each request, and has its events remember it. Default: none, and no request is looked at for it.
	Tracer *trace.Tracer

	// Metrics takes the counters. Default: they are counted and shown nowhere.
	Metrics prometheus.Registerer
	// Logger gets panics and faults of the disk. Default slog.Default.
	Logger *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Timeouts. A request must have come in whole within readTimeout, so that nobody can hold a connection by sending a
// byte now and then; 4 MiB in that time is 140 KB/s. Idle connections are kept longer than the two minutes between two
// batches of a browser agent, so that each need not open a new one.
const (
	readTimeout  = 30 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 150 * time.Second
)

// headerBytesMax bounds request line and headers: browser agents send URLs of up to 8 KiB.
const headerBytesMax = 16 << 10

// Server takes requests in.
type Server struct {
	opt     Options
	http    *fasthttp.Server
	apps    atomic.Pointer[apps]
	cert    atomic.Pointer[tls.Certificate]
	cors    cors
	metrics *metrics
	signals *signal.Detector
	bodies  budget
	pool    sync.Pool     // of *request
	calls   atomic.Uint64 // numbers messages that have neither an ID nor a time
	listen  listeners
	tokens  *jwt.Parser
	surveys surveys
	round   sync.Once // says that an upstream leads back here

	changing sync.Mutex // of apps and catalog
	catalog  *catalog.Catalog

	mangle bool // tests only: fill a request's memory with rubbish when it is released
}

// New makes a Server. All that is wrong with o is in the error.
func New(o Options) (*Server, error) {
	o.ensureDefaults()
	s := &Server{opt: o}
	s.pool.New = func() any { return newRequest(s) }
	s.bodies.max = o.BodiesMax
	s.tokens = newTokenParser(o.Now)
	s.signals = signal.New(o.Signals)
	var err error
	faults := []error{o.validate()}
	if s.catalog = o.Catalog; s.catalog == nil {
		s.catalog, err = catalog.New(catalog.Options{})
		faults = append(faults, err)
	}
	s.cors, err = newCORS(o.CORSOrigins)
	faults = append(faults, err)
	if o.TLSCert != "" || o.TLSKey != "" {
		faults = append(faults, s.LoadCertificate(o.TLSCert, o.TLSKey))
	}
	s.http = s.newHTTP()
	s.metrics, err = newMetrics(o.Metrics, s.http)
	faults = append(faults, err)
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("make intake: %w", err)
	}
	if err := s.SetApps(o.Apps); err != nil {
		return nil, fmt.Errorf("make intake: %w", err)
	}
	return s, nil
}

func (o *Options) ensureDefaults() {
	if o.BodyMax == 0 {
		o.BodyMax = 4 << 20
	}
	if o.BodiesMax == 0 {
		o.BodiesMax = 64 << 20
	}
	if o.ConnectionsMax == 0 {
		o.ConnectionsMax = 10_000
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func (o *Options) validate() error {
	var faults []error
	fault := func(wrong bool, text string) {
		if wrong {
			faults = append(faults, errors.New(text))
		}
	}
	fault(o.Log == nil, "no log is given")
	fault(o.Selector == nil, "no selector is given")
	fault(o.People == nil, "no people are given")
	fault(o.BodyMax < 0, "body limit is negative")
	fault(o.BodiesMax < 0, "limit of all bodies is negative")
	fault(o.ConnectionsMax < 0, "limit of connections is negative")
	return errors.Join(faults...)
}

func (s *Server) newHTTP() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:       s.handle,
		ExpectHandler: s.expect,
		ErrorHandler:  s.handleBroken,
		Name:          "edgerelay",
		Logger:        debugLogger{s.opt.Logger},
		Concurrency:   s.opt.ConnectionsMax,
		// The handler reads bodies itself: it refuses a wrong key before the body has come, grows buffers with what
		// arrives instead of with what is announced, and answers 413 in the endpoint's own manner.
		StreamRequestBody:            true,
		MaxRequestBodySize:           s.opt.BodyMax,
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               headerBytesMax,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		CloseOnShutdown:              true,
		NoDefaultContentType:         true,
		SecureErrorLogMessage:        true,
	}
}

// debugLogger passes the HTTP server's own words on: they are about single connections, which are counted.
type debugLogger struct{ logger *slog.Logger }

func (l debugLogger) Printf(format string, args ...any) {
	l.logger.Debug("intake: " + fmt.Sprintf(format, args...))
}
