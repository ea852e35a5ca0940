package freight

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"edgerelay/relay/destination"
)

// wire makes HTTP requests for a carrier, on connections of Options.Dial alone: it asks no proxy and follows no redirect.
// Safe for concurrent use.
type wire struct {
	transport *http.Transport
	agent     string
	now       func() time.Time
}

func newWire(o *Options) *wire {
	return &wire{
		transport: &http.Transport{
			DialContext:            o.Dial,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // nobody unpacks what a small reply may blow up to
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        90 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: replyHeadMax,
		},
		agent: o.UserAgent,
		now:   o.Now,
	}
}

func (w *wire) close() { w.transport.CloseIdleConnections() }

// request is one to make. Its body is not touched any more once exchange has returned.
type request struct {
	method string
	url    string
	header []destination.Header
	body   []byte
	count  int // events in the body
	most   int // bytes of the reply that are read; the rest is left
}

// exchange makes one request and reads its reply. An error says that there is no whole reply, unless it is longer than
// what is read.
func (w *wire) exchange(ctx context.Context, r request) (*destination.Answer, error) {
	made, err := http.NewRequestWithContext(ctx, r.method, r.url, nil)
	if err != nil {
		return nil, err
	}
	if len(r.body) > 0 {
		lent := &loan{text: r.body}
		defer lent.end()
		made.Body, made.ContentLength = &lentBody{loan: lent}, int64(len(r.body))
		made.GetBody = func() (io.ReadCloser, error) { return &lentBody{loan: lent}, nil }
	}
	made.Header.Set("User-Agent", w.agent)
	for _, h := range r.header {
		made.Header.Set(h.Name, h.Value)
	}
	got, err := w.transport.RoundTrip(made)
	if err != nil {
		return nil, err
	}
	defer func() { _ = got.Body.Close() }() // what is left of the reply is of no interest
	text, err := io.ReadAll(io.LimitReader(got.Body, int64(r.most)))
	if err != nil {
		return nil, err
	}
	return &destination.Answer{Status: got.StatusCode, Header: got.Header.Get, Body: text, Count: r.count, Now: w.now()}, nil
}

// loan is memory that the transport may read until the exchange ends. A transport may go on reading a request's body when
// it has the reply, and the memory is somebody else's by then.
type loan struct {
	mu    sync.Mutex
	text  []byte
	ended bool
}

func (l *loan) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text, l.ended = nil, true
}

// lentBody reads a loan from its beginning.
type lentBody struct {
	loan *loan
	at   int
}

var errLoanEnded = errors.New("the exchange is over")

func (b *lentBody) Read(p []byte) (int, error) {
	b.loan.mu.Lock()
	defer b.loan.mu.Unlock()
	switch {
	case b.loan.ended:
		return 0, errLoanEnded
	case b.at == len(b.loan.text):
		return 0, io.EOF
	}
	n := copy(p, b.loan.text[b.at:])
	b.at += n
	return n, nil
}

// Close has nothing to do.
func (b *lentBody) Close() error { return nil }

// refusal is an error that knows what it means for the parcel.
type refusal struct{ verdict destination.Verdict }

func (r *refusal) Error() string { return r.verdict.Reason }

// judgeError is the verdict when there was no reply.
func judgeError(err error) destination.Verdict {
	var known *refusal
	if errors.As(err, &known) {
		return known.verdict
	}
	return unreached(err)
}
