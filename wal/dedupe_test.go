package wal

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// naiveIdentities is the dedupe memory as a map.
type naiveIdentities map[uint64]int64

func TestIdentitiesAreRememberedForTheWindow(t *testing.T) {
	for _, window := range []time.Duration{time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond, time.Second, time.Hour} {
		rng := rand.New(rand.NewPCG(uint64(window), 1))
		m, naive := newIdentities(window, 64<<20), naiveIdentities{}
		now := int64(1_000_000)
		for range 30_000 {
			now += rng.Int64N(max(window.Milliseconds()/50, 2))
			id := 1 + rng.Uint64N(500)
			stored, known := naive[id]
			fresh := m.add(id, now)
			age := now - stored
			if known && fresh && age <= window.Milliseconds() {
				t.Fatalf("window %v: an identity is forgotten after %d ms", window, age)
			}
			// A generation is forgotten whole, at most a quarter of the window late.
			if known && !fresh && age > window.Milliseconds()*5/4+window.Milliseconds()/50+2 {
				t.Fatalf("window %v: an identity is remembered after %d ms", window, age)
			}
			if !known && !fresh {
				t.Fatalf("window %v: %d is remembered and was never stored", window, id)
			}
			if fresh {
				naive[id] = now
			}
		}
	}
}

func TestIdentitiesTakeBoundedMemory(t *testing.T) {
	const bytes = 1 << 20
	m := newIdentities(time.Hour, bytes)
	for id := uint64(1); id <= 1_000_000; id++ {
		if !m.add(id*0x9e3779b97f4a7c15, 1) {
			t.Fatalf("identity %d is remembered and was never stored", id)
		}
		taken := 0
		for _, g := range m.generation {
			taken += 8 * len(g.slots)
		}
		if taken > bytes {
			t.Fatalf("%d identities take %d bytes, %d are allowed", id, taken, bytes)
		}
	}
	// The newest are remembered: four of five generations at least.
	if n := m.len(); n > m.most() || n < m.most()*7/10 {
		t.Errorf("%d are remembered, at most %d", n, m.most())
	}
	for id := uint64(1_000_000 - m.most()*7/10); id <= 1_000_000; id++ {
		if m.add(id*0x9e3779b97f4a7c15, 1) {
			t.Fatalf("identity %d of the newest is forgotten", id)
		}
	}
}

func TestIdentityZero(t *testing.T) {
	m := newIdentities(time.Hour, 1<<20)
	if !m.add(0, 1) || m.add(0, 2) {
		t.Error("identity 0 is not remembered as any other")
	}
	off := newIdentities(0, 1<<20)
	first, again := off.add(5, 1), off.add(5, 1)
	if !first || !again || off.len() != 0 {
		t.Error("a window of 0 remembers")
	}
}

func TestIdentitiesOnAClockThatJumps(t *testing.T) {
	m := newIdentities(time.Minute, 1<<20)
	f := func(id uint64, now int64, want bool) {
		t.Helper()
		if got := m.add(id, now); got != want {
			t.Errorf("identity %d at %d is new: %v", id, now, got)
		}
	}
	f(1, 1_000_000, true)
	f(2, 500_000, true) // the clock was set back
	f(1, 500_000, false)
	f(2, 1_000_001, false)
	f(1, 9_000_000, true)
}

func BenchmarkIdentities(b *testing.B) {
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprintf("known=%v", known), func(b *testing.B) {
			m := newIdentities(time.Hour, 32<<20)
			id := uint64(0)
			for b.Loop() {
				if !known {
					id++
				}
				m.add(id*0x9e3779b97f4a7c15, 1)
			}
		})
	}
}
