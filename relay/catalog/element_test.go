package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// TestParsePath: what is written of an element comes out as the agent would tell it.
func TestParsePath(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		path, err := ParsePath(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got := string(AppendTarget(nil, path)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	f(`button`, `{"tag":"button","id":"","cls":"","title":null,"attrs":{}}`)
	f(` #app > form.login.wide button[type=submit][disabled]:nth-child(2):contains("Log in") `,
		`{"tag":"button","id":"","cls":"","title":null,"attrs":{"type":"submit","disabled":""},"childIndex":1,"txt":"Log in","parentElem":`+
			`{"tag":"form","id":"","cls":"login wide","title":null,"attrs":{},"parentElem":`+
			`{"tag":"","id":"app","cls":"","title":null,"attrs":{}}}}`)
	f(`a[title="Say \"hi\""][id=x][class="b c"].a:first-child[x=1][x=2]`,
		`{"tag":"a","id":"x","cls":"a b c","title":"Say \"hi\"","attrs":{"x":"1"},"childIndex":0}`)

	no := func(text, want string) {
		t.Helper()
		if _, err := ParsePath(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", cutText(text, 80), err, want)
		}
	}
	no(``, `an element is missing`)
	no(`a, b`, `several elements`)
	no(`a >`, `an element is missing`)
	no(`a + b`, `siblings`)
	no(`a)`, `unexpected`)
	no(`a#b#c`, `one id`)
	no(`a:not(.b)`, `says nothing`)
	no(`a:nth-child(2n)`, `like :nth-child(2)`)
	no(`a:nth-child(0)`, `like :nth-child(2)`)
	no(`a[href^="/x"]`, `one value`)
	no("a\xff", `UTF-8`)
	no(strings.Repeat("a ", selectorMax), `it may have 16384`)
}

// TestParsePathOfCapturedClicks: a captured click, written as a path and read again, is the same chain.
func TestParsePathOfCapturedClicks(t *testing.T) {
	var c chain
	for _, click := range capturedClicks(t) {
		c.parse(click.Target)
		want := spell(&c)
		path, err := ParsePath(want)
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		target := AppendTarget(nil, path)
		if !json.Valid(target) {
			t.Fatalf("%s is no JSON", target)
		}
		if c.parse(target); spell(&c) != want {
			t.Errorf("got  %s\nwant %s", spell(&c), want)
		}
	}
}

// TestExplain: one rule or selector says of itself what the indexes say of all.
func TestExplain(t *testing.T) {
	page := func(rule, url string, want bool) {
		t.Helper()
		if got := MatchRule(rule, literal(url)); got != want {
			t.Errorf("%s takes %s: %v", rule, url, got)
		}
	}
	page("//*/users/*", "https://app.example.com/users/7", true)
	page("//*/users/*", "https://app.example.com/users", false)
	page("//*/größe", "https://app.example.com/gr%C3%B6%C3%9Fe", true)
	page(`/a"b`, `https://x/a"b`, true)
	page("", "https://x/", false)

	target := []byte(`{"tag":"svg","parentElem":{"tag":"BUTTON","cls":"btn"}}`)
	feature := func(selector string, want bool) {
		t.Helper()
		if got := MatchSelector(selector, target); got != want {
			t.Errorf("%s selects: %v", selector, got)
		}
	}
	feature("a, .btn", true)
	feature("button > svg", true)
	feature("svg > button", false)
	feature("button[", false)
	if MatchSelector("*", []byte(`"no element"`)) {
		t.Error("no element is selected")
	}

	view := sampleView(t, samplePages(100))
	for _, url := range sampleURLs {
		var s Scratch
		found := view.Pages(nil, &s, literal(url))
		for i, rule := range sampleRules(100) {
			if indexed := len(found) == 1 && found[0] == Item(i); MatchRule(rule, literal(url)) != indexed {
				t.Errorf("%s of %s: the index says %v", rule, url, indexed)
			}
		}
	}
}

// FuzzParsePath: whatever is read as an element is one for the chain's reader too, and it matches itself.
func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{`#app > form.login button[type=submit]:nth-child(2):contains("x")`, `a[title=""]`, `*`, `\31 0.\.`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := ParsePath(text)
		if err != nil {
			return
		}
		target := AppendTarget(nil, path)
		var s event.Stable
		if _, err := s.Append(nil, target); err != nil {
			t.Fatalf("%q is %s: %v", text, target, err)
		}
		var c chain
		if c.parse(target); len(c.levels) != min(len(path), levelsMax) {
			t.Fatalf("%q has %d levels, want %d", text, len(c.levels), len(path))
		}
	})
}
