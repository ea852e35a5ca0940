package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
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
	r.emitAll(t)
}

// emitAll is what commit does with items of people who are known.
func (r *request) emitAll(t testing.TB) {
	if news, err := r.screen(); err != nil || news {
		t.Fatalf("news %v, %v: the people of the body must be known", news, err)
	}
	if err := r.resolve(); err != nil {
		t.Fatal(err)
	}
	for i := range r.items {
		if it := &r.items[i]; !it.dropped && it.traits == nil && it.event.Kind != 0 {
			r.emit(&it.event)
		}
	}
	r.feed.Done(true)
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

func endpointOf(t testing.TB, path string) *endpoint {
	t.Helper()
	m := paths.find([]byte(path))
	if m.end == nil {
		t.Fatalf("no endpoint at %s", path)
	}
	return m.end
}
