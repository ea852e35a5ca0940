// Package sink is the receiver behind `edgerelay sink`: it takes deliveries, verifies their signatures, and prints or
// counts them. It can also play a receiver that is slow or fails, for trying out retries, and be the load test's receiver.
//
// It knows deliveries as a stranger would: headers and bodies, nothing of the relay that sent them. A Sink is safe for
// concurrent use; Run once.
//
// What it answers: 200; Options.Status to the share of requests that is to fail; 401 to a signature that does not fit, or
// is missing, when there are secrets. The deliveries go to Options.Out. Everything else goes to Options.Err, first the
// line "sink: listening on http://ADDRESS" with the real port.
package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/sink/receipt"
)

// ListenDefault is where a Sink listens unless told otherwise: beside intake and console, which are at 8484 and 8485.
const ListenDefault = "127.0.0.1:8486"

const (
	bodyMax    = 64 << 20 // bytes; deliveries of many events at once may be large
	headersMax = 16 << 10 // bytes, and the buffer of each connection
	delayMax   = time.Hour

	// readTimeout closes what dribbles and what is idle: longer than relays keep connections.
	readTimeout = 5 * time.Minute
	// stopTimeout is how long requests in flight are waited for at the end; delays are cut short.
	stopTimeout = 5 * time.Second
)

// Options say what a Sink does. The zero value listens at ListenDefault, checks no signature, answers 200 and prints a
// line per delivery.
type Options struct {
	Listen  string   // address; port 0 takes a free one. "" = ListenDefault
	Secrets []string // those that may have signed; none = signatures are not checked

	JSON  bool // one JSON object per line, with the body, in place of text
	Count bool // only count: a line per second and a summary

	Status     int           // answered instead of 200, 200 to 599; 0 = 200
	Share      float64       // of the requests that get Status, above 0 to 1; counts with Status only
	Delay      time.Duration // before each answer, at most an hour
	RetryAfter time.Duration // sent with Status, in whole seconds; 0 = not sent

	Out io.Writer        // nil = os.Stdout
	Err io.Writer        // nil = os.Stderr
	Now func() time.Time // nil = time.Now
}

func (o *Options) fill() {
	if o.Listen == "" {
		o.Listen = ListenDefault
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Err == nil {
		o.Err = os.Stderr
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Check says all that is wrong with the options, named as the command's flags.
func (o *Options) Check() error {
	var faults []error
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	add(o.Status != 0 && (o.Status < 200 || o.Status > 599), "--status %d is no final HTTP status: use 200 to 599", o.Status)
	add(!(o.Share >= 0 && o.Share <= 1), "--share %v is no share: use a number above 0 and up to 1", o.Share)
	add(o.Status != 0 && o.Share == 0, "--share 0 leaves no request for --status %d: raise the share or leave both out", o.Status)
	add(o.Status == 0 && o.Share > 0 && o.Share < 1, "--share %v says how many, not what: add --status 500", o.Share)
	add(o.Delay < 0 || o.Delay > delayMax, "--delay %s is out of range: use 0s to %s", o.Delay, delayMax)
	add(o.RetryAfter < 0, "--retry-after %s is negative", o.RetryAfter)
	add(o.RetryAfter > 0 && o.Status == 0, "--retry-after goes with a failing answer: add --status 503")
	for _, secret := range o.Secrets {
		add(secret == "", "--secret is empty: give the webhook's secret, or leave the flag out to check no signature")
	}
	return errors.Join(faults...)
}

// Sink is one receiver.
type Sink struct {
	opts     Options
	listener net.Listener
	server   *fasthttp.Server
	stop     chan struct{} // closed when answers are no longer to wait
	fails    receipt.Share
	workers  sync.Pool // of *worker
	requests atomic.Uint64
	tally    *tally

	end context.CancelCauseFunc // ends Run

	mu sync.Mutex // over Out
}

// New checks the options and listens, so that Addr is known and senders may begin. The error names everything that is
// wrong. Run, or else Close, ends it.
func New(opts Options) (*Sink, error) {
	opts.fill()
	if err := opts.Check(); err != nil {
		return nil, err
	}
	s := &Sink{opts: opts, stop: make(chan struct{}), tally: newTally()}
	if opts.Status != 0 {
		s.fails = receipt.NewShare(opts.Share)
	}
	if _, err := newChecker(opts.Secrets); err != nil {
		return nil, fmt.Errorf("--secret: %w", err)
	}
	s.workers.New = func() any { return newWorker(opts.Secrets) }
	s.server = &fasthttp.Server{
		Handler:               s.handle,
		ErrorHandler:          s.malformed,
		NoDefaultServerHeader: true,
		NoDefaultContentType:  true,
		ReadBufferSize:        headersMax,
		MaxRequestBodySize:    bodyMax,
		ReadTimeout:           readTimeout,
		CloseOnShutdown:       true,
		Logger:                log.New(io.Discard, "", 0), // what goes wrong with a connection is counted
	}
	listener, err := net.Listen("tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w: choose another address with --listen, port 0 takes a free one", err)
	}
	s.listener = listener
	return s, nil
}

// Addr is the address with its real port.
func (s *Sink) Addr() net.Addr { return s.listener.Addr() }

// Counts is what was received so far.
func (s *Sink) Counts() Counts { return s.tally.counts() }

// Close lets go of the address when Run was never called.
func (s *Sink) Close() error { return s.listener.Close() }

// Run receives until ctx ends, then answers what is in flight, writes a summary and returns nil. An error means that it
// could not go on receiving or printing.
func (s *Sink) Run(ctx context.Context) error {
	fmt.Fprintf(s.opts.Err, "sink: listening on http://%s\n", s.Addr())
	ctx, s.end = context.WithCancelCause(ctx)
	defer s.end(nil)

	var loops sync.WaitGroup
	loops.Go(func() { s.end(s.serve()) })
	if s.opts.Count {
		loops.Go(func() { s.report(ctx) })
	}
	<-ctx.Done()
	s.shutdown()
	loops.Wait()

	s.summary()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

func (s *Sink) serve() error {
	if err := s.server.Serve(s.listener); err != nil {
		return fmt.Errorf("receive deliveries: %w", err)
	}
	return nil
}

// shutdown ends the server. A connection that does not end in time is left to the process's own end.
func (s *Sink) shutdown() {
	close(s.stop)
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	_ = s.server.ShutdownWithContext(ctx)
	_ = s.listener.Close() // when it was not serving yet
}

// write writes one line to Out; one that does not get there ends Run.
func (s *Sink) write(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.opts.Out.Write(line); err != nil {
		s.end(fmt.Errorf("print deliveries: %w", err))
	}
}
