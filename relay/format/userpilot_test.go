package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// TestUserpilotIsSeed003 holds the format against the example payloads of seed 003, which are in testdata/seed003 as it
// prints them, one file for each of the names that it puts into one example, without the comments.
func TestUserpilotIsSeed003(t *testing.T) {
	examples, err := filepath.Glob("testdata/seed003/*.json")
	if err != nil || len(examples) != 13 {
		t.Fatalf("%d examples, %v; want the 13 of seed 003", len(examples), err)
	}
	note := event.Note{All: true, Extra: AppendExtra(nil, []byte(`{"name":"John Doe","email":"john@userpilot.co"}`), []byte(`{"name":"Userpilot"}`))}
	for _, example := range examples {
		kind, ok := event.KindOf(strings.TrimSuffix(filepath.Base(example), ".json"))
		if !ok {
			t.Fatalf("%s is no kind", example)
		}
		e := event.Sample(kind)
		e.App = []byte(`{"id":"NX-bd46697c","name":"demo","platform":"web"}`)
		got, want := Userpilot(nil, &e, note), readFile(t, example)
		diffFields(t, example, fields(t, got), fields(t, want))
		var compact bytes.Buffer
		if err := json.Compact(&compact, want); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, compact.Bytes()) {
			t.Errorf("%s:\ngot  %s\nwant %s", example, got, compact.Bytes())
		}
	}
}

// data is what stands in data before user and company.
func data(t *testing.T, e *event.Event, n event.Note) string {
	t.Helper()
	_, data, _ := strings.Cut(string(Userpilot(nil, e, n)), `"data":{`)
	data, _, found := strings.Cut(data, `,"user":{"user_id":""},"company":{"id":""}}}`)
	if !found {
		t.Errorf("%s: no empty user and company behind %s", e.Kind, data)
	}
	return data
}

// TestUserpilotAbsent: an event that has nothing but its kind.
func TestUserpilotAbsent(t *testing.T) {
	for _, k := range event.Kinds() {
		e := event.Event{Kind: k}
		object, action, _ := strings.Cut(k.Dotted(), ".")
		if k >= event.FlowSeen {
			object = k.Items()
		}
		want := fmt.Sprintf(`"type":%q,"action":%q`, object, action)
		head := fmt.Sprintf(`{"type":%q,"timestamp":0,"app_token":"","data":{`, k.Dotted())
		if object == "" { // NPS
			want = fmt.Sprintf(`"action":%q`, action)
			head = fmt.Sprintf(`{"type":%q,"app_token":"","timestamp":0,"data":{`, k.Dotted())
		}
		if got := data(t, &e, event.Note{All: true}); got != want {
			t.Errorf("%s: %s, want %s", k, got, want)
		}
		if got := string(Userpilot(nil, &e, event.Note{})); !strings.HasPrefix(got, head) {
			t.Errorf("%s: %s, want %s…", k, got, head)
		}
	}
}

// TestUserpilotProperties: an event of Userpilot's has its properties for data, with nothing in them that stands there
// already.
func TestUserpilotProperties(t *testing.T) {
	f := func(k event.Kind, properties, want string) {
		t.Helper()
		e := event.Event{Kind: k, Properties: []byte(properties)}
		if got := data(t, &e, event.Note{All: true}); got != want {
			t.Errorf("%s of %s: %s, want %s", k, properties, got, want)
		}
	}
	f(event.FlowSeen, `{"type":"flow","action":"seen","id":1}`, `"type":"flow","action":"seen","id":1`)
	f(event.FlowSeen, `{"type":"flow","action":"started","id":1}`, `"type":"flow","action":"started","id":1`)
	f(event.FlowSeen, `{"user":{"user_id":"2"},"id":1,"company":null}`, `"id":1,"type":"flow","action":"seen"`)
	f(event.FlowSeen, `{"7":8,"action":"seen"}`, `"7":8,"action":"seen","type":"flow"`)
	f(event.FlowSeen, `{"user":1}`, `"type":"flow","action":"seen"`)
	f(event.UserpilotNPSScore, `{"score":10}`, `"score":10,"action":"score"`)
	f(event.UserpilotNPSScore, `{"type":"nps"}`, `"type":"nps","action":"score"`)
}

