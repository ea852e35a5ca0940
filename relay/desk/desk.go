// Package desk is what an operator does at a running relay: look at the webhooks and what they deliver, change them, try
// them out, see what came in and who gets it. The admin API prints what its methods return as JSON, and the console's
// pages show the same values.
//
//	d := desk.New(desk.Options{Hooks: registry, Pulses: pulses, …})
//	list := d.List()
//	w, err := d.Edit("crm", patch, w.ETag)
//	d.Close()
//
// It knows webhooks, events and the log, and the senders by the functions in its Options. It knows no HTTP and no page.
// What is refused is an *Error, which says what to do; any other error is a fault of the relay. A Desk is safe for
// concurrent use; what it returns belongs to the caller, but for settings, which nobody may change.
package desk

import (
	"log/slog"
	"sync"
	"time"

	"edgerelay/relay/registry"
)

// Options are what a Desk works with. Hooks and Pulses are required. All functions are called from many goroutines at once.
type Options struct {
	Hooks  *registry.Registry
	Pulses func() []Pulse // the senders of the moment, in no order
	Logger *slog.Logger   // nil = slog.Default()
	Now    func() time.Time
}

func (o *Options) fill() {
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

	watch watch
}

// New makes a Desk and begins to count what the senders do.
func New(o Options) *Desk {
	o.fill()
	d := &Desk{opt: o, stop: make(chan struct{})}
	d.watch = watch{now: o.Now, pulses: o.Pulses, meters: map[uint32]*meter{}}
	d.watch.sample()
	d.done.Go(func() { d.watch.run(d.stop) })
	return d
}

// Close ends the counting. It is called once.
func (d *Desk) Close() {
	close(d.stop)
	d.done.Wait()
}
