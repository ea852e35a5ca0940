package intake

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// TestAdmin: every administrative event by each of its names, in either field.
func TestAdmin(t *testing.T) {
	r := start(t)
	admin := 0
	for _, kind := range event.Kinds() {
		if kind < event.PageTagged || kind >= event.FlowSeen {
			continue
		}
		admin++
		sample := event.Sample(kind)
		for i, name := range kind.Names() {
			member := []string{"event", "type"}[i%2]
			r.good("/data/admin", fmt.Sprintf(`{%q:%q,"timestamp":%d,"properties":%s}`, member, name, sample.Time, sample.Properties), integrationKey)
			r.stored(show(&sample))
		}
	}
	if admin != 27 {
		t.Errorf("%d kinds", admin)
	}
	f := func(body string, want ...string) {
		t.Helper()
		if got := r.post("/data/admin", body, integrationKey); got.status != 200 || got.body != `{"status":"ok"}` {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
		r.stored(want...)
	}
	f(`{"event":"pageTagged","id":"p1","properties":{"7":true,"name":"Home"}}`, `pageTagged id="p1" properties={"7":true,"name":"Home","id":"p1"}`)
	f(`{"event":"goalUpdated","id":5}`, `goalUpdated id="5" properties={"id":5}`)
	f(`{"event":"goalUpdated","id":"5","properties":{"id":"own"}}`, `goalUpdated id="5" properties={"id":"own"}`)
	f(`{"event":"userInvited","visitorId":"admin-1","accountId":"a","userAgent":"UA","properties":{"id":null}}`,
		`userInvited visitor="admin-1" account="a" properties={"id":null} userAgent="UA"`)
	f(`{"type":"user.added","userId":7,"timestamp":"2026-11-21T00:00:00Z","properties":null}`, `userAdded visitor="7" properties={} time=2026-11-21T00:00:00.000Z`)
	f(`{"type":"user.added","userId":7,"timestamp":"2026-11-21T00:00:00Z","properties":null}`) // again
	f(`{"event":"pollDeleted","uniqueId":"mine-1"}`, `pollDeleted properties={}`)
	f(`{"event":"pollDeleted","uniqueId":"mine-1"}`)
	f(`{"event":"pollDeleted"}`, `pollDeleted properties={}`)
	f(`{"event":"pollDeleted"}`, `pollDeleted properties={}`) // without a time and an ID, two are two
	f(`[{"event":"pathCreated","timestamp":1},{"event":"pathCreated","timestamp":2},{"event":"pathCreated","timestamp":1}]`,
		`pathCreated properties={} time=1970-01-01T00:00:01.000Z`, `pathCreated properties={} time=1970-01-01T00:00:02.000Z`)
	f(`[]`)
	r.good("/p//data/admin/", deflateTo(t, "zstd", []byte(`{"event":"npsCreated"}`)), integrationKey, "Content-Encoding: zstd")
	r.stored(`NPSCreated properties={}`)
	if got := r.raw(rawRequest("OPTIONS", "/data/admin", "")); got.status != 204 {
		t.Errorf("preflight: %d", got.status)
	}
	if got := r.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "admin"); got != 69 {
		t.Errorf("%v accepted counted", got)
	}
}

func TestUnsubscribe(t *testing.T) {
	r := start(t)
	f := func(body string, want ...string) {
		t.Helper()
		if got := r.post("/data/unsubscribe/KEY", body); got.status != 200 || got.body != `{"status":"ok"}` {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
		r.stored(want...)
	}
	whole := `{"app":{"id":1},"accountId":"Webhook Account","subscription":{"id":2},"userAgent":"Mozilla/5.0","visitorId":"abc123","eventType":"unsubscribe","timestamp":"2025-10-28T14:05:00Z"}`
	f(whole, `visitorUnsubscribed visitor="abc123" account="Webhook Account" properties={} time=2025-10-28T14:05:00.000Z userAgent="Mozilla/5.0"`)
	f(strings.ReplaceAll(whole, `,"`, ` , "`))
	f(`{"visitorId":"v"}`, `visitorUnsubscribed visitor="v" properties={}`)
	f(`{"event":"email.unsubscribed","userId":"v","properties":{"list":"news"}}`, `visitorUnsubscribed visitor="v" properties={"list":"news"}`)
	f(`[{"visitorId":"v","timestamp":1},{"visitorId":"w","timestamp":1}]`, `visitorUnsubscribed visitor="v" properties={} time=1970-01-01T00:00:01.000Z`,
		`visitorUnsubscribed visitor="w" properties={} time=1970-01-01T00:00:01.000Z`)
	r.good("/p/data/unsubscribe/WK_TEST_web", `{"visitorId":"v"}`)
	if e := r.events()[0]; string(e.App) != `{"id":-323232,"name":"demo","platform":"web"}` {
		t.Errorf("app %s", e.App)
	}
	change := r.book.Begin()
	if _, err := change.SetDoNotProcess("demo", []byte(`"gone"`), true); err != nil {
		t.Fatal(err)
	}
	r.commit(change)
	f(`{"visitorId":"gone"}`)
	if got := r.raw(rawRequest("OPTIONS", "/data/unsubscribe/KEY", "")); got.status != 204 {
		t.Errorf("preflight: %d", got.status)
	}
	if got := r.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "unsubscribe"); got != 6 {
		t.Errorf("%v accepted counted", got)
	}
}

