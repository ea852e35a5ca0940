//go:build !race

package upstream

import "testing"

// TestForwardingAllocatesNothing holds the way into a record and out of it at no allocation.
func TestForwardingAllocatesNothing(t *testing.T) {
	q, base := beacon(), baseOf(t, "https://data.pendo.example/base")
	var rec, wire []byte
	var back Request
	f := func() {
		rec = q.AppendRecord(rec[:0])
		if err := ParseRecord(rec, &back); err != nil {
			t.Fatal(err)
		}
		wire = base.AppendRequest(wire[:0], &back)
		_ = Identity("/data/ptm.gif", q.Target, q.Body)
	}
	f()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
