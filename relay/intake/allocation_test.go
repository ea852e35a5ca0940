//go:build !race

package intake

import (
	"bytes"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/people"
)

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
		if err := r.addOne(body, "event", -1, (*request).addTrack); err != nil {
			t.Fatal(err)
		}
	}
	f("track", trackBody(1), track, 1)
	each := func(add adder) func(body []byte) {
		return func(body []byte) {
			if err := r.addOne(body, "event", -1, add); err != nil {
				t.Fatal(err)
			}
		}
	}
	f("userpilot track", `{"user_id":"user-1","event_name":"E","metadata":{"a":1}}`, each((*request).addUserpilotTrack), 1)
	f("admin", `{"type":"page.tagged","timestamp":1795241522000,"id":"p","properties":{"name":"Home"}}`, each((*request).addAdmin), 1)
	f("unsubscribe", `{"visitorId":"v","eventType":"unsubscribe","timestamp":"2025-10-28T14:05:00Z"}`, each((*request).addUnsubscribe), 1)
	for _, kind := range event.Kinds() {
		sample := event.Sample(kind)
		f("pendo "+kind.String(), string(format.Pendo(nil, &sample, event.Note{All: true})), each((*request).addPendoDelivery), 1)
	}
	rig.good("/in/userpilot/KEY", aFlow)
	f("userpilot delivery", aFlow, each((*request).addUserpilotDelivery), 1)
	call := `{"user_id":"user-1","metadata":{"a":1},"company":{"id":"c","name":"x"}}`
	if got := rig.post("/userpilot/v1/identify", call, tokenKey); got.status != 202 {
		t.Fatal(got.body)
	}
	f("userpilot identify that repeats itself", call, each((*request).addUserpilotUser), 0)
	r.end = endpointOf(t, "/v1/batch")
	batch := func(body []byte) {
		var env envelope
		r.readEnvelope(&reader{b: body}, &env)
		r.addParts(&env)
	}
	f("batch", batchBody(100, 0), batch, 100)
	page := `{"batch":[{"type":"page","name":"Home","userId":1,"messageId":"m","properties":{"url":"https://x.example/"},"context":{"groupId":""}}]}`
	rig.good("/v1/batch", page, basicKey)
	f("page", page, batch, 1)
	identify := `{"batch":[{"type":"identify","userId":"user-1","traits":{"a":1,"b":"c"},"messageId":"m2"}]}`
	rig.good("/v1/batch", identify, basicKey)
	f("identify that repeats itself", identify, batch, 0)
}

// TestHandlingDoesNotAllocate holds everything around it at none as well: routing, keys, reading the body, the answer.
// The visitor is excluded, so that the log has no part in it.
func TestHandlingDoesNotAllocate(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"visitor-*", "user-*"}, []string{"acme"}); err != nil {
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
			if status := ctx.Response.StatusCode(); status != 200 && status != 202 {
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
	f("/userpilot/v1/track", `{"user_id":"user-1","event_name":"E","metadata":{"a":1}}`, "Authorization", "Token KEY")
	f("/userpilot/v1/identify", `{"user_id":"user-1","metadata":{"a":1},"company":{"id":"c","name":"x"}}`, "Authorization", "Token KEY")
	f("/in/pendo/KEY", `{"event":"pageLoaded","properties":{"eventProperties":{},"ids":["a","b"]},"timestamp":1626803875,"visitorId":"visitor-1","uniqueId":"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"}`)
	f("/in/userpilot/KEY", strings.Replace(aFlow, `"user_id": "1"`, `"user_id": "user-1"`, 1))
	f("/data/unsubscribe/KEY", `{"visitorId":"visitor-1","eventType":"unsubscribe","timestamp":"2025-10-28T14:05:00Z"}`)
	f("/data/admin", `{"event":"pageTagged","accountId":"acme","timestamp":1795241522000,"properties":{"id":"p"}}`, "X-Pendo-Integration-Key", "INT")
	if rig.log.Head() != 0 {
		t.Error("something was stored")
	}
}
