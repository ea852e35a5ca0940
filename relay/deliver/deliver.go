// Package deliver takes deliveries from the log to their webhooks: next → pace → encode → sign → attempt → settle.
//
// One Sender per webhook drains that webhook's queue with a number of lanes. A lane is one goroutine that owns its
// buffers, its connection and its signer; it starts when there is work and ends when there has been none for a while, so
// a thousand idle webhooks cost memory for their names only. What an attempt comes to is a Verdict: delivered, to be
// retried, or given up.
//
//	fleet := deliver.NewFleet(deliver.Options{Open: open, Backoff: time.Second, …})
//	err := fleet.Start(webhook)             // for each; lanes come and go from here on
//	err = fleet.Replace("crm", changed)     // attempts under way end as they were begun
//	cut := fleet.Stop(ctx)                  // attempts under way may end until ctx does
//
// A sender's crew starts and ends lanes, its alarm wakes them when a parked delivery comes due, its pace and its health
// hold them back: a webhook that keeps failing gets one attempt at a time, and is turned off in the end.
//
// Where a webhook's plan takes many events in a request, a lane gathers a batch before it makes its attempt, and ends each
// event by a ruling of its own; see gather and rule. A plan with a carrier has package freight make the attempt. Of a plan
// that is an archive, batches are the same again after a crash; see archive.
//
// An app's upstream is delivered to in the same way, as a webhook whose cargo is requests as they came in; see cargo.
//
// The package knows queues, webhooks, plans and HTTP out. It knows no vendor, no HTTP in, no configuration file, and of the log only the
// interface Queue. A Fleet and its Senders are safe for concurrent use; everything of a lane is that lane's own.
package deliver

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/destination"
	"edgerelay/relay/freight"
	"edgerelay/relay/hook"
	"edgerelay/relay/trace"
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
	End(endings []wal.Ending) error
	Return(e *wal.Entry)
	Hold(held bool)
	SetOrdered(ordered bool) error
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
	// Disabled is told when a sender has turned its webhook off, and why. It is called by a lane, once for each turning
	// off, and may take a little time; it must not wait for the fleet. Default: nobody is told.
	Disabled func(w *hook.Webhook, reason string)
	// Recovered is told when a probe of a webhook that was turned off was delivered. Whoever is told turns it on by Replace.
	// Default: nobody is told, and the webhook stays off.
	Recovered func(w *hook.Webhook)
	UserAgent string

	// Journal is told of each failed attempt and of a share of the others. Default: nobody is told.
	Journal Journal

	// Tracer makes a span of each attempt, and has its request carry it. Default: none.
	Tracer *trace.Tracer

	// Memory is where senders of archives remember which objects they have made; it is needed for those.
	Memory Memory
	// Dir is a folder in which carriers keep what they must, each in one of its own; it is made when it is needed.
	Dir string

	// Mail hands a carrier's letter to the mail server; nil when there is none.
	Mail func(ctx context.Context, l *freight.Letter) destination.Verdict

	// Linger is how long a lane without work stays. Default 5 s.
	Linger time.Duration

	Registerer prometheus.Registerer // default: a registry that nobody reads
	Logger     *slog.Logger          // default: slog.Default
	Now        func() time.Time      // of timestamps and due times; default: the machine's clock, which timers follow anyhow

	network    network
	offPause   time.Duration                                                            // default: the constant of that name
	newCarrier func(plan *destination.Plan, o freight.Options) (freight.Carrier, error) // freight.New unless a test sets something else
}

func (o *Options) ensureDefaults() {
	if o.offPause == 0 {
		o.offPause = offPause
	}
	if o.newCarrier == nil {
		o.newCarrier = freight.New
	}
	if o.Linger == 0 {
		o.Linger = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	if o.Disabled == nil {
		o.Disabled = func(*hook.Webhook, string) {}
	}
	if o.Recovered == nil {
		o.Recovered = func(*hook.Webhook) {}
	}
	if o.Journal == nil {
		o.Journal = noJournal{}
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
