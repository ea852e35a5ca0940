package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/catalog"
)

// TestSegmentCalls is one call of each type through each spelling of its path, as the documented curl examples send
// them: without a type, the path says it.
func TestSegmentCalls(t *testing.T) {
	r := start(t)
	n := 0
	f := func(paths, body string, want ...string) {
		t.Helper()
		for _, path := range strings.Fields(paths) {
			n++
			got := r.post(path, strings.ReplaceAll(body, "ID", fmt.Sprint("m", n)), basicKey)
			if got.status != 200 || got.body != `{"success":true}` || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
			r.stored(want...)
		}
	}
	f("/v1/identify", `{"userId":"u","traits":{"plan":"free","n":1},"messageId":"ID"}`,
		`visitorCreated visitor="u" properties={"sampleGroup":65}`,
		`visitorMetadataUpdated visitor="u" properties={"metadata":{"segmentio":{"plan":"free","n":1}},"previous":{"segmentio":{}}}`)
	f("/v1/i", `{"userId":"u","traits":{"plan":"gold","n":1},"messageId":"ID"}`,
		`visitorMetadataUpdated visitor="u" properties={"metadata":{"segmentio":{"plan":"gold"}},"previous":{"segmentio":{"plan":"free"}}}`)
	f("/v1/identify /v1/i", `{"userId":"u","traits":{"plan":"gold"},"messageId":"ID"}`)
	f("/v1/group", `{"userId":"u","groupId":56,"traits":{"name":"Initech"},"messageId":"ID"}`,
		`accountCreated visitor="u" account="56" properties={}`,
		`accountMetadataUpdated visitor="u" account="56" properties={"metadata":{"segmentio":{"name":"Initech"}},"previous":{"segmentio":{}}}`)
	f("/v1/g /v1/group", `{"userId":"u","groupId":"56","traits":{"name":"Initech"},"messageId":"ID"}`)
	f("/v1/track /v1/t", `{"userId":"u","event":"Bought","properties":{"sum":1.50},"messageId":"ID"}`,
		`trackEventReceived visitor="u" name="Bought" id="Bought" source="server" properties={"sum":1.5}`)
	f("/v1/page /v1/p", `{"userId":"u","name":"Home","properties":{"url":"https://x.example/"},"messageId":"ID"}`,
		`pageLoaded visitor="u" properties={"url":"https://x.example/","name":"Home"} url="https://x.example/"`)
	f("/v1/screen /v1/s", `{"userId":"u","name":"Login","category":"Auth","messageId":"ID"}`,
		`pageLoaded visitor="u" properties={"category":"Auth","name":"Login"}`)
	f("/v1/alias", `{"previousId":"anon","userId":"u2","messageId":"ID"}`,
		`visitorCreated visitor="u2" properties={"sampleGroup":46}`)
	f("/v1/a", `{"previousId":"u2","userId":"u2","messageId":"ID"}`)
	f("/v1/batch /v1/b /v1/import /x/y//v1//batch/ /beacon/v1/batch", `{"batch":[{"type":"track","userId":"u","event":"B","messageId":"ID"}]}`,
		`trackEventReceived visitor="u" name="B" id="B" source="server" properties={}`)
	f("/v1/batch", `{"batch":[]}`)
	f("/v1/m /v1/m", `{"series":[{"type":"Counter"}]}`)
	f("/v1/track", `{"type":"page","userId":"u","messageId":"ID"}`, `pageLoaded visitor="u" properties={}`) // the type counts
}

