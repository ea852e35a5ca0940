//go:build !race

package catalog

import (
	"testing"
)

func TestLookupsAllocateNothing(t *testing.T) {
	o := samplePages(10_000)
	o.Features = sampleFeatures(10_000).Features
	o.Features = append(o.Features,
		Feature{ID: "place", Selectors: []string{"div:nth-child(1) > div:nth-child(1)"}},
		Feature{ID: "page", Selectors: []string{"*"}, Page: "page-10", App: "demo"})
	o.Tracks = []Track{{App: "demo", ID: "t", Name: "Upgraded"}}
	o.Guides = []Guide{{App: "demo", ID: "g", Name: "Guide"}}
	c := mustNew(t, o)
	if err := c.Learn("demo", readReply(t, "guide-nps.json")); err != nil {
		t.Fatal(err)
	}
	f := func(what string, look func(v View)) {
		t.Helper()
		if n := testing.AllocsPerRun(100, func() { look(c.App("demo")) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", what, n)
		}
	}
	var s Scratch
	pages, features, ids := make([]Item, 0, 64), make([]Item, 0, 64), make([][]byte, 0, 64)
	for _, url := range append(sampleURLs, `https://h/a;b/"escaped"?x=1#\`) {
		text := literal(url)
		f("pages of "+url, func(v View) { pages = v.Pages(pages[:0], &s, text) })
	}
	targets := [][]byte{[]byte(sampleElement), []byte(`{"tag":"A","id":"a\"b","attrs":{"Name":"\n"}}`), nested(1000, `{"tag":"BODY","cls":"a b c"}`)}
	for _, target := range targets {
		f("features", func(v View) { features = v.Features(features[:0], &s, target, pages) })
	}
	f("IDs", func(v View) { ids = v.AppendFeatureIDs(v.AppendPageIDs(ids[:0], pages), features) })
	known, unknown := literal("Upgraded"), literal("Downgraded")
	f("track", func(v View) { ids = v.Track(ids[:0], known) })
	f("unknown track", func(v View) { ids = v.Track(ids[:0], unknown) })
	f("guide", func(v View) { v.Guide([]byte(`"g"`)) })
	f("learnt guide", func(v View) { v.Guide([]byte(`"G2bbbbbbbbbbbbbbbbbbbbbbbbb"`)) })
	f("poll", func(v View) { v.PollType([]byte(`"G2bbbbbbbbbbbbbbbbbbbbbbbbb"`), []byte(`"poll-text"`)) })
}

// A reply that says nothing new, which is the usual one, costs next to nothing: a few allocations at most, not some for
// each guide.
func TestLearnAllocatesLittle(t *testing.T) {
	l := NewLearned(0)
	reply := sampleReply(0, 100)
	learn := func() {
		if err := l.Learn("demo", reply); err != nil {
			t.Fatal(err)
		}
	}
	learn()
	if n := testing.AllocsPerRun(50, learn); n > 20 {
		t.Errorf("%v allocations for 100 known guides, want 20 at most", n)
	}
}
