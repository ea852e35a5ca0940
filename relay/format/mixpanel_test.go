package format

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func FuzzMixpanel(f *testing.F) { fuzz(f, Mixpanel) }

func TestMixpanel(t *testing.T) {
	const now = 1626804144000
	const tail = `"$insert_id":"000000000000000000000000000000000000",`
	f := func(e event.Event, want string) {
		t.Helper()
		e.Received = now
		if got := string(Mixpanel(nil, &e, event.Note{All: true})); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	// Nobody, no address, and a time that Mixpanel would not take.
	f(event.Event{Kind: event.PageLoaded, Visitor: []byte(`"NULL"`), IP: []byte(`""`)},
		`{"event":"Page Loaded","properties":{"time":1626804144000,"distinct_id":"",`+tail+`"ip":0}}`)
	f(event.Event{Kind: event.PageLoaded, Visitor: []byte(`"u"`), IP: []byte(`"203.0.113.7"`), Time: now + 7200_000},
		`{"event":"Page Loaded","properties":{"time":1626804144000,"distinct_id":"u",`+tail+`"ip":"203.0.113.7"}}`)
	// What Mixpanel reads as something else is not the event's own to set.
	f(event.Event{Kind: event.TrackEventReceived, Name: []byte(`"n"`), Time: now - 1, Properties: []byte(`{"1":2,"time":3,"a":{"b":{"c":[1]}},"ip":"x","$insert_id":"y","token":"z","distinct_id":"d"}`)},
		`{"event":"n","properties":{"1":2,"a":{"b":{"c":"[1]"}},"time":1626804143999,"distinct_id":"",`+tail+`"ip":0}}`)
	// It commands nothing: not that people be joined, events dropped or hidden, or that it was somebody else.
	f(event.Event{Kind: event.TrackEventReceived, Name: []byte(`"$merge"`), Time: now, Visitor: []byte(`"u"`), Properties: []byte(`{"$distinct_ids":["u","v"],"$ignore":true,"bucket":1,` +
		`"$user_id":"v","$device_id":"d","$identified_id":"v","$anon_id":"d","$time":1,"$browser":"b"}`)},
		`{"event":"event $merge","properties":{"$browser":"b","time":1626804144000,"distinct_id":"u",`+tail+`"ip":0}}`)
	// An anonymous visitor has an ID of its own.
	f(event.Event{Kind: event.UTurn, Visitor: []byte(`"_PENDO_T_a"`), Time: now},
		`{"event":"U-Turn","properties":{"time":1626804144000,"distinct_id":"_PENDO_T_a",`+tail+`"ip":0}}`)
}

// TestMixpanelBounds: 300 properties and texts of 300 characters become what Mixpanel takes.
func TestMixpanelBounds(t *testing.T) {
	e := event.Sample(event.NPSSubmitted)
	e.Kind, e.Name, e.Visitor = event.TrackEventReceived, event.AppendString(nil, strings.Repeat("n", 300)), event.AppendString(nil, strings.Repeat("ü", 300))
	e.Properties = []byte(`{`)
	for i := range 300 {
		e.Properties = fmt.Appendf(e.Properties, `"p%d":"%s",`, i, strings.Repeat("x", 300))
	}
	e.Properties = append(e.Properties, `"end":1}`...)
	var got struct {
		Event      string
		Properties map[string]any
	}
	if err := json.Unmarshal(Mixpanel(nil, &e, event.Note{All: true}), &got); err != nil {
		t.Fatal(err)
	}
	if got.Event != strings.Repeat("n", 255) || got.Properties["distinct_id"] != strings.Repeat("ü", 255) || got.Properties["p7"] != strings.Repeat("x", 255) {
		t.Errorf("texts: %v", got)
	}
	if n := len(got.Properties); n >= 255 || n < 240 {
		t.Errorf("%d properties", n)
	}
	for _, name := range []string{"time", "$insert_id", "ip", "npsRating", "guideId", "app"} {
		if got.Properties[name] == nil {
			t.Errorf("no %s", name)
		}
	}
}
