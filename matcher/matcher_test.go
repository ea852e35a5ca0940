package matcher

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// parse reads selections as a person writes them: "VALUE NAME" or "VALUE NAME:ID", separated by commas; '_' is an empty
// name.
func parse(t *testing.T, text string) []selection[string] {
	t.Helper()
	var selections []selection[string]
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		value, pattern, ok := strings.Cut(entry, " ")
		if !ok {
			t.Fatalf("parse selection %q: want VALUE NAME:ID", entry)
		}
		name, id, _ := strings.Cut(pattern, ":")
		selections = append(selections, selection[string]{strings.Trim(name, "_"), id, value})
	}
	return selections
}

// show writes hits as the tables do: "VALUE" for All, "VALUE:N" for an ID.
func show(hits []Hit[string]) string {
	var out []string
	for _, h := range hits {
		if h.ID == All {
			out = append(out, h.Value)
		} else {
			out = append(out, fmt.Sprint(h.Value, ":", h.ID))
		}
	}
	return strings.Join(out, " ")
}

// tester returns a closure that matches one event, its IDs separated by spaces, against the selections.
func tester(t *testing.T, selections string) func(name, ids, want string) {
	index := indexOf(parse(t, selections))
	return func(name, ids, want string) {
		t.Helper()
		if got := show(index.Match(nil, name, rawIDs(strings.Fields(ids)...))); got != want {
			t.Errorf("match %q [%s] against %q: got %q, want %q", name, ids, selections, got, want)
		}
	}
}

func TestMatchNames(t *testing.T) {
	f := tester(t, "a guideSeen, b guide*, c *, d guideSeen*, e pollSeen, f guideS, g Guide*")
	f("guideSeen", "", "a b c d")
	f("guideSeen", "x y", "a b c d")
	f("guideSeenTwice", "", "b c d")
	f("guideS", "", "b c f")
	f("guide", "", "b c")
	f("guid", "", "c")
	f("pollSeen", "", "c e")
	f("pollSee", "", "c")
	f("pollSeem", "", "c")
	f("GuideSeen", "", "c g")
	f("", "", "c")
}

func TestMatchEmptyName(t *testing.T) {
	f := tester(t, "a _, b _:x")
	f("", "", "a")
	f("", "x", "a b:0")
	f("x", "x", "")
}

func TestMatchIDs(t *testing.T) {
	f := tester(t, "a click:abc, b click:ab*, c click:*, d click:abcd, e click:b, f other:abc")
	f("click", "", "")
	f("click", "abc", "a:0 b:0 c:0")
	f("click", "ab", "b:0 c:0")
	f("click", "a", "c:0")
	f("click", "abd", "b:0 c:0")
	f("click", "abcd", "b:0 c:0 d:0")
	f("click", "abcde", "b:0 c:0")
	f("click", "b abc b", "a:1 b:1 c:0 c:1 c:2 e:0 e:2")
	f("clic", "abc", "")
	f("other", "b abc", "f:1")
}

func TestMatchWildcardNamesWithIDs(t *testing.T) {
	f := tester(t, "a guide*:abc, b *:ab*, c guideSeen:abc, a guideSeen:x, d *:*")
	f("guideSeen", "x abc", "a:0 a:1 b:1 c:1 d:0 d:1")
	f("guideGone", "x abc", "a:1 b:1 d:0 d:1")
	f("poll", "abc", "b:0 d:0")
	f("poll", "", "")
}

func TestMatchAllReplacesIDs(t *testing.T) {
	f := tester(t, "a click:x, a click, b click:x, a cl*:y, c cl*, c click:*, d *:x, d clack")
	f("click", "x y", "a b:0 c d:0")
	f("click", "", "a c")
	f("clack", "x y", "a:1 c d")
	f("clock", "x y", "a:1 c d:0")
}

func TestMatchCollapsesDuplicates(t *testing.T) {
	f := tester(t, "a n, a n, a n*, a *, b n:x, b n:x, b n*:x, b n:x*, b *:*, c n:x")
	f("n", "", "a")
	f("n", "x", "a b:0 c:0")
	f("n", "x x", "a b:0 b:1 c:0 c:1")
}

func TestMatchStarElsewhere(t *testing.T) {
	f := tester(t, "a x*y, b x**, c *x, d n:*, e n:**, f n:*x, g n:a*b")
	f("x*y", "", "a b")
	f("x-y", "", "")
	f("x*", "", "b")
	f("*x", "", "c")
	f("yx", "", "")
	f("n", "a*b axb *x * y", "d:0 d:1 d:2 d:3 d:4 e:2 e:3 f:2 g:0")
}

func TestMatchEmptyID(t *testing.T) {
	index := indexOf(parse(t, "a n, b n:*, c n:x*, d n:x"))
	got := show(index.Match(nil, "n", rawIDs("", "x")))
	if want := "a b:0 b:1 c:1 d:1"; got != want { // d is not hit by the empty ID, b is
		t.Errorf("match an empty ID: got %q, want %q", got, want)
	}
}

func TestMatchHighBytes(t *testing.T) {
	f := tester(t, "a \xff*, b \xff\x80, c n:\xc3*, d n:ä, e n:\x00*, g n:\x7f*")
	f("\xff\x80", "", "a b")
	f("\xff", "", "a")
	f("\x7f", "", "")
	f("n", "ä ö \xc3 \x00\x00 \x7f", "c:0 c:1 c:2 d:0 e:3 g:4")
}

