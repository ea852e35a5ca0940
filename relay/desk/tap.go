package desk

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"edgerelay/relay/journal"
)

// Delivery is one attempt as those see it who follow them: what the attempt log keeps, without headers and bodies.
type Delivery struct {
	Time     time.Time       `json:"time"`
	Webhook  string          `json:"webhook"`
	Event    string          `json:"event"`
	UniqueID string          `json:"unique_id"`
	Number   int             `json:"attempt"`
	Outcome  journal.Outcome `json:"outcome"`
	Status   int             `json:"status"`
	Reason   string          `json:"reason,omitempty"`
	Size     int             `json:"size"`
	Took     float64         `json:"ms"`
}

// DeliveryQuery says which attempts are followed. What is empty takes all.
type DeliveryQuery struct {
	Webhook string
	Event   string // any name of a kind
	Failed  bool   // only those that failed
}

// Limits of following attempts, as of following events.
const (
	tapTurn  = tailEvery
	tapShown = tailShown
)

// Tap stands between the senders and the attempt log, and shows attempts to those who follow them. Without one it costs a
// look at a number; it never makes a sender wait. It is the senders' journal, and safe for concurrent use.
type Tap struct {
	journal *journal.Journal
	now     func() time.Time
	watched atomic.Int32 // followers

	mu        sync.Mutex
	followers []*DeliveryFollower
}

// NewTap makes a tap before a journal.
func NewTap(j *journal.Journal) *Tap { return &Tap{journal: j, now: time.Now} }

// Sample says whether a success is to be told of: to the log, or to somebody who follows.
func (t *Tap) Sample() bool { return t.watched.Load() > 0 || t.journal.Sample() }

// Append shows an attempt, and passes it on to the log. The log's share of successes is chosen anew when somebody follows.
func (t *Tap) Append(queue uint32, a *journal.Attempt) {
	if t.watched.Load() > 0 {
		t.show(a)
		if a.Outcome == journal.Delivered && !t.journal.Sample() {
			return
		}
	}
	t.journal.Append(queue, a)
}

func (t *Tap) show(a *journal.Attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.followers {
		f.offer(a, t.now())
	}
}

// DeliveryFollower takes attempts as they are made. Close it.
type DeliveryFollower struct {
	C <-chan Delivery

	tap    *Tap
	query  DeliveryQuery
	c      chan Delivery
	turn   time.Time // when the present turn began; guarded by the tap, as shown is
	shown  int       // in this turn
	missed atomic.Int64
}

// offer gives a follower an attempt, if it wants it and there is room. The tap's lock is held.
func (f *DeliveryFollower) offer(a *journal.Attempt, now time.Time) {
	q := &f.query
	if q.Webhook != "" && q.Webhook != a.Webhook || q.Event != "" && q.Event != a.Event || q.Failed && !a.Outcome.Failed() {
		return
	}
	if now.Sub(f.turn).Abs() >= tapTurn {
		f.turn, f.shown = now, 0
	}
	if f.shown >= tapShown {
		f.missed.Add(1)
		return
	}
	d := Delivery{Time: a.Time.UTC(), Webhook: a.Webhook, Event: a.Event, UniqueID: a.UniqueID, Number: a.Number, Outcome: a.Outcome,
		Status: a.Status, Reason: a.Reason, Size: a.Size, Took: float64(a.Timing.Total.Microseconds()) / 1000}
	select {
	case f.c <- d:
		f.shown++
	default:
		f.missed.Add(1)
	}
}

// Missed is how many attempts were too many to show since it was asked last.
func (f *DeliveryFollower) Missed() int64 { return f.missed.Swap(0) }

// Close ends the following.
func (f *DeliveryFollower) Close() {
	f.tap.mu.Lock()
	defer f.tap.mu.Unlock()
	f.tap.followers = slices.DeleteFunc(f.tap.followers, func(other *DeliveryFollower) bool { return other == f })
	f.tap.watched.Store(int32(len(f.tap.followers)))
}

// FollowDeliveries begins to follow attempts.
func (d *Desk) FollowDeliveries(q DeliveryQuery) (*DeliveryFollower, error) {
	if q.Webhook != "" {
		if _, err := d.opt.Hooks.Get(q.Webhook); err != nil {
			return nil, refuse(Invalid, "webhook", "there is no webhook %q", q.Webhook)
		}
	}
	var err error
	if q.Event, err = canonical(q.Event); err != nil {
		return nil, err
	}
	t := d.opt.Tap
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.followers) >= followersMax {
		return nil, refuse(Busy, "", "%d follow the deliveries already; close one of these", followersMax)
	}
	c := make(chan Delivery, followerRoom)
	f := &DeliveryFollower{C: c, c: c, tap: t, query: q}
	t.followers = append(t.followers, f)
	t.watched.Store(int32(len(t.followers)))
	return f, nil
}
