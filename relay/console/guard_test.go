package console

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestToken(t *testing.T) {
	r := mustServe(t, Options{Token: "t0ken"})
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	paths := []string{"/", "/api/stats", "/metrics", "/debug/pprof/", "/debug/pprof/cmdline", "/inspect", "/inspect/x", "/nothing"}
	for _, path := range paths {
		for _, wrong := range []string{"", "t0ken", "Bearer", "Bearer ", "Bearer t0ke", "Bearer t0kenn", "Bearer T0KEN", "Basic t0ken",
			"Digest t0ken", basic("t0ken", ""), basic("x", "nope"), "Basic !!"} {
			r.refused(401, "unauthorized", "", "Authorization: Bearer TOKEN", "GET", path, "", "Authorization", wrong)
		}
		for _, right := range []string{"Bearer t0ken", "bearer  t0ken", basic("", "t0ken"), basic("anybody", "t0ken")} {
			if resp, text := r.do("GET", path, "", "Authorization", right); resp.StatusCode == 401 {
				t.Errorf("%s with %q: %s", path, right, text)
			}
		}
	}
	r.refused(401, "unauthorized", "", "TOKEN", "DELETE", "/inspect", "")
	r.refused(401, "unauthorized", "", "TOKEN", "POST", "/api/stats", "")
	r.refused(401, "unauthorized", "", "TOKEN", "POST", "/inspectors", "")

	resp, _ := r.do("GET", "/inspect", "")
	if got := resp.Header.Values("WWW-Authenticate"); len(got) != 1 || !strings.HasPrefix(got[0], "Bearer realm=") {
		t.Errorf("asked for %q", got)
	}
}

// TestForeignPages: what a page of another site makes the operator's browser send is refused, and so is a name that
// anybody could have pointed here.
func TestForeignPages(t *testing.T) {
	open := mustServe(t, Options{})
	for _, host := range []string{"evil.example", "evil.example:8485", "localhost.evil.example", "127.0.0.1.nip.io:80"} {
		open.refused(403, "forbidden", "", "set [console] token", "GET", "/inspect", "", "Host", host)
		open.refused(403, "forbidden", "", "set [console] token", "POST", "/inspect", "{}", "Host", host)
	}
	for _, host := range []string{"localhost", "localhost:8485", "LOCALHOST.", "127.0.0.1", "[::1]:8485", "10.0.0.7", "console.localhost:1"} {
		if resp, text := open.do("GET", "/inspect", "", "Host", host); resp.StatusCode != 200 {
			t.Errorf("host %s: %d %s", host, resp.StatusCode, text)
		}
	}
	open.refused(403, "forbidden", "", "another site", "POST", "/inspect", "{}", "Origin", "https://evil.example")
	open.refused(403, "forbidden", "", "another site", "DELETE", "/inspect", "", "Sec-Fetch-Site", "cross-site")
	if resp, _ := open.do("DELETE", "/inspect", "", "Sec-Fetch-Site", "same-origin"); resp.StatusCode != 200 {
		t.Errorf("the page's own request: %d", resp.StatusCode)
	}

	guarded := mustServe(t, Options{Token: "t0ken"})
	if resp, _ := guarded.do("GET", "/inspect", "", "Host", "relay.example.com", "Authorization", "Bearer t0ken"); resp.StatusCode != 200 {
		t.Errorf("with a token any name will do: %d", resp.StatusCode)
	}
	guarded.refused(403, "forbidden", "", "another site", "DELETE", "/inspect", "", "Origin", "https://evil.example", "Authorization", "Bearer t0ken")
}

// TestForeignGets: a page of another site starts no profile and gathers no metrics by an image, a frame or a link; the
// operator's own pages, address bar and programs do, and links lead to the pages.
func TestForeignGets(t *testing.T) {
	r := mustServe(t, Options{})
	for _, path := range []string{"/debug/pprof/profile?seconds=1", "/debug/pprof/trace", "/debug/pprof/", "/debug/pprof/heap", "/metrics", "/api/stats"} {
		for _, method := range []string{"GET", "HEAD"} {
			for _, site := range []string{"cross-site", "same-site"} {
				if resp, _ := r.do(method, path, "", "Sec-Fetch-Site", site); resp.StatusCode != 403 {
					t.Errorf("%s %s from %s: %d", method, path, site, resp.StatusCode)
				}
			}
		}
		r.refused(403, "forbidden", "", "another site", "GET", path, "", "Origin", "https://evil.example")
	}
	for _, path := range []string{"/debug/pprof/cmdline", "/metrics", "/api/stats"} {
		for _, site := range []string{"", "none", "same-origin"} {
			if resp, text := r.do("GET", path, "", "Sec-Fetch-Site", site); resp.StatusCode != 200 {
				t.Errorf("%s from %q: %d %s", path, site, resp.StatusCode, text)
			}
		}
	}
	for _, path := range []string{"/", "/inspect", "/healthz", "/readyz"} {
		if resp, text := r.do("GET", path, "", "Sec-Fetch-Site", "cross-site"); resp.StatusCode != 200 {
			t.Errorf("a link to %s: %d %s", path, resp.StatusCode, text)
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	r := mustServe(t, Options{})
	for _, path := range []string{"/", "/inspect", "/healthz", "/metrics", "/api/stats", "/asset/console.css", "/nothing"} {
		resp, _ := r.do("GET", path, "")
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
				"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	resp, _ := r.do("GET", "/debug/pprof/", "")
	if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; style-src 'unsafe-inline'") {
		t.Errorf("pprof: %q", got)
	}
}
