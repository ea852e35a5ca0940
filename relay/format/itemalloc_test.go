//go:build !race

package format

import (
	"slices"
	"testing"

	"edgerelay/relay/event"
)

func TestVendorItemsAllocateNothing(t *testing.T) {
	dst := make([]byte, 0, 16384)
	for _, shape := range vendorShapes {
		if slices.Contains([]string{"hubspot", "jira", "productboard"}, shape.name) {
			continue // they take a few events a minute, and people read what is made of them
		}
		for _, k := range vendorKinds(shape.takes) {
			e := event.Sample(k)
			if allocs := testing.AllocsPerRun(100, func() { shape.encode(dst, &e, event.Note{All: true}) }); allocs != 0 {
				t.Errorf("%s %s: %v allocations an item, want 0", shape.name, k, allocs)
			}
		}
	}
}

func TestSlackFinishOfOneAllocatesNothing(t *testing.T) {
	e := event.Sample(event.NPSSubmitted)
	body := Slack(append(make([]byte, 0, 16384), SlackOpen...), &e, event.Note{All: true})
	if allocs := testing.AllocsPerRun(100, func() { SlackFinish(body, 1) }); allocs != 0 {
		t.Errorf("%v allocations a message, want 0", allocs)
	}
}
