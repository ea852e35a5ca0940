package wal

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestOldestKnowsParked parks, starts again, takes and settles: the oldest that has not ended is known throughout, also when
// it waits behind another of its order key.
func TestOldestKnowsParked(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		fs, clock := newMem(), &clock{}
		o := Options{Dir: "log", FS: fs, Now: clock.Now, Memory: 1 << 20, TrimInterval: time.Hour}
		l := mustOpen(t, o)
		q := mustQueue(t, l, 1, QueueOptions{Ordered: ordered})
		f := func(when string, want int64) {
			t.Helper()
			if got := q.Stats().Oldest; got != want {
				t.Errorf("ordered %v, %s: the oldest is of %d, want %d", ordered, when, got, want)
			}
		}
		f("at the beginning", 0)
		var times []int64
		for order := range uint64(3) {
			appendMany(t, l, 1, func(int) uint64 { return order/2 + 1 }) // the second waits behind the first when ordered
			times = append(times, clock.ms())
			clock.forward(time.Minute)
		}
		day := clock.ms() + 86_400_000
		park := func(now, due int64) {
			t.Helper()
			e := mustTake(t, q, now)
			if err := q.Park(&e, due); err != nil {
				t.Fatal(err)
			}
		}
		park(0, day) // the oldest comes due last
		park(0, day-1)
		if !ordered {
			park(0, day-2)
		}
		wantNothing(t, q, 0)
		f("parked", times[0])
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, o)
		q = mustQueue(t, l, 1, QueueOptions{Ordered: ordered})
		f("after a start", times[0])
		for n := range times {
			e := mustTake(t, q, day)
			f("in hand", slices.Min(times))
			mustSettle(t, q, e)
			times = slices.DeleteFunc(times, func(at int64) bool { return at == e.Time })
			if n < 2 {
				f("one has ended", slices.Min(times))
			}
		}
		f("all have ended", 0)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOldestForgetsWhatIsSkipped(t *testing.T) {
	l := mustOpen(t, Options{FS: newMem()})
	q := mustQueue(t, l, 1, QueueOptions{})
	appendMany(t, l, 2, func(int) uint64 { return 0 })
	for range 2 {
		e := mustTake(t, q, 0)
		if err := q.Park(&e, 1); err != nil {
			t.Fatal(err)
		}
	}
	if q.Stats().Oldest == 0 {
		t.Error("what is parked has no age")
	}
	hand := mustTake(t, q, 1)
	if _, err := q.Skip(); err != nil {
		t.Fatal(err)
	}
	mustSettle(t, q, hand)
	if at := q.Stats().Oldest; at != 0 {
		t.Errorf("the oldest is of %d, and nothing is left", at)
	}
}

// TestAges holds them against all times in a list: exact to a second while the spans suffice, never younger than the truth,
// and off by a hundredth of all the times' span at most.
func TestAges(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		span := int64(1) << (10 + rng.IntN(22)) // a second to 25 days
		begin := rng.Int64N(1 << 41)
		var a ages
		var all []int64
		low, high, widest := int64(1<<62), int64(0), 0
		for range 5000 {
			if len(all) > 0 && rng.IntN(100) < 45 {
				i := rng.IntN(len(all))
				a.remove(all[i])
				all = slices.Delete(all, i, i+1)
			} else {
				at := 1 + begin + rng.Int64N(span)
				a.add(at)
				all = append(all, at)
				low, high = min(low, at), max(high, at)
			}
			widest = max(widest, len(a.spans))
			if len(all) == 0 {
				if a.oldest() != 0 {
					t.Fatalf("seed %d: %d is the oldest of none", seed, a.oldest())
				}
				continue
			}
			truth, slack := slices.Min(all), max(1<<agesShift, (high-low)/100)
			if got := a.oldest(); got > truth || got < truth-slack {
				t.Fatalf("seed %d: the oldest is of %d, the truth is %d", seed, got, truth)
			}
		}
		for _, at := range all {
			a.remove(at)
		}
		if len(a.spans) != 0 || a.oldest() != 0 || widest > agesMax {
			t.Errorf("seed %d: %d spans are left of nothing, %d were the most", seed, len(a.spans), widest)
		}
	}
}

// TestAgesOfTheUnknown: what a start did not look at ends, and takes no more with it than was there.
func TestAgesOfTheUnknown(t *testing.T) {
	a := ages{unknown: 2}
	a.add(10_000)
	a.remove(90_000_000)
	if a.unknown != 1 || a.oldest() != 10_000 {
		t.Errorf("%d are unknown, the oldest is of %d", a.unknown, a.oldest())
	}
}
