package intake

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/people"
	"edgerelay/relay/sign"
	"edgerelay/wal"
)

// TestFromPendoRoundTrip: what one relay sends in the format pendo, another takes and sends again, byte for byte, under
// the same uniqueId; and what comes twice is sent once.
func TestFromPendoRoundTrip(t *testing.T) {
	r := start(t)
	for _, kind := range event.Kinds() {
		sample := event.Sample(kind)
		body := string(format.Pendo(nil, &sample, event.Note{All: true}))
		r.good("/in/pendo/KEY", body)
		got := r.events()
		if len(got) != 1 || got[0].Kind != kind {
			t.Fatalf("%v: %d events", kind, len(got))
		}
		if again := string(format.Pendo(nil, got[0], event.Note{All: true})); again != body {
			t.Errorf("%v:\n got %s\nwant %s", kind, again, body)
		}
		if e := got[0]; kind != event.VisitorUnsubscribed && e.UniqueID != sample.UniqueID {
			t.Errorf("%v: uniqueId %x, want %x", kind, e.UniqueID, sample.UniqueID)
		}
		if e := got[0]; string(e.AppName) != "demo" || e.Received != theTime.UnixMilli() || len(e.IDs) != len(sample.IDs) {
			t.Errorf("%v: app %s, received %d, IDs %s", kind, e.AppName, e.Received, e.IDs)
		}
		r.good("/in/pendo/KEY", body)
		r.good("/in/pendo/KEY", strings.ReplaceAll(body, `":`, "\" :\n\t"))
		r.stored()
	}
	if got, want := r.counter("edge_intake_duplicate_events_total"), 2*len(event.Kinds()); got != float64(want) {
		t.Errorf("%v duplicates counted, want %d", got, want)
	}
	if got := r.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "pendo_webhook"); got != float64(len(event.Kinds())) {
		t.Errorf("%v accepted counted", got)
	}
}

// TestFromUserpilotRoundTrip: what one relay sends in the format userpilot of Userpilot's events, another takes, and sends
// again byte for byte, but for the app whose it is.
func TestFromUserpilotRoundTrip(t *testing.T) {
	r := start(t)
	for _, kind := range event.Kinds() {
		if kind < event.FlowSeen {
			continue
		}
		sample := event.Sample(kind)
		body := format.Userpilot(nil, &sample, event.Note{All: true})
		r.good("/in/userpilot/KEY", string(body))
		got := r.events()
		if len(got) != 1 || got[0].Kind != kind {
			t.Fatalf("%v: %d events", kind, len(got))
		}
		e := got[0]
		e.App = sample.App
		if again := format.Userpilot(nil, e, event.Note{All: true}); !bytes.Equal(again, body) {
			t.Errorf("%v:\n got %s\nwant %s", kind, again, body)
		}
		if len(e.IDs) != len(sample.IDs) || !bytes.Equal(e.URL, sample.URL) {
			t.Errorf("%v: IDs %s, URL %s", kind, e.IDs, e.URL)
		}
	}
}

