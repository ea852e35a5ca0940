package wal

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestSetOrderedAtRandom begins and ends the order of a queue at random while entries are taken, parked, given back and
// ended: each is delivered once, and while it is ordered none overtakes another of its key.
func TestSetOrderedAtRandom(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		l := mustOpen(t, Options{FS: newMem()})
		q := mustQueue(t, l, 1, QueueOptions{Ordered: seed%2 == 0})
		ordered, steady := seed%2 == 0, uint64(0) // ordered from that number on
		var hand []Entry
		delivered := map[uint64]int{}
		last := map[uint64]uint64{}
		now, appended := int64(0), uint64(0)
		for step := 0; len(delivered) < int(appended) || step < 400; step++ {
			if step > 5000 {
				t.Fatalf("seed %d: %d of %d delivered, %+v", seed, len(delivered), appended, q.Stats())
			}
			now += int64(random.IntN(3))
			switch n := random.IntN(20); {
			case n < 5 && step < 400:
				appendOrdered(t, l, fmt.Sprint(step), 1+random.Uint64N(3))
				appended++
			case n < 10:
				e, ok, err := q.Take(now)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if ok {
					for _, other := range hand {
						if ordered && e.Seq > steady && other.Seq > steady && other.Order == e.Order {
							t.Errorf("seed %d: %d and %d of one key are in hand together", seed, other.Seq, e.Seq)
						}
					}
					hand = append(hand, e)
				}
			case n == 10 && step < 400:
				ordered = !ordered
				if err := q.SetOrdered(ordered); err != nil {
					t.Fatal(err)
				}
				steady = l.Head()
			case len(hand) > 0:
				i := random.IntN(len(hand))
				e := hand[i]
				hand = append(hand[:i], hand[i+1:]...)
				switch {
				case n == 11:
					q.Return(&e)
				case n < 14:
					if err := q.Park(&e, now+random.Int64N(10)); err != nil {
						t.Fatal(err)
					}
				default:
					mustSettle(t, q, e)
					delivered[e.Seq]++
					if ordered && e.Seq > steady && e.Seq < last[e.Order] {
						t.Errorf("seed %d: %d was delivered behind %d", seed, e.Seq, last[e.Order])
					}
					last[e.Order] = e.Seq
				}
			}
		}
		for seq, n := range delivered {
			if n != 1 {
				t.Errorf("seed %d: %d was delivered %d times", seed, seq, n)
			}
		}
		if s := q.Stats(); s.Backlog != 0 || s.Parked != 0 || s.Flight != 0 {
			t.Errorf("seed %d: left %+v", seed, s)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
