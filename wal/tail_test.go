package wal

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTailAgainstList compares the tail with all blocks ever pushed: what it covers it must answer as they would.
func TestTailAgainstList(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		tl := &tail{bytesMax: int64(300 + rng.IntN(20_000))}
		var all []*block
		next := uint64(1 + rng.IntN(100))
		for range 100 {
			b := newTestBlock(next, slices.Repeat([]int{rng.IntN(50)}, 1+rng.IntN(5))...)
			for q := uint32(1); q < 6; q++ {
				if rng.IntN(4) == 0 {
					b.queues = append(b.queues, q)
				}
			}
			tl.push(b)
			all = append(all, b)
			next = b.last() + 1
			checkTail(t, tl, all, rng.Uint64N(next+3), uint32(1+rng.IntN(6)))
		}
	}
}

func checkTail(t *testing.T, tl *tail, all []*block, seq uint64, queue uint32) {
	t.Helper()
	held := int64(0)
	for _, b := range tl.mu.blocks {
		held += b.size()
	}
	if held != tl.size() || held > tl.bytesMax && len(tl.mu.blocks) > 1 {
		t.Fatalf("tail holds %d bytes and says %d, at most %d", held, tl.size(), tl.bytesMax)
	}
	if newest := all[len(all)-1]; tl.mu.blocks[len(tl.mu.blocks)-1] != newest {
		t.Fatal("tail has let the newest block go")
	}
	b, reached, covered := tl.next(seq, queue)
	if covered != (seq >= tl.mu.blocks[0].first) {
		t.Fatalf("covered %v at %d, tail begins at %d", covered, seq, tl.mu.blocks[0].first)
	}
	if !covered {
		return
	}
	for _, want := range all {
		if want.last() >= seq && want.names(queue) {
			if b != want || reached != want.first {
				t.Fatalf("next of %d from %d is %+v, reached %d; want block %d", queue, seq, b, reached, want.first)
			}
			return
		}
	}
	if end := max(seq, all[len(all)-1].last()+1); b != nil || reached != end {
		t.Fatalf("next of %d from %d is %+v, reached %d; want none, %d", queue, seq, b, reached, end)
	}
}

func TestTailEmpty(t *testing.T) {
	if b, _, covered := (&tail{bytesMax: 1}).next(1, 1); covered || b != nil {
		t.Error("an empty tail covers something")
	}
}
