package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"edgerelay/relay/catalog"
	"edgerelay/relay/upstream"
)

// fakeLive is an upstream whose answer the test sets. It notes what it was asked.
type fakeLive struct {
	mu    sync.Mutex
	reply *upstream.Reply // nil: it does not answer
	asked []string
}

var errDown = errors.New("down")

func (f *fakeLive) Ask(q *upstream.Request) (*upstream.Reply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, showRequest(q))
	if f.reply == nil {
		return nil, errDown
	}
	reply := *f.reply
	reply.Body = slices.Clone(reply.Body)
	return &reply, nil
}

// was returns what was asked since the last call.
func (f *fakeLive) was() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := strings.Join(f.asked, "\n")
	f.asked = nil
	return asked
}

func (f *fakeLive) answers(status int, body string, change ...func(*upstream.Reply)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reply = &upstream.Reply{Status: status, ContentType: "application/json", Body: []byte(body)}
	for _, c := range change {
		c(f.reply)
	}
}

func gzippedReply(r *upstream.Reply) { r.ContentEncoding = "gzip" }

const visitorPayload = `{"visitorId":"v","accountId":"a","url":"https://app.example.com/"}`

// TestLiveAnswers: what the upstream says is what the agent gets, and who may read it is the relay's to say.
func TestLiveAnswers(t *testing.T) {
	b := startBeyond(t, func(o *Options) { o.CORSOrigins = []string{"https://app.example.com"} })
	target := "/pfx//data/guide.json/KEY?id=1&v=2&ct=3&jzb=" + jzb(visitorPayload)
	b.live.answers(200, `{"guides":[],"x":1}`, func(r *upstream.Reply) { r.CacheControl, r.ETag = "max-age=5", `"e"` })
	got := b.raw(rawRequest("GET", target, "", "Origin: https://app.example.com", "User-Agent: UA", "Referer: https://app.example.com/x",
		"Accept-Encoding: br, gzip", `If-None-Match: "d"`, "Cookie: a=b", "Authorization: Basic x"))
	want := map[string]string{"Content-Type": "application/json", "Etag": `"e"`, "Cache-Control": "max-age=5", "Content-Length": "19",
		"Access-Control-Allow-Origin": "https://app.example.com", "Access-Control-Allow-Credentials": "true", "Vary": "Origin", "Content-Encoding": ""}
	for name, value := range want {
		if v := got.header.Values(name); strings.Join(v, "|") != value {
			t.Errorf("%s is %q, want %q", name, v, value)
		}
	}
	if got.status != 200 || got.body != `{"guides":[],"x":1}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	if asked := b.live.was(); asked != "GET data/guide.json/KEY?id=1&v=2&ct=3&jzb="+jzb(visitorPayload)+
		" User-Agent=UA Referer=https://app.example.com/x Origin=https://app.example.com Accept-Encoding=gzip If-None-Match=\"d\"" {
		t.Errorf("asked %s", asked)
	}

	b.live.answers(200, "zipped", gzippedReply)
	got = b.raw(rawRequest("GET", target, "", "Accept-Encoding: gzip"))
	if got.body != "zipped" || got.header.Get("Content-Encoding") != "gzip" || strings.Join(got.header.Values("Vary"), ", ") != "Accept-Encoding, Origin" ||
		got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", got.body, got.header)
	}
	b.live.was()
	b.live.answers(304, "")
	if got := b.raw(rawRequest("GET", target, "")); got.status != 304 || got.body != "" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if asked := b.live.was(); strings.Contains(asked, "Accept-Encoding") {
		t.Errorf("asked %s", asked)
	}
	b.live.answers(200, "{}")
	body := ` {"events":"` + jzb(visitorPayload) + `"}`
	if got := b.post("/data/guide.json/KEY?id=1", body, "Content-Type: application/json"); got.status != 200 || got.body != "{}" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if asked := b.live.was(); asked != "POST data/guide.json/KEY?id=1 Content-Type=application/json "+body {
		t.Errorf("asked %s", asked)
	}
	if got := b.raw(rawRequest("GET", "/data/guide.json/KEY?id=1", "")); got.status != 200 || got.body != "{}" || b.live.was() == "" {
		t.Errorf("for nobody: %d %s", got.status, got.body)
	}
	if got := b.raw(rawRequest("HEAD", target, "")); got.status != 200 || got.body != "" || got.header.Get("Content-Length") != "2" {
		t.Errorf("HEAD: %d %s %v", got.status, got.body, got.header)
	}
	b.forwarded()
}

// TestLiveStubs: whatever is wrong with the upstream, the agent goes on as without one. Only the upstream's word on
// guides makes it stop.
func TestLiveStubs(t *testing.T) {
	alone, b := start(t), startBeyond(t)
	for _, endpoint := range []string{"guide.json", "guide.js", "segmentflag.json", "segmentflag.js", "recordingconf"} {
		raw := rawRequest("GET", "/data/"+endpoint+"/KEY?jzb="+jzb(visitorPayload), "")
		f := func(what string, stub bool, status int) {
			t.Helper()
			want, got := alone.raw(raw), b.raw(raw)
			if same := got.status == want.status && got.body == want.body && got.header.Get("Content-Type") == want.header.Get("Content-Type"); same != stub || got.status != status {
				t.Errorf("%s, %s: %d %s %v", endpoint, what, got.status, got.body, got.header)
			}
			if asked := b.live.was(); !strings.HasPrefix(asked, "GET data/"+endpoint) {
				t.Errorf("asked %s", asked)
			}
		}
		b.live.answers(200, "other")
		f("passed on", false, 200)
		b.live.reply = nil
		f("down", true, 200)
		b.live.answers(451, "stop")
		if strings.HasPrefix(endpoint, "guide") {
			f("do not process", false, 451)
		} else {
			f("do not process", true, 200)
		}
	}
}

// TestLiveIsNotAskedAboutSome: who must not be processed is not told to the upstream.
func TestLiveIsNotAskedAboutSome(t *testing.T) {
	b := startBeyond(t)
	change := b.book.Begin()
	if _, err := change.SetDoNotProcess("demo", []byte(`"v"`), true); err != nil {
		t.Fatal(err)
	}
	b.commit(change)
	b.live.answers(200, `{"enable":true}`)
	f := func(endpoint string, status int, body string) {
		t.Helper()
		got := b.raw(rawRequest("GET", "/data/"+endpoint+"/KEY?jzb="+jzb(visitorPayload), ""))
		if got.status != status || body != "" && got.body != body {
			t.Errorf("%s: %d %s", endpoint, got.status, got.body)
		}
		if asked := b.live.was(); asked != "" {
			t.Errorf("%s: asked %s", endpoint, asked)
		}
	}
	f("guide.json", 451, "")
	f("segmentflag.json", 451, "")
	f("recordingconf", 200, `{"enable":false}`)
}

// TestGuidesAreLearnt: names of guides are known once they have passed, in all forms in which they pass.
func TestGuidesAreLearnt(t *testing.T) {
	guide := func(id string) string {
		return fmt.Sprintf(`{"guides":[{"id":%q,"name":"Guide %s","steps":[{"id":"s","type":"building-block"}],"polls":[{"id":"p","attributes":{"type":"NPSRating"}}]}]}`, id, id)
	}
	known, err := catalog.New(catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := startBeyond(t, func(o *Options) { o.Catalog = known })
	b.meet()
	n := 100
	f := func(endpoint, reply, id string, learnt bool, change ...func(*upstream.Reply)) {
		t.Helper()
		b.live.answers(200, reply, change...)
		b.raw(rawRequest("GET", "/data/"+endpoint+"/KEY?jzb="+jzb(visitorPayload), "", "Accept-Encoding: gzip"))
		n++
		b.taken(sent("guide.gif", `[`+agentEventOf("guideAdvanced", n, `{"guide_id":"`+id+`","guide_step_id":"t"}`, "")+`]`))
		got := b.events()
		if len(got) != 1 {
			t.Fatalf("%d events", len(got))
		}
		name := fmt.Sprintf(`"Guide %s"`, id)
		if is := string(got[0].Guide.Name) == name && strings.Contains(string(got[0].Guide.Properties), `"steps":[{"id":"s"`); is != learnt {
			t.Errorf("%s: name %s, properties %s", endpoint, got[0].Guide.Name, got[0].Guide.Properties)
		}
	}
	f("guide.json", guide("g1"), "g1", true)
	f("guide.json", deflateTo(t, "gzip", []byte(guide("g2"))), "g2", true, gzippedReply)
	f("guide.js", "pendo.guidesPayload("+guide("g3")+");\n", "g3", true)
	f("guide.js", guide("g4"), "g4", true)
	f("guide.json", `{"guides":[]}`, "g1", true)
	f("guide.json", "no JSON", "g5", false)
	f("guide.json", "no gzip", "g6", false, gzippedReply)
	f("guide.js", ")(", "g7", false)
	f("segmentflag.json", guide("g8"), "g8", false)
	f("guide.json", guide("g9"), "g9", false, func(r *upstream.Reply) { r.Status = 451 })
}
