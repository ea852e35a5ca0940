package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// LiveOptions are a Live's settings. URL is required; zero values of the rest mean the defaults.
type LiveOptions struct {
	Name string   // in logs and metrics
	URL  *url.URL // see NewBase
	Via  string   // likewise

	// Timeout bounds one answer, with the wait for a connection. The agent asks for guides while a page is being looked
	// at, and asks again with the next page. Default 5 s.
	Timeout time.Duration
	// InFlight bounds the requests under way; others wait for their turn, within Timeout. Default 32: at 50 ms an answer
	// 640 a second, and 256 MiB of replies if the upstream did its worst.
	InFlight int
	// ReplyMax bounds a reply's body in bytes. Default 8 MiB; guides with their contents were seen to take some hundred KiB.
	ReplyMax int64
	// After Failures in a row nothing is asked for Rest. Default 3 and 5 s.
	Failures int
	Rest     time.Duration

	Metrics *Metrics     // default: counted and shown nowhere
	Logger  *slog.Logger // default slog.Default
	Now     func() time.Time
}

func (o *LiveOptions) ensureDefaults() {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.InFlight == 0 {
		o.InFlight = 32
	}
	if o.ReplyMax == 0 {
		o.ReplyMax = 8 << 20
	}
	if o.Failures == 0 {
		o.Failures = 3
	}
	if o.Rest == 0 {
		o.Rest = 5 * time.Second
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Live asks the upstream for answers while somebody waits. It is safe for concurrent use.
//
// It stands on net/http's transport, whose pool notices connections that the other side has closed before a request
// is lost on one, and which speaks HTTP/2 to those who prefer it. Requests that need an answer are few: one for each page
// that a visitor opens.
type Live struct {
	opt       LiveOptions
	base      *Base
	transport *http.Transport
	circuit   circuit
	seats     chan struct{} // one for each request under way
	metrics   outcomes

	ctx context.Context // ends with Close
	end context.CancelFunc
}

// NewLive makes a Live. It connects to nobody yet.
func NewLive(o LiveOptions) *Live {
	o.ensureDefaults()
	l := &Live{opt: o, base: NewBase(o.URL, o.Via), seats: make(chan struct{}, o.InFlight), metrics: o.Metrics.of(o.Name),
		circuit: circuit{limit: o.Failures, rest: o.Rest}}
	l.ctx, l.end = context.WithCancel(context.Background())
	l.transport = &http.Transport{
		DialContext:            (&net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    o.Timeout,
		DisableCompression:     true, // who asked says what they can read
		MaxConnsPerHost:        o.InFlight,
		MaxIdleConnsPerHost:    o.InFlight,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
	return l
}

// Close ends what is under way, which then has no answer, and all connections. It waits for nobody.
func (l *Live) Close() {
	l.end()
	l.transport.CloseIdleConnections()
}

var errOpen = errors.New("the upstream did not answer lately, it is not asked for some seconds")

// Ask passes q on and returns the answer. An error says that there is none to pass on, at the latest after the timeout;
// who asked should do without. q may be reused when Ask returns.
func (l *Live) Ask(q *Request) (*Reply, error) {
	if !l.circuit.enter(l.opt.Now()) {
		l.metrics[skipped].Inc()
		return nil, errOpen
	}
	reply, err := l.ask(q)
	outcome, result := l.judge(err)
	l.metrics[outcome].Inc()
	switch opened, closed := l.circuit.leave(result, l.opt.Now()); {
	case opened:
		l.opt.Logger.Warn("upstream does not answer, agents are told that there is nothing", "upstream", l.opt.Name,
			"reason", err, "next", "it is tried again every "+l.opt.Rest.String())
	case closed:
		l.opt.Logger.Info("upstream answers again", "upstream", l.opt.Name)
	}
	return reply, err
}

// judge says what an answer's error tells about the upstream.
func (l *Live) judge(err error) (outcome, result) {
	var refused refusedError
	switch {
	case err == nil:
		return passed, well
	case l.ctx.Err() != nil, errors.Is(err, errNoSeat):
		return skipped, unknown
	case errors.As(err, &refused):
		return declined, well
	default:
		return faulty, failed
	}
}

var errNoSeat = errors.New("too many requests wait for the upstream")

func (l *Live) ask(q *Request) (*Reply, error) {
	ctx, cancel := context.WithTimeout(l.ctx, l.opt.Timeout)
	defer cancel()
	select {
	case l.seats <- struct{}{}:
		defer func() { <-l.seats }()
	case <-ctx.Done():
		return nil, errNoSeat
	}
	request, err := l.request(ctx, q)
	if err != nil {
		return nil, err
	}
	got, err := l.transport.RoundTrip(request) // which follows no redirect
	if err != nil {
		return nil, err
	}
	return readReply(got, len(q.Header[AcceptEncoding]) > 0, len(q.Header[IfNoneMatch]) > 0, l.opt.ReplyMax)
}

// request is q in the transport's terms. It holds copies: the transport may still read them when it has returned.
func (l *Live) request(ctx context.Context, q *Request) (*http.Request, error) {
	body := io.Reader(nil)
	if len(q.Body) > 0 {
		body = bytes.NewReader(bytes.Clone(q.Body))
	}
	r, err := http.NewRequestWithContext(ctx, string(q.Method), l.base.url.String(), body)
	if err != nil {
		return nil, err
	}
	r.Host = l.base.host
	r.URL = &url.URL{Scheme: l.base.url.Scheme, Host: l.base.url.Host, Opaque: string(l.base.appendPath(nil, q.Target))}
	r.Header["User-Agent"] = nil // none of the transport's own
	for h, value := range q.Header {
		if len(value) > 0 {
			r.Header.Set(names[h], string(value))
		}
	}
	if l.base.via != "" {
		r.Header.Set(names[Via], string(l.base.appendVia(nil, q)))
	}
	return r, nil
}