// TestFromPendo: who sends other things than a relay does.
func TestFromPendo(t *testing.T) {
	r := start(t)
	f := func(body string, want ...string) {
		t.Helper()
		got := r.post("/in/pendo/KEY", body)
		if got.status != 200 || got.body != `{"status":"ok"}` || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %s %v", body, got.status, got.body, got.header)
		}
		r.stored(want...)
	}
	// seed 000's unsubscribe
	f(`{"app":{"id":-323232,"name":"test_application","platform":"web"},"accountId":"Webhook Account","subscription":{"id":4802463602009999,"name":"test_application"},`+
		`"userAgent":"Mozilla/5.0","visitorId":"abc123","eventType":"unsubscribe","timestamp":"2025-10-28T14:05:00Z"}`,
		`visitorUnsubscribed visitor="abc123" account="Webhook Account" properties={} time=2025-10-28T14:05:00.000Z userAgent="Mozilla/5.0"`)
	// names of other vocabularies, and what may be missing
	f(`{"event":"guide.viewed","visitorId":"v","properties":{"guideId":7},"timestamp":1626803876}`,
		`guideDisplayed visitor="v" id="7" guide="7" guideProperties={} time=2021-07-20T17:57:56.000Z`)
	f(`{"event":"NPSSubmitted","visitorId":"v","properties":{"guideId":"g","guideProperties":{"name":"Q1"},"nps":{"rating":9}},"timestamp":1626803876}`,
		`npsSubmitted visitor="v" id="g" guide="g" guideProperties={"name":"Q1"} nps={"rating":9} time=2021-07-20T17:57:56.000Z`)
	f(`{"event":"pollSubmitted","visitorId":"v","properties":{"guideId":"g"}}`, `pollSubmitted visitor="v" id="g" guide="g" guideProperties={}`)
	f(`{"event":"pageLoaded","visitorId":7,"accountId":null,"properties":{"ids":["a",5,null,""]},"timestamp":1626803876123}`,
		`pageLoaded visitor="7" id="a" id="5" properties={} time=2021-07-20T17:57:56.123Z`)
	f(`{"event":"trackEventReceived","visitorId":"v","properties":{"name":"E","eventProperties":{"a":1},"source":"ios"},"timestamp":"2021-07-20T17:57:56Z"}`,
		`trackEventReceived visitor="v" name="E" source="ios" properties={"a":1} time=2021-07-20T17:57:56.000Z`)
	f(`{"event":"accountCreated","accountId":"a"}`, `accountCreated account="a" properties={}`)
	f(`{"event":"userInvited","properties":{"email":"x@example.com"}}`, `userInvited properties={"email":"x@example.com"}`)
	f(`[{"event":"rageClick","visitorId":"v","timestamp":1626803876},{"event":"uTurn","visitorId":"v","timestamp":1626803876}]`,
		`rageClick visitor="v" properties={} time=2021-07-20T17:57:56.000Z`, `uTurn visitor="v" properties={} time=2021-07-20T17:57:56.000Z`)
	// a uniqueId that is none of ours still tells repeats apart; without one, the content does if it has a time
	f(`{"event":"uTurn","visitorId":"v","uniqueId":"other-1"}`, `uTurn visitor="v" properties={}`)
	f(`{"event":"uTurn","visitorId":"w","uniqueId":"other-1"}`)
	f(`{"event":"uTurn","visitorId":"v","timestamp":1626803876,"uniqueId":""}`, `uTurn visitor="v" properties={} time=2021-07-20T17:57:56.000Z`)
	f(`{"event":"uTurn","visitorId":"v","timestamp":1626803876,"uniqueId":""}`)
	f(`{"event":"uTurn","visitorId":"v"}`, `uTurn visitor="v" properties={}`)
	f(`{"event":"uTurn","visitorId":"v"}`, `uTurn visitor="v" properties={}`)
	// the same uniqueId in capitals, and by way of a prefix
	id := strings.Repeat("aB", 20)
	f(`{"event":"uTurn","visitorId":"v","uniqueId":"`+id+`"}`, `uTurn visitor="v" properties={}`)
	r.good("/mounted//in/pendo/WK_TEST_web/", `{"event":"uTurn","visitorId":"v","uniqueId":"`+strings.ToUpper(id)+`"}`)
	r.stored()
	if got := r.raw(rawRequest("OPTIONS", "/in/pendo/KEY", "", "Origin: https://x.example")); got.status != 204 {
		t.Errorf("preflight: %d", got.status)
	}
}

