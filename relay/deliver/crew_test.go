package deliver

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// counter is work without content: lanes take one at a time, as from a queue.
type counter struct {
	crew    *crew
	ctx     context.Context
	linger  time.Duration
	work    time.Duration // that one piece takes
	waiting atomic.Int64
	done    atomic.Int64
	now     atomic.Int64
	most    atomic.Int64 // lanes at work at once
	lanes   atomic.Int64
}

func newCounter(ctx context.Context, most int, linger, work time.Duration) *counter {
	c := &counter{ctx: ctx, linger: linger, work: work}
	c.crew = newCrew(most, c.lane)
	return c
}

func (c *counter) add(n int64) {
	c.waiting.Add(n)
	c.crew.wake()
}

func (c *counter) take() bool {
	for {
		n := c.waiting.Load()
		if n == 0 {
			return false
		}
		if c.waiting.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// lane is what lane.run does, without the delivery.
func (c *counter) lane() {
	timer := time.NewTimer(c.linger)
	timer.Stop()
	c.lanes.Add(1)
	defer c.lanes.Add(-1)
	for {
		if c.ctx.Err() != nil {
			c.crew.leave()
			return
		}
		if !c.take() {
			timer.Reset(c.linger)
			if !c.crew.rest(c.ctx, timer) && c.crew.leave() {
				return
			}
			timer.Stop()
			continue
		}
		if !c.crew.busy() && c.waiting.Load() > 0 {
			c.crew.wake()
		}
		n := c.now.Add(1)
		for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
		}
		if c.work > 0 {
			time.Sleep(c.work)
		} else {
			runtime.Gosched() // lets another lane in, if there may be one
		}
		c.now.Add(-1)
		c.done.Add(1)
	}
}

func TestCrewLosesNoWake(t *testing.T) {
	// Pauses are around the linger time, often exactly it: then a lane ends in the very moment of the wake.
	f := func(seed uint64, most int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			ctx, end := context.WithCancel(context.Background())
			random := rand.New(rand.NewPCG(seed, 0))
			const linger = 100 * time.Microsecond
			c := newCounter(ctx, most, linger, time.Duration(random.IntN(3))*linger)
			c.crew.start()
			sent := int64(0)
			for range 400 {
				n := int64(1 + random.IntN(3))
				sent += n
				c.add(n)
				time.Sleep(time.Duration(random.IntN(5)) * linger / 2)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if c.done.Load() != sent {
				t.Errorf("seed %d: %d of %d pieces of work were done", seed, c.done.Load(), sent)
			}
			if c.most.Load() > int64(most) {
				t.Errorf("seed %d: %d lanes at work at once, want at most %d", seed, c.most.Load(), most)
			}
			if c.lanes.Load() != 0 || c.crew.running.Load() != 0 || c.crew.resting.Load() != 0 {
				t.Errorf("seed %d: %d lanes run after an idle minute, counted as %d", seed, c.lanes.Load(), c.crew.running.Load())
			}
			c.crew.dismiss()
			end()
			c.crew.wait()
		})
	}
	for seed := range uint64(40) {
		f(seed, 1)
		f(seed, 2)
		f(seed, 7)
	}
}

func TestCrewStaysInBoundsUnderARush(t *testing.T) {
	f := func(most int) {
		t.Helper()
		ctx, end := context.WithCancel(t.Context())
		c := newCounter(ctx, most, time.Microsecond, 0) // lanes end and start all the time
		c.crew.start()
		const each, senders = 5000, 4
		ended := make(chan struct{}, senders)
		for range senders {
			go func() {
				for range each {
					c.add(1)
				}
				ended <- struct{}{}
			}()
		}
		for range senders {
			<-ended
		}
		eventually(t, func() bool { return c.done.Load() == each*senders }, func() string { return "work is left, and nobody does it" })
		if c.most.Load() > int64(most) {
			t.Errorf("%d lanes at work at once, want at most %d", c.most.Load(), most)
		}
		c.crew.dismiss()
		end()
		c.crew.wait()
	}
	f(1)
	f(3)
}

func TestCrewStartsLanesOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(context.Background())
		c := newCounter(ctx, 4, time.Second, time.Minute)
		want := func(running int64, what string) {
			t.Helper()
			synctest.Wait()
			if c.lanes.Load() != running || int64(c.crew.running.Load()) != running {
				t.Errorf("%s: %d lanes, want %d", what, c.lanes.Load(), running)
			}
		}
		c.add(1)
		want(0, "a wake before the start")
		c.crew.start()
		want(0, "the start itself")
		c.crew.wake()
		want(1, "one piece of work")
		c.add(1)
		want(2, "a second while the first takes long")
		c.add(10)
		want(4, "more than there may be lanes")
		time.Sleep(3*time.Minute + time.Second/2)
		want(4, "all work done, lanes at rest")
		c.add(1)
		time.Sleep(time.Second)
		want(1, "the others have ended")
		time.Sleep(time.Minute + time.Second)
		want(0, "the last one has ended")
		c.crew.dismiss()
		c.add(1)
		want(0, "after the dismissal")
		end()
		c.crew.wait()
	})
}
