//go:build !race

package matcher

import (
	"strings"
	"testing"
)

func TestMatchAllocates(t *testing.T) {
	selections := sampleSelections("random", 1000, 1000)
	index := indexOf(append(selections, selection[int]{"*", "*", 3}, selection[int]{"feature*", "", 4}))
	hits := make([]Hit[int], 0, 4096)
	f := func(what, name string, ids ...string) {
		t.Helper()
		raw := rawIDs(ids...)
		if n := testing.AllocsPerRun(100, func() { hits = index.Match(hits[:0], name, raw) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", what, n)
		}
	}
	f("no hit", "nobody wants this")
	f("one list", sampleNames[0])
	f("woven lists", sampleNames[0], selections[0].id, selections[1].id, "other")
	f("sorted lists", sampleNames[0], strings.Split(strings.Repeat("x ", 4*wovenMax), " ")...)
	f("long name and id", strings.Repeat("feature", 100), strings.Repeat("x", 1000))
}

func TestMatchAllocatesWithTexts(t *testing.T) {
	index := indexOf(parse(t, "a n, b n:x, c n*:x, b n:*, a n:x"))
	hits := make([]Hit[string], 0, 16)
	ids := rawIDs("x", "y")
	if n := testing.AllocsPerRun(100, func() { hits = index.Match(hits[:0], "n", ids) }); n != 0 {
		t.Errorf("values of type string: %v allocations, want 0", n)
	}
}
