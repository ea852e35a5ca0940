package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"edgerelay/relay/hook"
)

// Fleet is all senders. It is safe for concurrent use.
type Fleet struct {
	opt     atomic.Pointer[Options] // of the senders that are made from now on
	metrics *metrics

	mu      sync.Mutex
	senders map[string]*Sender
	retired []*Sender // replaced or removed, with attempts under way
	stopped bool
}

var errStopped = errors.New("the fleet is stopped")

// NewFleet makes a fleet without senders.
func NewFleet(o Options) *Fleet {
	o.ensureDefaults()
	f := &Fleet{senders: map[string]*Sender{}}
	f.opt.Store(&o)
	f.metrics = newMetrics(o.Registerer, f)
	return f
}

// Configure changes the options for the senders that are started or replaced from now on. What Open, Registerer and
// Logger are it must leave.
func (f *Fleet) Configure(change func(o *Options)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := *f.opt.Load()
	change(&next)
	f.opt.Store(&next)
}

// Start opens a webhook's queue and begins to deliver. A webhook that is not enabled is opened on hold: what it was
// sent before it was turned off stays in the log.
func (f *Fleet) Start(w *hook.Webhook) error { return f.start(w, "") }

// StartDisabled opens the queue of a webhook that was turned off for a reason and has not been turned on since.
func (f *Fleet) StartDisabled(w *hook.Webhook, reason string) error { return f.start(w, reason) }

func (f *Fleet) start(w *hook.Webhook, disabled string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return fmt.Errorf("start sender: %w", errStopped)
	}
	if f.senders[w.Name] != nil {
		return fmt.Errorf("start sender of webhook %q: it runs already", w.Name)
	}
	s, err := newSender(w, f.opt.Load(), f.metrics.of(w.Name))
	if err == nil {
		err = s.openQueue()
	}
	if err != nil {
		return fmt.Errorf("start sender of webhook %q: %w", w.Name, err)
	}
	f.senders[w.Name] = s
	s.start(disabled)
	return nil
}

// Replace puts a webhook's new settings in force: what is begun from now on goes by them, and attempts under way end as
// they were begun. Nothing is lost or sent twice by it. name is what the webhook was called before; w has the same queue.
// With a reason in disabled the webhook stays, or is, turned off for it; without one it is on again if it was.
func (f *Fleet) Replace(name string, w *hook.Webhook, disabled string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.senders[name]
	switch {
	case f.stopped:
		return fmt.Errorf("replace sender: %w", errStopped)
	case old == nil:
		return fmt.Errorf("replace sender of webhook %q: there is none", name)
	case w.Name != name && f.senders[w.Name] != nil:
		return fmt.Errorf("replace sender of webhook %q: %q runs already", name, w.Name)
	}
	s, err := newSender(w, f.opt.Load(), f.metrics.of(w.Name))
	if err == nil {
		err = old.queue.SetOrdered(w.ByVisitor)
	}
	if err != nil {
		return fmt.Errorf("replace sender of webhook %q: %w", name, err)
	}
	f.retire(old, w.Name)
	s.takeOver(old)
	f.senders[w.Name] = s
	s.start(disabled)
	s.tellStranded(old)
	return nil
}

// Remove ends the sender of a webhook that is deleted and returns its queue, which is the caller's to drop. Attempts under
// way end, but nothing is begun any more. What it had collected and not shipped is discarded; when the process dies before
// that, Sweep does.
func (f *Fleet) Remove(name string) (Queue, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.senders[name]
	if s == nil {
		return nil, fmt.Errorf("remove sender of webhook %q: there is none", name)
	}
	f.retire(s, "")
	s.queue.Hold(true)
	if err := forsake(append(slices.Clone(s.forerunners), s)); err != nil {
		return nil, fmt.Errorf("remove sender of webhook %q: %w", name, err)
	}
	return s.queue, nil
}

// retire halts a sender that has no webhook any more, or whose webhook goes on under a new name.
func (f *Fleet) retire(s *Sender, successor string) {
	delete(f.senders, s.hook.Name)
	s.retire()
	if s.hook.Name != successor {
		f.metrics.forget(s.hook.Name)
	}
	f.retired = slices.DeleteFunc(append(f.retired, s), (*Sender).ended)
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

// Sender is a webhook's sender, nil when there is none.
func (f *Fleet) Sender(name string) *Sender {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.senders[name]
}

// Stop ends all senders: nothing new is begun; attempts under way may end until ctx does, then their connections are
// closed. It returns how many attempts were cut off, and the same again when it is called again. What was not delivered
// stays in the log.
func (f *Fleet) Stop(ctx context.Context) (cut int) {
	f.mu.Lock()
	f.stopped = true
	retired := slices.Clone(f.retired)
	f.mu.Unlock()
	all := append(f.Senders(), retired...)
	for _, s := range all {
		s.retire()
	}
	for _, s := range all {
		cut += s.wait(ctx)
	}
	return cut
}