// TestFromPendoNames: a payload names its own app and subscription; one that does not is of the app whose key it has.
func TestFromPendoNames(t *testing.T) {
	r := start(t)
	f := func(members, app, subscription string) {
		t.Helper()
		r.good("/in/pendo/KEY", `{"event":"pageLoaded","visitorId":"v"`+members+`}`)
		if e := r.events()[0]; string(e.App) != app || string(e.Subscription) != subscription {
			t.Errorf("%s: %s, %s", members, e.App, e.Subscription)
		}
	}
	const app, subscription = `{"id":-323232,"name":"demo","platform":"web"}`, `{"id":4802463602049999,"name":"Demo Ltd"}`
	f(`,"app":{"id":1},"subscription":{"id":2}`, `{"id":1}`, `{"id":2}`)
	f(``, app, subscription)
	f(`,"app":{},"subscription":{}`, app, subscription)
	f(`,"app":"other","subscription":null`, app, subscription)
}

// TestFromPendoPeople: what a webhook tells is no sighting, and excluded people stay out.
func TestFromPendoPeople(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"test-*"}, []string{"acme"}); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	r.good("/in/pendo/KEY", `[{"event":"pageLoaded","visitorId":"test-1"},{"event":"pageLoaded","visitorId":"v","accountId":"acme"}]`)
	r.good("/in/pendo/KEY", `{"event":"visitorCreated","visitorId":"v","timestamp":1626803876}`)
	r.stored(`visitorCreated visitor="v" properties={} time=2021-07-20T17:57:56.000Z`)
	r.good("/v1/identify", `{"userId":"v","messageId":"m"}`, basicKey)
	r.stored(`visitorCreated visitor="v" properties={"sampleGroup":61}`)
	if got := r.counter("edge_intake_excluded_events_total"); got != 2 {
		t.Errorf("%v excluded counted", got)
	}
}

// seed 003's payload of a flow, with the properties that the webhook's owner chose.
const aFlow = `{
	"type": "flows.seen", "timestamp": 1679578625, "app_token": "NX-bd46697c",
	"data": {
		"type": "flow", "action": "seen", "id": 1, "hostname": "demo.userpilot.io", "pathname": "/dashboard",
		"user": { "user_id": "1", "name": "John Doe", "email": "john@userpilot.co" },
		"company": { "id": "1", "name": "Userpilot" }
	}
}`

func TestFromUserpilot(t *testing.T) {
	r := start(t)
	f := func(body string, want ...string) {
		t.Helper()
		if got := r.post("/in/userpilot/KEY", body); got.status != 200 || got.body != `{"status":"ok"}` {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
		r.stored(want...)
	}
	const at = ` time=2023-03-23T13:37:05.000Z`
	const page = at + ` url="https://demo.userpilot.io/dashboard"`
	f(aFlow, `visitorMetadataUpdated visitor="1" account="1" properties={"metadata":{"userpilot":{"name":"John Doe","email":"john@userpilot.co"}},"previous":{"userpilot":{}}}`+at,
		`accountMetadataUpdated visitor="1" account="1" properties={"metadata":{"userpilot":{"name":"Userpilot"}},"previous":{"userpilot":{}}}`+at,
		`flows.seen visitor="1" account="1" id="1" properties={"type":"flow","action":"seen","id":1,"hostname":"demo.userpilot.io","pathname":"/dashboard"}`+page)
	f(aFlow) // again
	f(strings.ReplaceAll(aFlow, "seen", "completed"),
		`flows.completed visitor="1" account="1" id="1" properties={"type":"flow","action":"completed","id":1,"hostname":"demo.userpilot.io","pathname":"/dashboard"}`+page)
	f(`{"type":"nps.feedback","app_token":"NX-bd46697c","timestamp":1679578625,"data":{"action":"feedback","survey_question":"?","score":10,`+
		`"follow_up_question":"Why?","feedback":"Great Product","hostname":"demo.userpilot.io","pathname":"/dashboard","user":{"user_id":"1"},"company":{"id":"1"}}}`,
		`nps.feedback visitor="1" account="1" properties={"action":"feedback","survey_question":"?","score":10,"follow_up_question":"Why?","feedback":"Great Product",`+
			`"hostname":"demo.userpilot.io","pathname":"/dashboard"}`+page)
	f(`{"type":"flows.started","data":{"user":{"user_id":2,"a":1},"company":null,"hostname":"h","pathname":"p"}}`,
		`visitorMetadataUpdated visitor="2" properties={"metadata":{"userpilot":{"a":1}},"previous":{"userpilot":{}}}`,
		`flows.seen visitor="2" properties={"hostname":"h","pathname":"p"} url="https://h/p"`)
	f(`{"type":"nps.score","data":{"user":{"user_id":2},"company":{"name":"of nobody"},"hostname":"h"}}`,
		`nps.score visitor="2" properties={"hostname":"h"} url="https://h"`)
	f(`[{"type":"forms.submitted","timestamp":1,"data":{"user":{"user_id":2}}},{"type":"forms.submitted","timestamp":2,"data":{"user":{"user_id":2}}}]`,
		`forms.submitted visitor="2" properties={} time=1970-01-01T00:00:01.000Z`, `forms.submitted visitor="2" properties={} time=1970-01-01T00:00:02.000Z`)
	if got := r.raw(rawRequest("OPTIONS", "/in/userpilot/KEY", "")); got.status != 204 {
		t.Errorf("preflight: %d", got.status)
	}
	if got := r.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "userpilot_webhook"); got != 10 {
		t.Errorf("%v accepted counted", got)
	}
}

