package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/valyala/fasthttp/fasthttputil"
)

// clickTarget is the element of a captured click.
const clickTarget = `{"target":{"tag":"BUTTON","id":"save","cls":"btn btn-primary","title":"Save it","attrs":{"name":"saveBtn","value":"v1"},"myIndex":2,"childIndex":1,` +
	`"parentElem":{"tag":"DIV","id":"main","cls":"container","title":null,"attrs":{},"myIndex":0,"childIndex":0,"parentElem":{"tag":"BODY","id":"","cls":"app-body","title":null,"attrs":{},"myIndex":1,"childIndex":1}},"flags":["left"]}}`

const captured = `,"parentTabId":null,"tabId":"VnbUXKi4vSlEFBXB","sessionId":"kBOYoDoWrTLOQaVZ","utm":{"channel":"unassigned"},"bytes":512`

// threeEvents are a page load, a click and a track event as the agent sent them.
func threeEvents(n int) string {
	events := `[` + agentEventOf("load", 3*n, `{"load_time":145.80000000004657}`, captured) + `,` +
		agentEventOf("click", 3*n+1, clickTarget, captured) + `,` +
		agentEventOf("track", 3*n+2, `{"orderId":"o-1","total":12.5,"vip":true,"items":["a","b"],"nested":{"x":1},"when":null}`, `,"track_event_name":"Order Placed"`+captured) + `]`
	return strings.ReplaceAll(events, `"v"`, fmt.Sprintf(`"user-%d"`, n%500))
}

// threeMessages are the same three as Segment's browser SDK tells them.
func threeMessages(n int) string {
	const context = `"context":{"page":{"path":"/users/7","search":"","title":"Test Page","url":"https://app.example.com/users/7"},` +
		`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36","locale":"en-US",` +
		`"library":{"name":"analytics.js","version":"npm:next-1.84.3"},"groupId":"a"}`
	message := func(i int, kind, rest string) string {
		return fmt.Sprintf(`{"timestamp":"2026-11-21T06:11:28.402Z","integrations":{"Segment.io":true},"type":%q,%s,%s,"messageId":"ajs-next-1795241488321-%d","userId":"user-%d","anonymousId":"b","writeKey":"KEY"}`,
			kind, rest, context, i, n%500)
	}
	return `{"batch":[` + message(3*n, "page", `"properties":{"path":"/users/7","title":"Test Page","url":"https://app.example.com/users/7"}`) + `,` +
		message(3*n+1, "track", `"event":"Button Clicked","properties":`+clickTarget) + `,` +
		message(3*n+2, "track", `"event":"Order Placed","properties":{"orderId":"o-1","total":12.5,"vip":true,"items":["a","b"],"nested":{"x":1},"when":null}`) +
		`],"writeKey":"KEY","sentAt":"2026-11-21T06:11:30.000Z"}`
}

// BenchmarkAgentParse is the path from bytes to the batch for the log of three events in the agent's GET, beside the same
// three in one of Segment's batches. One goroutine, no disk: time is CPU time.
func BenchmarkAgentParse(b *testing.B) {
	rig := start(b, captures(b))
	rig.server.mangle = false
	rig.know()
	r := offline(b, rig.server)
	r.app, r.key = rig.server.apps.Load().byKey["KEY"], []byte("KEY")
	rig.raw(rawRequest("POST", "/v1/batch", threeMessages(1), basicKey))
	b.Run("agent", func(b *testing.B) {
		r.end = endpointOf(b, "/data/ptm.gif/KEY")
		packed := []byte(jzb(threeEvents(1)))
		b.SetBytes(int64(len(packed)))
		b.ReportAllocs()
		for b.Loop() {
			r.resetItems()
			r.text, r.peer = r.text[:0], nil
			payload, err := r.unpack(packed)
			if err != nil {
				b.Fatal(err)
			}
			r.addAgentEvents(payload)
			r.emitAll(b)
		}
	})
	b.Run("upstream", func(b *testing.B) { // what one adds
		rig := startBeyond(b)
		rig.server.mangle = false
		r := offline(b, rig.server)
		r.app, r.end, r.key = rig.server.apps.Load().byKey["KEY"], endpointOf(b, "/data/ptm.gif/KEY"), []byte("KEY")
		packed := []byte(jzb(threeEvents(1)))
		r.ctx.Request.Header.SetRequestURI("/data/ptm.gif/KEY?jzb=" + string(packed))
		r.ctx.Request.Header.SetUserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
		b.ReportAllocs()
		for b.Loop() {
			r.resetItems()
			r.text = r.text[:0]
			r.identify(packed)
			if err := r.addRequest(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("segment", func(b *testing.B) {
		r.end = endpointOf(b, "/v1/batch")
		body := []byte(threeMessages(1))
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			r.parse(b, body, func(body []byte) {
				var env envelope
				r.readEnvelope(&reader{b: body}, &env)
				r.addParts(&env)
			})
		}
	})
}

// BenchmarkAgentHandler is whole requests over pipes, each answered after its commit to a real disk.
func BenchmarkAgentHandler(b *testing.B) {
	f := func(name string, upstream uint32, parallel int, request func(n int) []byte) {
		b.Run(fmt.Sprintf("%s-%d", name, parallel), func(b *testing.B) {
			app, known := captureApp(b)
			app.Upstream = upstream
			r := startOn(b, vfs.Default, b.TempDir(), func(o *Options) { o.Apps, o.Catalog = []App{app}, known })
			r.server.mangle = false
			r.know()
			for n := range 500 {
				r.raw(request(1e6 + n)) // with their account
			}
			ln := fasthttputil.NewInmemoryListener()
			go r.server.http.Serve(ln)
			measure(b, ln, parallel, request)
		})
	}
	for _, parallel := range []int{1, 64} {
		agent := func(n int) []byte {
			return rawRequest("GET", fmt.Sprintf("/data/ptm.gif/KEY?v=2.291.4_prod&ct=%d&jzb=%s", theTime.UnixMilli(), jzb(threeEvents(n))), "",
				"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
		}
		f("agent", 0, parallel, agent)
		f("upstream", 2, parallel, agent)
		f("segment", 0, parallel, func(n int) []byte { return rawRequest("POST", "/v1/batch", threeMessages(n), basicKey) })
	}
}
