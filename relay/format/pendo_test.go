package format

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// bare are the fields of the body of an event that has nothing but its kind, before and behind "properties".
const (
	bareBefore = `{"app":{},"accountId":"","subscription":{},"userAgent":"","event":"%s","properties":`
	bareBehind = `,"timestamp":0,"visitorId":"","uniqueId":"0000000000000000000000000000000000000000"}`
	bareGuide  = `"guideId":"","guideProperties":{},"guideStepId":"","language":""`
)

// TestPendoAbsent: every field is there, whatever the event lacks.
func TestPendoAbsent(t *testing.T) {
	f := func(want string, kinds ...event.Kind) {
		t.Helper()
		for _, k := range kinds {
			e, want := event.Event{Kind: k}, fmt.Sprintf(bareBefore, k)+want+bareBehind
			if got := string(Pendo(nil, &e, event.Note{All: true})); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", k, got, want)
			}
		}
	}
	f(`{"eventProperties":{}}`, event.PageLoaded, event.FeatureClicked, event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn)
	f(`{"eventProperties":{},"name":"","source":""}`, event.TrackEventReceived)
	f(`{`+bareGuide+`}`, event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed, event.GuideCompleted,
		event.NPSDisplayed, event.PollDisplayed)
	f(`{`+bareGuide+`,"nps":{}}`, event.NPSSubmitted)
	f(`{`+bareGuide+`,"pollResponses":[]}`, event.PollSubmitted)
	f(`{}`, event.VisitorCreated, event.VisitorMetadataUpdated, event.AccountCreated,
		event.PageTagged, event.NPSCreated, event.PollDeleted, event.FlowSeen, event.UserpilotNPSScore)

	e := event.Event{Kind: event.VisitorUnsubscribed}
	want := `{"app":{},"accountId":"","subscription":{},"userAgent":"","visitorId":"","eventType":"unsubscribe",` +
		`"timestamp":"1970-01-01T00:00:00Z"}`
	if got := string(Pendo(nil, &e, event.Note{})); got != want {
		t.Errorf("unsubscribed:\ngot  %s\nwant %s", got, want)
	}
}

// TestPendoSelectedIDs: ids holds what the webhook selected, in the event's order, and is left out when that is nothing.
func TestPendoSelectedIDs(t *testing.T) {
	selected := func(items ...int) (n event.Note) {
		for _, i := range items {
			n.Select(i)
		}
		return n
	}
	f := func(n event.Note, want string, ids ...string) {
		t.Helper()
		for _, k := range []event.Kind{event.PageLoaded, event.FeatureClicked, event.TrackEventReceived} {
			e := event.Event{Kind: k}
			for _, id := range ids {
				e.IDs = append(e.IDs, []byte(id))
			}
			layout := `{"eventProperties":{}` + want + `}`
			if k == event.TrackEventReceived {
				layout = `{"eventProperties":{},"name":"","source":""` + want + `}`
			}
			if got, want := string(Pendo(nil, &e, n)), fmt.Sprintf(bareBefore, k)+layout+bareBehind; got != want {
				t.Errorf("%s with %+v of %s:\ngot  %s\nwant %s", k, n, ids, got, want)
			}
		}
	}
	f(event.Note{All: true}, ``)
	f(event.Note{}, ``)
	f(event.Note{All: true}, `,"ids":["a"]`, `"a"`)
	f(event.Note{All: true}, `,"ids":["a","b","c"]`, `"a"`, `"b"`, `"c"`)
	f(event.Note{}, ``, `"a"`, `"b"`)
	f(selected(0), `,"ids":["a"]`, `"a"`, `"b"`)
	f(selected(2, 1), `,"ids":["b","c"]`, `"a"`, `"b"`, `"c"`)
	f(selected(5), ``, `"a"`, `"b"`)
	f(event.Note{Bits: []byte{0, 2}}, `,"ids":["j"]`, `"a"`, `"b"`, `"c"`, `"d"`, `"e"`, `"f"`, `"g"`, `"h"`, `"i"`, `"j"`)
}

// TestPendoIDsOnlyWhereDocumented: guides name themselves by guideId, other kinds have their properties as they stand.
func TestPendoIDsOnlyWhereDocumented(t *testing.T) {
	for _, k := range event.Kinds() {
		e := event.Sample(k)
		has := strings.Contains(string(Pendo(nil, &e, event.Note{All: true})), `"ids":[`)
		want := k == event.PageLoaded || k == event.FeatureClicked || k == event.TrackEventReceived || strings.HasPrefix(k.Dotted(), "frustration.")
		if has != want {
			t.Errorf("%s: ids is there: %t, want %t", k, has, want)
		}
	}
}

