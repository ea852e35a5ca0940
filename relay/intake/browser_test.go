package intake

import (
	"fmt"
	"testing"
)

// TestVisitorProperties: browsers and versions of real user agents.
func TestVisitorProperties(t *testing.T) {
	f := func(userAgent, want string) {
		t.Helper()
		got := string(appendVisitorProperties([]byte("x"), []byte(userAgent), []byte(`"v"`)))
		if want = `x{` + want + `"sampleGroup":61}`; got != want {
			t.Errorf("%s:\n got %s\nwant %s", userAgent, got, want)
		}
	}
	browser := func(name, version string) string {
		return fmt.Sprintf(`"browserName":%q,"browserVersion":%q,`, name, version)
	}
	const mac, gecko = `"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) `, `AppleWebKit/537.36 (KHTML, like Gecko) `
	f(mac+gecko+`Chrome/91.0.4472.164 Safari/537.36"`, browser("Chrome", "91.0.4472")) // seed 000
	f(mac+gecko+`HeadlessChrome/156.0.0.0 Safari/537.36"`, browser("Chrome", "156.0.0"))
	f(mac+gecko+`Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91"`, browser("Edge", "120.0.2210"))
	f(mac+gecko+`Chrome/120.0.0.0 Safari/537.36 OPR/106.0.0.0"`, browser("Opera", "106.0.0"))
	f(`"Mozilla/5.0 (Linux; Android 13) `+gecko+`SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36"`, browser("Samsung Internet", "23.0"))
	f(mac+`AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15"`, browser("Safari", "17.2"))
	f(`"Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0.6099.119 Mobile/15E148 Safari/604.1"`, browser("Chrome", "120.0.6099"))
	f(`"Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/121.0 Mobile/15E148 Safari/605.1.15"`, browser("Firefox", "121.0"))
	f(`"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"`, browser("Firefox", "121.0"))
	f(`"Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko"`, browser("IE", "11.0"))
	f(`"Chrome/"`, browser("Chrome", ""))
	f(`"Chrome/1.2.3.4.5.6"`, browser("Chrome", "1.2.3"))
	f(`"curl/8.5.0"`, "")
	f(``, "")
}

// TestSampleGroup: from 0 to 99, spread evenly.
func TestSampleGroup(t *testing.T) {
	groups := map[string]int{}
	for i := range 100_000 {
		groups[string(appendVisitorProperties(nil, nil, fmt.Appendf(nil, `"%d"`, i)))]++
	}
	for group, n := range groups {
		if n < 800 || n > 1200 {
			t.Errorf("%s: %d of 100000", group, n)
		}
	}
	if len(groups) != 100 {
		t.Errorf("%d groups", len(groups))
	}
}
