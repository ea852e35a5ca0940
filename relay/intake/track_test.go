package intake

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/catalog"
	"edgerelay/relay/people"
)

// TestTrack sends what callers of Pendo's track API send, documented and seen.
func TestTrack(t *testing.T) {
	r := start(t)
	f := func(body string, want ...string) {
		t.Helper()
		if got := r.post("/data/track", body, integrationKey, "Content-Type: application/json"); got.status != 200 || got.body != `{"status":"ok"}` {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
		r.stored(want...)
	}
	// seed 001's call, an example of the documentation
	f(`{
		"type": "track", "event": "custom_feature_used", "visitorId": "user_123", "accountId": "account_456",
		"properties": { "feature_name": "advanced_reporting", "usage_count": 5 },
		"timestamp": 1640995200000
	}`, `trackEventReceived visitor="user_123" account="account_456" name="custom_feature_used" id="custom_feature_used" source="server" `+
		`properties={"feature_name":"advanced_reporting","usage_count":5} time=2022-01-01T00:00:00.000Z`)
	// everything, with what is unknown left out
	f(`{"type":"track","event":"E","visitorId":"v","accountId":"a","timestamp":1640995200123,"properties":{"2":1,"1":2},`+
		`"context":{"ip":"203.0.113.9","userAgent":"UA\/1","url":"https://x.example/","title":"T"},"other":[{}]}`,
		`trackEventReceived visitor="v" account="a" name="E" id="E" source="server" properties={"1":2,"2":1} `+
			`time=2022-01-01T00:00:00.123Z url="https://x.example/" ip="203.0.113.9" userAgent="UA/1"`)
	// liberal: no type, numbers as IDs, seconds, ISO time, null for what is absent
	f(`{"event":"E","visitorId":7,"accountId":8,"timestamp":1640995200}`,
		`trackEventReceived visitor="7" account="8" name="E" id="E" source="server" properties={} time=2022-01-01T00:00:00.000Z`)
	f(`{"event":"E","visitorId":"v","timestamp":"2022-01-01T02:00:00.5+02:00","accountId":null,"properties":null,"context":null}`,
		`trackEventReceived visitor="v" name="E" id="E" source="server" properties={} time=2022-01-01T00:00:00.500Z`)
	f(`{"event":"E","visitorId":"v","accountId":"","context":{}}`, `trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`)
	f(`{"event":"\ud800 \u00e9 \"\n","visitorId":"\uD83D\uDE00","timestamp":1640995200000}`,
		`trackEventReceived visitor="😀" name="\ud800 é \"\n" id="\ud800 é \"\n" source="server" properties={} time=2022-01-01T00:00:00.000Z`)
	// the last of duplicate keys
	f(`{"event":"A","visitorId":"v","timestamp":1640995200000,"event":"B"}`,
		`trackEventReceived visitor="v" name="B" id="B" source="server" properties={} time=2022-01-01T00:00:00.000Z`)
	f(`[{"event":"A","visitorId":"v","timestamp":1640995200001},{"event":"B","visitorId":"v","timestamp":1640995200002}]`,
		`trackEventReceived visitor="v" name="A" id="A" source="server" properties={} time=2022-01-01T00:00:00.001Z`,
		`trackEventReceived visitor="v" name="B" id="B" source="server" properties={} time=2022-01-01T00:00:00.002Z`)
	f(`[]`)
}

// TestTrackRepeats: the same event is one event, however it is spelled; without a time, two calls are two.
func TestTrackRepeats(t *testing.T) {
	r := start(t)
	send := func(body string) { t.Helper(); r.good("/data/track", body, integrationKey) }
	send(`{"event":"E","visitorId":"v","timestamp":1640995200000}`)
	send(`{ "event" : "E", "visitorId":"\u0076", "timestamp" : 1640995200000.0 }`)
	first := r.events()
	if len(first) != 1 {
		t.Fatalf("%d events, want 1", len(first))
	}
	if got := fmt.Sprintf("%x", first[0].UniqueID); got != "c89d0c9b3350763405ba63ef3d12f919b2fe02a2" {
		t.Errorf("unique id %s: it must stay the same for ever", got)
	}
	if got := r.counter("edge_intake_duplicate_events_total"); got != 1 {
		t.Errorf("%v duplicates counted", got)
	}
	send(`{"event":"E","visitorId":"v","timestamp":1640995200001}`)
	send(`{"event":"E","visitorId":"v"}`)
	send(`{"event":"E","visitorId":"v"}`)
	if n := len(r.events()); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
	if got := r.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "track"); got != 4 {
		t.Errorf("%v accepted counted", got)
	}
}

