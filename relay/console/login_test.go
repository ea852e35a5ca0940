package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// post sends a form, as a browser does.
func (r *serving) post(path string, fields url.Values, headers ...string) (*http.Response, string) {
	r.t.Helper()
	return r.do("POST", path, fields.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html"}, headers...)...)
}

// logIn begins a session and returns its cookie and what forms must send.
func (r *serving) logIn(token string) (cookie, csrf string) {
	r.t.Helper()
	resp, text := r.post("/login", url.Values{"token": {token}, "next": {"/inspect?x=1"}})
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/inspect?x=1" || len(resp.Cookies()) != 1 {
		r.t.Fatalf("login: %d to %q with %v: %s", resp.StatusCode, resp.Header.Get("Location"), resp.Cookies(), text)
	}
	c := resp.Cookies()[0]
	cookie = c.Name + "=" + c.Value
	_, text = r.do("GET", "/inspect", "", "Cookie", cookie, "Accept", "text/html")
	_, after, _ := strings.Cut(text, `<meta name="csrf" content="`)
	csrf, _, _ = strings.Cut(after, `"`)
	if csrf == "" {
		r.t.Fatalf("no csrf token in %s", text)
	}
	return cookie, csrf
}

// TestLogin: a browser is led to the form, gets a cookie that scripts and other sites do not, and loses it by logging out.
func TestLogin(t *testing.T) {
	r := mustServe(t, Options{Token: "t0ken"})
	resp, _ := r.do("GET", "/inspect?a=1&b=2", "", "Accept", "text/html")
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/login?next=%2Finspect%3Fa%3D1%26b%3D2" {
		t.Errorf("led to %d %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	resp, text := r.do("GET", resp.Header.Get("Location"), "", "Accept", "text/html")
	if resp.StatusCode != 200 || !strings.Contains(text, `<form method="post" action="/login"`) || !strings.Contains(text, `name="next" value="/inspect?a=1&amp;b=2"`) ||
		strings.Contains(text, "<nav") || len(resp.Cookies()) != 0 {
		t.Errorf("the form: %d %s", resp.StatusCode, text)
	}
	resp, _ = r.post("/login", url.Values{"token": {" t0ken "}})
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/" {
		t.Fatalf("logged in: %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	c := resp.Cookies()[0]
	port := r.base[strings.LastIndexByte(r.base, ':')+1:]
	if c.Name != "edgerelay_session_"+port || len(c.Value) != 43 || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" || c.MaxAge != 12*60*60 {
		t.Errorf("cookie %+v", c)
	}
	cookie := c.Name + "=" + c.Value
	for _, path := range []string{"/", "/inspect", "/api/stats", "/metrics", "/debug/pprof/"} {
		if resp, text := r.do("GET", path, "", "Cookie", cookie, "Accept", "text/html"); resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	if resp, _ := r.do("GET", "/login?next=/metrics", "", "Cookie", cookie, "Accept", "text/html"); resp.StatusCode != 303 || resp.Header.Get("Location") != "/metrics" {
		t.Errorf("who is logged in is asked again: %d", resp.StatusCode)
	}
	r.refused(401, "unauthorized", "", "", "GET", "/inspect", "", "Cookie", c.Name+"="+strings.Repeat("A", 43))
	r.refused(401, "unauthorized", "", "", "GET", "/inspect", "", "Cookie", cookie, "Authorization", "Bearer wrong")

	cookie, csrf := r.logIn("t0ken")
	resp, _ = r.post("/logout", url.Values{"csrf": {csrf}}, "Cookie", cookie)
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/login" || resp.Cookies()[0].MaxAge != -1 {
		t.Errorf("logged out: %d %v", resp.StatusCode, resp.Cookies())
	}
	r.refused(401, "unauthorized", "", "", "GET", "/inspect", "", "Cookie", cookie)
	if resp, _ := r.post("/logout", nil, "Cookie", cookie); resp.StatusCode != 303 || resp.Header.Get("Location") != "/login" {
		t.Errorf("logged out twice: %d", resp.StatusCode)
	}

	resp, _ = r.post("/login", url.Values{"token": {"t0ken"}}, "X-Forwarded-Proto", "https", "Host", "relay.example.com")
	if c := resp.Cookies()[0]; !c.Secure || c.Name != "edgerelay_session" {
		t.Errorf("cookie behind TLS %+v", c)
	}
}

// TestNext: whoever logged in is led to pages of this console only.
func TestNext(t *testing.T) {
	for next, want := range map[string]string{"": "/", "/webhooks?q=a b": "/webhooks?q=a b", "//evil.example": "/", "https://evil.example/": "/", "/\\evil.example": "/",
		"javascript:alert(1)": "/", "webhooks": "/", "/a\r\nX: y": "/", "/login?next=/login": "/", "/logout": "/", "/%2F%2Fevil": "/%2F%2Fevil", "\\\\evil": "/"} {
		if got := localPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// TestLinksFromElsewhere: a browser leaves its cookie out when a link of another site leads here, and brings it when it
// is sent here again.
func TestLinksFromElsewhere(t *testing.T) {
	r := mustServe(t, Options{Token: "t0ken"})
	resp, _ := r.do("GET", "/webhooks", "", "Accept", "text/html", "Sec-Fetch-Site", "cross-site")
	if resp.StatusCode != 401 || resp.Header.Get("Refresh") != "0; url=/login?next=%2Fwebhooks" {
		t.Errorf("%d, Refresh %q", resp.StatusCode, resp.Header.Get("Refresh"))
	}
	resp, _ = r.do("GET", "/webhooks", "", "Accept", "text/html", "HX-Request", "true")
	if resp.StatusCode != 401 || resp.Header.Get("HX-Redirect") != "/login" {
		t.Errorf("a script: %d, led to %q", resp.StatusCode, resp.Header.Get("HX-Redirect"))
	}
}

// TestCSRF: a cookie alone changes nothing; a form must prove where it comes from, also where no token is asked for.
func TestCSRF(t *testing.T) {
	r := mustServe(t, Options{Token: "t0ken"})
	cookie, csrf := r.logIn("t0ken")
	other, otherCSRF := r.logIn("t0ken")
	for _, wrong := range []string{"", "x", otherCSRF, csrf + "x"} {
		r.refused(403, "csrf", "", "load the page again", "DELETE", "/inspect", "", "Cookie", cookie, "X-CSRF-Token", wrong)
		r.refused(403, "csrf", "", "load the page again", "POST", "/logout", "csrf="+wrong, "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
	}
	r.refused(403, "csrf", "", "", "POST", "/logout", strings.Repeat("a", requestMax)+"&csrf="+csrf, "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")
	r.refused(403, "csrf", "", "", "POST", "/logout", "csrf="+csrf, "Cookie", cookie, "Content-Type", "text/plain")
	for _, right := range [][2]string{{cookie, csrf}, {other, otherCSRF}} {
		if resp, text := r.do("DELETE", "/inspect", "", "Cookie", right[0], "X-CSRF-Token", right[1]); resp.StatusCode != 200 {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
	if resp, text := r.do("DELETE", "/inspect", "", "Authorization", "Bearer t0ken"); resp.StatusCode != 200 {
		t.Errorf("a program: %d %s", resp.StatusCode, text)
	}
	r.refused(403, "forbidden", "", "another site", "DELETE", "/inspect", "", "Cookie", cookie, "X-CSRF-Token", csrf, "Origin", "https://evil.example")
	r.refused(403, "forbidden", "", "another site", "POST", "/login", "token=t0ken", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")

	open := mustServe(t, Options{})
	open.refused(403, "csrf", "", "", "POST", "/logout", "", "Content-Type", "application/x-www-form-urlencoded")
	if resp, _ := open.post("/logout", url.Values{"csrf": {open.guard.csrf}}); resp.StatusCode != 303 {
		t.Errorf("a form of the console: %d", resp.StatusCode)
	}
	if resp, _ := open.do("DELETE", "/inspect", ""); resp.StatusCode != 200 {
		t.Errorf("a program: %d", resp.StatusCode)
	}
	if resp, _ := open.post("/login", url.Values{"token": {"any"}}); resp.StatusCode != 303 || len(resp.Cookies()) != 0 {
		t.Errorf("a login where no token is asked for: %d %v", resp.StatusCode, resp.Cookies())
	}
	if resp, _ := open.do("GET", "/login", "", "Accept", "text/html"); resp.StatusCode != 303 {
		t.Errorf("the form where no token is asked for: %d", resp.StatusCode)
	}
}

// TestReadToken: its owner sees everything but profiles, and changes nothing, by header or by cookie.
func TestReadToken(t *testing.T) {
	p := mustPlant(t, Options{Token: "t0ken", ReadToken: "l00k"})
	cookie, csrf := p.logIn("l00k")
	for _, as := range [][]string{{"Authorization", "Bearer l00k"}, {"Cookie", cookie, "X-CSRF-Token", csrf}} {
		for _, path := range []string{"/", "/inspect", "/api/stats", "/api/webhooks", "/api/webhooks/of%20the%20file", "/api/events", "/api/apps", "/metrics", "/webhooks"} {
			if resp, text := p.do("GET", path, "", as...); resp.StatusCode != 200 {
				t.Errorf("%s: %d %s", path, resp.StatusCode, text)
			}
		}
		if resp, text := p.do("POST", "/api/explain", `{"event":"pageLoaded"}`, append(as, "Content-Type", "application/json")...); resp.StatusCode != 200 {
			t.Errorf("explain: %d %s", resp.StatusCode, text)
		}
		for path, method := range map[string]string{"/api/webhooks": "POST", "/api/webhooks/x": "PATCH", "/api/webhooks/y": "DELETE", "/api/webhooks/x/enable": "POST",
			"/api/webhooks/x/test": "POST", "/api/reload": "POST", "/inspect": "DELETE", "/webhook/x/enable": "POST", "/nothing": "POST"} {
			p.refused(403, "forbidden", "", "read_token", method, path, "", as...)
		}
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1"} {
			p.refused(403, "forbidden", "", "read_token", "GET", path, "", as...)
		}
		p.refused(401, "unauthorized", "", "", "POST", "/inspect", `{"event":"x"}`, as...)
	}
	if _, text := p.do("GET", "/webhooks", "", "Cookie", cookie, "Accept", "text/html"); !strings.Contains(text, "read-only") || !strings.Contains(text, "Sign out") {
		t.Errorf("the page says not who looks: %s", text)
	}
	p.deny(404, "not_found", "", "", "PATCH", "/api/webhooks/x", "{}", "Authorization", "Bearer t0ken")
	if resp, _ := p.post("/logout", url.Values{"csrf": {csrf}}, "Cookie", cookie); resp.StatusCode != 303 {
		t.Errorf("logout: %d", resp.StatusCode)
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ token, readToken, want string }{{"", "", ""}, {"a", "", ""}, {"a", "b", ""}, {"", "b", "of no use"}, {"a", "a", "is the token itself"}, {"a", "b b", "ASCII"}} {
		if err := CheckReadToken(c.readToken, c.token); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q beside %q: %v, want %q", c.readToken, c.token, err, c.want)
		}
	}
	if _, err := New(Options{Gatherer: prometheus.NewRegistry(), Token: "a", ReadToken: "a"}); err == nil {
		t.Error("two equal tokens are taken")
	}
}

// TestTries: who tries too often waits, and then so does everybody; the right token does not help while one waits.
func TestTries(t *testing.T) {
	var mu sync.Mutex
	now := noon()
	r := mustServe(t, Options{Token: "t0ken", Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	for range triesOfOne {
		if resp, text := r.post("/login", url.Values{"token": {"guess"}}); resp.StatusCode != 401 || !strings.Contains(text, "That is not the token") {
			t.Fatalf("%d %s", resp.StatusCode, text)
		}
	}
	resp, text := r.post("/login", url.Values{"token": {"t0ken"}})
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "12" || !strings.Contains(text, "Wait 12 seconds") || len(resp.Cookies()) > 0 {
		t.Errorf("%d, Retry-After %q: %s", resp.StatusCode, resp.Header.Get("Retry-After"), text)
	}
	mu.Lock()
	now = now.Add(12 * time.Second)
	mu.Unlock()
	r.logIn("t0ken")

	g := newGate(func() time.Time { return now })
	from := func(address string) time.Duration { return g.try(&http.Request{RemoteAddr: address}) }
	for i := range triesOfAll / triesOfOne {
		for j := range triesOfOne {
			if wait := from(fmt.Sprintf("10.0.0.%d:%d", i, j)); wait > 0 {
				t.Errorf("try %d of address %d waits %v", j, i, wait)
			}
		}
	}
	if wait := from("10.0.9.9:1"); wait != 2*time.Second {
		t.Errorf("one more waits %v", wait)
	}
	now = now.Add(time.Hour)
	for i := range triesOfOne {
		from(fmt.Sprintf("[2001:db8::%d]:1", i))
	}
	if wait := from("[2001:db8::ffff:1%25eth0]:1"); wait != 12*time.Second {
		t.Errorf("another address of the network waits %v", wait)
	}
	if len(g.of) != 1 {
		t.Errorf("%d networks are remembered", len(g.of))
	}
	for i := range 2 * addressesMax {
		now = now.Add(2 * time.Second)
		from(fmt.Sprintf("10.1.%d.%d:1", i/256, i%256))
	}
	if len(g.of) > addressesMax {
		t.Errorf("%d networks are remembered", len(g.of))
	}
}

// TestSessions: they end by time, and the oldest when there are too many.
func TestSessions(t *testing.T) {
	now := noon()
	s := newGuard("t", "", func() time.Time { return now }).sessions
	request := func(key string) *http.Request {
		r := &http.Request{Host: "localhost:8485", Header: http.Header{}}
		r.AddCookie(&http.Cookie{Name: "edgerelay_session_8485", Value: key})
		return r
	}
	first := s.begin(admin)
	for range sessionsMax - 1 {
		now = now.Add(time.Second)
		s.begin(reader)
	}
	if got, ok := s.of(request(first)); !ok || got.role != admin || len(got.csrf) != 43 {
		t.Errorf("%+v %v", got, ok)
	}
	last := s.begin(admin)
	if _, ok := s.of(request(first)); ok || len(s.open) != sessionsMax {
		t.Errorf("the oldest of %d is there: %v", len(s.open), ok)
	}
	now = now.Add(sessionTime)
	if _, ok := s.of(request(last)); ok {
		t.Error("a session outlives its time")
	}
	if s.begin(admin); len(s.open) != 1 {
		t.Errorf("%d are kept", len(s.open))
	}
}

// TestOpenAssets: what pages load holds nothing that strangers may not see, and the login's page needs it.
func TestOpenAssets(t *testing.T) {
	r := mustServe(t, Options{Token: "t0ken"})
	for _, path := range []string{"/asset/console.css", "/asset/icon.svg"} {
		if resp, _ := r.do("GET", path, ""); resp.StatusCode != 200 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	r.refused(401, "unauthorized", "", "", "GET", "/asset", "")
}
