package deliver

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// crew is the lanes of one sender: how many run, how many of them rest, and whether there may be work that nobody looks
// for yet. It starts lanes on demand and lets them end. Safe for concurrent use.
//
// No wake is lost: wake leaves its token before it looks at the lanes, a lane that rests takes the token, a lane that
// ends looks for it once more under the lock that starts lanes, and any other lane asks the queue again before it does
// either. And there are never more lanes than most, because every count of them is changed under that lock.
type crew struct {
	most int    // lanes at once
	lane func() // runs one lane until it has left, or the crew is dismissed
	work chan struct{}

	running atomic.Int32 // lanes; written under mu
	resting atomic.Int32 // lanes that wait for work

	mu    sync.Mutex
	open  bool // lanes may start
	lanes sync.WaitGroup
}

func newCrew(most int, lane func()) *crew {
	return &crew{most: max(most, 1), lane: lane, work: make(chan struct{}, 1)}
}

// start lets lanes start; until then, wakes only leave their token.
func (c *crew) start() {
	c.mu.Lock()
	c.open = true
	c.mu.Unlock()
}

// wake says that there may be work. It does not block.
func (c *crew) wake() {
	select {
	case c.work <- struct{}{}:
	default:
	}
	if c.resting.Load() == 0 {
		c.hire()
	}
}

// busy says that every lane there may be has work in its hands: there is nobody to wake.
func (c *crew) busy() bool {
	return c.resting.Load() == 0 && int(c.running.Load()) >= c.most
}

// hire starts one more lane when there may be one.
func (c *crew) hire() {
	if int(c.running.Load()) >= c.most {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open || int(c.running.Load()) >= c.most {
		return
	}
	c.running.Add(1)
	c.lanes.Add(1)
	go func() {
		defer c.lanes.Done()
		c.lane()
	}()
}

// rest waits for work, until ctx or the linger timer ends. It answers false when none came.
func (c *crew) rest(ctx context.Context, linger *time.Timer) bool {
	c.resting.Add(1)
	defer c.resting.Add(-1)
	select {
	case <-c.work:
		return true
	case <-linger.C:
		return false
	case <-ctx.Done():
		return false
	}
}

// leave takes a lane off the list that found nothing to do for a while, or any once the crew is dismissed. It answers
// false when there may be work after all; the lane then goes on.
func (c *crew) leave() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open {
		select {
		case <-c.work:
			return false
		default:
		}
	}
	c.running.Add(-1)
	return true
}

// dismiss lets no more lanes start. Those that run end by themselves, as the context that they watch has ended.
func (c *crew) dismiss() {
	c.mu.Lock()
	c.open = false
	c.mu.Unlock()
}

// wait returns when all lanes have ended; dismiss came before.
func (c *crew) wait() { c.lanes.Wait() }