// TestPendoLeavesOut what belongs to another kind, even when the event has it.
func TestPendoLeavesOut(t *testing.T) {
	full := event.Event{
		Name: []byte(`"NAME"`), Source: []byte(`"SOURCE"`), Properties: []byte(`{"p":"PROPERTIES"}`), IP: []byte(`"IP"`), URL: []byte(`"URL"`),
		AppName: []byte("APPNAME"), IDs: [][]byte{[]byte(`"ID"`)}, Received: 77777000,
		Guide: event.Guide{ID: []byte(`"GUIDE"`), Name: []byte(`"GNAME"`), StepID: []byte(`"STEP"`), Language: []byte(`"LANGUAGE"`),
			Properties: []byte(`{"g":"GPROPERTIES"}`), NPS: []byte(`{"rating":"NPS"}`), PollResponses: []byte(`["POLL"]`)},
	}
	words := []string{"NAME", "SOURCE", "PROPERTIES", "IP", "URL", "APPNAME", "ID", "77777", "GUIDE", "GNAME", "STEP", "LANGUAGE",
		"GPROPERTIES", "NPS", "POLL"}
	f := func(want string, kinds ...event.Kind) {
		t.Helper()
		for _, k := range kinds {
			e := full
			e.Kind = k
			var has []string
			for _, word := range words {
				if bytes.Contains(Pendo(nil, &e, event.Note{All: true}), []byte(`"`+word+`"`)) {
					has = append(has, word)
				}
			}
			if got := strings.Join(has, " "); got != want {
				t.Errorf("%s has %s, want %s", k, got, want)
			}
		}
	}
	f("PROPERTIES ID", event.PageLoaded, event.FeatureClicked, event.RageClick, event.ErrorClick, event.DeadClick, event.UTurn)
	f("NAME SOURCE PROPERTIES ID", event.TrackEventReceived)
	f("GUIDE STEP LANGUAGE GPROPERTIES", event.GuideDisplayed, event.GuideAdvanced, event.GuideDismissed,
		event.GuideCompleted, event.NPSDisplayed, event.PollDisplayed)
	f("GUIDE STEP LANGUAGE GPROPERTIES NPS", event.NPSSubmitted)
	f("GUIDE STEP LANGUAGE GPROPERTIES POLL", event.PollSubmitted)
	f("PROPERTIES", event.VisitorCreated, event.PageTagged, event.NPSUpdated, event.FlowSeen)
	f("", event.VisitorUnsubscribed)
}

// TestPendoTime: whole seconds, those of the second that the event falls into, also before 1970.
func TestPendoTime(t *testing.T) {
	f := func(milliseconds int64, seconds, written string) {
		t.Helper()
		e := event.Event{Kind: event.PageLoaded, Time: milliseconds}
		if got := Pendo(nil, &e, event.Note{}); !bytes.Contains(got, []byte(`,"timestamp":`+seconds+`,`)) {
			t.Errorf("%d ms: %s, want %s", milliseconds, got, seconds)
		}
		e.Kind = event.VisitorUnsubscribed
		if got := Pendo(nil, &e, event.Note{}); !bytes.HasSuffix(got, []byte(`,"timestamp":"`+written+`"}`)) {
			t.Errorf("%d ms: %s, want %s", milliseconds, got, written)
		}
	}
	f(0, "0", "1970-01-01T00:00:00Z")
	f(1626803875999, "1626803875", "2021-07-20T17:57:55Z")
	f(1761660300000, "1761660300", "2025-10-28T14:05:00Z")
	f(-1, "-1", "1969-12-31T23:59:59Z")
}

// TestPendoAppends: what stands in dst stays, and room in it is used.
func TestPendoAppends(t *testing.T) {
	e := event.Sample(event.PollSubmitted)
	want := string(Pendo(nil, &e, event.Note{All: true}))
	dst := append(make([]byte, 0, 8192), "before"...)
	got := Pendo(dst, &e, event.Note{All: true})
	if string(got) != "before"+want || &got[0] != &dst[0] {
		t.Errorf("got  %s\nwant before%s, in place", got, want)
	}
}
