//go:build !race

package intake

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
)


// offline is a request as its endpoint has it after the body was read, without a connection.
func offline(t testing.TB, s *Server) *request {
	t.Helper()
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	r := s.acquire(&ctx)
	return r
}

// parse is everything between the bytes of a body and the batch for the log: stable JSON, items, people, match, record.
func (r *request) parse(t testing.TB, body []byte, add func(body []byte)) {
	r.resetItems()
	r.text, r.peer = r.text[:0], nil
	var err error
	if r.json, err = r.stable.Append(r.json[:0], body); err != nil {
		t.Fatal(err)
	}
	add(r.json)
	news, err := r.screen()
	if err != nil || news {
		t.Fatalf("news %v, %v: the people of the body must be known", news, err)
	}
	for i := range r.items {
		if it := &r.items[i]; it.traits == nil && it.event.Kind != 0 {
			r.emit(&it.event)
		}
	}
}

// trackBody is an event of some 600 bytes, as the reference lines have it.
func trackBody(n int) string {
	return fmt.Sprintf(`{"type":"track","event":"Report exported","visitorId":"visitor-%d","accountId":"account-%d","timestamp":%d,`+
		`"properties":{"plan":"gold","rows":1042,"ratio":0.25,"tags":["a","b","c"],"nested":{"deep":{"deeper":true}},`+
		`"comment":"%s"},"context":{"ip":"203.0.113.9","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",`+
		`"url":"https://app.example.com/reports?tab=all","title":"Reports"}}`, n%500, n%50, 1795241522000+n, strings.Repeat("lorem ipsum ", 8))
}

// batchBody is a batch of n messages as a browser SDK makes them.
func batchBody(n, from int) string {
	var b strings.Builder
	b.WriteString(`{"batch":[`)
	for i := from; i < from+n; i++ {
		if i > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"timestamp":"2026-11-21T06:11:28.402Z","integrations":{"Segment.io":true},"event":"Button Clicked","type":"track",`+
			`"properties":{"color":"blue","n":1,"emoji":"🎉"},"context":{"page":{"path":"/static/ajs.html","search":"","title":"Test Page","url":"http://127.0.0.1:9911/static/ajs.html"},`+
			`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36","locale":"en-US",`+
			`"library":{"name":"analytics.js","version":"npm:next-1.84.3"}},"messageId":"ajs-next-1795241488321-%d","userId":"user-%d","anonymousId":"a","writeKey":"KEY"}`, i, i%500)
	}
	b.WriteString(`],"writeKey":"KEY","sentAt":"2026-11-21T06:11:30.000Z"}`)
	return b.String()
}

// know makes the people of the bodies above known.
func (r *rig) know() {
	r.t.Helper()
	change := r.book.Begin()
	for i := range 500 {
		if _, err := change.See("demo", fmt.Appendf(nil, `"user-%d"`, i), nil, 1); err != nil {
			r.t.Fatal(err)
		}
	}
	r.commit(change)
}

// TestParsingDoesNotAllocate holds the path from body to batch at no allocation per event.
func TestParsingDoesNotAllocate(t *testing.T) {
	rig := start(t)
	rig.server.mangle = false
	rig.know()
	r := offline(t, rig.server)
	r.app = rig.server.apps.Load().byKey["KEY"]
	f := func(what string, body string, add func(body []byte), want int) {
		t.Helper()
		raw := []byte(body)
		run := func() { r.parse(t, raw, add) }
		run()
		if r.batch.Len() != want {
			t.Fatalf("%s: %d records, want %d", what, r.batch.Len(), want)
		}
		if n := testing.AllocsPerRun(50, run); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
	track := func(body []byte) {
		if err := r.addTrack(body, -1); err != nil {
			t.Fatal(err)
		}
	}
	f("track", trackBody(1), track, 1)
	r.end = endpointOf(t, "/v1/batch")
	batch := func(body []byte) {
		var env envelope
		r.addMessages(event.Lookup(body, "batch"), &env)
	}
	f("batch", batchBody(100, 0), batch, 100)
	page := `{"batch":[{"type":"page","name":"Home","userId":1,"messageId":"m","properties":{"url":"https://x.example/"},"context":{"groupId":""}}]}`
	rig.good("/v1/batch", page, basicKey)
	f("page", page, batch, 1)
	identify := `{"batch":[{"type":"identify","userId":"user-1","traits":{"a":1,"b":"c"},"messageId":"m2"}]}`
	rig.good("/v1/batch", identify, basicKey)
	f("identify that repeats itself", identify, batch, 0)
}

func endpointOf(t testing.TB, path string) *endpoint {
	t.Helper()
	m := paths.find([]byte(path), nil)
	if m.end == nil {
		t.Fatalf("no endpoint at %s", path)
	}
	return m.end
}

// TestHandlingDoesNotAllocate holds everything around it at none as well: routing, keys, reading the body, the answer.
// The visitor is excluded, so that the log has no part in it.
func TestHandlingDoesNotAllocate(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"visitor-*", "user-*"}, nil); err != nil {
		t.Fatal(err)
	}
	rig := start(t, func(o *Options) { o.Apps = []App{app} })
	rig.server.mangle = false
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	f := func(path, body string, header ...string) {
		t.Helper()
		raw := []byte(body)
		source := bytes.NewReader(raw)
		run := func() {
			ctx.Request.Reset()
			ctx.Response.Reset()
			source.Reset(raw)
			ctx.Request.Header.SetMethod("POST")
			ctx.Request.SetRequestURI(path)
			for i := 0; i < len(header); i += 2 {
				ctx.Request.Header.Set(header[i], header[i+1])
			}
			ctx.Request.SetBodyStream(source, len(raw))
			rig.server.handle(&ctx)
			if ctx.Response.StatusCode() != 200 {
				t.Fatalf("%s: %d %s", path, ctx.Response.StatusCode(), ctx.Response.Body())
			}
		}
		run()
		if n := testing.AllocsPerRun(50, run); n != 0 {
			t.Errorf("%s %v: %v allocations", path, header, n)
		}
	}
	f("/data/track", trackBody(1), "X-Pendo-Integration-Key", "INT")
	f("/prefix/v1/batch", batchBody(100, 0), "Authorization", "Basic S0VZOg==")
	f("/v1/batch", deflateTo(t, "gzip", []byte(batchBody(100, 0))), "Authorization", "Basic S0VZOg==", "Content-Encoding", "gzip")
	f("/v1/batch", deflateTo(t, "deflate", []byte(batchBody(100, 0))), "Authorization", "Basic S0VZOg==", "Content-Encoding", "deflate")
	f("/v1/batch", deflateTo(t, "zstd", []byte(batchBody(100, 0))), "Authorization", "Basic S0VZOg==", "Content-Encoding", "zstd")
	if rig.log.Head() != 0 {
		t.Error("something was stored")
	}
}