// TestFromUserpilotKinds: every type is known, and comes out with what the sample of its kind has.
func TestFromUserpilotKinds(t *testing.T) {
	r := start(t)
	for _, kind := range event.Kinds() {
		if kind < event.FlowSeen {
			continue
		}
		sample := event.Sample(kind)
		data := fmt.Sprintf(`%s,"user":{"user_id":"1"},"company":{"id":"1"}}`, bytes.TrimSuffix(sample.Properties, []byte("}")))
		r.good("/in/userpilot/KEY", fmt.Sprintf(`{"type":%q,"timestamp":%d,"app_token":"NX-bd46697c","data":%s}`, kind, sample.Time/1000, data))
		got := r.events()
		if len(got) != 1 || show(got[0]) != show(&sample) {
			t.Errorf("%v: %d events\n got %s\nwant %s", kind, len(got), show(got[0]), show(&sample))
		}
	}
}

// TestIncomingSignatures: an app with a secret takes nothing that is not signed with it or the one before.
func TestIncomingSignatures(t *testing.T) {
	signed := demo()
	signed.WebhookSecrets = []string{"new secret", "", "old secret"}
	open := App{Name: "open", Keys: []string{"OPEN"}, ID: "1", SubscriptionID: "1"}
	r := start(t, func(o *Options) { o.Apps = []App{signed, open} })
	n := 0
	next := func() string {
		n++
		return fmt.Sprintf(`{"event":"uTurn","visitorId":"v","timestamp":%d}`, 1626803876+n)
	}
	headers := func(scheme sign.Scheme, secret string, body string) (lines []string) {
		t.Helper()
		s, err := sign.New([]sign.Scheme{scheme}, secret, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range s.Sign([]byte(strings.Repeat("0", 40)), theTime, []byte(body)) {
			lines = append(lines, fmt.Sprintf("%s: %s", h.Name, h.Value))
		}
		return lines
	}
	taken := func(what string, got reply) {
		t.Helper()
		if got.status != 200 || len(r.events()) != 1 {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	schemes := []sign.Scheme{sign.Pendo, sign.PendoBare, sign.Standard, sign.GitHub, sign.Userpilot}
	for _, secret := range []string{"new secret", "old secret"} {
		for _, scheme := range schemes {
			body := next()
			taken(scheme.String(), r.post("/in/pendo/KEY", body, headers(scheme, secret, body)...))
		}
		flow := strings.Replace(aFlow, "1679578625", fmt.Sprint(1679578625+n), 1)
		flow = strings.Replace(flow, `"name": "John Doe", "email": "john@userpilot.co"`, `"x": null`, 1)
		if got := r.post("/in/userpilot/KEY", flow, headers(sign.Userpilot, secret, flow)...); got.status != 200 {
			t.Errorf("userpilot: %d %s", got.status, got.body)
		}
		r.events()
	}
	// what is signed is the body, not its encoding
	body := next()
	taken("gzip", r.post("/in/pendo/KEY", deflateTo(t, "gzip", []byte(body)), append(headers(sign.Pendo, "new secret", body), "Content-Encoding: gzip")...))
	taken("no secret", r.post("/in/pendo/OPEN", next()))
	taken("no secret, signed by anybody", r.post("/in/pendo/OPEN", next(), "X-Pendo-Signature: sha256=00"))

	refused := func(what string, got reply, code, words string) {
		t.Helper()
		want := fmt.Sprintf(`{"error":{"code":%q,"message":"%s`, code, words)
		if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.body, want) || !strings.HasSuffix(got.body, `","field":""}}`) {
			t.Errorf("%s:\n got %d %s\nwant %s", what, got.status, got.body, want)
		}
		if got.header.Get("Access-Control-Allow-Origin") != "*" || len(r.events()) != 0 {
			t.Errorf("%s: %v", what, got.header)
		}
	}
	const none = "the app has a webhook_secret and the request is not signed: no signature header (X-Pendo-Signature, "
	const wrong = "the signature is not that of the app's webhook_secret: verify "
	body = next()
	for _, path := range []string{"/in/pendo/KEY", "/in/userpilot/WK_TEST_web"} {
		refused("unsigned", r.post(path, body), "no_signature", none)
		refused("unsigned rubbish", r.post(path, "{"), "no_signature", none) // it is not even parsed
		refused("unsigned nothing", r.post(path, ""), "no_signature", none)
		for _, scheme := range schemes {
			name := headers(scheme, "x", "")[0]
			if scheme == sign.Standard {
				name = "webhook-signature: "
			}
			name, _, _ = strings.Cut(name, ":")
			refused(scheme.String()+" by another secret", r.post(path, body, headers(scheme, "other secret", body)...), "bad_signature", wrong+name+": it does not fit the body and any of the 2 secrets")
			refused(scheme.String()+" of another body", r.post(path, body+" ", headers(scheme, "new secret", body)...), "bad_signature", wrong+name+": it does not fit")
		}
		refused("cut", r.post(path, body, "X-Pendo-Signature: sha256=abcdef"), "bad_signature", wrong+`X-Pendo-Signature: \"sha256=abcdef\" is no HMAC-SHA256`)
		refused("time apart", r.post(path, body, "X-Signature: v1="+hex.EncodeToString(make([]byte, 32))), "bad_signature", wrong+"X-Signature: ")
	}
	both := append(headers(sign.Pendo, "new secret", body), headers(sign.GitHub, "other secret", body)...)
	refused("one of two wrong", r.post("/in/pendo/KEY", body, both...), "bad_signature", wrong+"X-Hub-Signature-256: ")
	standard := headers(sign.Standard, "new secret", body)
	r.now.Store(theTime.Add(6 * time.Minute).UnixNano())
	refused("old", r.post("/in/pendo/KEY", body, standard...), "bad_signature", wrong+"webhook-signature: it fits, but webhook-timestamp is 6m0s ago")
	if got := r.counter("edge_intake_refused_requests_total", "reason", "no_signature"); got != 6 {
		t.Errorf("%v unsigned counted", got)
	}
	if strings.Contains(r.logged.String(), "secret") {
		t.Errorf("logged: %s", r.logged)
	}
}

// TestBadDeliveries is what must be refused of webhooks, with the words that their owner reads in the sender's error log.
func TestBadDeliveries(t *testing.T) {
	b := newBad(t)
	n := 0
	pendo := func(body, message, field string) {
		t.Helper()
		n++
		b.check(body, b.rig.post("/in/pendo/KEY", body), 400, "invalid_event", message, field)
	}
	userpilot := func(body, message, field string) {
		t.Helper()
		n++
		b.check(body, b.rig.post("/in/userpilot/KEY", body), 400, "invalid_event", message, field)
	}
	const unknown = ` is the name of no event; names are such as "pageLoaded", "guide.viewed" or "flows.completed"`
	pendo(`{}`, "event is missing; it says what happened", "event")
	pendo(`{"visitorId":"v","eventType":"click"}`, "event is missing; it says what happened", "event")
	pendo(`{"event":7,"visitorId":"v"}`, "event must be a string", "event")
	pendo(`{"event":"pageloaded","visitorId":"v"}`, "event"+unknown, "event")
	pendo(`{"event":"page\u005cLoaded","visitorId":"v"}`, "event"+unknown, "event")
	pendo(`{"event":"`+strings.Repeat("x", 1<<18)+`","visitorId":"v"}`, "event is longer than 1024 bytes", "event")
	pendo(`{"event":"pageLoaded"}`, "visitorId is missing; it says who did it", "visitorId")
	pendo(`{"event":"flows.seen","visitorId":null}`, "visitorId is missing; it says who did it", "visitorId")
	pendo(`{"eventType":"unsubscribe"}`, "visitorId is missing; it says who did it", "visitorId")
	pendo(`{"event":"accountCreated","visitorId":"v"}`, "accountId is missing; it names the account", "accountId")
	pendo(`{"event":"pageLoaded","visitorId":["v"]}`, "visitorId must be a string or a number", "visitorId")
	pendo(`{"event":"pageLoaded","visitorId":"v","accountId":{}}`, "accountId must be a string or a number", "accountId")
	pendo(`{"event":"pageLoaded","visitorId":"v","timestamp":-1}`, badTime, "timestamp")
	pendo(`{"event":"pageLoaded","visitorId":"v","timestamp":1e300}`, badTime, "timestamp")
	pendo(`{"event":"pageLoaded","visitorId":"v","properties":[]}`, "properties must be an object", "properties")
	pendo(`{"event":"pageLoaded","visitorId":"v","properties":"{}"}`, "properties must be an object", "properties")
	pendo(`{"event":"pageLoaded","visitorId":"v","properties":{"eventProperties":[]}}`, "properties.eventProperties must be an object", "properties.eventProperties")
	pendo(`{"event":"pageLoaded","visitorId":"v","properties":{"ids":"a"}}`, "properties.ids must be an array", "properties.ids")
	pendo(`{"event":"pageLoaded","visitorId":"v","properties":{"ids":[["a"]]}}`, "properties.ids must be a string or a number", "properties.ids")
	pendo(`{"event":"pageLoaded","visitorId":"v","properties":{"ids":[1`+strings.Repeat(",1", 1000)+`]}}`, "properties.ids holds more than 1000 IDs", "properties.ids")
	pendo(`{"event":"trackEventReceived","visitorId":"v"}`, "properties.name is missing; it is the track event's name", "properties.name")
	pendo(`{"event":"trackEventReceived","visitorId":"v","properties":{"name":"E","source":{}}}`, "properties.source must be a string", "properties.source")
	pendo(`{"event":"guideDisplayed","visitorId":"v"}`, "properties.guideId is missing; it names the guide", "properties.guideId")
	pendo(`{"event":"npsSubmitted","visitorId":"v","properties":{"guideId":"g","nps":9}}`, "properties.nps must be an object", "properties.nps")
	pendo(`{"event":"pollSubmitted","visitorId":"v","properties":{"guideId":"g","pollResponses":{}}}`, "properties.pollResponses must be an array", "properties.pollResponses")
	pendo(`{"event":"pageTagged","properties":{"id":{}}}`, "properties.id must be a string or a number", "properties.id")
	pendo(`[{"event":"pageLoaded","visitorId":"v"},{}]`, "event 1: event is missing; it says what happened", "[1].event")

	userpilot(`{}`, "type is missing; it says what happened", "type")
	userpilot(`{"type":"guide.viewed","data":{"user":{"user_id":"1"}}}`, `type is no event of Userpilot's; its names are such as "flows.completed"`, "type")
	userpilot(`{"type":"flows.seen"}`, "data is missing; it holds the event", "data")
	userpilot(`{"type":"flows.seen","data":[]}`, "data must be an object", "data")
	userpilot(`{"type":"flows.seen","data":{}}`, "data.user.user_id is missing; it says who did it", "data.user.user_id")
	userpilot(`{"type":"flows.seen","data":{"user":7}}`, "data.user must be an object", "data.user")
	userpilot(`{"type":"flows.seen","data":{"user":{"user_id":{}}}}`, "data.user.user_id must be a string or a number", "data.user.user_id")
	userpilot(`{"type":"flows.seen","data":{"user":{"user_id":"1"},"company":"c"}}`, "data.company must be an object", "data.company")
	userpilot(`{"type":"flows.seen","data":{"user":{"user_id":"1"},"company":{"id":true}}}`, "data.company.id must be a string or a number", "data.company.id")
	userpilot(`{"type":"flows.seen","data":{"user":{"user_id":"1"},"id":[1]}}`, "data.id must be a string or a number", "data.id")
	userpilot(`{"type":"flows.seen","timestamp":"soon","data":{"user":{"user_id":"1"}}}`, badTime, "timestamp")
	if n < 35 {
		t.Errorf("%d bad events", n)
	}

	const useKey = "use the key of a configured app, or one of its extra_keys"
	for _, path := range []string{"/in/pendo/", "/in/userpilot/"} {
		b.check(path, b.rig.post(path+"WRONG", "{"), 403, "unknown_key", "the key is not known; "+useKey, "")
		b.check(path, b.rig.post(path+"INT", "{"), 403, "unknown_key", "the key is not known; "+useKey, "")
		b.check(path, b.rig.post(path, "{}"), 404, "unknown_path", "there is no such endpoint; check the path behind the host name", "")
		b.check(path, b.rig.raw(rawRequest("GET", path+"KEY", "")), 405, "wrong_method", "this endpoint takes POST, OPTIONS", "")
		b.check(path, b.rig.post(path+"KEY", `null`), 400, "invalid_body", "the body is neither an event nor an array of events", "")
		b.check(path, b.rig.post(path+"KEY", ``), 400, "empty_body", "the body is empty; send JSON", "")
		b.check(path, b.rig.post(path+"KEY", `{"event":`), 400, "invalid_json", notJSON+"9: unexpected end, a value is missing", "")
		b.check(path, b.rig.post(path+"KEY", strings.Repeat(`{"data":`, 100000)), 400, "invalid_json", notJSON+"4096: nested deeper than 512", "")
		b.check(path, b.rig.post(path+"KEY", deflateTo(t, "br", make([]byte, 20<<20)), "Content-Encoding: br"), 413, "too_large", "the body is over 1048576 bytes when inflated"+large, "")
	}
}

// TestBusyIncoming: what may pass by itself is answered so that the sender comes back.
func TestBusyIncoming(t *testing.T) {
	r := start(t, func(o *Options) { o.Log = refusing{wal.ErrOverloaded} })
	for _, got := range []reply{
		r.post("/in/pendo/KEY", `{"event":"pageLoaded","visitorId":"v"}`), r.post("/in/userpilot/KEY", aFlow),
		r.post("/data/unsubscribe/KEY", `{"visitorId":"v"}`), r.post("/data/admin", `{"event":"pageTagged"}`, integrationKey),
	} {
		if got.status != 503 || got.header.Get("Retry-After") != "1" || !strings.Contains(got.body, `"code":"overloaded"`) {
			t.Errorf("%d %s %v", got.status, got.body, got.header)
		}
	}
}
