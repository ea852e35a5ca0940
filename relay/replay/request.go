package replay

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"edgerelay/relay/hook"
)

// Request says what is sent again, and where to. What it leaves empty restricts nothing.
type Request struct {
	// To is the webhook that gets the events.
	To string `json:"to"`
	// Of takes only what that webhook was given; "" takes whatever the log holds.
	Of string `json:"of,omitempty"`
	// Dead takes dead letters, To's when Of is empty, in place of the log.
	Dead bool `json:"dead,omitempty"`
	// From and Until bound the time at which the relay took the events; Until is not included. What comes after the start
	// of a job is never part of it.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// UniqueID takes the one event of this id, 40 hex digits.
	UniqueID string `json:"unique_id,omitempty"`
	// Seqs takes the records of these numbers of the log.
	Seqs []uint64 `json:"seqs,omitempty"`
	// Events are selections as webhooks have them; "*" is all. When there are none, To's own selections decide, and of
	// what To itself was given all is taken.
	Events []string `json:"events,omitempty"`
	// App takes events of one app.
	App string `json:"app,omitempty"`
	// Rate is how many events a second are sent again at most. 0 is RateDefault.
	Rate float64 `json:"rate,omitempty"`
}

const (
	RateDefault = 200     // events a second: a few percent of what one relay takes
	RateMax     = 100_000 // events a second
	SeqsMax     = 10_000  // each is looked for in the log by itself
)

// task is a request with everything worked out that stays as it is until it is done.
type task struct {
	Request Request `json:"request"`
	To      uint32  `json:"to"`           // the webhooks' queues: names may change
	Of      uint32  `json:"of,omitempty"` // 0: whatever the log holds
	First   uint64  `json:"first"`        // numbers of records, both included
	Last    uint64  `json:"last"`
	Started int64   `json:"started"` // Unix milliseconds; who died later is no part of it

	id      [20]byte // of the one event
	one     bool     // there is an id
	choices []hook.Selection
}

// check makes a task of a request. An error is a hook.Fault when something is wrong with the request.
func (r *Runner) check(q Request) (*task, error) {
	hooks := r.opt.Hooks()
	t := &task{Request: q, Started: time.Now().UnixMilli(), Last: r.opt.Log.Head()}
	to, of := named(hooks, q.To), named(hooks, q.Of)
	switch {
	case q.To == "":
		return nil, fault("to", "is missing; name the webhook that gets the events")
	case to == nil:
		return nil, fault("to", "there is no webhook %q", q.To)
	case q.Of != "" && of == nil:
		return nil, fault("of", "there is no webhook %q", q.Of)
	case q.Dead && of == nil:
		of = to
	}
	t.To = to.Queue
	if of != nil {
		t.Of = of.Queue
	}
	if err := t.checkBounds(); err != nil {
		return nil, err
	}
	if err := t.parse(); err != nil {
		return nil, err
	}
	return t, r.bound(t)
}

func fault(field, text string, args ...any) error {
	return hook.Fault{Field: field, Text: fmt.Sprintf(text, args...)}
}

// named is the webhook of a name, nil when there is none.
func named(hooks *hook.Set, name string) *hook.Webhook {
	all := hooks.All()
	if i := slices.IndexFunc(all, func(w *hook.Webhook) bool { return w.Name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// checkBounds checks and completes the numbers of a request.
func (t *task) checkBounds() error {
	q := &t.Request
	if q.Rate == 0 {
		q.Rate = RateDefault
	}
	q.Seqs = slices.Clone(q.Seqs)
	slices.Sort(q.Seqs)
	q.Seqs = slices.Compact(q.Seqs)
	switch {
	case !(q.Rate > 0 && q.Rate <= RateMax):
		return fault("rate", "%v is out of range; it must be more than 0 and at most %d events a second", q.Rate, RateMax)
	case !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until):
		return fault("until", "is not after from; leave it out for everything up to now")
	case len(q.Seqs) > SeqsMax:
		return fault("seqs", "names %d records; at most %d go into one replay", len(q.Seqs), SeqsMax)
	case len(q.Seqs) > 0 && q.Seqs[0] == 0:
		return fault("seqs", "names the record 0; numbers begin with 1")
	case len(q.Seqs) > 0 && q.UniqueID != "":
		return fault("unique_id", "is of no use beside seqs; leave one of them out")
	}
	return nil
}

// parse reads the texts of a request. What it makes is not stored: a task that was read back is parsed anew.
func (t *task) parse() error {
	q := &t.Request
	if t.one = q.UniqueID != ""; t.one {
		n, err := hex.Decode(t.id[:], []byte(q.UniqueID[:min(len(q.UniqueID), 2*len(t.id))]))
		if err != nil || n != len(t.id) || len(q.UniqueID) != 2*len(t.id) {
			return fault("unique_id", "%q is not a uniqueId; those have 40 hex digits", q.UniqueID)
		}
	}
	t.choices = nil
	for i, text := range q.Events {
		s, err := hook.ParseSelection(text)
		if err != nil {
			return fault(fmt.Sprintf("events[%d]", i), "%v", err)
		}
		t.choices = append(t.choices, s)
	}
	return nil
}

// bound sets the numbers that the task goes over.
func (r *Runner) bound(t *task) (err error) {
	q := &t.Request
	t.First = r.opt.Log.Start()
	if q.Dead || len(q.Seqs) > 0 {
		t.First = 1 // dead letters outlive their records; of named records it is told when they are gone
		return nil
	}
	if !q.From.IsZero() {
		if t.First, err = r.opt.Log.SeqAt(q.From.UnixMilli()); err != nil {
			return err
		}
	}
	if !q.Until.IsZero() {
		behind, err := r.opt.Log.SeqAt(q.Until.UnixMilli())
		if err != nil {
			return err
		}
		t.Last = min(t.Last, behind-1)
	}
	return nil
}

// within says whether an event that was taken at a time (Unix milliseconds) is in the request's bounds.
func (q *Request) within(at int64) bool {
	return (q.From.IsZero() || at >= q.From.UnixMilli()) && (q.Until.IsZero() || at < q.Until.UnixMilli())
}

// section is what to look at next, from a number on; ok is false when nothing is left.
func (t *task) section(next uint64) (from, to uint64, ok bool) {
	if len(t.Request.Seqs) == 0 {
		return next, t.Last, next <= t.Last
	}
	i, _ := slices.BinarySearch(t.Request.Seqs, next)
	if i == len(t.Request.Seqs) || t.Request.Seqs[i] > t.Last {
		return 0, 0, false
	}
	return t.Request.Seqs[i], t.Request.Seqs[i], true
}
