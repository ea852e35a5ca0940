package format

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
)

// TestDottedIsSeed001 holds the format against the example payload of seed 001, which is in testdata/seed001 as it prints it:
// its fields with its values in its order, and ours behind.
func TestDottedIsSeed001(t *testing.T) {
	e := event.Event{
		Kind: event.GuideDisplayed, Time: time.Date(2024, 1, 15, 14, 30, 0, 0, time.UTC).UnixMilli(),
		App: []byte(`{"id":1,"platform":"web"}`), Visitor: []byte(`"user_123"`), Account: []byte(`"account_456"`), UserAgent: []byte(`"Chrome/120.0"`),
		Guide: event.Guide{ID: []byte(`"ABC123"`), Name: []byte(`"Feature Announcement"`), StepID: []byte(`"STEP"`)},
	}
	got, want := fields(t, Dotted(nil, &e, event.Note{All: true})), fields(t, readFile(t, "testdata/seed001/guide.viewed.json"))
	var ours []string
	for _, field := range got {
		if len(want) > 0 && field == want[0] {
			want = want[1:]
			continue
		}
		path, _, _ := strings.Cut(field, " ")
		ours = append(ours, path)
	}
	if len(want) > 0 {
		t.Errorf("missing, or not in its place: %s\ngot %s", want[0], strings.Join(got, "\n    "))
	}
	if want := []string{"data.metadata.user_agent", "data.guide_step_id", "data.app.id", "data.app.platform", "data.app", "data.unique_id"}; !slices.Equal(ours, want) {
		t.Errorf("fields of ours: %q, want %q", ours, want)
	}
}

// TestDottedAbsent: what the seed shows is there, whatever the event lacks; the rest is not.
func TestDottedAbsent(t *testing.T) {
	f := func(want string, kinds ...event.Kind) {
		t.Helper()
		for _, k := range kinds {
			e := event.Event{Kind: k}
			want := fmt.Sprintf(`{"event_type":%q,"timestamp":"1970-01-01T00:00:00Z","data":{%s"visitor_id":"","account_id":"","metadata":{},`+
				`"unique_id":"0000000000000000000000000000000000000000"}}`, k.Dotted(), want)
			if got := string(Dotted(nil, &e, event.Note{All: true})); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", k, got, want)
			}
		}
	}
	f(`"guide_id":"","guide_name":"",`, event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted,
		event.NPSDisplayed, event.NPSSubmitted, event.PollDisplayed, event.PollSubmitted)
	f(`"event_name":"",`, event.TrackEventReceived)
	f(``, event.PageLoaded, event.FeatureClicked, event.UTurn, event.VisitorCreated, event.VisitorUnsubscribed, event.GoalCreated, event.FlowSeen)
}

// TestDottedSubject: the IDs that the webhook selected, under the name of what they are IDs of.
func TestDottedSubject(t *testing.T) {
	f := func(k event.Kind, n event.Note, want string) {
		t.Helper()
		e := event.Event{Kind: k, IDs: [][]byte{[]byte(`"a"`), []byte(`"b"`), []byte(`"c"`)}}
		_, data, _ := strings.Cut(string(Dotted(nil, &e, n)), `"data":{`)
		got, _, _ := strings.Cut(data, `"visitor_id"`)
		if got != want {
			t.Errorf("%s with %+v: %s, want %s", k, n, got, want)
		}
	}
	all, some, none := event.Note{All: true}, event.Note{Bits: []byte{6}}, event.Note{}
	f(event.PageLoaded, all, `"page_ids":["a","b","c"],`)
	f(event.PageLoaded, some, `"page_ids":["b","c"],`)
	f(event.PageLoaded, none, ``)
	f(event.FeatureClicked, some, `"feature_ids":["b","c"],`)
	f(event.RageClick, some, `"ids":["b","c"],`)
	f(event.UTurn, all, `"ids":["a","b","c"],`)
	f(event.TrackEventReceived, some, `"event_name":"","track_type_ids":["b","c"],`)
	f(event.TrackEventReceived, none, `"event_name":"",`)
	f(event.GuideDisplayed, all, `"guide_id":"","guide_name":"",`)
	f(event.PageTagged, all, `"page_id":"a",`)
	f(event.NPSUpdated, all, `"guide_id":"a",`)
	f(event.FunnelDeleted, some, `"funnel_id":"b",`)
	f(event.FunnelDeleted, none, ``)
	f(event.FlowSeen, all, ``)
	f(event.VisitorCreated, all, ``)
}

// TestDottedResponses: the documented members of a poll's answers, and no others.
func TestDottedResponses(t *testing.T) {
	f := func(responses, want string) {
		t.Helper()
		e := event.Event{Kind: event.PollSubmitted, Guide: event.Guide{PollResponses: []byte(responses)}}
		_, got, _ := strings.Cut(string(Dotted(nil, &e, event.Note{})), `"poll_responses":`)
		if got, _, _ = strings.Cut(got, `,"unique_id"`); got != want {
			t.Errorf("%s: %s, want %s", responses, got, want)
		}
	}
	f(`[]`, `[]`)
	f(`[{}]`, `[{}]`)
	f(`[1,"a",{"response":[1]}]`, `[{},{},{"response":[1]}]`)
	f(`[{"1":2,"duration":3,"pollId":"p","poll_id":"q","pollType":"t"},{"response":null}]`, `[{"poll_id":"p","poll_type":"t","duration":3},{"response":null}]`)
}
