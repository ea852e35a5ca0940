package desk

import (
	"errors"
	"slices"
	"sync"
	"time"

	"edgerelay/wal"
)

const (
	followersMax = 16
	followerRoom = 256 // events that wait for one follower to take them
	tailEvery    = 250 * time.Millisecond
	tailShown    = 100   // events at most for one follower in that time
	tailLooked   = 10000 // events at most that are looked at in that time; the rest is skipped
)

// ErrSlow: a follower did not take the events as they came, and was cut off.
var ErrSlow = errors.New("desk: follower is too slow")

// tail shows events to followers as they come. While there is a follower, one goroutine looks at the log's head a few
// times a second; there is no work in the way of an event.
type tail struct {
	mu        sync.Mutex
	followers []*Follower
	running   bool
	next      uint64 // number of the first event that was not looked at
}

// Follower takes events as they come. C is closed at its end; Err then says why. Close it.
type Follower struct {
	C <-chan News

	desk   *Desk
	filter *filter
	head   uint64
	c      chan News
	closed bool  // guarded by the tail
	err    error // written before C is closed
	shown  int   // in this turn; the tail's goroutine's
	missed int
}

// News is an event, or how many there were that are not shown because they were too many.
type News struct {
	Event   *Event // must not be changed
	Skipped int
}

// Follow begins to follow the events of a query, whose Limit, Before and After are not looked at. Every event that comes
// behind Head is shown.
func (d *Desk) Follow(q EventQuery) (*Follower, error) {
	f, err := d.newFilter(&q)
	if err != nil {
		return nil, err
	}
	t := &d.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-d.stop:
		return nil, refuse(Busy, "", "the relay is stopping")
	default:
	}
	if len(t.followers) >= followersMax {
		return nil, refuse(Busy, "", "%d follow the events already; close one of these, or ask for the last events without following", followersMax)
	}
	if !t.running {
		t.running, t.next = true, d.opt.Log.Head()+1
		d.done.Go(d.runTail)
	}
	c := make(chan News, followerRoom)
	follower := &Follower{C: c, c: c, desk: d, filter: f, head: t.next - 1}
	t.followers = append(t.followers, follower)
	return follower, nil
}

// Head is the number of the last event before those that are followed.
func (f *Follower) Head() uint64 { return f.head }

// Err is why C was closed: ErrSlow, an error of the log, or nil when the relay stops or Close was called.
func (f *Follower) Err() error { return f.err }

// Close ends the following.
func (f *Follower) Close() {
	f.desk.tail.mu.Lock()
	defer f.desk.tail.mu.Unlock()
	f.desk.tail.end(f, nil)
}

// end closes a follower. The lock is held.
func (t *tail) end(f *Follower, err error) {
	if f.closed {
		return
	}
	f.closed, f.err = true, err
	close(f.c)
	t.followers = slices.DeleteFunc(t.followers, func(other *Follower) bool { return other == f })
}

// runTail looks for new events until nobody follows any more, or the end.
func (d *Desk) runTail() {
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-d.stop:
		}
		if !d.turn() {
			return
		}
	}
}

// turn shows what is new. It answers false when it was the last.
func (d *Desk) turn() (goOn bool) {
	t := &d.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	var err error
	stopped := false
	select {
	case <-d.stop:
		stopped = true
	default:
		if len(t.followers) > 0 {
			err = d.catchUp()
		}
	}
	if stopped || err != nil {
		for _, f := range slices.Clone(t.followers) {
			t.end(f, err)
		}
	}
	t.running = len(t.followers) > 0
	return t.running
}

// catchUp reads the new events and gives them to who wants them.
func (d *Desk) catchUp() error {
	t, log := &d.tail, d.opt.Log
	head := log.Head()
	skipped := 0
	if first := max(head, tailLooked) - tailLooked + 1; t.next < first {
		skipped, t.next = int(first-t.next), first
	}
	followers := slices.Clone(t.followers)
	for _, f := range followers {
		f.shown, f.missed = 0, skipped
	}
	at := look{names: d.names()}
	for section := (wal.Section{From: t.next, To: head}); section.From <= head; {
		_, next, err := log.Read(section, func(p *wal.Past) bool {
			if at.at(p) {
				for _, f := range followers {
					f.offer(&at)
				}
			}
			return true
		})
		if err != nil {
			return err
		}
		section.From = max(next, section.From+1)
	}
	t.next = max(t.next, head+1)
	for _, f := range followers {
		if f.missed > 0 {
			f.give(News{Skipped: f.missed})
		}
	}
	return nil
}

// offer gives a follower an event, if it wants it.
func (f *Follower) offer(l *look) {
	switch {
	case f.closed || !f.filter.wants(l):
	case f.shown >= tailShown:
		f.missed++
	default:
		f.shown++
		f.give(News{Event: l.show()})
	}
}

// give cuts a follower off that takes nothing. The lock is held.
func (f *Follower) give(n News) {
	if f.closed {
		return
	}
	select {
	case f.c <- n:
	default:
		f.desk.tail.end(f, ErrSlow)
	}
}