// TestSegmentForwarded is what Segment's cloud sends to its webhook destination.
func TestSegmentForwarded(t *testing.T) {
	r := start(t)
	one := `{"version":1,"type":"track","userId":"u","event":"E","messageId":"m1","timestamp":"2026-11-21T06:00:00Z",` +
		`"originalTimestamp":"2026-11-20T00:00:00Z","sentAt":"2026-11-20T00:00:01Z","receivedAt":"2026-11-21T06:00:01Z",` +
		`"context":{"page":{"url":"https://x.example/"},"groupId":"g"}}`
	r.good("/data/segmentio/KEY", one, "User-Agent: Segment/1.0")
	r.stored(`visitorCreated visitor="u" account="g" properties={"sampleGroup":65} time=2026-11-21T06:00:00.000Z url="https://x.example/"`,
		`accountCreated visitor="u" account="g" properties={} time=2026-11-21T06:00:00.000Z url="https://x.example/"`,
		`trackEventReceived visitor="u" account="g" name="E" id="E" source="web" properties={} time=2026-11-21T06:00:00.000Z url="https://x.example/"`)
	r.good("/data/segmentio/KEY", `[`+one+`,{"type":"delete","userId":"u"},{"type":"track","userId":"u","event":"F","messageId":"m2","originalTimestamp":"2026-11-20T00:00:00Z"}]`)
	r.stored(`trackEventReceived visitor="u" name="F" id="F" source="server" properties={} time=2026-11-20T00:00:00.000Z`)
	// the same message straight from the SDK is the same event
	r.good("/v1/track", one, basicKey)
	r.stored()
}

// TestSegmentTrackOff: the switch leaves track calls out, and nothing else.
func TestSegmentTrackOff(t *testing.T) {
	app := demo()
	app.SegmentTrack = false
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	r.good("/v1/batch", `{"batch":[{"type":"track","userId":"u","event":"E"},{"type":"page","userId":"v"}]}`, basicKey)
	r.good("/data/segmentio/KEY", `{"type":"track","userId":"u","event":"E"}`)
	r.stored(`visitorCreated visitor="v" properties={"sampleGroup":61}`, `pageLoaded visitor="v" properties={}`)
	if got := r.counter("edge_intake_left_out_messages_total", "reason", "track_off"); got != 2 {
		t.Errorf("%v left out counted", got)
	}
}

// TestSegmentLeftOut: a bad message in good JSON is counted and left out, the others are taken, the answer is success.
func TestSegmentLeftOut(t *testing.T) {
	r := start(t)
	f := func(reason, message string) {
		t.Helper()
		before := r.counter("edge_intake_left_out_messages_total", "reason", reason)
		got := r.post("/v1/batch", `{"batch":[`+message+`,{"type":"page","userId":"v","timestamp":"`+fmt.Sprint(time.Now().UnixNano())+`"}]}`, basicKey)
		if got.status != 200 || got.body != success {
			t.Errorf("%.80s: %d %s", message, got.status, got.body)
		}
		if after := r.counter("edge_intake_left_out_messages_total", "reason", reason); after != before+1 {
			t.Errorf("%.80s: counted %v times as %s", message, after-before, reason)
		}
	}
	f("not_an_object", `7`)
	f("not_an_object", `null`)
	f("not_an_object", `[{"type":"page","userId":"v"}]`)
	f("unknown_type", `{}`)
	f("unknown_type", `{"type":"delete","userId":"v"}`)
	f("unknown_type", `{"type":"Page","userId":"v"}`)
	f("unknown_type", `{"type":7,"userId":"v"}`)
	f("unknown_type", `{"TYPE":"page","userId":"v"}`) // keys are as they are
	f("no_user", `{"type":"page"}`)
	f("no_user", `{"type":"page","userId":null,"anonymousId":""}`)
	f("no_event", `{"type":"track","userId":"v"}`)
	f("no_event", `{"type":"track","userId":"v","event":""}`)
	f("wrong_type", `{"type":"track","userId":"v","event":5}`)
	f("wrong_type", `{"type":"track","userId":"v","event":{"a":1}}`)
	f("wrong_type", `{"type":"page","userId":{"id":1}}`)
	f("wrong_type", `{"type":"page","userId":true}`)
	f("wrong_type", `{"type":"page","userId":"v","anonymousId":[]}`)
	f("wrong_type", `{"type":"page","userId":"v","properties":"x"}`)
	f("wrong_type", `{"type":"identify","userId":"v","traits":[1]}`)
	f("wrong_type", `{"type":"group","userId":"v","groupId":false}`)
	f("no_group", `{"type":"group","userId":"v","traits":{"a":1}}`)
	f("long_id", `{"type":"page","userId":"`+strings.Repeat("v", 1023)+`"}`)
	f("long_id", `{"type":"track","userId":"v","event":"`+strings.Repeat("v", 1023)+`"}`)
	f("long_id", `{"type":"group","userId":"v","groupId":"`+strings.Repeat("v", 1023)+`"}`)
	f("too_large", `{"type":"page","userId":"v","properties":{"a":"`+strings.Repeat("x", 32<<10)+`"}}`)
	f("too_large", `{"type":"page","userId":"v","properties":{"a":"`+strings.Repeat("x", 1<<20)+`"}}`)
	f("metadata", `{"type":"identify","userId":"v","traits":{"a":"`+strings.Repeat("x", 30<<10)+`"}},`+
		`{"type":"identify","userId":"v","traits":{"b":"`+strings.Repeat("x", 30<<10)+`"}},`+
		`{"type":"identify","userId":"v","traits":{"c":"`+strings.Repeat("x", 30<<10)+`"}}`)
	for _, e := range r.events() {
		if kind := e.Kind.String(); kind != "pageLoaded" && kind != "visitorCreated" && kind != "visitorMetadataUpdated" {
			t.Errorf("%s was stored", show(e))
		}
	}
}

