package matcher

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// textPieces make random texts collide: shared beginnings, empty strings, stars everywhere, bytes that are not ASCII.
var textPieces = []string{"a", "b", "ab", "*", "", "aaaa", "\x00", "\xff", "\x80", "ä"}

func randomText(rng *rand.Rand) string {
	var text strings.Builder
	for range rng.IntN(5) {
		text.WriteString(textPieces[rng.IntN(len(textPieces))])
	}
	return text.String()
}

func randomIDs(rng *rand.Rand) [][]byte {
	n := rng.IntN(4)
	if rng.IntN(8) == 0 {
		n = rng.IntN(2 * wovenMax) // enough lists for the path that sorts
	}
	ids := make([][]byte, n)
	for i := range ids {
		ids[i] = []byte(randomText(rng))
	}
	return ids
}

func randomSelections(rng *rand.Rand, n int) []selection[int] {
	selections := make([]selection[int], n)
	for i := range selections {
		selections[i] = selection[int]{randomText(rng), randomText(rng), rng.IntN(1 + n/4)}
		if rng.IntN(3) == 0 {
			selections[i].name += "*"
		}
		if rng.IntN(3) == 0 {
			selections[i].id += "*"
		}
	}
	return selections
}

// spelled gives a value as a text, so that other kinds of values are tested too.
func spelled(selections []selection[int]) []selection[string] {
	texts := make([]selection[string], len(selections))
	for i, s := range selections {
		texts[i] = selection[string]{s.name, s.id, fmt.Sprint(s.value)}
	}
	return texts
}

// TestMatchAgreesWithScan is the property test: random selections, random events, the stupid way as judge.
func TestMatchAgreesWithScan(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 42))
		numbers := randomSelections(rng, rng.IntN(120))
		texts := spelled(numbers)
		numberIndex, numberScan := indexOf(numbers), newScan(numbers)
		textIndex, textScan := indexOf(texts), newScan(texts)
		for range 40 {
			name, ids := randomText(rng), randomIDs(rng)
			if got, want := numberIndex.Match(nil, name, ids), numberScan.match(nil, name, ids); !slices.Equal(got, want) {
				t.Fatalf("seed %d: match %q %q: got %v, want %v", seed, name, ids, got, want)
			}
			if got, want := textIndex.Match(nil, name, ids), textScan.match(nil, name, ids); !slices.Equal(got, want) {
				t.Fatalf("seed %d: match %q %q: got %v, want %v", seed, name, ids, got, want)
			}
		}
	}
}

// TestMatchFindsItsOwnSelections matches each selection with the least event it stands for: random events rarely agree with
// long patterns.
func TestMatchFindsItsOwnSelections(t *testing.T) {
	for seed := range uint64(50) {
		selections := randomSelections(rand.New(rand.NewPCG(seed, 7)), 100)
		index, linear := indexOf(selections), newScan(selections)
		for _, s := range selections {
			name := strings.TrimSuffix(s.name, "*")
			ids := rawIDs(strings.TrimSuffix(s.id, "*"), s.id, s.id+"x")
			got := index.Match(nil, name, ids)
			if want := linear.match(nil, name, ids); !slices.Equal(got, want) {
				t.Fatalf("seed %d: match %q %q: got %v, want %v", seed, name, ids, got, want)
			}
			if !slices.ContainsFunc(got, func(h Hit[int]) bool { return h.Value == s.value }) {
				t.Fatalf("seed %d: selection %+v is not among the hits %v of %q %q", seed, s, got, name, ids)
			}
		}
	}
}

// FuzzMatch reads lines NAME:ID as selections of values 0 to 4 in turn, and IDs separated by line feeds.
func FuzzMatch(f *testing.F) {
	f.Add("", "", "")
	f.Add("guide*\nguideSeen:abc\nguideSeen:ab*\n*:abc", "guideSeen", "abc\nab\n")
	f.Add("a:b\na:b\na:b\na:b\na:b\na:b", "a", "b\nb")
	f.Add(":\n*:*\n**:**\n*\n:x*", "", "\n*\nx\n**")
	f.Add("a*b:a*b\na*:a*\na**:a**\n*a:*a", "a*b", "a*b\na*\naxb\n*a")
	f.Add("\xff:\xff\n\xff*:\x80*\n\x80:\xff\xff", "\xff", "\xff\n\x80\x00\n\xff\xff")
	f.Add("n:a\nn:ab\nn:abc\nn:abcd*\nn:abce\nn:b", "n", "abcd\nabce\nabc\nab\na\nabcdefgh")
	f.Add("n\nn*:x\n*:x*\nn:*\nn:xy\nn:\nn", "n", strings.Repeat("xy\n", wovenMax))
	f.Add("aaaa:1\naaa*:1\naa*:1\na*:1\n*:1\naaaaa:1", "aaaa", "1\n11")
	f.Fuzz(func(t *testing.T, lines, name, idLines string) {
		var selections []selection[int]
		for line := range strings.SplitSeq(lines, "\n") {
			name, id, _ := strings.Cut(line, ":")
			selections = append(selections, selection[int]{name, id, len(selections) % 5})
		}
		ids := rawIDs(strings.Split(idLines, "\n")...)
		got := indexOf(selections).Match(nil, name, ids)
		if want := newScan(selections).match(nil, name, ids); !slices.Equal(got, want) {
			t.Errorf("match %q %q against %q: got %v, want %v", name, ids, lines, got, want)
		}
	})
}
