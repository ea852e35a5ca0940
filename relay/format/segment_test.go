package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/analytics-go/v3"

	"edgerelay/relay/event"
)

// TestSegmentAbsent: what the event does not have is left out, but for the ID that Segment asks for.
func TestSegmentAbsent(t *testing.T) {
	f := func(e event.Event, user, anonymous, context string) {
		t.Helper()
		e.Kind = event.VisitorCreated
		want := `{"event":"visitorCreated"` + user + `,"properties":{},"messageId":"0000000000000000000000000000000000000000",` +
			`"timestamp":"1970-01-01T00:00:00.000Z","type":"track"` + anonymous + `,"context":{"library":{"name":"edgerelay"}` + context + `}}`
		if got := string(Segment(nil, &e, event.Note{All: true})); got != want {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
	f(event.Event{}, ``, `,"anonymousId":"edgerelay"`, ``)
	f(event.Event{AppName: []byte(`a "b"`)}, ``, `,"anonymousId":"a \"b\""`, ``)
	f(event.Event{AppName: []byte("a"), Account: []byte(`"acme"`)}, ``, `,"anonymousId":"acme"`, `,"groupId":"acme"`)
	f(event.Event{AppName: []byte("a"), Account: []byte(`""`), Visitor: []byte(`""`)}, ``, `,"anonymousId":"a"`, ``)
	f(event.Event{AppName: []byte("a"), Account: []byte(`"acme"`), Visitor: []byte(`"v"`)}, `,"userId":"v"`, ``, `,"groupId":"acme"`)
	f(event.Event{Visitor: []byte(`"v"`), App: []byte(`{"id":1}`)}, `,"userId":"v"`, ``, ``)
	f(event.Event{Visitor: []byte(`"v"`), App: []byte(`{"id":1,"name":"n"}`), IP: []byte(`"::1"`), URL: []byte(`"u"`), UserAgent: []byte(`"a"`)},
		`,"userId":"v"`, ``, `,"app":{"name":"n"},"ip":"::1","page":{"url":"u"},"userAgent":"a"`)
}

// TestSegmentAccepts checks the golden files by what Segment's HTTP API asks of a track call, and by seed 002: its names are
// those of the events, and all of them come out.
func TestSegmentAccepts(t *testing.T) {
	table := strings.Fields(`visitorCreated visitorMetadataUpdated visitorDoNotProcessUpdated accountCreated accountMetadataUpdated
		featureClicked trackEventReceived guideSeen pollSeen pollSubmitted pageTagged pageUpdated pageDeleted featureTagged
		featureUpdated featureDeleted goalCreated goalUpdated goalDeleted goalStatusChanged NPSSeen NPSSubmitted NPSCreated
		NPSUpdated NPSDeleted NPSStatusChanged pollCreated pollUpdated pollDeleted pathCreated pathUpdated pathDeleted
		funnelCreated funnelUpdated funnelDeleted userInvited userAdded userUpdated userDeleted`)
	missing := map[string]bool{}
	for _, name := range table {
		missing[name] = true
	}
	for _, k := range event.Kinds() {
		body := readFile(t, goldenName("segment", k))
		var call struct {
			Type, Event, UserID, AnonymousID, MessageID string
			Timestamp                                   time.Time
			Properties                                  map[string]any
			Context                                     struct {
				Library struct{ Name string }
			}
		}
		if err := json.Unmarshal(body, &call); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		var track analytics.Track
		if err := errors.Join(json.Unmarshal(body, &track), track.Validate()); err != nil {
			t.Errorf("%s: Segment's SDK reads it: %v", k, err)
		}
		switch e := event.Sample(k); {
		case call.Type != "track", call.Event == "", call.Properties == nil, call.Context.Library.Name == "":
			t.Errorf("%s: no whole track call: %s", k, body)
		case (call.UserID == "") == (call.AnonymousID == ""):
			t.Errorf("%s: userId %q, anonymousId %q; want one of them", k, call.UserID, call.AnonymousID)
		case !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(call.MessageID):
			t.Errorf("%s: messageId %q", k, call.MessageID)
		case call.Timestamp.UnixMilli() != e.Time:
			t.Errorf("%s: timestamp %v, want %d", k, call.Timestamp, e.Time)
		case len(body) > 32<<10:
			t.Errorf("%s: %d bytes", k, len(body))
		}
		delete(missing, call.Event)
	}
	if len(missing) > 0 {
		t.Errorf("no event is called %v", missing)
	}
}

// TestSegmentBegins with the members of seed 002, in the order of its table.
func TestSegmentBegins(t *testing.T) {
	e := event.Sample(event.PageLoaded)
	e.Time++
	got := string(Segment(nil, &e, event.Note{Bits: []byte{2}}))
	want := fmt.Sprintf(`{"event":"pageLoaded","userId":"Webhook Visitor","properties":{"eventProperties":{},"ids":["pageId2"]},"messageId":"%x",`+
		`"timestamp":"2021-07-20T17:57:55.001Z","type":"track",`, e.UniqueID)
	if !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s…", got, want)
	}
}

// TestSegmentCall: Segment itself gets no half characters; a receiver of the format gets them as they came.
func TestSegmentCall(t *testing.T) {
	e := event.Event{Kind: event.TrackEventReceived, Visitor: []byte(`"v\ud800"`), Properties: []byte(`{"k\udfff":"\\ud800","n":["\ud83d"]}`)}
	got := string(SegmentCall([]byte(`"\ud800",`), &e, event.Note{}))
	for _, want := range []string{`"\ud800",{`, "\"userId\":\"v\ufffd\"", "{\"k\ufffd\":\"\\\\ud800\",\"n\":[\"\ufffd\"]}"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s, want %s in it", got, want)
		}
	}
	if got := string(Segment(nil, &e, event.Note{})); !strings.Contains(got, `"userId":"v\ud800"`) || !strings.Contains(got, `["\ud83d"]`) {
		t.Errorf("%s", got)
	}
}
