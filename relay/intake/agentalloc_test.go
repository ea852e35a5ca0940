//go:build !race

package intake

import (
	"fmt"
	"testing"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/people"
)

// agentBatch is what a usual session sends: a page load, clicks, track events, and a guide.
func agentBatch() string {
	const target = `{"target":{"tag":"BUTTON","id":"save","cls":"btn btn-primary","title":"Save it","attrs":{"name":"saveBtn"},"parentElem":` +
		`{"tag":"DIV","id":"main","cls":"container","title":null,"attrs":{},"parentElem":{"tag":"BODY","id":"","cls":"app-body"}}}}`
	batch := `[` + agentEventOf("load", 1, `{}`, `,"frustrationTypes":["uTurn"]`)
	for i := 2; i < 40; i += 6 {
		batch += `,` + agentEventOf("click", i, target, `,"frustrationTypes":["rageClick","errorClick"],"errorClickLog":"x"`) +
			`,` + agentEventOf("track", i+1, `{"n":1}`, `,"track_event_name":"T"`) +
			`,` + agentEventOf("focus", i+2, target, "") +
			`,` + agentEventOf("guideSeen", i+3, `{"guide_id":"g","guide_step_id":"s","step_poll_types":["NPSRating"]}`, "") +
			`,` + agentEventOf("pollResponse", i+4, `{"guide_id":"g","guide_step_id":"s","poll_id":"p","poll_response":9,"poll_type":"NPSRating"}`, "") +
			`,` + agentEventOf("meta", i+5, `{"visitor":{"id":"v","role":"admin"},"account":{"id":"a","plan":"gold"}}`, "")
	}
	return batch + `]`
}

// TestAgentDoesNotAllocate holds the path from the jzb to the batch for the log at no allocation per event.
func TestAgentDoesNotAllocate(t *testing.T) {
	rig := start(t, captures(t))
	rig.server.mangle = false
	rig.meet()
	rig.taken(sent("ptm.gif", agentBatch()))
	r := offline(t, rig.server)
	r.app, r.end, r.key = rig.server.apps.Load().byKey["KEY"], endpointOf(t, "/data/ptm.gif/KEY"), []byte("KEY")
	packed := []byte(jzb(agentBatch()))
	run := func() {
		r.resetItems()
		r.text, r.peer = r.text[:0], nil
		payload, err := r.unpack(packed)
		if err != nil {
			t.Fatal(err)
		}
		r.addAgentEvents(payload)
		r.emitAll(t)
	}
	run()
	if n := r.batch.Len(); n != 1+1+7*(3+1+1)+7 {
		t.Fatalf("%d records", n)
	}
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestFrustrationDoesNotAllocate: looking through what an elder agent sends costs none either.
func TestFrustrationDoesNotAllocate(t *testing.T) {
	rig := start(t, captures(t))
	rig.server.mangle = false
	rig.meet()
	r := offline(t, rig.server)
	r.app, r.end, r.key = rig.server.apps.Load().byKey["KEY"], endpointOf(t, "/data/ptm.gif/KEY"), []byte("KEY")
	r.ctx.Request.SetRequestURI("/data/ptm.gif/KEY?v=2.219.0_prod")
	batch := `[` + loadAt(0, 1, "a") + `,` + loadAt(5, 2, "b") + `,` + loadAt(10, 3, "a")
	for i := range 20 {
		batch += `,` + clickAt(20+i, 4+i)
	}
	payload := []byte(batch + `]`)
	run := func() {
		r.resetItems()
		r.text, r.peer = r.text[:0], nil
		r.addAgentEvents(payload)
		r.emitAll(t)
	}
	run()
	if n := r.batch.Len(); n != 3+1+20+5 {
		t.Fatalf("%d records", n)
	}
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestForwardingDoesNotAllocate holds what an upstream adds at no allocation.
func TestForwardingDoesNotAllocate(t *testing.T) {
	rig := startBeyond(t)
	rig.server.mangle = false
	r := offline(t, rig.server)
	r.app, r.end, r.key = rig.server.apps.Load().byKey["KEY"], endpointOf(t, "/data/ptm.gif/KEY"), []byte("KEY")
	packed := []byte(jzb(agentBatch()))
	r.prefix = append(r.prefix, "/pfx"...)
	h := &r.ctx.Request.Header
	h.SetRequestURI("/pfx/data/ptm.gif/KEY?jzb=" + string(packed))
	h.SetUserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	h.SetReferer("https://app.example.com/")
	run := func() {
		r.resetItems()
		r.text = r.text[:0]
		r.identify(packed)
		if err := r.addRequest(); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := r.batch.Len(); n != 1 {
		t.Fatalf("%d records", n)
	}
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestHandlingAgentDoesNotAllocate holds all around it at none as well, for GET and POST. The visitor is excluded, so that
// the log has no part in it.
func TestHandlingAgentDoesNotAllocate(t *testing.T) {
	app, known := captureApp(t)
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"v"}, nil); err != nil {
		t.Fatal(err)
	}
	rig := start(t, func(o *Options) { o.Apps, o.Catalog = []App{app}, known })
	rig.server.mangle = false
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	target := fmt.Sprintf("/data/ptm.gif/KEY?v=2.291.4_prod&ct=%d&jzb=%s", theTime.UnixMilli(), jzb(agentBatch()))
	run := func() {
		ctx.Request.Reset()
		ctx.Response.Reset()
		ctx.Request.Header.SetMethod("GET")
		ctx.Request.Header.SetUserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
		ctx.Request.SetRequestURI(target)
		rig.server.handle(&ctx)
		if ctx.Response.StatusCode() != 200 {
			t.Fatalf("%d", ctx.Response.StatusCode())
		}
	}
	run()
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if rig.log.Head() != 0 {
		t.Error("something was stored")
	}
}
