//go:build !race

package format

import (
	"testing"

	"edgerelay/relay/event"
)

func TestEncodersAllocateNothing(t *testing.T) {
	dst := make([]byte, 0, 8192)
	for format, encode := range all() {
		for _, k := range event.Kinds() {
			e := event.Sample(k)
			for _, n := range []event.Note{{All: true}, {Bits: []byte{2}}} {
				if allocs := testing.AllocsPerRun(100, func() { encode(dst, &e, n) }); allocs != 0 {
					t.Errorf("%s %s: %v allocations a body, want 0", format, k, allocs)
				}
			}
		}
	}
}
