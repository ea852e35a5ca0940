//go:build !race

package format

import (
	"testing"

	"edgerelay/relay/event"
)

func TestEncodersAllocateNothing(t *testing.T) {
	dst, extra := make([]byte, 0, 8192), AppendExtra(nil, []byte(`{"7":1,"name":"John Doe"}`), []byte(`{"name":"Userpilot"}`))
	for format, encode := range all() {
		for _, k := range event.Kinds() {
			e, bare := event.Sample(k), event.Event{Kind: k}
			if allocs := testing.AllocsPerRun(100, func() { encode(dst, &bare, event.Note{All: true}) }); allocs != 0 {
				t.Errorf("%s %s: %v allocations a body of nothing, want 0", format, k, allocs)
			}
			for _, n := range []event.Note{{All: true}, {Bits: []byte{2}}, {All: true, Extra: extra}} {
				if allocs := testing.AllocsPerRun(100, func() { encode(dst, &e, n) }); allocs != 0 {
					t.Errorf("%s %s: %v allocations a body, want 0", format, k, allocs)
				}
			}
		}
	}
}
