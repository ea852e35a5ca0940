package matcher

import (
	"fmt"
	"hash/maphash"
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	seed := maphash.MakeSeed()
	rules := []rule{{"", 0, 7}, {"a", 0, 1}, {"a", 0, 2}, {"a", 1, 3}, {"aa", 0, 4}}
	for i := range 1000 { // one text under many roots, many texts under one root
		rules = append(rules, rule{"same", uint32(i), 5}, rule{fmt.Sprint("text", i), 2, uint32(i)})
	}
	table := newTable(seed, sorted(rules))
	f := func(text string, root uint32, want ...uint32) {
		t.Helper()
		got := find(&table, maphash.String(seed, text), root, text)
		if !slices.Equal(numbers(got), want) {
			t.Errorf("find %q under root %d: got %v, want %v", text, root, numbers(got), want)
		}
		got = find(&table, maphash.Bytes(seed, []byte(text)), root, []byte(text))
		if !slices.Equal(numbers(got), want) {
			t.Errorf("find bytes %q under root %d: got %v, want %v", text, root, numbers(got), want)
		}
	}
	f("", 0, 7)
	f("", 1)
	f("a", 0, 1, 2)
	f("a", 1, 3)
	f("a", 2)
	f("aa", 0, 4)
	f("aaa", 0)
	f("same", 1000)
	for i := range uint32(1000) {
		f("same", i, 5)
		f(fmt.Sprint("text", i), 2, i)
	}
}

// TestTableSpreads holds that neither many roots nor many texts crowd a bucket: the limit is far above chance.
func TestTableSpreads(t *testing.T) {
	f := func(what string, nth func(i int) rule) {
		t.Helper()
		rules := sorted(rulesOf(10_000, nth))
		table := newTable(maphash.MakeSeed(), rules)
		for n := range uint32(len(table.buckets.starts) - 1) {
			entries := 0
			for rest := list(table.buckets.at(n)); len(rest) > 0; entries++ {
				rest = rest[entryHead+rest.at(1)+rest.at(2):]
			}
			if entries > 20 {
				t.Errorf("%s: bucket %d holds %d entries, want at most 20", what, n, entries)
			}
		}
	}
	f("roots", func(i int) rule { return rule{"text", uint32(i), 0} })
	f("texts", func(i int) rule { return rule{fmt.Sprint("feature-", i), 0, 0} })
	f("both", func(i int) rule { return rule{fmt.Sprint("feature-", i/100), uint32(i % 100), 0} })
}

// rulesOf makes n rules.
func rulesOf(n int, nth func(i int) rule) []rule {
	var rules []rule
	for i := range n {
		rules = append(rules, nth(i))
	}
	return rules
}