// TestSegmentManyMessages: what is over the limit of a batch is left out, and a batch far over Segment's 500 KB is taken,
// because its own SDK sends such.
func TestSegmentManyMessages(t *testing.T) {
	r := start(t)
	var b strings.Builder
	b.WriteString(`{"batch":[`)
	for i := range messagesMax + 3 {
		fmt.Fprintf(&b, `{"type":"track","event":"E","anonymousId":"a","messageId":"m%d","properties":{"fill":"%0300d"}},`, i, i)
	}
	body := strings.TrimSuffix(b.String(), ",") + `]}`
	r.good("/v1/batch", body, basicKey)
	if n := len(r.events()); n != messagesMax+1 {
		t.Errorf("%d events of a body of %d bytes", n, len(body))
	}
	if got := r.counter("edge_intake_left_out_messages_total", "reason", "too_many"); got != 3 {
		t.Errorf("%v left out counted", got)
	}
}

// TestSegmentEnvelope: members of the envelope reach its messages, as Segment's Go SDK needs, unless they say otherwise.
func TestSegmentEnvelope(t *testing.T) {
	r := start(t)
	r.good("/v1/batch", `{"batch":[{"type":"page","anonymousId":"a","messageId":"1"},`+
		`{"type":"page","anonymousId":"a","messageId":"2","context":{"ip":"203.0.113.2","library":{"name":"other"}}}],`+
		`"context":{"library":{"name":"analytics-go","version":"3.0.0"},"ip":"203.0.113.1","userAgent":"UA"}}`, basicKey)
	r.stored(`visitorCreated visitor="a" properties={"sampleGroup":24} ip="203.0.113.1" userAgent="UA"`,
		`pageLoaded visitor="a" properties={} ip="203.0.113.1" userAgent="UA"`,
		`pageLoaded visitor="a" properties={} ip="203.0.113.2" userAgent="UA"`)
}

