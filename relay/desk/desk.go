// Package desk is what an operator does at a running relay: look at the webhooks and what they deliver, change them, try
// them out, see what came in and who gets it. The admin API prints what its methods return as JSON, and the console's
// pages show the same values.
//
//	d := desk.New(desk.Options{Hooks: registry, Pulses: pulses, …})
//	list := d.List()
//	w, err := d.Edit("crm", patch, w.ETag)
//	d.Close()
//
// It knows webhooks, the catalog, events and the log, and the senders by the functions in its Options. It knows no HTTP and no page.
// What is refused is an *Error, which says what to do; any other error is a fault of the relay. A Desk is safe for
// concurrent use; what it returns belongs to the caller, but for settings, which nobody may change.
package desk

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
	"edgerelay/relay/registry"
	"edgerelay/relay/replay"
	"edgerelay/relay/tagging"
	"edgerelay/wal"
)

// Options are what a Desk works with. All up to Try but Tap, Catalog and Export are required. All functions are called from many goroutines
// at once.
type Options struct {
	Hooks *registry.Registry
	Log   *wal.Log
	// Journal is the attempt log, Replays sends past events again.
	Journal *journal.Journal
	Replays *replay.Runner
	Tap     *Tap           // that the senders tell of their attempts; nil = one that shows none
	Catalog *tagging.Store // pages, features, track types and guides; nil = there are none to look at
	Pulses  func() []Pulse // the senders of the moment, in no order
	// Export is what a webhook has collected in files; nil = it collects none.
	Export func(webhook string) *Export
	// Try sends one event to a webhook and waits for the reply. An error says that nothing was sent.
	Try func(ctx context.Context, w *hook.Webhook, e *event.Event) (Attempt, error)
	// Apps are the configured apps, with their keys in full; nil = none.
	Apps func() []App
	// Excluded says why an event of a configured app would not be kept at all; "" = it would. nil = all would.
	Excluded func(app string, e *event.Event) (why string, err error)
	// Reload puts the config file in force and says what changed. An *Error says what is wrong with the file. nil = there
	// is no file.
	Reload func(ctx context.Context) ([]Change, error)
	// Compare says what Reload would change if the file held a text; name stands for it in faults. Errors are as Reload's.
	Compare func(name string, text []byte) ([]Change, error)
	Logger  *slog.Logger // nil = slog.Default()
	Now     func() time.Time
}

func (o *Options) fill() {
	if o.Tap == nil {
		o.Tap = NewTap(o.Journal)
	}
	if o.Export == nil {
		o.Export = func(string) *Export { return nil }
	}
	if o.Apps == nil {
		o.Apps = func() []App { return nil }
	}
	if o.Excluded == nil {
		o.Excluded = func(string, *event.Event) (string, error) { return "", nil }
	}
	if o.Reload == nil {
		o.Reload = func(context.Context) ([]Change, error) {
			return nil, refuse(BadConfig, "", "there is no config file to load again")
		}
	}
	if o.Compare == nil {
		o.Compare = func(string, []byte) ([]Change, error) {
			return nil, refuse(BadConfig, "", "there is no config file to compare with")
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Desk is where a relay is operated. Make it with New and Close it.
type Desk struct {
	opt  Options
	stop chan struct{}
	done sync.WaitGroup

	watch  watch
	tail   tail
	trials chan struct{} // holds a token for each trial under way
}

// New makes a Desk and begins to count what the senders do.
func New(o Options) *Desk {
	o.fill()
	d := &Desk{opt: o, stop: make(chan struct{}), trials: make(chan struct{}, trialsMax)}
	d.watch = watch{now: o.Now, pulses: o.Pulses, meters: map[uint32]*meter{}}
	d.watch.sample()
	d.done.Go(func() { d.watch.run(d.stop) })
	return d
}

// Close ends the counting, and cuts off who follows the events. It is called once.
func (d *Desk) Close() {
	d.tail.mu.Lock() // nobody is about to begin to follow
	close(d.stop)
	d.tail.mu.Unlock()
	d.done.Wait()
}