func TestMatchManyIDs(t *testing.T) { // more lists than are woven, so that the hits get sorted
	f := tester(t, "b n:*, a n:x*, a n:*y, c n, a *:xy")
	ids := strings.Repeat("xy ", 2*wovenMax)
	var want []string
	for _, value := range []string{"a", "b"} {
		for i := range 2 * wovenMax {
			want = append(want, fmt.Sprint(value, ":", i))
		}
	}
	f("n", ids, strings.Join(append(want, "c"), " "))
}

func TestMatchLovedName(t *testing.T) { // short lists go into long hits by search
	var selections []selection[int]
	for value := range 1000 {
		selections = append(selections, selection[int]{"n", "", 2 * value}, selection[int]{"*", "all", 2 * value})
	}
	selections = append(selections, []selection[int]{
		{"n", "x", -1}, {"n", "x", 500}, {"n", "x", 501}, {"n", "y", 501},
		{"n*", "x*", 501}, {"n*", "x*", 1998}, {"n*", "y", 1997}, {"n*", "", 501},
	}...)
	index, linear := indexOf(selections), newScan(selections)
	f := func(name string, wantLen int, ids ...string) {
		t.Helper()
		got := index.Match(nil, name, rawIDs(ids...))
		want := linear.match(nil, name, rawIDs(ids...))
		if len(got) != wantLen || len(want) != wantLen {
			t.Fatalf("match %q %q: got %d hits, the scan %d, want %d", name, ids, len(got), len(want), wantLen)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("match %q %q: hit %d is %v, want %v", name, ids, i, got[i], want[i])
			}
		}
	}
	f("n", 1001)
	f("n", 1002, "x")
	f("n", 1003, "y", "x")
	f("n", 1004, "x", "y", "x")
	f("n", 1002, "xx", "all", "y")
	f("other", 1000, "all", "x")
	f("nn", 1003, "all", "x", "y") // 1998 by two of them
}

func TestMatchEmptyIndex(t *testing.T) {
	f := tester(t, "")
	f("", "", "")
	f("n", "x", "")
}

func TestMatchAppends(t *testing.T) {
	index := indexOf(parse(t, "c n, b n:x, a n*:x, b n*"))
	before := []Hit[string]{{"z", 7}, {"b", 0}, {"b", 0}}
	got := show(index.Match(slices.Clone(before), "n", rawIDs("x")))
	if want := "z:7 b:0 b:0 a:0 b c"; got != want { // what was there is neither sorted nor collapsed
		t.Errorf("append to hits: got %q, want %q", got, want)
	}
	if got := show(index.Match(before[:1], "other", nil)); got != "z:7" {
		t.Errorf("append nothing to hits: got %q, want %q", got, "z:7")
	}
}

func TestMatchLeavesCallersBytes(t *testing.T) {
	index := indexOf(parse(t, "a n:x*, b n:xyz"))
	ids := rawIDs("xyz", "x")
	index.Match(nil, "n", ids)
	if !bytes.Equal(ids[0], []byte("xyz")) || !bytes.Equal(ids[1], []byte("x")) {
		t.Errorf("match changed the ids to %q", ids)
	}
}

func TestMatchFloats(t *testing.T) { // cmp.Compare orders NaN below all others and equal to itself
	nan := math.NaN()
	low := math.Inf(-1)
	index := indexOf([]selection[float64]{{"n", "", 1}, {"n", "", nan}, {"n*", "x", nan}, {"*", "", nan}, {"n", "x", low}})
	got := fmt.Sprint(index.Match(nil, "n", rawIDs("x")))
	if want := "[{NaN -1} {-Inf 0} {1 -1}]"; got != want {
		t.Errorf("match with NaN: got %s, want %s", got, want)
	}
}

func TestBuildTwice(t *testing.T) {
	var b Builder[string]
	b.Add("n", "x", "b")
	first := b.Build()
	b.Add("n", "", "a")
	second := b.Build()
	f := func(index *Index[string], want string) {
		t.Helper()
		if got := show(index.Match(nil, "n", rawIDs("x"))); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(first, "b:0")
	f(second, "a b:0")
}

func TestMatchConcurrently(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	selections := randomSelections(rng, 300)
	index, linear := indexOf(selections), newScan(selections)
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(3, seed))
			var hits []Hit[int]
			for range 300 {
				name, ids := randomText(rng), randomIDs(rng)
				hits = index.Match(hits[:0], name, ids)
				if want := linear.match(nil, name, ids); !slices.Equal(hits, want) {
					t.Errorf("match %q %q: got %v, want %v", name, ids, hits, want)
				}
			}
		})
	}
	wg.Wait()
}

func ExampleIndex_Match() {
	var b Builder[uint32]
	b.Add("guide*", "", 1)
	b.Add("guideSeen", "abc", 2)
	b.Add("guideSeen", "ab*", 1)
	b.Add("guideSeen", "axe*", 3)
	index := b.Build()
	fmt.Println(index.Match(nil, "guideSeen", [][]byte{[]byte("axe7"), []byte("abc")}))
	fmt.Println(index.Match(nil, "guideDismissed", nil))
	// Output:
	// [{1 -1} {2 1} {3 0}]
	// [{1 -1}]
}