// TestSegmentEnrich: who a message is of, and what the request adds to it.
func TestSegmentEnrich(t *testing.T) {
	r := start(t)
	n := 0
	f := func(members, want string) {
		t.Helper()
		n++
		r.good("/v1/track", fmt.Sprintf(`{"event":"E","messageId":"m%d",%s}`, n, members), basicKey, "User-Agent: Browser/1")
		for _, e := range r.events() {
			if e.Kind.String() == "trackEventReceived" {
				if got := strings.TrimPrefix(show(e), "trackEventReceived "); got != want {
					t.Errorf("%s:\n got %s\nwant %s", members, got, want)
				}
			}
		}
	}
	const server = `name="E" id="E" source="server" properties={}`
	const web = `name="E" id="E" source="web" properties={}`
	f(`"userId":"u","anonymousId":"a"`, `visitor="u" `+server)
	f(`"userId":null,"anonymousId":"a"`, `visitor="a" `+server)
	f(`"userId":123`, `visitor="123" `+server)
	f(`"userId":"u","context":{"groupId":"g"}`, `visitor="u" account="g" `+server)
	f(`"userId":"u","context":{"groupId":"g"},"properties":{"groupId":"h"}`, `visitor="u" account="g" name="E" id="E" source="server" properties={"groupId":"h"}`)
	f(`"userId":"u","properties":{"groupId":5,"accountId":"h"}`, `visitor="u" account="5" name="E" id="E" source="server" properties={"groupId":5,"accountId":"h"}`)
	f(`"userId":"u","properties":{"groupId":{},"accountId":"h"}`, `visitor="u" name="E" id="E" source="server" properties={"groupId":{},"accountId":"h"}`)
	f(`"userId":"u","properties":{"accountId":"h"}`, `visitor="u" account="h" name="E" id="E" source="server" properties={"accountId":"h"}`)
	f(`"userId":"u","context":{"page":{"url":"https://x.example/"}}`, `visitor="u" `+web+` url="https://x.example/" ip="127.0.0.1" userAgent="Browser/1"`)
	f(`"userId":"u","context":{"library":{"name":"analytics.js"},"userAgent":"Own/1","ip":"203.0.113.1"}`, `visitor="u" `+web+` ip="203.0.113.1" userAgent="Own/1"`)
	f(`"userId":"u","channel":"web"`, `visitor="u" `+web+` ip="127.0.0.1" userAgent="Browser/1"`)
	f(`"userId":"u","channel":"server","context":{"library":{"name":"x"}}`, `visitor="u" `+server)
	f(`"userId":"u","context":{"device":{"id":"d"}}`, `visitor="u" `+server+` ip="127.0.0.1"`)
	f(`"userId":"u","context":"broken"`, `visitor="u" `+server)
	f(`"userId":"u","context":{"page":7,"ip":{},"userAgent":[],"library":"x"}`, `visitor="u" `+server)
}

// TestSegmentTime: the age of a message by its SDK's own clock is what counts.
func TestSegmentTime(t *testing.T) {
	r := start(t)
	n := 0
	f := func(members, envelope, want string) {
		t.Helper()
		n++
		r.good("/v1/batch", fmt.Sprintf(`{"batch":[{"type":"track","event":"E","userId":"u","messageId":"m%d"%s}]%s}`, n, members, envelope), basicKey)
		for _, e := range r.events() {
			if got := time.UnixMilli(e.Time).UTC().Format("2006-01-02T15:04:05.000"); e.Kind.String() == "trackEventReceived" && got != want {
				t.Errorf("%s %s: %s, want %s", members, envelope, got, want)
			}
		}
	}
	const now = "2026-11-21T06:12:00.000"
	f(``, ``, now)
	f(`,"timestamp":"2020-01-01T00:00:00Z"`, ``, "2020-01-01T00:00:00.000")
	f(`,"timestamp":"2030-01-01T00:00:00.000Z"`, `,"sentAt":"2030-01-01T00:00:10.500Z"`, "2026-11-21T06:11:49.500")
	f(`,"timestamp":"2030-01-01T00:00:00Z","sentAt":"2030-01-01T00:00:02Z"`, `,"sentAt":"2040-01-01T00:00:00Z"`, "2026-11-21T06:11:58.000")
	f(`,"originalTimestamp":"2030-01-01T00:00:00Z","timestamp":"1999-01-01T00:00:00Z"`, `,"sentAt":"2030-01-01T00:00:01Z"`, "2026-11-21T06:11:59.000")
	f(`,"timestamp":"2030-01-01T02:00:00.123456789+02:00"`, `,"sentAt":"2030-01-01T00:00:01.123Z"`, "2026-11-21T06:11:59.000")
	f(`,"timestamp":1893456000000`, `,"sentAt":1893456001000`, "2026-11-21T06:11:59.000")
	f(`,"sentAt":"2030-01-01T00:00:02Z"`, ``, now)
	f(`,"timestamp":"2020-01-01T00:00:00Z"`, `,"sentAt":"soon"`, "2020-01-01T00:00:00.000")
	// what cannot be is the time of receipt
	f(`,"timestamp":"yesterday"`, ``, now)
	f(`,"timestamp":{}`, `,"sentAt":"2030-01-01T00:00:02Z"`, now)
	f(`,"timestamp":-5`, ``, now)
	f(`,"timestamp":1e300`, ``, now)
	f(`,"timestamp":"1970-01-01T00:00:00Z"`, `,"sentAt":"9999-01-01T00:00:00Z"`, now)
	f(`,"timestamp":"9999-12-31T00:00:00Z"`, `,"sentAt":"1970-01-01T00:00:00Z"`, now)
}

