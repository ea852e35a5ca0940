package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// form sends a form as a browser does, and returns where it is led, or the page.
func (p *plant) form(status int, path string, fields ...string) (location, text string) {
	p.t.Helper()
	values := url.Values{"csrf": {p.guard.csrf}}
	for i := 0; i < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	resp, text := p.do("POST", path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", browser)
	if resp.StatusCode != status {
		p.t.Fatalf("POST %s: %d %s, want %d", path, resp.StatusCode, text, status)
	}
	return resp.Header.Get("Location"), text
}

// mustLack checks that a page holds none of the parts.
func mustLack(t *testing.T, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(page, part) {
			t.Errorf("the page has %q:\n%s", part, page)
		}
	}
}

func TestListPage(t *testing.T) {
	p := mustPlant(t, Options{Version: "1.2.3"})
	p.create(`{"name":"crm & <co>","url":"https://crm.example.com/in","events":["pageLoaded","featureClicked:a"],"owner":"ada@example.com"}`)
	p.create(`{"name":"archive","url":"$URL","events":["*"],"enabled":true}`)
	text := p.shown("/webhooks")
	mustShow(t, text, "1.2.3", `href="/webhooks/new"`, `All <span class="faint">3<`, `On <span class="faint">1<`, `Off <span class="faint">2<`,
		">Idle<", ">archive</a>", "all events", `action="/webhook/archive/disable"`, `aria-checked="true"`, `aria-label="Deliver to archive"`,
		">Off<", `href="/webhook/crm%20&amp;%20%3Cco%3E"`, ">crm &amp; &lt;co&gt;</a>", "crm.example.com", "2 selections", `action="/webhook/crm%20&amp;%20%3Cco%3E/enable"`, `aria-checked="false"`,
		">of the file</a>", ">file</span>", "set enabled = true there and reload", "1–3 of 3")
	f := func(query string, has, lacks string) {
		t.Helper()
		text := p.shown("/webhooks" + query)
		mustShow(t, text, has)
		mustLack(t, text, lacks)
	}
	f("?q=ADA@", ">crm &amp;", ">archive</a>")
	f("?q=featureClicked", ">crm &amp;", ">archive</a>")
	f("?show=on", ">archive</a>", ">crm &amp;")
	f("?show=off&q=file", ">of the file</a>", ">crm &amp;")
	f("?q=nobody", "No webhook fits", "<table")
	f("?page=9", ">archive</a>", "Next")
}

// TestToggle: with a form, and with a script that asks for the row alone.
func TestToggle(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"a b?c","url":"$URL","events":["*"]}`)
	path := "/webhook/" + url.PathEscape("a b?c")
	if to, _ := p.form(303, path+"/enable", "back", "/webhooks?show=off"); to != "/webhooks?show=off" {
		t.Errorf("led to %s", to)
	}
	mustShow(t, p.shown("/webhooks?show=on"), ">a b?c</a>")
	for _, back := range []string{"https://evil.example/", "//evil.example/webhooks", "/api/stats", "javascript:alert(1)", "%zz", ""} {
		if to, _ := p.form(303, path+"/disable", "back", back); to != path {
			t.Errorf("back to %q leads to %s", back, to)
		}
	}
	resp, text := p.do("POST", path+"/enable", "back=/webhooks&csrf="+p.guard.csrf, "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true")
	if resp.StatusCode != 200 || !strings.HasPrefix(strings.TrimSpace(text), "<tr") || !strings.Contains(text, `aria-checked="true"`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	_, text = p.form(409, "/webhook/of%20the%20file/enable")
	mustShow(t, text, "That was not done", "set enabled = true there and reload")
	_, text = p.form(404, "/webhook/nobody/enable")
	mustShow(t, text, "Not found", `no webhook &#34;nobody&#34;`)

	p.journal.set(true, true)
	p.form(303, path+"/disable")
	if to, _ := p.form(303, path+"/enable", "back", "/webhooks"); to != path+"/enable" {
		t.Errorf("a review is asked for at %s", to)
	}
	resp, _ = p.do("POST", path+"/enable", "", "HX-Request", "true")
	if to := resp.Header.Get("HX-Redirect"); to != path+"/enable" {
		t.Errorf("a script is led to %q", to)
	}
}

// TestOverviewOfWebhooks: the first page says how many are in trouble, and leads to them.
func TestOverviewOfWebhooks(t *testing.T) {
	p := mustPlant(t, Options{Stats: func() any { return map[string]any{"webhooks": []map[string]any{{"name": "x"}}, "uptime_seconds": 3} }})
	text := p.shown("/")
	mustShow(t, text, "<dt>All</dt>", `<a href="/webhooks">1</a>`, "<dt>In trouble</dt>", `<a href="/webhooks?show=trouble">0</a>`, "uptime")
	mustLack(t, text, "<table")
	resp, text := p.do("GET", "/nothing", "", "Accept", browser)
	if resp.StatusCode != 404 || !strings.Contains(text, "There is no page at /nothing.") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}

// TestLongList: a thousand webhooks, a page at a time.
func TestLongList(t *testing.T) {
	p := mustPlant(t, noToken)
	for i := range 120 {
		p.create(fmt.Sprintf(`{"name":"hook-%03d","url":"$URL","events":["*"]}`, i))
	}
	text := p.shown("/webhooks?page=1&sort=rate")
	mustShow(t, text, ">hook-050</a>", ">hook-099</a>", "51–100 of 121", `href="/webhooks?sort=rate"`, `href="/webhooks?page=2&amp;sort=rate"`)
	mustLack(t, text, ">hook-049</a>", ">hook-100</a>")
}
