// Package deliver takes deliveries from the log to their webhooks: next → pace → encode → sign → attempt → settle.
//
// One Sender per webhook drains that webhook's queue with a number of lanes. A lane is one goroutine that owns its
// buffers, its connection and its signer; it starts when there is work and ends when there has been none for a while, so
// a thousand idle webhooks cost memory for their names only. What an attempt comes to is a Verdict: delivered, to be
// retried, or given up.
//
//	fleet := deliver.NewFleet(deliver.Options{Open: open, Backoff: time.Second, …})
//	err := fleet.Start(webhook)             // for each; lanes come and go from here on
//	cut := fleet.Stop(ctx)                  // attempts under way may end until ctx does
//
// A sender's crew starts and ends lanes, its alarm wakes them when a parked delivery comes due, its pace and its health
// hold them back: a webhook that keeps failing gets one attempt at a time, and is turned off in the end.
//
// The package knows queues, webhooks and HTTP out. It knows no HTTP in, no configuration file, and of the log only the
// interface Queue. A Fleet and its Senders are safe for concurrent use; everything of a lane is that lane's own.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// Queue is what a Sender needs of the log: the deliveries of one webhook, each handed out until it is ended.
// *wal.Queue is one.
type Queue interface {
	Take(now int64) (e wal.Entry, ok bool, err error)
	NextDue() int64
	Ready(now int64) bool
	Settle(e *wal.Entry) error
	Park(e *wal.Entry, due int64) error
	Bury(e *wal.Entry, d wal.Death) error
	Return(e *wal.Entry)
	Hold(held bool)
	Stats() wal.QueueStats
}

// Options are what all senders of a Fleet share.
type Options struct {
	// Open opens the queue of a webhook; wake must be called after each commit that names it, and does not block. It may
	// be called before Open returns.
	Open func(w *hook.Webhook, wake func()) (Queue, error)

	Backoff    time.Duration // before the first retry; each further one waits twice as long
	BackoffMax time.Duration
	// A webhook is turned off when DisableFailures attempts in a row have failed within DisableWithin; 0 failures never do.
	DisableFailures int
	DisableWithin   time.Duration
	UserAgent       string

	// Linger is how long a lane without work stays. Default 5 s.
	Linger time.Duration

	Registerer prometheus.Registerer // default: a registry that nobody reads
	Logger     *slog.Logger          // default: slog.Default
	Now        func() time.Time      // of timestamps and due times; default: the machine's clock, which timers follow anyhow

	network network
}

func (o *Options) ensureDefaults() {
	if o.Linger == 0 {
		o.Linger = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
}

// wall is the time that timestamps and due times are of, given the machine's: one call of a clock serves for both
// unless Now is set.
func (o *Options) wall(machine time.Time) time.Time {
	if o.Now == nil {
		return machine
	}
	return o.Now()
}

// now is the same without a machine's time at hand.
func (o *Options) now() time.Time { return o.wall(time.Now()) }

// Fleet is all senders. It is safe for concurrent use.
type Fleet struct {
	opt     Options
	metrics *metrics

	mu      sync.Mutex
	senders map[string]*Sender
	stopped bool
}

// NewFleet makes a fleet without senders.
func NewFleet(o Options) *Fleet {
	o.ensureDefaults()
	f := &Fleet{opt: o, senders: map[string]*Sender{}}
	f.metrics = newMetrics(o.Registerer, f)
	return f
}

// Start opens a webhook's queue and begins to deliver. A webhook that is not enabled is opened on hold: what it was
// sent before it was turned off stays in the log.
func (f *Fleet) Start(w *hook.Webhook) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return errors.New("start sender: the fleet is stopped")
	}
	if f.senders[w.Name] != nil {
		return fmt.Errorf("start sender of webhook %q: it runs already", w.Name)
	}
	s, err := newSender(w, &f.opt, f.metrics.of(w.Name))
	if err != nil {
		return fmt.Errorf("start sender of webhook %q: %w", w.Name, err)
	}
	f.senders[w.Name] = s
	s.start()
	return nil
}

// Senders are all senders, in no order.
func (f *Fleet) Senders() []*Sender {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*Sender, 0, len(f.senders))
	for _, s := range f.senders {
		all = append(all, s)
	}
	return all
}

// Stop ends all senders: nothing new is begun; attempts under way may end until ctx does, then their connections are
// closed. It returns how many attempts were cut off, and the same again when it is called again. What was not delivered
// stays in the log.
func (f *Fleet) Stop(ctx context.Context) (cut int) {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
	all := f.Senders()
	for _, s := range all {
		s.halt()
	}
	for _, s := range all {
		cut += s.wait(ctx)
	}
	return cut
}