// TestSegmentIdentity: what makes two messages the same.
func TestSegmentIdentity(t *testing.T) {
	r := start(t)
	count := func(body string) int {
		t.Helper()
		r.good("/v1/track", body, basicKey)
		n := 0
		for _, e := range r.events() {
			if e.Kind.String() == "trackEventReceived" {
				n++
			}
		}
		return n
	}
	f := func(body string, want int) {
		t.Helper()
		if got := count(body); got != want {
			t.Errorf("%s: %d events, want %d", body, got, want)
		}
	}
	f(`{"userId":"u","event":"E","messageId":"m"}`, 1)
	f(`{"userId":"u","event":"changed","messageId":"m","sentAt":"2026-11-21T06:12:00Z"}`, 0)
	f(`{"userId":"u","event":"E","messageId":7}`, 1)
	f(`{"userId":"u","event":"E","messageId":7}`, 0)
	f(`{"userId":"u","event":"E","timestamp":"2026-11-21T06:12:00Z"}`, 1)
	f(`{"userId":"u","event":"E","timestamp":"2026-11-21T06:12:00Z","sentAt":"2026-11-21T06:12:09Z"}`, 0)
	f(`{"userId":"u","event":"E","timestamp":"2026-11-21T06:12:00Z","messageId":""}`, 0)
	f(`{"userId":"u","event":"E","timestamp":"2026-11-21T06:12:01Z"}`, 1)
	f(`{"userId":"u","event":"E","timestamp":"2026-11-21T06:12:01Z","properties":{"a":1}}`, 1)
	f(`{"userId":"v","event":"E","timestamp":"2026-11-21T06:12:01Z"}`, 1)
	f(`{"userId":"u","event":"E"}`, 1)
	f(`{"userId":"u","event":"E"}`, 1)
	f(`{"type":"page","userId":"u","messageId":"m"}`, 0) // another kind of the same message
	if got := r.counter("edge_intake_duplicate_events_total"); got != 4 {
		t.Errorf("%v duplicates counted", got)
	}
}

// TestSegmentPagesAreNamed: a page call has the IDs of the pages whose rules its URL matches, like a page load of the agent.
func TestSegmentPagesAreNamed(t *testing.T) {
	known, err := catalog.New(catalog.Options{Pages: []catalog.Page{{ID: "home", Rules: []string{"//*/home"}}, {ID: "all", Rules: []string{"//app.example.com/**"}}}})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Catalog = known })
	r.good("/v1/page", `{"userId":"v","messageId":"0"}`, basicKey)
	r.events()
	f := func(url, ids string) {
		t.Helper()
		r.good("/v1/page", `{"userId":"v","context":{"page":{"url":"`+url+`"}},"messageId":"`+url+`"}`, basicKey)
		var got []string
		for _, e := range r.events() {
			got = append(got, fmt.Sprintf("%s %s", e.Kind, e.IDs))
		}
		if strings.Join(got, ", ") != "pageLoaded "+ids {
			t.Errorf("%s: %q, want the ids %s", url, got, ids)
		}
	}
	f("https://app.example.com/home", `["home" "all"]`)
	f("https://app.example.com/other", `["all"]`)
	f("https://example.com/other", `[]`)
}
