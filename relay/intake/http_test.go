package intake

import (
	"net/netip"
	"testing"
)

const oneEvent = `{"event":"E","visitorId":"v"}`

// TestWhereverMounted: any prefix, doubled and trailing slashes, escapes, whole URLs; never a redirect.
func TestWhereverMounted(t *testing.T) {
	r := start(t)
	for _, path := range []string{"/data/track", "/data/track/", "//data//track//", "/a/b/c/data/track", "/v1/data/track", "/data/tr%61ck?x=1&y",
		"//data/track?url=https://x.example//y", "http://other.example/data/track", "http://other.example//p/data/track?x", "/%/data/track", "/data/track#f"} {
		if got := r.post(path, oneEvent, integrationKey); got.status != 200 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/v1/t", "/api/v1/t", "/beacon/v1/t", "/v1/v1/t", "/data/segmentio/KEY", "/x/data/segmentio/K%45Y/"} {
		if got := r.post(path, `{"type":"track","userId":"u","event":"E"}`, basicKey); got.status != 200 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

// TestPaths looks at the tree itself.
func TestPaths(t *testing.T) {
	f := func(path, name, key, prefix string) {
		t.Helper()
		m := paths.find([]byte(path))
		got := ""
		if m.end != nil {
			got = m.end.name
		}
		if got != name || string(m.vars[0]) != key || m.end != nil && string(m.prefix) != prefix {
			t.Errorf("%s: %q, key %q, prefix %q", path, got, m.vars, m.prefix)
		}
	}
	f("/v1/batch", "/v1/batch", "", "")
	f("/beacon/v1/batch", "/beacon/v1/batch", "", "")
	f("/p/beacon/v1/batch", "/beacon/v1/batch", "", "/p")
	f("/p//v1/projects/K/settings", "/v1/projects/settings", "K", "/p")
	f("/data/segmentio/K", "/data/segmentio", "K", "")
	f("/data/segmentio/v1/track", "/v1/track", "", "/data/segmentio")
	f("/data/segmentio/data/track", "/data/track", "", "/data/segmentio")
	f("/userpilot/v1/track", "/userpilot/v1/track", "", "")
	f("/p//userpilot/v1/companies/identify/", "/userpilot/v1/companies/identify", "", "/p")
	f("/userpilot/x/v1/track", "/v1/track", "", "/userpilot/x")
	f("/p/api/v1/visitor/v", "/api/v1/visitor", "v", "/p")
	f("/api/v1/visitor/data/track", "/data/track", "", "/api/v1/visitor")
	f("/p/api/v1/metadata/visitor/custom/value/v1/track", "/api/v1/metadata/visitor/field", "custom", "/p") // the longest
	f("/api/v1/metadata/visitor/custom/value/data/track/", "/api/v1/metadata/visitor/field", "custom", "")
	f("/api/v1/metadata/account/agent/value", "/api/v1/metadata/account/value", "agent", "")
	f("", "", "", "")
	f("/", "", "", "")
	f("track", "", "", "")
	f("v1/track", "", "", "") // no path, as it has no slash
}

// TestCORS: every reply has the headers, and only pages that may read get leave to.
func TestCORS(t *testing.T) {
	f := func(r *rig, origin, allowed, credentials string) {
		t.Helper()
		for _, request := range [][]byte{
			rawRequest("POST", "/data/track", oneEvent, integrationKey, "Origin: "+origin),
			rawRequest("POST", "/data/track", oneEvent, "Origin: "+origin),
			rawRequest("POST", "/nowhere", "", "Origin: "+origin),
			rawRequest("GET", "/v1/track", "", "Origin: "+origin),
			rawRequest("OPTIONS", "/v1/track", "", "Origin: "+origin),
			rawRequest("OPTIONS", "/v1/projects/ANY/settings", "", "Origin: "+origin),
		} {
			got := r.raw(request)
			if h := got.header; h.Get("Access-Control-Allow-Origin") != allowed || h.Get("Access-Control-Allow-Credentials") != credentials ||
				h.Get("Access-Control-Expose-Headers") != "Retry-After, X-RateLimit-Reset" {
				t.Errorf("%s: %s %d %v", origin, request[:20], got.status, h)
			}
			if request[0] == 'O' && (got.status != 204 || got.body != "" || got.header.Get("Access-Control-Max-Age") == "") {
				t.Errorf("preflight of %s: %d %s", request[:20], got.status, got.body)
			}
		}
	}
	f(start(t), "https://any.example", "*", "")
	some := start(t, func(o *Options) {
		o.CORSOrigins = []string{"https://a.example", "https://*.b.example", "http://localhost:3000"}
	})
	f(some, "https://a.example", "https://a.example", "true")
	f(some, "https://x.y.b.example", "https://x.y.b.example", "true")
	f(some, "http://localhost:3000", "http://localhost:3000", "true")
	f(some, "https://b.example", "", "")
	f(some, "http://a.example", "", "")
	f(some, "https://a.example.evil", "", "")
	f(some, "https://evilb.example", "", "")
	f(some, "null", "", "")
	f(start(t, func(o *Options) { o.CORSOrigins = nil }), "https://a.example", "", "")
	if got := some.raw(rawRequest("OPTIONS", "/nowhere", "")); got.status != 404 {
		t.Errorf("OPTIONS of no path: %d", got.status)
	}
}

// TestKeys: where keys may stand, and which counts when there are several.
func TestKeys(t *testing.T) {
	r := start(t)
	f := func(target, body string, header ...string) {
		t.Helper()
		if got := r.post(target, body, header...); got.status != 200 {
			t.Errorf("%s %v: %d %s", target, header, got.status, got.body)
		}
	}
	message := `{"type":"page","userId":"u"}`
	batch := `{"batch":[` + message + `]}`
	f("/v1/p", message, "Authorization: Basic S0VZOg==")
	f("/v1/p", message, "Authorization: basic  S0VZOg")
	f("/v1/p", message, "Authorization: Basic S0VZ") // no colon
	f("/v1/p", message, "authorization: BASIC S0VZOnNlY3JldA==")
	f("/v1/p?writeKey=KEY", message)
	f("/beacon/v1/batch?writeKey=KEY", batch, "Content-Type: text/plain")
	f("/v1/p", `{"type":"page","userId":"u","writeKey":"KEY"}`)
	f("/v1/batch", `{"batch":[`+message+`],"writeKey":"KEY"}`)
	f("/v1/batch?writeKey=WRONG", `{"batch":[],"writeKey":"WRONG"}`, basicKey)                          // Basic counts
	f("/v1/batch?writeKey=KEY", `{"batch":[],"writeKey":"WRONG"}`)                                      // then the query
	f("/v1/batch", `{"batch":[],"writeKey":"KEY"}`, "Authorization: Bearer token")                      // no Basic
	f("/v1/batch", `{"batch":[],"writeKey":"KEY"}`, "Authorization: Basic %%%")                         // nor this
	f("/v1/batch", `{"batch":[],"writeKey":"KEY"}`, "Authorization: Basic Og==")                        // nobody
	f("/data/segmentio/KEY", message, "Authorization: Basic V1JPTkc6")                                  // the path's alone
	f("/data/track?writeKey=WRONG", oneEvent, "X-PENDO-INTEGRATION-KEY: INT", "Authorization: Basic x") // the header's alone
}

// TestSettings: what browser SDKs read before they send leads them back here.
func TestSettings(t *testing.T) {
	r := start(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	f := func(target, want string, header ...string) {
		t.Helper()
		got := r.raw(rawRequest("GET", target, "", header...))
		if got.status != 200 || got.body != want || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
	f("/v1/projects/KEY/settings", `{"integrations":{"Segment.io":{"apiKey":"KEY","apiHost":"relay.example/v1","protocol":"http"}},"metrics":{"sampleRate":0}}`)
	f("/edge//v1/projects/KEY/settings/?x=1", `{"integrations":{"Segment.io":{"apiKey":"KEY","apiHost":"www.example/edge/v1","protocol":"https"}},"metrics":{"sampleRate":0}}`,
		"X-Forwarded-Proto: https", "X-Forwarded-Host: www.example")
	source := `{"source":{"id":"demo","name":"demo","writeKey":"KEY","config":{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}},` +
		`"enabled":true,"workspaceId":"edgerelay","connections":[],"destinations":[],"dataplanes":{}}}`
	f("/sourceConfig/?p=npm&v=3&writeKey=KEY", source)
	f("/sourceConfig/?p=npm&v=3", source, basicKey)
	if got := r.raw(rawRequest("HEAD", "/v1/projects/KEY/settings", "")); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

// TestPeer: whose address an event of a browser gets.
func TestPeer(t *testing.T) {
	proxied := start(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	})
	plain := start(t)
	f := func(r *rig, want string, header ...string) {
		t.Helper()
		r.good("/v1/t", `{"userId":"u","event":"E","channel":"web"}`, append(header, basicKey)...)
		events := r.events()
		if got := string(events[len(events)-1].IP); got != `"`+want+`"` {
			t.Errorf("%v: %s, want %s", header, got, want)
		}
	}
	f(plain, "127.0.0.1")
	f(plain, "127.0.0.1", "X-Forwarded-For: 203.0.113.1")
	f(proxied, "127.0.0.1")
	f(proxied, "203.0.113.1", "X-Forwarded-For: 203.0.113.1")
	f(proxied, "203.0.113.1", "X-Forwarded-For: 198.51.100.1, 203.0.113.1,10.1.2.3 , 2001:db8::7")
	f(proxied, "203.0.113.1", "X-Forwarded-For: 203.0.113.1:5555, [2001:db8::7]:80")
	f(proxied, "10.9.9.9", "X-Forwarded-For: 10.9.9.9")
	f(proxied, "10.1.1.1", "X-Forwarded-For: 203.0.113.1, nonsense, 10.1.1.1")
	f(proxied, "127.0.0.1", "X-Forwarded-For: unknown")
	f(proxied, "2001:db9::1", "X-Forwarded-For: 2001:DB9:0::1%eth0")
	f(proxied, "203.0.113.1", "X-Forwarded-For: ::ffff:203.0.113.1")
}
