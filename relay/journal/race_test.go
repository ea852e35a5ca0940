package journal

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// crowd is goroutines that use one journal at once.
type crowd struct {
	t       *testing.T
	journal *Journal
	counts  [5]atomic.Int64 // of entries appended, by queue
	done    chan struct{}
}

// until calls f again and again.
func (c *crowd) until(f func()) {
	for {
		select {
		case <-c.done:
			return
		default:
			f()
		}
	}
}

const crowdEach = 400

func (c *crowd) append(queue uint32, lane int) {
	for n := range crowdEach {
		a := failure(time.Now(), n*3+lane)
		if c.journal.Sample() {
			a.Outcome = Delivered
		}
		c.journal.Append(queue, a)
		c.counts[queue].Add(1)
		time.Sleep(50 * time.Microsecond) // or the buffer is full before the disk is asked
	}
}

// look checks that lists are in order, and have what was appended before they began.
func (c *crowd) look(queue uint32) {
	before := c.counts[queue].Load()
	got := all(c.t, Query{Limit: LimitMax}, of(c.journal, queue))
	if int64(len(got)) < before {
		c.t.Errorf("queue %d lists %d entries of %d", queue, len(got), before)
	}
	c.checkOrder(got)
	c.checkOrder(all(c.t, Query{Limit: 100, From: time.Now().Add(-10 * time.Millisecond)}, c.journal.Errors))
	_, _, _ = c.journal.Stats(), c.journal.Any(queue), c.journal.HasErrors(queue, time.Time{})
	if rand.IntN(50) == 0 {
		if err := c.journal.Drop(99); err != nil {
			c.t.Error(err)
		}
	}
}

func (c *crowd) checkOrder(list []Attempt) {
	for i := 1; i < len(list); i++ {
		before, _ := parseCursor(list[i-1].ID)
		at, _ := parseCursor(list[i].ID)
		if !before.newerThan(at) {
			c.t.Errorf("entry %d at %v follows one at %v", i, at, before)
			return
		}
	}
}

// TestEverythingAtOnce appends, writes, lists and drops from many goroutines.
func TestEverythingAtOnce(t *testing.T) {
	j := openJournal(t, Options{State: openLog(t, vfs.NewMem(), "log"), SizeMax: 64 << 20, Share: 0.5})
	c := &crowd{t: t, journal: j, done: make(chan struct{})}
	var appending, others sync.WaitGroup
	for queue := uint32(1); queue < 5; queue++ {
		for lane := range 3 {
			appending.Go(func() { c.append(queue, lane) })
		}
		others.Go(func() { c.until(func() { c.look(queue) }) })
	}
	others.Go(func() {
		c.until(func() {
			j.flush()
			time.Sleep(time.Millisecond)
		})
	})
	appending.Wait()
	close(c.done)
	others.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for queue := uint32(1); queue < 5; queue++ {
		if n := len(all(t, Query{Limit: LimitMax}, of(j, queue))); n != 3*crowdEach {
			t.Errorf("queue %d has %d entries, %d were appended", queue, n, 3*crowdEach)
		}
	}
	if s := j.Stats(); s.DroppedFailed+s.DroppedSampled > 0 {
		t.Errorf("%+v: entries were dropped", s)
	}
	checkBytes(t, j)
}
