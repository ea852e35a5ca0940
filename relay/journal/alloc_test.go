//go:build !race

package journal

import "testing"

// A success that is not kept costs nothing, and an entry nothing but its bytes.
func TestAppendAllocatesNothing(t *testing.T) {
	j, c := newJournal(t, func(o *Options) { o.Share = 0.5 })
	if n := testing.AllocsPerRun(1000, func() { j.Sample() }); n != 0 {
		t.Errorf("%v allocations in a choice", n)
	}
	a := failure(c.Now(), 1)
	a.Body = make([]byte, 6000)
	for range 2 { // both buffers grow
		for range 200 {
			j.Append(1, a)
		}
		j.flush()
	}
	if n := testing.AllocsPerRun(100, func() { j.Append(1, a) }); n != 0 {
		t.Errorf("%v allocations in an entry", n)
	}
}
