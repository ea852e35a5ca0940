package matcher

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sampleNames are twenty names as they occur; the first is the one that the benchmarks with many hits use.
var sampleNames = strings.Fields(`featureClicked pageLoaded trackEventReceived guideDisplayed guideAdvanced guideDismissed
	guideCompleted npsDisplayed npsSubmitted pollDisplayed pollSubmitted visitorCreated visitorMetadataUpdated accountCreated
	accountMetadataUpdated visitorUnsubscribed rageClick errorClick deadClick uTurn`)

const sampleIDChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// sampleID gives the n-th item ID of a shape: "random" as vendors make them (27 characters that share nothing), "counted"
// as people do (long common beginnings, so a deep trie).
func sampleID(shape string, n int) string {
	if shape == "counted" {
		return fmt.Sprintf("feature-%07d", n)
	}
	rng := rand.New(rand.NewPCG(uint64(n), 99))
	id := make([]byte, 27)
	for i := range id {
		id[i] = sampleIDChars[rng.IntN(len(sampleIDChars))]
	}
	return string(id)
}

// sampleSelections makes n selections, most of one ID each, over all names and over 1,000 values. One in 101 has a
// wildcard ID. The first `whole` values select the first name as a whole.
func sampleSelections(shape string, n, whole int) []selection[int] {
	selections := make([]selection[int], n)
	for i := range selections {
		id := sampleID(shape, i)
		if i%101 == 100 {
			id = id[:len(id)-1] + "*"
		}
		selections[i] = selection[int]{sampleNames[i%len(sampleNames)], id, (i * 7) % 1000}
		if i < whole {
			selections[i] = selection[int]{sampleNames[0], "", i}
		}
	}
	return selections
}

// sampleCount is how many different events the benchmarks match in turn. With three IDs each they touch an eighth of
// 100,000 selections and everything around, more than a second-level cache holds.
const sampleCount = 4096

// sampleEvent is what the benchmarks match.
type sampleEvent struct {
	name string
	ids  [][]byte
}

// sampleEvents makes events that each agree with a selection by every ID, in an order that no predictor foresees. The
// bytes of the events lie one behind the other: a caller has just parsed its event, so that it is in the cache.
func sampleEvents(selections []selection[int], idCount int, name string) []sampleEvent {
	rng := rand.New(rand.NewPCG(5, 6))
	byName := make(map[string][]selection[int])
	for _, s := range selections {
		if s.id != "" {
			byName[s.name] = append(byName[s.name], s)
		}
	}
	events := make([]sampleEvent, sampleCount)
	var text []byte
	raw := make([][]byte, 0, len(events)*idCount)
	for i := range events {
		of := name
		if of == "" {
			of = selections[rng.IntN(len(selections))].name
		}
		events[i].name = of
		for range idCount {
			start := len(text)
			if of := byName[of]; len(of) > 0 {
				text = append(text, strings.Replace(of[rng.IntN(len(of))].id, "*", "x", 1)...)
			}
			raw = append(raw, text[start:len(text):len(text)])
		}
		events[i].ids = raw[len(raw)-idCount:]
	}
	return events
}

// matchFunc is a matcher under the clock.
type matchFunc func(dst []Hit[int], name string, ids [][]byte) []Hit[int]

// measure matches the events in turn and reports how many hits an event had.
func measure(b *testing.B, events []sampleEvent, match matchFunc) {
	hits := make([]Hit[int], 0, 200_000)
	total := 0
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		e := &events[i%len(events)]
		hits = match(hits[:0], e.name, e.ids)
		total += len(hits)
		i++
	}
	b.ReportMetric(float64(total)/float64(i), "hits/op")
}

// BenchmarkMatch is the usual event: few values want it, each for an item. The linear scan and the maps are the reference.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		selections := sampleSelections("random", n, 0)
		index, linear, maps := indexOf(selections), newScan(selections), newMaps(selections)
		for _, ids := range []int{0, 1, 2, 3} {
			events := sampleEvents(selections, ids, "")
			name := fmt.Sprintf("selections=%d/ids=%d", n, ids)
			b.Run(name+"/index", func(b *testing.B) { measure(b, events, index.Match) })
			b.Run(name+"/maps", func(b *testing.B) { measure(b, events, maps.match) })
			b.Run(name+"/scan", func(b *testing.B) { measure(b, events, linear.match) })
		}
	}
}

