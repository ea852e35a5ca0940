package console

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/sign"
)

func mustURL(t *testing.T, query string) *url.URL {
	t.Helper()
	return &url.URL{Path: "/inspect", RawQuery: query}
}

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// shown is a page as a browser gets it.
func (r *serving) shown(path string) string {
	r.t.Helper()
	resp, text := r.do("GET", path, "", "Accept", browser)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		r.t.Fatalf("%s: %d %s %s", path, resp.StatusCode, resp.Header.Get("Content-Type"), text)
	}
	return text
}

// mustShow checks that each part is in the page, in this order.
func mustShow(t *testing.T, page string, parts ...string) {
	t.Helper()
	rest := page
	for _, part := range parts {
		_, behind, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("the page lacks %q, or has it elsewhere:\n%s", part, page)
			return
		}
		rest = behind
	}
}

func TestInspectorPage(t *testing.T) {
	now := noon()
	r := mustServe(t, Options{Secrets: secrets, Version: "1.2.3", Now: func() time.Time { return now }})
	mustShow(t, r.shown("/inspect"), "1.2.3", `data-kept="0"`, `aria-hidden="true" hidden>`, "Nothing delivered yet", "edgerelay send", r.base+"/inspect")

	r.do("POST", "/inspect", sample, append(signed(t, "one", sample, sign.Pendo), "X-Edgerelay-Attempt", "2")...)
	now = now.Add(90 * time.Second)
	r.do("POST", "/inspect", sample, signed(t, "three", sample, sign.Pendo)...)
	r.do("POST", "/inspect?status=503", "")
	text := r.shown("/inspect")
	mustShow(t, text, `data-first="1"`, `data-received="3"`, `data-kept="3"`,
		`data-id="3"`, ">now<", "no event name", ">none<", `class="fault">503<`, "0 B", "The body is empty.",
		`data-id="2"`, ">pageLoaded<", ">v-1<", "wrong<", `class="reason">verify X-Pendo-Signature`,
		`data-id="1"`, `title="2024-01-15 12:00:00.000 UTC"`, ">1m ago<", "verified by </span>crm<", `class="again">2<`, id,
		"X-Pendo-Signature", "&#34;event&#34;: &#34;pageLoaded&#34;,\n  &#34;properties&#34;: {\n    &#34;n&#34;: 12345678901234567890\n  },")
	if strings.Count(r.shown("/inspect?after=2"), `class="row"`) != 1 {
		t.Error("?after=2 does not leave one row")
	}
	mustShow(t, r.shown("/inspect?format=html"), `data-id="3"`)
}

// TestWhoGetsThePage: those who say that they can show it.
func TestWhoGetsThePage(t *testing.T) {
	r := mustServe(t, Options{})
	f := func(accept, query, want string) {
		t.Helper()
		resp, _ := r.do("GET", "/inspect"+query, "", "Accept", accept)
		if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("Accept %q %s: %s, want %s", accept, query, got, want)
		}
	}
	f(browser, "", "text/html")
	f(browser, "?format=json", "application/json")
	f("*/*", "", "application/json")
	f("", "", "application/json")
	f("application/json", "", "application/json")
	f("*/*", "?format=html", "text/html")
}

// TestNothingOfADeliveryRuns: whatever is in a delivery is text on the page.
func TestNothingOfADeliveryRuns(t *testing.T) {
	const evil = `</summary><script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="alert(1)`
	stats := map[string]any{evil: evil, "n": map[string]any{evil: 1}, "rows": []map[string]any{{evil: evil}}}
	r := mustServe(t, Options{Version: evil, Secrets: func() map[string][]string { return map[string][]string{evil: {"one"}} },
		Stats: func() any { return stats }, Ready: func() error { return errors.New(evil) }})
	body := `{"event":"</summary><script>alert(1)</script>","visitorId":"\" onmouseover=\"alert(1)","uniqueId":"<img src=x onerror=alert(1)>"}`
	r.do("POST", "/inspect/"+url.PathEscape(evil)+"?"+url.QueryEscape(evil), body, append(signed(t, "one", body, sign.Pendo), "X-Evil", evil)...)
	r.do("POST", "/inspect", evil, "X-Pendo-Signature", evil)
	scripts := regexp.MustCompile(`<script[^>]*>`)
	for _, path := range []string{"/inspect", "/"} {
		text := r.shown(path)
		got := scripts.FindAllString(text, -1)
		if i := slices.IndexFunc(got, func(s string) bool { return !strings.HasPrefix(s, `<script src="/asset/`) }); i >= 0 || len(got) != 3 {
			t.Errorf("%s has the scripts %q", path, got)
		}
		for _, bad := range []string{"<img src=x", `" onmouseover="`, "style=", "<style", "javascript:"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %s in it", path, bad)
			}
		}
	}
}

func TestLargeBodyIsCut(t *testing.T) {
	r := mustServe(t, Options{})
	r.do("POST", "/inspect", `{"a":"`+strings.Repeat("ü", shownMax)+`"}`)
	text := r.shown("/inspect")
	mustShow(t, text, "üü</pre>", "This is the beginning only", "/inspect?id=1&amp;format=json")
	if len(text) > 2*shownMax {
		t.Errorf("the page has %d bytes", len(text))
	}
	r.do("POST", "/inspect", strings.Repeat("x", shownMax+1))
	mustShow(t, r.shown("/inspect?after=1"), "This is the beginning only")
}

func TestOverviewPage(t *testing.T) {
	var health, ready error
	r := mustServe(t, Options{Version: "1.2.3", Health: func() error { return health }, Ready: func() error { return ready },
		Stats: func() any {
			return struct {
				Accepted int              `json:"accepted"`
				Log      map[string]int   `json:"log"`
				Webhooks []map[string]any `json:"webhooks"`
			}{1234567, map[string]int{"size_bytes": 3 << 20}, []map[string]any{{"lag": 12, "name": "crm"}, {"name": "archive"}}}
		}})
	mustShow(t, r.shown("/"), "1.2.3", "tag good", ">healthy<", "tag good", ">ready<", "<dt>accepted</dt>", ">1,234,567<",
		"<h2>log</h2>", "<dt>size</dt>", `title="3145728 bytes">3.0 MiB<`, "<h2>webhooks</h2>", ">lag</th>", ">name</th>", ">12</td>", ">crm</td>",
		">–</td>", ">archive</td>", `href="/inspect"`, `href="/api/stats"`, `href="/metrics"`, `href="/debug/pprof/"`, `href="/healthz"`)
	health, ready = errors.New("the disk is gone"), errors.New("the log is full")
	mustShow(t, r.shown("/"), "tag bad", ">unhealthy<", "tag bad", ">not ready<", "Unhealthy: the disk is gone", "Not ready: the log is full")
}
