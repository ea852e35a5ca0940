package intake

import (
	"strings"
	"testing"

	"edgerelay/relay/people"
)

// TestAgentExclusions: of excluded people and those marked do-not-process nothing is kept, and only the latter's agent
// is told to stop.
func TestAgentExclusions(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"test-*"}, nil); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	change := r.book.Begin()
	if _, err := change.SetDoNotProcess("demo", []byte(`"secret"`), true); err != nil {
		t.Fatal(err)
	}
	r.commit(change)
	for _, visitor := range []string{"test-1", "secret"} {
		events := strings.ReplaceAll(`[`+agentEventOf("load", 1, `{}`, "")+`,`+agentEventOf("meta", 2, `{"visitor":{"x":1}}`, "")+`]`, `"v"`, `"`+visitor+`"`)
		r.taken(sent("ptm.gif", events))
	}
	r.stored()
	f := func(visitor string, want int) {
		t.Helper()
		for _, endpoint := range []string{"guide.json", "segmentflag.json", "guide.js", "segmentflag.js"} {
			payload := jzb(`{"visitorId":"` + visitor + `","accountId":null,"url":"https://x.example/"}`)
			get := r.raw(rawRequest("GET", "/data/"+endpoint+"/KEY?id=17&ct=1&v=1&jzb="+payload, ""))
			post := r.post("/data/"+endpoint+"/KEY?id=17&ct=1&v=1", `{"events":"`+payload+`"}`)
			if get.status != want || post.status != want {
				t.Errorf("%s of %s: %d, %d", endpoint, visitor, get.status, post.status)
			}
		}
	}
	f("v", 200)
	f("test-1", 200)
	f("secret", 451)
}

// TestAgentStubs: what is not events gets an answer on which the agent goes on.
func TestAgentStubs(t *testing.T) {
	r := start(t)
	f := func(method, target, body, want, kind string) {
		t.Helper()
		got := r.raw(rawRequest(method, target, body))
		if got.status != 200 || got.body != want || got.header.Get("Content-Type") != kind || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: %d %q %v", method, target, got.status, got.body, got.header)
		}
		if got := r.raw(rawRequest(method, strings.Replace(target, "KEY", "WRONG", 1), body)); got.status != 403 || (want == pixel) != (got.body == pixel) {
			t.Errorf("%s %s with a wrong key: %d %q", method, target, got.status, got.body)
		}
		if got := r.raw(rawRequest("OPTIONS", target, "")); got.status != 204 {
			t.Errorf("OPTIONS %s: %d", target, got.status)
		}
	}
	const json = "application/json"
	for _, query := range []string{"", "?jzb=", "?jzb=%00", "?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5", "?jzb=" + jzb(`{"visitorId":7}`), "?jzb=" + jzb(`{"visitorId":[]}`)} {
		f("GET", "/data/guide.json/KEY"+query, "", `{"guides":[]}`, json)
		f("GET", "/p//data/segmentflag.json/KEY"+query, "", `{"segmentFlags":[]}`, json)
	}
	f("POST", "/data/guide.json/KEY", `{"events":"%"}`, `{"guides":[]}`, json)
	f("POST", "/data/guide.json/KEY", `{`, `{"guides":[]}`, json)
	f("GET", "/data/guide.js/KEY", "", `pendo.guidesPayload({"guides":[]});`, "application/javascript; charset=utf-8")
	f("GET", "/data/segmentflag.js/KEY", "", `pendo.segmentsPayload({"segmentFlags":[]});`, "application/javascript; charset=utf-8")
	f("GET", "/data/log.gif/KEY?msg=Single%20item&version=2.291.4_prod", "", pixel, "image/gif")
	f("GET", "/data/recordingconf/KEY?jzb=x", "", `{"enable":false}`, json)
	f("POST", "/data/rec/KEY?recordingId=log", "\x78\x9c\x00", `{}`, json)
	f("GET", "/data/devlog/KEY?jzb=x", "", `{}`, json)
	f("POST", "/data/devlog/KEY", `{"events":"x"}`, `{}`, json)
	f("POST", "/data/errorlog?apiKey=KEY", `{"error":"e","version":"v","visitorId":"v"}`, `{}`, json)
	r.stored()
}