// TestTrackNobodySighted: a server's word about a visitor is no sighting in the app.
func TestTrackNobodySighted(t *testing.T) {
	r := start(t)
	r.good("/data/track", `{"event":"E","visitorId":"v","accountId":"a","timestamp":1}`, integrationKey)
	r.stored(`trackEventReceived visitor="v" account="a" name="E" id="E" source="server" properties={} time=1970-01-01T00:00:01.000Z`)
	r.good("/v1/identify", `{"userId":"v","context":{"groupId":"a"},"messageId":"m"}`, basicKey)
	if events := r.events(); len(events) != 2 {
		t.Errorf("%d events, want the two created ones", len(events))
	}
}

// TestTrackTypes: the configured ID stands in for the name.
func TestTrackTypes(t *testing.T) {
	known, err := catalog.New(catalog.Options{Tracks: []catalog.Track{{Name: `Sign "Up"`, ID: "tt-1"}, {App: "demo", Name: "Other", ID: "tt-2"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Catalog = known })
	r.good("/data/track", `[{"event":"Sign \u0022Up\u0022","visitorId":"v","timestamp":1640995200000},{"event":"sign up","visitorId":"v","timestamp":1640995200000}]`, integrationKey)
	r.good("/v1/track", `{"event":"Other","userId":"v","messageId":"m"}`, basicKey)
	var ids []string
	for _, e := range r.events() {
		for _, id := range e.IDs {
			ids = append(ids, string(id))
		}
	}
	if got := strings.Join(ids, " "); got != `"tt-1" "sign up" "tt-2"` {
		t.Errorf("IDs %s", got)
	}
}

// TestExclusions: excluded people are answered with success and leave nothing behind, in either dialect.
func TestExclusions(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"test-*"}, []string{"acme"}); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	r.good("/data/track", `[{"event":"E","visitorId":"test-1"},{"event":"E","visitorId":"v","accountId":"acme"}]`, integrationKey)
	r.good("/v1/batch", `{"batch":[{"type":"identify","userId":"test-2","traits":{"a":1}},{"type":"group","userId":"v","groupId":"acme","traits":{"a":1}},`+
		`{"type":"track","event":"E","userId":"v","properties":{"accountId":"acme"}}]}`, basicKey)
	r.stored()
	if got := r.counter("edge_intake_excluded_events_total"); got != 5 {
		t.Errorf("%v excluded counted", got)
	}
	if r.log.Head() != 0 {
		t.Error("something was stored")
	}
}

// TestDoNotProcess: a marked visitor is answered with success and gets no event, by either dialect.
func TestDoNotProcess(t *testing.T) {
	r := start(t)
	change := r.book.Begin()
	if _, err := change.SetDoNotProcess("demo", []byte(`"v"`), true); err != nil {
		t.Fatal(err)
	}
	r.commit(change)
	r.good("/data/track", `{"event":"E","visitorId":"v"}`, integrationKey)
	r.good("/v1/batch", `{"batch":[{"type":"identify","userId":"v","traits":{"a":1}},{"type":"track","event":"E","userId":"v"},{"type":"track","event":"E","userId":"w"}]}`, basicKey)
	r.stored(`visitorCreated visitor="w" properties={"sampleGroup":91}`,
		`trackEventReceived visitor="w" name="E" id="E" source="server" properties={}`)
	if got := r.counter("edge_intake_excluded_events_total"); got != 3 {
		t.Errorf("%v excluded counted", got)
	}
}
