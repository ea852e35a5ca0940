package format

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
)

// TestStandardAdvice checks the golden files by what the Standard Webhooks specification advises: a dotted type, a written
// time, a small payload.
func TestStandardAdvice(t *testing.T) {
	name := regexp.MustCompile(`^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+$`)
	for _, k := range event.Kinds() {
		body := readFile(t, goldenName("standard", k))
		var payload struct {
			Type      string
			Timestamp time.Time
			Data      map[string]any
		}
		if err := json.Unmarshal(body, &payload); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		if again, ok := event.KindOf(payload.Type); !name.MatchString(payload.Type) || !ok || again != k {
			t.Errorf("%s: type %q", k, payload.Type)
		}
		if at := event.Sample(k).Time / 1000; payload.Timestamp.Unix() != at {
			t.Errorf("%s: timestamp %v, want %d", k, payload.Timestamp, at)
		}
		if payload.Data["uniqueId"] == "" || len(body) > 20<<10 {
			t.Errorf("%s: %d bytes, %s", k, len(body), body)
		}
	}
}

// TestStandardAbsent: what the event does not have is left out.
func TestStandardAbsent(t *testing.T) {
	f := func(e event.Event, n event.Note, want string) {
		t.Helper()
		want = fmt.Sprintf(`{"type":%q,"timestamp":"1970-01-01T00:00:00Z","data":{"uniqueId":"0000000000000000000000000000000000000000"%s}}`,
			e.Kind.Dotted(), want)
		if got := string(Standard(nil, &e, n)); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", e.Kind, got, want)
		}
	}
	for _, k := range event.Kinds() {
		f(event.Event{Kind: k}, event.Note{All: true}, ``)
	}
	e := event.Event{Kind: event.PageLoaded, IDs: [][]byte{[]byte(`"a"`), []byte(`"b"`)}, URL: []byte(`"u"`)}
	f(e, event.Note{All: true}, `,"ids":["a","b"],"url":"u"`)
	f(e, event.Note{Bits: []byte{2}}, `,"ids":["b"],"url":"u"`)
	f(e, event.Note{}, `,"url":"u"`)
	e = event.Event{Kind: event.NPSSubmitted, Guide: event.Guide{ID: []byte(`"g"`), NPS: []byte(`{"rating":1}`)}, Account: []byte(`"acme"`)}
	f(e, event.Note{All: true}, `,"accountId":"acme","guide":{"id":"g","nps":{"rating":1}}`)
}

// TestStandardHoldsAll: nothing that an event has is lost but what only the relay is concerned with.
func TestStandardHoldsAll(t *testing.T) {
	e := event.Event{
		Kind: event.PollSubmitted, AppName: []byte("APPNAME"), Trace: []byte("TRACE"), App: []byte(`{"a":1}`), Subscription: []byte(`{"s":1}`),
		Visitor: []byte(`"VISITOR"`), Account: []byte(`"ACCOUNT"`), UserAgent: []byte(`"AGENT"`), IP: []byte(`"IP"`), URL: []byte(`"URL"`),
		IDs: [][]byte{[]byte(`"ID"`)}, Name: []byte(`"NAME"`), Source: []byte(`"SOURCE"`), Properties: []byte(`{"p":1}`),
		Guide: event.Guide{ID: []byte(`"GUIDE"`), Name: []byte(`"GNAME"`), StepID: []byte(`"STEP"`), Language: []byte(`"LANGUAGE"`),
			Properties: []byte(`{"g":1}`), NPS: []byte(`{"n":1}`), PollResponses: []byte(`[1]`)},
	}
	_, got, _ := strings.Cut(string(Standard(nil, &e, event.Note{All: true})), `"data":`)
	want := `{"uniqueId":"0000000000000000000000000000000000000000","visitorId":"VISITOR","accountId":"ACCOUNT","name":"NAME","source":"SOURCE",` +
		`"ids":["ID"],"properties":{"p":1},"guide":{"id":"GUIDE","name":"GNAME","stepId":"STEP","language":"LANGUAGE","properties":{"g":1},` +
		`"nps":{"n":1},"pollResponses":[1]},"url":"URL","ip":"IP","userAgent":"AGENT","app":{"a":1},"subscription":{"s":1}}}`
	if got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
}
