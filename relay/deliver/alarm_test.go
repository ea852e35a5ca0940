package deliver

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAlarmRingsWhenTheNextIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var due atomic.Int64
		var rings []time.Duration
		a := &alarm{next: due.Load, now: time.Now, ring: func() { rings = append(rings, time.Since(begin)) }}
		f := func(next int64, after time.Duration, want ...time.Duration) {
			t.Helper()
			rings = nil
			due.Store(next)
			a.set()
			time.Sleep(after)
			synctest.Wait()
			if len(rings) != len(want) {
				t.Errorf("it rang at %v, want %v", rings, want)
				return
			}
			for i := range want {
				if rings[i] != want[i] {
					t.Errorf("it rang at %v, want %v", rings, want)
				}
			}
		}
		in := func(d time.Duration) int64 { return begin.Add(d).UnixMilli() }
		f(math.MaxInt64, time.Hour)
		f(in(2*time.Hour), time.Hour, 2*time.Hour)
		f(in(time.Second), time.Hour, 2*time.Hour+time.Millisecond) // overdue: at once, and once only
		f(in(30*time.Hour), time.Hour)
		f(in(5*time.Hour), 24*time.Hour, 5*time.Hour) // an earlier one came
		f(math.MaxInt64, time.Hour)
		due.Store(in(40 * time.Hour))
		a.set()
		a.end()
		f(in(41*time.Hour), 48*time.Hour)
	})
}

func TestAlarmKeepsTheEarliestOfManySetters(t *testing.T) {
	// Each goroutine parks something and sets the alarm, as lanes do; the earliest of all must not be replaced.
	f := func(seed uint64) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			next := int64(math.MaxInt64)
			begin := time.Now()
			rang := time.Duration(0)
			a := &alarm{now: time.Now, ring: func() { rang = time.Since(begin) }}
			naps := make(chan int, 8)
			a.next = func() int64 {
				mu.Lock()
				answer := next
				mu.Unlock()
				for range <-naps { // the answer grows old
					runtime.Gosched()
				}
				return answer
			}
			var setters sync.WaitGroup
			for range 8 {
				naps <- random.IntN(20)
				due := begin.Add(time.Duration(1+random.IntN(1000)) * time.Second).UnixMilli()
				setters.Go(func() {
					mu.Lock()
					next = min(next, due)
					mu.Unlock()
					a.set()
				})
			}
			setters.Wait()
			want := time.Duration(next-begin.UnixMilli()) * time.Millisecond
			time.Sleep(want)
			synctest.Wait()
			if rang != want {
				t.Errorf("seed %d: it rang at %v, want %v", seed, rang, want)
			}
			a.end()
		})
	}
	for seed := range uint64(200) {
		f(seed)
	}
}
