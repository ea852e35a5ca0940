//go:build !race

package format

import (
	"testing"

	"edgerelay/relay/event"
)

func TestArchivesAllocateNothing(t *testing.T) {
	dst := make([]byte, 0, 16384)
	rows, _, err := CSV(ColumnsAll+",properties.deep.a", true)
	if err != nil {
		t.Fatal(err)
	}
	for name, encode := range map[string]Encoder{"archive": Archive, "csv": rows} {
		for _, k := range event.Kinds() {
			e := event.Sample(k)
			if k == event.TrackEventReceived {
				e.Name, e.Properties = []byte(`"=a, \"b\"\n"`), []byte(`{"deep":{"a":"-\"x\""}}`)
			}
			for _, n := range []event.Note{{All: true}, {Bits: []byte{2}}} {
				if allocs := testing.AllocsPerRun(100, func() { encode(dst, &e, n) }); allocs != 0 {
					t.Errorf("%s %s: %v allocations an event, want 0", name, k, allocs)
				}
			}
		}
	}
}