// BenchmarkMatchShapes is the usual event against other kinds of selections.
func BenchmarkMatchShapes(b *testing.B) {
	f := func(shape string, selections, asked []selection[int], eventCount int) {
		index := indexOf(selections)
		for _, ids := range []int{1, 2, 3} {
			events := sampleEvents(asked, ids, "")[:eventCount]
			b.Run(fmt.Sprintf("%s/ids=%d", shape, ids), func(b *testing.B) { measure(b, events, index.Match) })
		}
	}
	random, counted := sampleSelections("random", 100_000, 0), sampleSelections("counted", 100_000, 0)
	f("random", random, random, sampleCount)
	f("popular", random, random, sampleCount/16) // what is asked for fits the cache beside the processor
	f("counted", counted, counted, sampleCount)
	f("unknown", random, counted, sampleCount) // no ID is selected by anyone
	f("wildcards", wildcards(slices.Clone(random)), random, sampleCount)
	f("scopes", scoped(slices.Clone(random)), random[20_000:], sampleCount)
}

// scoped gives some selections wildcard names, so that every event meets three scopes with IDs.
func scoped(selections []selection[int]) []selection[int] {
	for i := range 10_000 {
		selections[i].name = selections[i].name[:4] + "*"
		selections[i+10_000].name = "*"
	}
	return selections
}

// BenchmarkMatchWhole is the loved event: a thousand values select its name as a whole, and some its items besides.
func BenchmarkMatchWhole(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		selections := sampleSelections("random", n, 1000)
		index, linear, maps := indexOf(selections), newScan(selections), newMaps(selections)
		for _, ids := range []int{0, 3} {
			events := sampleEvents(selections, ids, sampleNames[0])
			name := fmt.Sprintf("selections=%d/ids=%d", n, ids)
			b.Run(name+"/index", func(b *testing.B) { measure(b, events, index.Match) })
			b.Run(name+"/maps", func(b *testing.B) { measure(b, events, maps.match) })
			b.Run(name+"/scan", func(b *testing.B) { measure(b, events, linear.match) })
		}
	}
}

// BenchmarkMatchManyIDs is the fat event: every one of its IDs is wanted by a thousand values.
func BenchmarkMatchManyIDs(b *testing.B) {
	var selections []selection[int]
	for value := range 1000 {
		selections = append(selections, selection[int]{"n", "*", value})
	}
	index := indexOf(selections)
	for _, n := range []int{2, 8, wovenMax, wovenMax + 2, 200} {
		events := []sampleEvent{{"n", make([][]byte, n)}}
		b.Run(fmt.Sprintf("ids=%d", n), func(b *testing.B) { measure(b, events, index.Match) })
	}
}

// BenchmarkMatchParallel shows that readers do not hinder each other.
func BenchmarkMatchParallel(b *testing.B) {
	selections := sampleSelections("random", 100_000, 0)
	index, events := indexOf(selections), sampleEvents(selections, 2, "")
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		hits := make([]Hit[int], 0, 64)
		for i := 0; pb.Next(); i++ {
			e := &events[i%len(events)]
			hits = index.Match(hits[:0], e.name, e.ids)
		}
	})
}

// BenchmarkBuild is a change of the configuration; it also reports what the index weighs.
func BenchmarkBuild(b *testing.B) {
	for _, shape := range []string{"random", "counted"} {
		for _, n := range []int{100, 10_000, 100_000} {
			selections := sampleSelections(shape, n, 0)
			b.Run(fmt.Sprintf("%s/selections=%d", shape, n), func(b *testing.B) {
				var index *Index[int]
				for b.Loop() {
					index = indexOf(selections)
				}
				b.ReportMetric(float64(indexBytes(index)), "index-bytes")
			})
		}
	}
}

// maps is what one would write without wildcards: name → ID → values. It is a line of reference, not a matcher: it knows
// exact texts only, and its hits are neither sorted by value nor free of IDs beside All.
type maps map[string]map[string][]int

func newMaps(selections []selection[int]) maps {
	m := make(maps)
	for _, s := range selections {
		if m[s.name] == nil {
			m[s.name] = make(map[string][]int)
		}
		m[s.name][s.id] = append(m[s.name][s.id], s.value)
	}
	return m
}

func (m maps) match(dst []Hit[int], name string, ids [][]byte) []Hit[int] {
	byID := m[name]
	for _, value := range byID[""] {
		dst = append(dst, Hit[int]{value, All})
	}
	for i, id := range ids {
		for _, value := range byID[string(id)] {
			dst = append(dst, Hit[int]{value, i})
		}
	}
	return dst
}
