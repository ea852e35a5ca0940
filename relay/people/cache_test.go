package people

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

func TestCacheHoldsWhatFits(t *testing.T) {
	f := func(bytes, want int) {
		t.Helper()
		if got := len(newCache(bytes).buckets) * bucketSlots * 8; got != want {
			t.Fatalf("%d bytes make a table of %d, want %d", bytes, got, want)
		}
	}
	f(1, 64)
	f(64<<10, 64<<10)
	f(100<<10, 64<<10)
	f(16<<20, 16<<20)

	c := newCache(1 << 20) // 131,072 facts
	rng := rand.New(rand.NewPCG(1, 2))
	people := make([]uint64, 60_000)
	for i := range people {
		people[i] = rng.Uint64()
		c.add(people[i], people[i]*3, c.version(people[i]))
	}
	held, wrong := 0, 0
	for _, p := range people {
		if c.has(p, p*3) {
			held++
		}
		if c.has(p, p*5) || c.has(rng.Uint64(), p*3) {
			wrong++
		}
	}
	if held < len(people)*9/10 || wrong > 0 {
		t.Fatalf("%d of %d held, %d wrong", held, len(people), wrong)
	}
}

func TestCacheForgetsAPersonAndNobodyElse(t *testing.T) {
	c := newCache(64) // one bucket for everybody
	const a, b = 1 << 50, 2 << 50
	for fact := range uint64(3) {
		c.add(a, fact<<20, c.version(a))
		c.add(b, fact<<20, c.version(b))
	}
	c.forget(a)
	for fact := range uint64(3) {
		if c.has(a, fact<<20) || !c.has(b, fact<<20) {
			t.Fatalf("fact %d: %v %v", fact, c.has(a, fact<<20), c.has(b, fact<<20))
		}
	}
	for fact := range uint64(100) { // a bucket that is full gives something up
		c.add(b, fact<<20, c.version(b))
		if !c.has(b, fact<<20) {
			t.Fatalf("fact %d was not kept", fact)
		}
	}
	c.add(0, 0, c.version(0))
	if c.has(0, 1<<30) || !c.has(0, 0) {
		t.Fatal("a hash of 0 is a hash like any other")
	}
	c.forget(0)
	if c.has(0, 0) {
		t.Fatal("a hash of 0 is not forgotten")
	}
}

func TestCacheRefusesWhatWasReadTooEarly(t *testing.T) {
	c := newCache(1 << 10)
	version := c.version(5)
	c.forget(5)
	c.add(5, 1<<20, version)
	if c.has(5, 1<<20) {
		t.Fatal("a fact came back after it was forgotten")
	}
	c.add(5, 1<<20, c.version(5))
	if !c.has(5, 1<<20) {
		t.Fatal("a fresh fact was refused")
	}
}

// TestCacheNeverTellsWhatIsOver has one writer who changes a value and forgets it, and readers who read and add: what
// the table says must never be older than the last forget that has returned.
func TestCacheNeverTellsWhatIsOver(t *testing.T) {
	c := newCache(256)
	var state, forgotten atomic.Uint64 // the value, and the newest one whose predecessors are all forgotten
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				version := c.version(7)
				value := state.Load()
				c.add(7, value<<20, version)
				floor := forgotten.Load()
				if floor > 0 && c.has(7, (floor-1)<<20) {
					t.Error("the table told a value that was over")
					return
				}
			}
		})
	}
	for v := uint64(1); v < 20_000; v++ {
		state.Store(v)
		c.forget(7)
		forgotten.Store(v)
	}
	close(stop)
	wg.Wait()
}
