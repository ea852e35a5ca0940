package journal

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestEverythingAtOnce appends, lists, drops and closes from many goroutines. Lists are in order, without repeats, and
// what was appended before a list began is in it.
func TestEverythingAtOnce(t *testing.T) {
	log := openLog(t, vfs.NewMem(), "log")
	j := openJournal(t, Options{State: log, SizeMax: 64 << 20, Share: 0.5})
	const queues, each = 4, 400
	var counts [queues + 1]atomic.Int64
	var appending, reading sync.WaitGroup
	done := make(chan struct{})
	for queue := uint32(1); queue <= queues; queue++ {
		for lane := range 3 {
			appending.Go(func() {
				for n := range each {
					a := failure(time.Now(), n*3+lane)
					if j.Sample() {
						a.Outcome = Delivered
					}
					j.Append(queue, a)
					counts[queue].Add(1)
					time.Sleep(50 * time.Microsecond) // or the buffer is full before the disk is asked
				}
			})
		}
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if queue == queues && rand.IntN(20) == 0 {
					if err := j.Drop(99); err != nil {
						t.Error(err)
					}
				}
				before := counts[queue].Load()
				got := all(t, Query{Limit: LimitMax}, of(j, queue))
				if int64(len(got)) < before {
					t.Errorf("queue %d lists %d entries of %d", queue, len(got), before)
				}
				checkOrder(t, got)
				checkOrder(t, all(t, Query{Limit: 100, From: time.Now().Add(-10 * time.Millisecond)}, j.Errors))
				_ = j.Stats()
				_ = j.Any(queue)
				_ = j.HasErrors(queue, time.Time{})
			}
		})
	}
	flushing := make(chan struct{})
	go func() {
		defer close(flushing)
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				j.flush()
			}
		}
	}()
	appending.Wait()
	close(done)
	reading.Wait()
	<-flushing
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for queue := uint32(1); queue <= queues; queue++ {
		if n := len(all(t, Query{Limit: LimitMax}, of(j, queue))); n != 3*each {
			t.Errorf("queue %d has %d entries, %d were appended", queue, n, 3*each)
		}
	}
	if s := j.Stats(); s.DroppedFailed+s.DroppedSampled > 0 {
		t.Errorf("%+v: entries were dropped", s)
	}
	checkBytes(t, j)
}

func checkOrder(t *testing.T, list []Attempt) {
	t.Helper()
	for i := 1; i < len(list); i++ {
		before, _ := parseCursor(list[i-1].ID)
		at, _ := parseCursor(list[i].ID)
		if !before.newerThan(at) {
			t.Errorf("entry %d at %v follows one at %v", i, at, before)
			return
		}
	}
}
