package matcher

import (
	"strings"
	"testing"
	"unsafe"
)

// indexBytes returns how much memory an index of 8-byte values holds.
func indexBytes(x *Index[int]) int {
	shelfBytes := func(s *shelf) int { return 4*cap(s.starts) + cap(s.data) }
	patternBytes := func(p *patterns) int {
		f := &p.prefix
		nodes := cap(f.nodes) * int(unsafe.Sizeof(node{}))
		return shelfBytes(&p.exact.buckets) + nodes + cap(f.keys) + cap(f.labels) + cap(f.lists)
	}
	return patternBytes(&x.names) + patternBytes(&x.ids) + shelfBytes(&x.whole) + 8*cap(x.values)
}

// TestIndexBytes holds the size: the text of a pattern is stored once at most, and beside it some twenty bytes.
func TestIndexBytes(t *testing.T) {
	f := func(what string, selections []selection[int], bytesMax int) {
		t.Helper()
		if got := indexBytes(indexOf(selections)); got > bytesMax {
			t.Errorf("%s: %d selections take %d bytes, want at most %d", what, len(selections), got, bytesMax)
		}
	}
	f("random", sampleSelections("random", 100_000, 0), 5<<20)
	f("counted", sampleSelections("counted", 100_000, 0), 4<<20)
	f("wildcards", wildcards(sampleSelections("random", 100_000, 0)), 6<<20)
	f("few", sampleSelections("random", 10, 0), 2000)
}

// TestIndexBytesNested holds that nested wildcards do not multiply: each list is stored where its pattern ends, only there.
func TestIndexBytesNested(t *testing.T) {
	var selections []selection[int]
	for value := range 1000 {
		selections = append(selections, selection[int]{"*", "", value})
		selections = append(selections, selection[int]{strings.Repeat("a", value) + "*", "x", value})
	}
	if got := indexBytes(indexOf(selections)); got > 100_000 {
		t.Errorf("%d nested selections take %d bytes, want at most 100000", len(selections), got)
	}
}

// wildcards turns the IDs of selections into wildcards.
func wildcards(selections []selection[int]) []selection[int] {
	for i, s := range selections {
		selections[i].id = strings.TrimSuffix(s.id, "*") + "*"
	}
	return selections
}
