package desk

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// TestOwnPayloads: what the format pendo writes is read back, for every kind: written again, it is the same.
func TestOwnPayloads(t *testing.T) {
	for _, kind := range event.Kinds() {
		e := event.Sample(kind)
		body := format.Pendo(nil, &e, event.Note{All: true})
		got, err := readPayload(body)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if again := format.Pendo(nil, &got, event.Note{All: true}); !bytes.Equal(again, body) {
			t.Errorf("%s:\nread    %s\nwritten %s", kind, body, again)
		}
		if kind.Items() != "" && kind < event.FlowSeen && fmt.Sprintf("%s", got.IDs) != fmt.Sprintf("%s", e.IDs) {
			t.Errorf("%s: IDs %s, want %s", kind, got.IDs, e.IDs)
		}
	}
}

// TestFormats: what the other formats write is read back, for every kind, as far as it decides who gets the event.
func TestFormats(t *testing.T) {
	about := func(e *event.Event) string {
		return fmt.Sprintf("%s visitor %s account %s ids %s name %s source %s guide %s %s %s at %d", e.Kind, e.Visitor, e.Account, e.IDs, e.Name, e.Source,
			e.Guide.ID, e.Guide.Name, e.Guide.StepID, e.Time/1000)
	}
	for _, name := range format.Names() {
		encode, _ := format.ByName(name)
		for _, kind := range event.Kinds() {
			e := event.Sample(kind)
			body := encode(nil, &e, event.Note{All: true})
			got, err := readPayload(body)
			if err != nil {
				t.Errorf("%s %s: %v", name, kind, err)
				continue
			}
			if got, want := about(&got), about(&e); got != want {
				t.Errorf("%s %s: %s\ngot  %s\nwant %s", name, kind, body, got, want)
			}
			if name != "userpilot" && string(got.AppName) != string(e.AppName) {
				t.Errorf("%s %s: app %s, want %s", name, kind, got.AppName, e.AppName)
			}
			if where := name == "pendo" || name == "userpilot"; !where && string(got.URL) != string(e.URL) {
				t.Errorf("%s %s: URL %s, want %s", name, kind, got.URL, e.URL)
			}
			if kind < event.PageTagged && e.Guide.ID == nil && kind != event.VisitorUnsubscribed && string(got.Properties) != string(e.Properties) {
				t.Errorf("%s %s: properties %s, want %s", name, kind, got.Properties, e.Properties)
			}
		}
	}
}

// TestPayloadShapes: the other shapes say at least what happened, to whom and to what.
func TestPayloadShapes(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		e, err := readPayload([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			return
		}
		if got := fmt.Sprintf("%s app %s visitor %s account %s ids %s name %s at %d", e.Kind, e.AppName, e.Visitor, e.Account, e.IDs, e.Name, e.Time); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", body, got, want)
		}
	}
	f(`{"event":"featureClicked","ids":["abc","d\"e"],"app":"web"}`, `featureClicked app web visitor  account  ids ["abc" "d\"e"] name  at 0`)
	f(`{"event":"feature.clicked","ids":"abc","visitorId":7}`, `featureClicked app  visitor "7" account  ids ["abc"] name  at 0`)
	f(`{"event_type":"guide.viewed","timestamp":"2024-01-15T14:30:00Z","data":{"guide_id":"ABC123","guide_name":"New","visitor_id":"user_123","account_id":"account_456"}}`,
		`guideDisplayed app  visitor "user_123" account "account_456" ids ["ABC123"] name  at 1705329000000`)
	f(`{"type":"track","event":"Account Upgraded","userId":"u1","properties":{"plan":"pro"},"timestamp":"2024-01-15T14:30:00.5Z"}`,
		`trackEventReceived app  visitor "u1" account  ids ["Account Upgraded"] name "Account Upgraded" at 1705329000500`)
	f(`{"event":"guideSeen","userId":"u1","properties":{"guideId":"g"}}`, `guideDisplayed app  visitor "u1" account  ids ["g"] name  at 0`)
	f(`{"type":"page","userId":"u1","name":"Pricing"}`, `pageLoaded app  visitor "u1" account  ids [] name  at 0`)
	f(`{"type":"flows.seen","timestamp":1679578625,"data":{"type":"flow","id":1,"user":{"user_id":"9"},"company":{"id":"c"}}}`,
		`flows.seen app  visitor "9" account "c" ids ["1"] name  at 1679578625000`)
	f(`{"eventType":"unsubscribe","visitorId":"v","timestamp":1705329000123}`, `visitorUnsubscribed app  visitor "v" account  ids [] name  at 1705329000123`)
	f(`{"event":"pageLoaded","app":{"id":1,"name":"mobile"},"timestamp":-5,"visitorId":"","ids":[[1],null,true,{}],"properties":[]}`,
		`pageLoaded app mobile visitor  account  ids [] name  at 0`)
}

func TestBadPayloads(t *testing.T) {
	f := func(body, field, message string) {
		t.Helper()
		_, err := readPayload([]byte(body))
		refused(t, err, Invalid, field)
		if err != nil && !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v, want %q", body, err, message)
		}
	}
	f(``, "event", "json: byte 0")
	f(`{"event":`, "event", "json: byte")
	f(`[]`, "event", "not a JSON object")
	f(`"pageLoaded"`, "event", "not a JSON object")
	f(`{}`, "event", "is missing")
	f(`{"event":""}`, "event", "as a text")
	f(`{"event":5}`, "event", "as a text")
	f(`{"event":"pageLoadd"}`, "event", `did you mean "pageLoaded"`)
	f(`{"event_type":"guide.gone"}`, "event_type", "unknown event")
	f(`{"event":"page*"}`, "event", "no name of one event")
	f(`{"type":"identify"}`, "type", "unknown event")
}

func FuzzPayload(f *testing.F) {
	for _, kind := range []event.Kind{event.PageLoaded, event.NPSSubmitted, event.PollSubmitted, event.TrackEventReceived, event.VisitorUnsubscribed} {
		e := event.Sample(kind)
		f.Add(format.Pendo(nil, &e, event.Note{All: true}))
	}
	f.Add([]byte(`{"type":"flows.seen","timestamp":1679578625,"data":{"type":"flow","id":1,"user":{"user_id":"9"},"company":{"id":"c"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := readPayload(body)
		if err != nil {
			return
		}
		var stable event.Stable
		written := format.Pendo(nil, &e, event.Note{All: true})
		if again, err := stable.Append(nil, written); err != nil || !bytes.Equal(again, written) {
			t.Fatalf("%s is read as an event that is written as %s: %v", body, written, err)
		}
		showEvent(&e)
	})
}
