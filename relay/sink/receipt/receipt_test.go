package receipt

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

func TestRead(t *testing.T) {
	var r Reader
	f := func(body, name, visitor, id string) {
		t.Helper()
		got := r.Read([]byte(body))
		if string(got.Event) != name || string(got.Visitor) != visitor || string(got.ID) != id {
			t.Errorf("%.80s:\ngot  %q %q %q\nwant %q %q %q", body, got.Event, got.Visitor, got.ID, name, visitor, id)
		}
		if got := r.ID([]byte(body)); string(got) != id {
			t.Errorf("%.80s: ID is %q, want %q", body, got, id)
		}
	}
	// One body of each format.
	f(`{"app":{"id":-1,"name":"demo"},"accountId":"a","event":"pageLoaded","properties":{"event":"inner","uniqueId":"no"},`+
		`"timestamp":1626803875,"visitorId":"Webhook Visitor","uniqueId":"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"}`,
		"pageLoaded", "Webhook Visitor", "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0")
	f(`{"event_type":"guide.viewed","timestamp":"2024-01-15T14:30:00Z","data":{"guide_id":"ABC123","visitor_id":"user_123"}}`,
		"guide.viewed", "user_123", "")
	f(`{"type":"track","event":"guideSeen","userId":"u","anonymousId":"x","messageId":"m-1","id":"other","properties":{}}`,
		"guideSeen", "u", "m-1")
	f(`{"type":"flows.seen","timestamp":1679578625,"app_token":"NX","data":{"type":"flow","id":1,"user":{"user_id":"1","name":"J"}}}`,
		"flows.seen", "1", "")
	f(`{"type":"pageLoaded","timestamp":"2024-01-15T14:30:00Z","data":{"userId":"u","user_id":"v","uniqueId":"i"}}`,
		"pageLoaded", "u", "i")
	f(`{"specversion":"1.0","id":"i","type":"page.viewed","data":{"visitorId":"v","userId":"u"}}`, "page.viewed", "v", "i")

	const tail = `,"uniqueId":"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"}`
	f(`{"properties":{"x":1`+tail+`}`, "", "", "")
	f(`{"event":"a","messageId":"m","data":{"x":1`+tail+`}`, "a", "", "m")
	f(`{"event":"`+strings.ReplaceAll(tail, `"`, `\"`)+`"}`, strings.ReplaceAll(tail, `\`, ""), "", "")
	f(`{"event":"a"`+strings.ToUpper(tail)+``, "a", "", "")

	// Whoever posts by hand writes spaces and escapes.
	f("{\n  \"event\": \"pageLoaded\",\n  \"visitorId\": \"a \\\"b\\\" \\u00fc\",\n  \"uniqueId\": \"1\"\n}", "pageLoaded", `a "b" ü`, "1")
	f(`{"event":"pageLoaded","visitorId": "a, b"}`, "pageLoaded", "a, b", "")
	f(`{"event":"a","event":"b"}`, "a", "", "")
	f(`{"visitorId":42,"uniqueId":-1.5,"event":true}`, "", "42", "-1.5")
	f(`{"visitorId":null,"uniqueId":{},"event":[]}`, "", "", "")
	f(`{"event":"","visitorId":""}`, "", "", "")

	// What is no object says nothing, and nothing of the delivery before it stays behind.
	for _, body := range []string{``, `x`, `[]`, `[{"event":"a"}]`, `"event"`, `1`, `null`, `{`, `{"event":"a"`, `{"event":"a"}x`,
		`{"event": "a"`, `{"event":"a`, "\xff", strings.Repeat(`{"data":`, 100_000)} {
		f(body, "", "", "")
	}
	f(`{"event":"a","data":[1,2]}`, "a", "", "")
	f(`{"event":"a","data":{"user":[1]}}`, "a", "", "")
}

// TestReadFormats: the bodies of all formats, for every kind, say what they have.
func TestReadFormats(t *testing.T) {
	var r Reader
	for _, name := range format.Names() {
		encode, _ := format.ByName(name)
		for _, k := range event.Kinds() {
			e := event.Sample(k)
			if name == "pendo" && k == event.VisitorUnsubscribed {
				continue // it has neither a name nor an ID (seed 000)
			}
			got := r.Read(encode(nil, &e, event.Note{All: true}))
			if kind, ok := event.KindOf(string(got.Event)); !ok || kind != k {
				t.Errorf("%s %s: event %q", name, k, got.Event)
			}
			if e.Visitor != nil && string(event.AppendString(nil, got.Visitor)) != string(e.Visitor) {
				t.Errorf("%s %s: visitor %q, want %s", name, k, got.Visitor, e.Visitor)
			}
			if want := hex.EncodeToString(e.UniqueID[:]); string(got.ID) != want && name != "userpilot" { // it has none (seed 003)
				t.Errorf("%s %s: ID %q, want %s", name, k, got.ID, want)
			}
		}
	}
}

func TestAttempt(t *testing.T) {
	f := func(value string, want int) {
		t.Helper()
		if got := Attempt([]byte(value)); got != want {
			t.Errorf("Attempt(%q) = %d, want %d", value, got, want)
		}
	}
	f("1", 1)
	f("17", 17)
	f("1000000", 1_000_000)
	f("1000001", 0)
	f("", 0)
	f("-1", 0)
	f("x", 0)
	f("99999999999999999999", 0)
}

func TestShare(t *testing.T) {
	f := func(share float64, requests, want int) {
		t.Helper()
		s, got := NewShare(share), 0
		for n := range requests {
			if s.Picks(uint64(n + 1)) {
				got++
			}
		}
		if got < want-2 || got > want+2 || (share == 0 || share >= 1) && got != want {
			t.Errorf("share %v of %d requests picked %d, want %d", share, requests, got, want)
		}
	}
	f(0, 1000, 0)
	f(-1, 1000, 0)
	f(1, 1000, 1000)
	f(2, 1000, 1000)
	f(0.1, 10, 1)
	f(0.1, 1000, 100)
	f(0.1, 100_000, 10_000)
	f(0.5, 1000, 500)
	f(0.999, 1000, 999)
	f(1e-30, 1000, 0)

	// Ten visitors who take turns each meet their share of it.
	s := NewShare(0.1)
	for visitor := range 10 {
		picked := 0
		for n := range 1000 {
			if s.Picks(uint64(n*10 + visitor + 1)) {
				picked++
			}
		}
		if picked < 90 || picked > 110 {
			t.Errorf("visitor %d met %d of 1000, want about 100", visitor, picked)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"event":"pageLoaded","visitorId":"v","uniqueId":"i"}`))
	f.Add([]byte(`{"event" : "a","data": {"user":{"user_id":1}}}`))
	f.Add([]byte(`{"a":,"b"}`))
	f.Add([]byte(`{"event":"a","uniqueId":"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var fresh, used Reader
		used.Read([]byte(`{"event":"before","visitorId":"before","uniqueId":"before"}`))
		a, b := fresh.Read(body), used.Read(body)
		if string(a.Event) != string(b.Event) || string(a.Visitor) != string(b.Visitor) || string(a.ID) != string(b.ID) {
			t.Errorf("%q is read as %q and, after another, as %q", body, a, b)
		}
		want := string(a.ID)
		if got := used.ID(body); json.Valid(body) && string(got) != want && bytes.Count(body, []byte("niqueId")) < 2 {
			t.Errorf("%q: ID is %q, want %q", body, got, want)
		}
	})
}
