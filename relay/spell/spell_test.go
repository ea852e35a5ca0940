package spell

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"pageLoaded", "featureClicked", "trackEventReceived", "page.viewed", "url", "rate"}
	f := func(word, want string) {
		t.Helper()
		if got := Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
	f("pageLoadd", "pageLoaded")
	f("PAGE_LOADED", "pageLoaded")
	f("pageloaded", "pageLoaded")
	f("page-viewed", "page.viewed")
	f("featureCliked", "featureClicked")
	f("trakcEventReceived", "trackEventReceived")
	f("ulr", "url")
	f("rat", "rate")
	f("u", "")
	f("", "")
	f("somethingElse", "")
}

func TestHint(t *testing.T) {
	f := func(word, want string) {
		t.Helper()
		if got := Hint(word, []string{"none", "visitor"}); got != want {
			t.Errorf("Hint(%q) = %q, want %q", word, got, want)
		}
	}
	f("visitors", `did you mean "visitor"?`)
	f("account", "known are none, visitor")
}

func TestDistance(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := distance(a, b); got != want {
			t.Errorf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
		if got := distance(b, a); got != want {
			t.Errorf("distance(%q, %q) = %d, want %d", b, a, got, want)
		}
	}
	f("", "", 0)
	f("", "abc", 3)
	f("abc", "abc", 0)
	f("abc", "acb", 1)
	f("kitten", "sitting", 3)
	f("url", "urls", 1)
}
