package signal

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzAgent: whatever a visitor does in order, the Detector says what the agent would.
func FuzzAgent(f *testing.F) {
	f.Add([]byte{0, 0, 0, 10, 0, 0, 10, 0, 0, 10, 0, 0, 255, 30, 30})
	f.Add([]byte{250, 31, 0, 250, 29, 1, 250, 0, 2, 250, 5, 3, 250, 9, 30, 250, 7, 31})
	d, visitor := New(Options{}), Visitor(0)
	f.Fuzz(func(t *testing.T, steps []byte) {
		var feed Feed
		visitor++
		feed.Join(d, visitor)
		feed.Begin(now)
		defer feed.Done(true)
		var clicks agentClicks
		var loads agentLoads
		at := now
		for i := 0; i+2 < len(steps); i += 3 {
			at += int(steps[i]) * 8 // up to 2040 ms
			x, y := int(steps[i+1]%64), int(steps[i+2]%64)
			if got, want := feed.Click(visitor, int64(at), At(x, y)), clicks.click(at, x, y); got != want {
				t.Fatalf("click %d of %v: %v", i/3, steps, got)
			}
			if steps[i+1]%3 != 0 {
				continue
			}
			if got, want := feed.Load(visitor, int64(at)*4, uint64(y%3)), loads.load(at*4, uint64(y%3)); got != want {
				t.Fatalf("load %d of %v: %v", i/3, steps, got)
			}
		}
	})
}

// TestDisorder: clicks that all belong together make one rage click in four, however they are mixed; a return is seen
// by what a full list of all loads so far says, when it is overtaken by one at most.
func TestDisorder(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 3))
		d := New(Options{})
		count := 4 + random.IntN(60)
		times := make([]int64, count)
		for i := range times {
			times[i] = now + int64(i)*100 + int64(random.IntN(100))
		}
		mix(random, times, 3)
		fired := 0
		var feed Feed
		feed.Join(d, 1)
		feed.Begin(now)
		for _, at := range times {
			if feed.Click(1, at, On(5)) {
				fired++
			}
		}
		if fired != count/4 {
			t.Fatalf("seed %d: %d rage clicks of %d clicks", seed, fired, count)
		}
		loads := make([]load, count)
		for i := range loads {
			loads[i] = load{now + int64(i)*3000 + int64(random.IntN(3000)), uint64(random.IntN(3))}
		}
		mix(random, loads, 1)
		var all []load
		for i, l := range loads {
			if got, want := feed.Load(1, l.at, l.page), turned(&all, l); got != want {
				t.Fatalf("seed %d, load %d: %v", seed, i, got)
			}
		}
		feed.Done(true)
	}
}

// mix moves elements by few places.
func mix[T any](random *rand.Rand, list []T, places int) {
	for at := 0; at < len(list); at += places + 1 {
		part := list[at:min(at+places+1, len(list))]
		random.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
}

// turned puts a load to all of them and looks at the two before it.
func turned(all *[]load, l load) bool {
	*all = append(*all, l)
	slices.SortStableFunc(*all, func(a, b load) int { return int(a.at - b.at) })
	i := slices.Index(*all, l)
	return i >= 2 && (*all)[i-2].page == l.page && (*all)[i-1].page != l.page && l.at-(*all)[i-1].at <= 7000
}