// TestUserpilotLike: events of Pendo's, in Userpilot's envelope.
func TestUserpilotLike(t *testing.T) {
	f := func(e event.Event, n event.Note, want string) {
		t.Helper()
		if got := data(t, &e, n); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", e.Kind, got, want)
		}
	}
	all, second, none := event.Note{All: true}, event.Note{Bits: []byte{2}}, event.Note{}
	two := [][]byte{[]byte(`"a"`), []byte(`"b"`)}
	f(event.Event{Kind: event.PageLoaded, IDs: two}, all, `"type":"page","action":"viewed","id":"a","ids":["a","b"]`)
	f(event.Event{Kind: event.PageLoaded, IDs: two}, second, `"type":"page","action":"viewed","id":"b"`)
	f(event.Event{Kind: event.PageLoaded, IDs: two}, none, `"type":"page","action":"viewed"`)
	f(event.Event{Kind: event.TrackEventReceived, Name: []byte(`"n"`), Source: []byte(`"web"`), Properties: []byte(`{"1":2}`)}, all,
		`"type":"track","action":"event","name":"n","source":"web","properties":{"1":2}`)
	f(event.Event{Kind: event.NPSSubmitted, IDs: two[:1], Guide: event.Guide{ID: []byte(`"g"`), Name: []byte(`"n"`), NPS: []byte(`{"rating":0,"reason":"why"}`)}}, all,
		`"type":"nps","action":"response","id":"g","name":"n","score":0,"feedback":"why"`)
	f(event.Event{Kind: event.VisitorUnsubscribed, Properties: []byte(`{}`)}, all, `"type":"email","action":"unsubscribed","properties":{}`)
	f(event.Event{Kind: event.RageClick, IDs: two[1:], URL: []byte(`"https://example.com/a"`)}, all,
		`"type":"frustration","action":"rage_click","id":"b","hostname":"example.com","pathname":"/a"`)
}

// TestLocation: host and path as a browser's location names them.
func TestLocation(t *testing.T) {
	f := func(url, host, path string) {
		t.Helper()
		e, want := event.Event{Kind: event.UTurn, URL: []byte(url)}, `"type":"frustration","action":"u_turn"`
		if path != "" {
			want += `,"hostname":"` + host + `","pathname":"` + path + `"`
		}
		if got := data(t, &e, event.Note{}); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	f(`"https://demo.userpilot.io/dashboard"`, `demo.userpilot.io`, `/dashboard`)
	f(`"https://demo.userpilot.io/dashboard/?a=/b#c"`, `demo.userpilot.io`, `/dashboard/`)
	f(`"https://demo.userpilot.io"`, `demo.userpilot.io`, `/`)
	f(`"https://demo.userpilot.io?a@b:c"`, `demo.userpilot.io`, `/`)
	f(`"https://demo.userpilot.io#/route"`, `demo.userpilot.io`, `/`)
	f(`"http://localhost:8080/a:1"`, `localhost`, `/a:1`)
	f(`"http://user:pass@host:1/@"`, `host`, `/@`)
	f(`"http://[::1]:80/"`, `[::1]`, `/`)
	f(`"http://[::1]/"`, `[::1]`, `/`)
	f(`"file:///C:/a.html"`, ``, `/C:/a.html`)
	f(`"https://x/\"\\?é"`, `x`, `/\"\\`)
	f(`"https://\\:\"/"`, `\\`, `/`)
	f(`"://"`, ``, `/`)
	f(`"/path?to=https://example.com/"`, ``, ``)
	f(`"about:blank"`, ``, ``)
	f(`""`, ``, ``)
	f(``, ``, ``)
}

// TestUserpilotToken: the app's id as a text, whatever it is.
func TestUserpilotToken(t *testing.T) {
	f := func(app, want string) {
		t.Helper()
		e := event.Event{Kind: event.UTurn, App: []byte(app), AppName: []byte(`my "app"`)}
		if got := string(Userpilot(nil, &e, event.Note{})); !strings.Contains(got, `,"app_token":`+want+`,"data"`) {
			t.Errorf("%s: %s, want %s", app, got, want)
		}
	}
	f(`{"id":"NX-bd46697c"}`, `"NX-bd46697c"`)
	f(`{"id":-323232}`, `"-323232"`)
	f(`{"id":{}}`, `"my \"app\""`)
	f(`{}`, `"my \"app\""`)
	f(``, `"my \"app\""`)
}

// TestUserpilotPeople: IDs come first and once, behind properties that are numbered: these stand in front in stable JSON.
func TestUserpilotPeople(t *testing.T) {
	f := func(visitor, account, user, company, want string) {
		t.Helper()
		e := event.Event{Kind: event.UTurn, Visitor: []byte(visitor), Account: []byte(account)}
		got := string(Userpilot(nil, &e, event.Note{All: true, Extra: AppendExtra(nil, []byte(user), []byte(company))}))
		if !strings.HasSuffix(got, `,"action":"u_turn",`+want+`}}`) {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
	f(``, ``, ``, ``, `"user":{"user_id":""},"company":{"id":""}`)
	f(`"v"`, `"a"`, ``, ``, `"user":{"user_id":"v"},"company":{"id":"a"}`)
	f(`"v"`, ``, `{}`, `{"plan":"pro"}`, `"user":{"user_id":"v"},"company":{"id":"","plan":"pro"}`)
	f(`"v"`, `"a"`, `{"email":null,"user_id":"w","id":3}`, `{"id":"b"}`, `"user":{"user_id":"v","email":null,"id":3},"company":{"id":"a"}`)
	f(`"v"`, `"a"`, `{"0":1,"7":[2],"a":3}`, `{"12":{}}`, `"user":{"0":1,"7":[2],"user_id":"v","a":3},"company":{"12":{},"id":"a"}`)
}
