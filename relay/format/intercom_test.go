package format

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"edgerelay/relay/event"
)

// TestIntercomAccepts checks the golden files by what Intercom documents of an event.
func TestIntercomAccepts(t *testing.T) {
	for _, k := range event.Kinds() {
		body, e := readFile(t, goldenName("intercom", k)), event.Sample(k)
		var got struct {
			EventName string `json:"event_name"`
			CreatedAt int64  `json:"created_at"`
			UserID    string `json:"user_id"`
			Metadata  map[string]any
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
		if got.EventName == "" || strings.ContainsAny(got.EventName, ".$_") || got.CreatedAt != e.Time/1000 || (got.UserID == "") != (e.Visitor == nil) {
			t.Errorf("%s: %s", k, body)
		}
		if got.Metadata == nil || len(got.Metadata) > 10 {
			t.Errorf("%s: %d keys", k, len(got.Metadata))
		}
		for key, value := range got.Metadata {
			text, isText := value.(string)
			if _, isNumber := value.(float64); !isText && !isNumber || len(utf16.Encode([]rune(text))) > 255 || strings.ContainsAny(key, ".$~`!@#%^&*'{}|\\\"\x00") {
				t.Errorf("%s: %s = %v", k, key, value)
			}
		}
	}
}

// TestIntercomName: frustration as people call it, a track event by its own name, the others by theirs.
func TestIntercomName(t *testing.T) {
	f := func(k event.Kind, name, want string) {
		t.Helper()
		e := event.Event{Kind: k, Name: []byte(name)}
		if got := string(Intercom(nil, &e, event.Note{})); got != fmt.Sprintf(`{"event_name":%s,"created_at":0,"metadata":{}}`, want) {
			t.Errorf("%s: %s, want %s", k, got, want)
		}
	}
	f(event.RageClick, ``, `"rage-click"`)
	f(event.ErrorClick, ``, `"error-click"`)
	f(event.DeadClick, ``, `"dead-click"`)
	f(event.UTurn, ``, `"u-turn"`)
	f(event.GuideDisplayed, ``, `"guide-viewed"`)
	f(event.VisitorDoNotProcessUpdated, ``, `"visitor-do-not-process-updated"`)
	f(event.ButtonTrackedEventOccurred, ``, `"button-tracked-event-occurred"`)
	f(event.TrackEventReceived, `"Account \"Upgraded\""`, `"Account \"Upgraded\""`)
	f(event.TrackEventReceived, ``, `"track-event"`)
	f(event.TrackEventReceived, `""`, `"track-event"`)
	f(event.TrackEventReceived, `"`+strings.Repeat("n", 256)+`"`, `"`+strings.Repeat("n", 254)+`…"`)
}

// TestIntercomWho: a contact is a visitor who is known, as UTF-8 can hold the ID, and nothing happens before 1971 or after it
// was told.
func TestIntercomWho(t *testing.T) {
	f := func(visitor string, at int64, want string) {
		t.Helper()
		e := event.Event{Kind: event.RageClick, Visitor: []byte(visitor), Time: at, Received: 1626804144999}
		if got := string(Intercom(nil, &e, event.Note{})); got != `{"event_name":"rage-click",`+want+`,"metadata":{}}` {
			t.Errorf("%s at %d: %s, want %s", visitor, at, got, want)
		}
	}
	f(`"u"`, 1626804143999, `"created_at":1626804143,"user_id":"u"`)
	f(`"a\ud800"`, 1626804145000, `"created_at":1626804144,"user_id":"a`+"\ufffd"+`"`)
	f(`"_PENDO_T_a"`, 253402300799999, `"created_at":1626804144`)
	f(`"null"`, -1, `"created_at":1626804144`)
	f(`""`, 0, `"created_at":1626804144`)
	f(``, 0, `"created_at":1626804144`)
}

// TestIntercomMetadata: ten texts and numbers, the most important first.
func TestIntercomMetadata(t *testing.T) {
	f := func(e event.Event, n event.Note, want string) {
		t.Helper()
		_, got, _ := strings.Cut(string(Intercom(nil, &e, n)), `"metadata":`)
		if got != want+"}" {
			t.Errorf("%s:\ngot  %s\nwant %s", e.Kind, got, want)
		}
	}
	properties := func(text, want string) {
		t.Helper()
		f(event.Event{Kind: event.VisitorCreated, Properties: []byte(text)}, event.Note{}, want)
	}
	properties(``, `{}`)
	properties(`{}`, `{}`)
	properties(`{"a":"b","n":-1.5,"t":true,"f":false,"null":null,"empty":"","list":[1],"o":{}}`, `{"a":"b","n":-1.5,"t":"true","f":"false"}`)
	properties(`{"a":{"b":1,"c":{"d":2,"e":{"f":3}},"g":4},"h":5}`, `{"a_b":1,"a_c_d":2,"a_g":4,"h":5}`)
	properties(`{"a.b$c":1,"$d":2,"é\n":3,"\"":4,"a~b`+"`"+`!@#%^&*'{}|\\c":5,"x-y z":6}`, `{"a_b_c":1,"_d":2,"é_":3,"_":4,"a_b_____________c":5,"x-y z":6}`)
	properties(`{"Plan":1,"plan":2,"PLAN":{"É":3,"é":4}}`, `{"Plan":1,"PLAN_É":3}`)
	properties(`{"7":1,"12":{"3":2},"007":3,"":4}`, `{"_7":1,"12_3":2,"_007":3,"_":4}`)
	properties(`{"a_b":1,"a.b":2,"a":{"b":3},"c":""}`, `{"a_b":1}`)
	properties(`{"c.d":"","c_d":2}`, `{"c_d":2}`)
	properties(`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":"","j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17,"r":18,"s":19,"t":20,"u":21,"v":22}`,
		`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"j":10,"k":11}`)
	long := strings.Repeat("x", 253)
	properties(`{"a":"`+long+`yz"}`, `{"a":"`+long+`yz"}`)
	properties(`{"a":"`+long+`😀"}`, `{"a":"`+long+`😀"}`)
	properties(`{"a":"`+long+`y😀"}`, `{"a":"`+long+`y…"}`)
	properties(`{"a":"`+long+`\n\"\\"}`, `{"a":"`+long+`\n…"}`)
	properties(`{"`+long+`abc":1,"`+long+`abd":2,"`+long+`é":3,"`+long+`":4,"`+long+`yé":5}`, `{"`+long+`ab":1,"`+long+`é":3,"`+long+`":4,"`+long+`y":5}`)
	properties(`{"`+long+`":{"abc":1,"bcd":{"d":2}}}`, `{"`+long+`_a":1,"`+long+`_b":2}`)

	two := [][]byte{[]byte(`"a"`), []byte(`"b"`)}
	f(event.Event{Kind: event.RageClick, IDs: two, URL: []byte(`"u"`), Account: []byte(`"acme"`), Properties: []byte(`{"elementType":"button"}`)}, event.Note{All: true},
		`{"item_id":"a, b","url":"u","account_id":"acme","elementType":"button"}`)
	f(event.Event{Kind: event.PageLoaded, IDs: two, Properties: []byte(`{"page_id":"c"}`)}, event.Note{Bits: []byte{2}}, `{"page_id":"b"}`)
	f(event.Event{Kind: event.PageLoaded, IDs: two, Properties: []byte(`{"page_id":"c"}`)}, event.Note{}, `{"page_id":"c"}`)
	f(event.Event{Kind: event.TrackEventReceived, IDs: two[:1], Source: []byte(`"web"`)}, event.Note{All: true}, `{"track_id":"a","source":"web"}`)
	f(event.Event{Kind: event.GoalCreated, IDs: two[:1]}, event.Note{All: true}, `{"goal_id":"a"}`)
	f(event.Event{Kind: event.NPSSubmitted, IDs: two, Account: []byte(`""`), Guide: event.Guide{ID: []byte(`"g"`), Name: []byte(`"n"`), StepID: []byte(`"s"`),
		Language: []byte(`"en"`), NPS: []byte(`{"rating":0,"reason":"why"}`)}}, event.Note{All: true},
		`{"guide_id":"g","guide_name":"n","score":0,"reason":"why","guide_step_id":"s","language":"en"}`)
	f(event.Event{Kind: event.PollSubmitted, Guide: event.Guide{ID: []byte(`"g"`), PollResponses: []byte(`[{"response":1},{"response":[2]},7,{"response":"three"}]`)}},
		event.Note{}, `{"guide_id":"g","response_1":1,"response_4":"three"}`)
}
