package catalog

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// compileRules compiles those of texts that are rules, and their escaped twins; the naive ones are beside them.
func compileRules(texts []string) ([]rule, []*naiveRule) {
	var rules []rule
	var naive []*naiveRule
	for _, text := range texts {
		r, err := parseRule(text)
		if err != nil {
			continue
		}
		r.item = Item(len(naive))
		rules = append(rules, r)
		if e, differs := r.escaped(); differs {
			rules = append(rules, e)
		}
		naive = append(naive, newNaiveRule(text))
	}
	return rules, naive
}

// scan is what the index finds, found by asking each rule.
func scan(rules []rule, url string) []Item {
	var a address
	a.parse([]byte(url))
	var found []Item
	for i := range rules {
		if rules[i].match(&a) {
			found = append(found, rules[i].item)
		}
	}
	return settle(found, 0)
}

// find asks the index.
func find(x *pageIndex, url string) []Item {
	var a address
	a.parse([]byte(url))
	return settle(x.match(nil, &a), 0)
}

// checkRules compares the index with asking each rule, and each rule with the regular expressions.
func checkRules(t *testing.T, texts []string, urls ...string) {
	t.Helper()
	rules, naive := compileRules(texts)
	x := newPageIndex(rules)
	for _, url := range urls {
		want := scan(rules, url)
		if got := find(x, url); !slices.Equal(got, want) {
			t.Fatalf("URL %q, rules %q: the index finds %v, a scan %v", url, texts, got, want)
		}
		var a address
		a.parse([]byte(url))
		for i := range rules {
			n := naive[rules[i].item]
			if i > 0 && rules[i-1].item == rules[i].item {
				continue // the escaped twin
			}
			if got, want := rules[i].match(&a), n.match(url); got != want {
				t.Fatalf("URL %q, rule %+v of %q: got %v, the regular expressions say %v", url, rules[i], texts, got, want)
			}
		}
	}
}

// urlPieces make random URLs and rules meet: few texts, many signs of the grammar.
var urlPieces = []string{"a", "b", "ab", "abcd", "bcde", "/", "/", "/", "//", "?", "&", "=", "#", ";", ".", "ü", " ", "A", ":"}

var rulePieces = append([]string{"*", "*", "**", "/*/", "*a*", "/**", "~contains:", "/*name*/", "?a=", "#ab"}, urlPieces...)

func randomPieces(rng *rand.Rand, pieces []string, most int) string {
	var text strings.Builder
	for range rng.IntN(most) {
		text.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return text.String()
}

func TestPageIndexAgreesWithScan(t *testing.T) {
	heads := []string{"//*/", "//*/", "/", "//a.b/", "https://*/", "//*.b/a", "?", "~contains:", "#", "//a**", "//*", ""}
	hosts := []string{"https://a.b/", "http://c.b/", "//a.b", "/", "HTTPS://A.B/a", "x://", ""}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 7))
		texts := make([]string, rng.IntN(60))
		for i := range texts {
			texts[i] = heads[rng.IntN(len(heads))] + randomPieces(rng, rulePieces, 8)
		}
		urls := make([]string, 30)
		for i := range urls {
			urls[i] = hosts[rng.IntN(len(hosts))] + randomPieces(rng, urlPieces, 10)
		}
		checkRules(t, texts, urls...)
	}
}

func FuzzRules(f *testing.F) {
	f.Add("//*/settings/**\n//*/user-*/edit\n?tab=new", "https://h/settings/a?tab=new#b")
	f.Add("//*.b/**/a*b/c?x=*#y\n/a~contains:bcde", "https://a.b/x/ab/c?x=1#y")
	f.Add("//*/*name*/;\n//a**\n//*/a//", "//a/b;c/")
	f.Add("//*/%C3%BC\n//*/ü", "http://h/%C3%BC")
	f.Add(strings.Repeat("//*/abcd*\n//*/bcde?a=ab\n//*/bcde#a\n", 5), "http://h/bcde?a=ab#a")
	f.Fuzz(func(t *testing.T, texts, url string) {
		if len(texts) > 1024 || len(url) > 512 {
			return // the regular expressions would take long
		}
		checkRules(t, strings.Split(texts, "\n"), url)
	})
}