// TestBadAdministration is what must be refused of both.
func TestBadAdministration(t *testing.T) {
	b := newBad(t)
	admin := func(body, message, field string) {
		t.Helper()
		b.check(body, b.rig.post("/data/admin", body, integrationKey), 400, "invalid_event", message, field)
	}
	const unknown = ` is the name of no event; names are such as "pageLoaded", "guide.viewed" or "flows.completed"`
	const others = ` is no event of administrators; their names are such as "pageTagged" or "goal.updated"`
	admin(`{}`, "event is missing; it says what happened", "event")
	admin(`{"event":""}`, "event is missing; it says what happened", "event")
	admin(`{"event":["pageTagged"]}`, "event must be a string", "event")
	admin(`{"event":"PageTagged"}`, "event"+unknown, "event")
	admin(`{"event":"pageLoaded","visitorId":"v"}`, "event"+others, "event")
	admin(`{"event":"flows.seen","visitorId":"v"}`, "event"+others, "event")
	admin(`{"type":"visitorUnsubscribed","visitorId":"v"}`, "type"+others, "type")
	admin(`{"type":"track","event":"E"}`, "event"+unknown, "event")
	admin(`{"event":"pageTagged","id":{}}`, "id must be a string or a number", "id")
	admin(`{"event":"pageTagged","id":"`+strings.Repeat("x", 1023)+`"}`, "id is longer than 1024 bytes", "id")
	admin(`{"event":"pageTagged","id":"p","properties":7}`, "properties must be an object", "properties")
	admin(`{"event":"pageTagged","properties":{"id":[]}}`, "properties.id must be a string or a number", "properties.id")
	admin(`{"event":"pageTagged","visitorId":{}}`, "visitorId must be a string or a number", "visitorId")
	admin(`{"event":"pageTagged","userId":{}}`, "userId must be a string or a number", "userId")
	admin(`{"event":"pageTagged","timestamp":"2026"}`, badTime, "timestamp")
	admin(`[{"event":"pageTagged"},{"event":"pageTagged","properties":[]}]`, "event 1: properties must be an object", "[1].properties")
	const useIntegration = "send one of an app's integration_keys in the header x-pendo-integration-key"
	b.check("no key", b.rig.post("/data/admin", `{"event":"pageTagged"}`), 403, "no_key", "there is no key; "+useIntegration, "")
	b.check("app key", b.rig.post("/data/admin", "{", "X-Pendo-Integration-Key: KEY"), 403, "unknown_key", "the key is not known; "+useIntegration, "")

	unsubscribe := func(body, message, field string) {
		t.Helper()
		b.check(body, b.rig.post("/data/unsubscribe/KEY", body), 400, "invalid_event", message, field)
	}
	unsubscribe(`{}`, "visitorId is missing; it says who did it", "visitorId")
	unsubscribe(`{"visitorId":""}`, "visitorId is missing; it says who did it", "visitorId")
	unsubscribe(`{"visitorId":[1]}`, "visitorId must be a string or a number", "visitorId")
	unsubscribe(`{"visitorId":"v","eventType":"subscribe"}`, `eventType must be "unsubscribe"`, "eventType")
	unsubscribe(`{"visitorId":"v","event":"pageLoaded"}`, `event must be "visitorUnsubscribed"`, "event")
	unsubscribe(`{"visitorId":"v","timestamp":true}`, badTime, "timestamp")
	unsubscribe(`["v"]`, "event 0 is not an object", "[0]")
	b.check("form", b.rig.post("/data/unsubscribe/KEY", "List-Unsubscribe=One-Click"), 400, "invalid_json", notJSON+"0: unexpected 'L' where a value starts", "")
	b.check("wrong key", b.rig.post("/data/unsubscribe/INT", "{}"), 403, "unknown_key", "the key is not known; use the key of a configured app, or one of its extra_keys", "")
	b.check("bomb", b.rig.post("/data/unsubscribe/KEY", deflateTo(t, "gzip", make([]byte, 20<<20)), "Content-Encoding: gzip"), 413, "too_large", "the body is over 1048576 bytes when inflated"+large, "")
}
