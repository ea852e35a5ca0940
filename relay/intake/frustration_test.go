package intake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAgentVersions: which agents label by themselves.
func TestAgentVersions(t *testing.T) {
	f := func(version string, want bool) {
		t.Helper()
		if got := labelsFrustration([]byte(version)); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
	for _, elder := range []string{"2.219.9_prod", "2.219.99", "2.0.0_prod_ext", "2.14.5_prod+quirksmode", "2.219", "1.999.1_prod", "0.1", "02.00219.0"} {
		f(elder, false)
	}
	for _, newer := range []string{"2.220.0_prod", "2.220", "2.291.4_prod", "2.1000.0_prod", "3.0.0_prod", "10.0.0", "2.220.0_prod_ext"} {
		f(newer, true)
	}
	for _, unknown := range []string{"", "prod", "2", "2.", ".219", "2.x.1", "2.219_prod", "v2.219.1", "-2.1", "2.-1", "99999999999999999999.1", "1.99999999999999999999"} {
		f(unknown, true)
	}
}

// elder is a GET of an agent that does not label, with what it sends at theTime.
func elder(events ...string) []byte {
	target := fmt.Sprintf("/data/ptm.gif/KEY?v=2.219.3_prod&ct=%d&jzb=%s", theTime.UnixMilli(), jzb(`[`+strings.Join(events, ",")+`]`))
	return rawRequest("GET", target, "")
}

// at is an event some milliseconds after theTime less a minute.
func at(ms int, event string) string {
	return strings.Replace(event, fmt.Sprint(theTime.UnixMilli()), fmt.Sprint(theTime.UnixMilli()-60_000+int64(ms)), 1)
}

func loadAt(ms, sequence int, page string) string {
	return strings.Replace(at(ms, agentEventOf("load", sequence, `{"load_time":1}`, `,"tabId":"tab"`)), "users/7", page, 1)
}

func clickAt(ms, sequence int) string {
	return at(ms, agentEventOf("click", sequence, elementOf("BUTTON", 3), `,"tabId":"tab"`))
}

func elementOf(tag string, place int) string {
	return fmt.Sprintf(`{"target":{"tag":%q,"id":"","cls":"btn","childIndex":%d,"txt":"Save","flags":["left"],"parentElem":{"tag":"BODY","id":"","cls":"","childIndex":1}}}`, tag, place)
}

// kinds is what was stored since the last call, as kinds, without those of people.
func (r *rig) kinds() string {
	r.t.Helper()
	var kinds []string
	for _, e := range r.events() {
		if e.Kind.String() != "visitorCreated" && e.Kind.String() != "accountCreated" {
			kinds = append(kinds, e.Kind.String())
		}
	}
	return strings.Join(kinds, " ")
}

// TestElderAgentCaptures strips the labels off what a labelling agent sent and gives it an old version: rage clicks and
// U-turns come out all the same, each with the same uniqueId; what only a browser can tell does not. A version that does
// label is believed when it labels nothing.
func TestElderAgentCaptures(t *testing.T) {
	f := func(file, version string, drop func(line string) bool) {
		t.Helper()
		var payloads []string
		for _, q := range readCapture(t, "testdata/pendo/"+file).Requests {
			if strings.Contains(q.URL, "ptm.gif") {
				payloads = append(payloads, string(q.Decoded))
			}
		}
		payloads = append([]string{cameFrom(t, payloads[len(payloads)-1])}, payloads...)
		play := func(version string, change func(payload string) string) (lines []string) {
			r := start(t, captures(t))
			for _, p := range payloads {
				r.taken(rawRequest("GET", fmt.Sprintf("/data/ptm.gif/%s?v=%s&ct=%d&jzb=%s", captureKey, version, 1795240920000, jzb(change(p))), ""))
			}
			for _, e := range r.events() {
				lines = append(lines, fmt.Sprintf("%x %s", e.UniqueID, show(e)))
			}
			return lines
		}
		want := play("2.291.4_prod", func(payload string) string { return payload })
		labelled := len(want)
		want = slices.DeleteFunc(want, drop)
		if labelled == len(want) && drop(" uTurn ") {
			t.Errorf("%s: no labels", file)
		}
		got := play(version, func(payload string) string { return stripLabels(t, payload) })
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("%s by %s\n%s\nwant\n%s", file, version, g, w)
		}
	}
	browserTells := func(line string) bool {
		return strings.Contains(line, " deadClick ") || strings.Contains(line, " errorClick ")
	}
	all := func(line string) bool {
		return browserTells(line) || strings.Contains(line, " rageClick ") || strings.Contains(line, " uTurn ")
	}
	f("20-frustration-rage-error-dead.json", "2.219.9_prod", browserTells)
	f("21-frustration-uturn.json", "2.219.9_prod", browserTells)
	f("21-frustration-uturn.json", "1.0.0", browserTells)
	f("20-frustration-rage-error-dead.json", "2.220.0_prod", all)
	f("21-frustration-uturn.json", "2.291.4_prod", all)
	f("21-frustration-uturn.json", "unknown", all)
}

// cameFrom is the load of the page of a payload's last event, a while before it: captures begin where the visitor had been
// already.
func cameFrom(t *testing.T, payload string) string {
	t.Helper()
	var events []map[string]any
	if err := json.Unmarshal([]byte(payload), &events); err != nil {
		t.Fatal(err)
	}
	e := events[len(events)-1]
	e["type"], e["frameId"], e["props"] = "load", "earlier", map[string]any{}
	e["browser_time"] = int64(e["browser_time"].(float64)) - 60_000
	delete(e, "frustrationTypes")
	text, err := json.Marshal(events[len(events)-1:])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// stripLabels is a payload as an elder agent would have sent it.
func stripLabels(t *testing.T, payload string) string {
	t.Helper()
	var events []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(payload), &events); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		delete(e, "frustrationTypes")
		delete(e, "errorClickLog")
	}
	text, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestElderAgentLabels: an agent that labels, whatever its version says, is not found out a second time.
func TestElderAgentLabels(t *testing.T) {
	r := start(t)
	r.meet()
	var clicks []string
	for i := range 8 {
		clicks = append(clicks, strings.Replace(clickAt(i, i), `"tabId"`, `"frustrationTypes":[],"tabId"`, 1))
	}
	r.taken(elder(clicks...))
	if got := r.kinds(); strings.Contains(got, "rageClick") {
		t.Error(got)
	}
}

// TestRageClicksOfElements: without coordinates, the same element is the same place, whatever else about it changes.
func TestRageClicksOfElements(t *testing.T) {
	n := 0
	f := func(want int, elements ...string) {
		t.Helper()
		r := start(t)
		r.meet()
		var clicks []string
		for i, e := range elements {
			n++
			clicks = append(clicks, at(i*100, agentEventOf("click", n, e, "")))
		}
		r.taken(elder(clicks...))
		if got := strings.Count(r.kinds(), "rageClick"); got != want {
			t.Errorf("%v: %d", elements, got)
		}
	}
	a := elementOf("BUTTON", 3)
	f(1, a, a, a, a)
	f(0, a, a, elementOf("BUTTON", 4), a)
	f(0, a, a, elementOf("DIV", 3), a)
	f(0, a, a, strings.Replace(a, `"childIndex":1`, `"childIndex":2`, 1), a) // another parent
	f(0, a, a, strings.Replace(a, `"id":""`, `"id":"x"`, 1), a)
	f(1, a, strings.Replace(a, "btn", "btn clicked", 1), strings.Replace(a, "Save", "Saving", 1), strings.Replace(a, `"left"`, `"left","altKey"`, 1))
	bare := func(class string) string { return `{"target":{"tag":"A","id":"","cls":"` + class + `"}}` }
	f(1, bare("x"), bare("x"), bare("x"), bare("x"))
	f(0, bare("x"), bare("x"), bare("y"), bare("x"))
	f(1, `{"target":{}}`, `{"target":{}}`, `{"target":{"tag":null,"parentElem":7}}`, `{"target":{}}`, `{"target":{}}`, `{"target":{}}`, `{"target":{}}`)
}

// TestElderAgentTurns: what a U-turn is made of.
func TestElderAgentTurns(t *testing.T) {
	f := func(want string, events ...string) {
		t.Helper()
		r := start(t)
		r.meet()
		r.taken(elder(events...))
		if got := r.kinds(); got != want {
			t.Errorf("%s: %s", events, got)
		}
	}
	const turn = "pageLoaded pageLoaded pageLoaded uTurn"
	f(turn, loadAt(0, 1, "a"), loadAt(10, 2, "b"), loadAt(7010, 3, "a"))
	f("pageLoaded pageLoaded pageLoaded", loadAt(0, 1, "a"), loadAt(10, 2, "b"), loadAt(7011, 3, "a"))
	f("pageLoaded pageLoaded pageLoaded", loadAt(0, 1, "a"), loadAt(10, 2, "b"), loadAt(20, 3, "a?x"))
	f(turn, loadAt(0, 1, "a"), loadAt(10, 2, "a#b"), loadAt(20, 3, "a"))                                   // a fragment is another page, as to the agent
	f("pageLoaded uTurn pageLoaded pageLoaded", loadAt(20, 3, "a"), loadAt(10, 2, "b"), loadAt(0, 1, "a")) // in the order of their times
	f("pageLoaded pageLoaded pageLoaded pageLoaded uTurn", loadAt(0, 1, "a"), loadAt(10, 2, "b"), strings.Replace(loadAt(15, 3, "frame"), `"load_time":1`, `"is_frame":true`, 1), loadAt(20, 4, "a"))
	f("pageLoaded pageLoaded pageLoaded", loadAt(0, 1, "a"), strings.Replace(loadAt(10, 2, "b"), `"tab"`, `"other"`, 1), loadAt(20, 3, "a"))
	f("pageLoaded pageLoaded pageLoaded", loadAt(0, 1, "a"), strings.Replace(loadAt(10, 2, "b"), `"v"`, `"w"`, 1), loadAt(20, 3, "a"))
	f("pageLoaded pageLoaded pageLoaded", loadAt(0, 1, "a"), strings.Replace(loadAt(10, 2, "b"), `"https://app.example.com/b"`, `null`, 1), loadAt(20, 3, "c"))
}

// TestSegmentTurns: page and screen calls are loads, by URL or by name, at the time that the SDK gave.
func TestSegmentTurns(t *testing.T) {
	n := 0
	call := func(kind string, ms int, page string) string {
		n++
		return fmt.Sprintf(`{"type":%q,"userId":"u","messageId":"m%d","timestamp":%q,%s}`, kind, n,
			theTime.Add(time.Duration(ms)*time.Millisecond-time.Minute).Format("2006-01-02T15:04:05.000Z07:00"), page)
	}
	u := func(page string) string { return `"properties":{"url":"https://x.example/` + page + `","title":"T"}` }
	f := func(want string, messages ...string) {
		t.Helper()
		r := start(t)
		r.good("/v1/batch", `{"batch":[`+strings.Join(messages, ",")+`],"sentAt":"`+theTime.Format(time.RFC3339)+`"}`, basicKey)
		if got := r.kinds(); got != want {
			t.Errorf("%s: %s", messages, got)
		}
		one := start(t) // each in a request of its own, over clocks and ways that differ
		for i, m := range messages {
			one.now.Add(int64(i) * 137_000_000)
			one.good("/v1/page", m, basicKey)
		}
		if got := one.kinds(); got != want {
			t.Errorf("one by one, %s: %s", messages, got)
		}
	}
	const turn, none = "pageLoaded pageLoaded pageLoaded uTurn", "pageLoaded pageLoaded pageLoaded"
	f(turn, call("page", 0, u("a")), call("page", 5, u("b")), call("page", 7005, u("a")))
	f(none, call("page", 0, u("a")), call("page", 5, u("b")), call("page", 7006, u("a")))
	f(none, call("page", 0, u("a")), call("page", 5, u("a")), call("page", 10, u("a")))
	f(turn, call("page", 0, u("#/a")), call("page", 5, u("#/b")), call("page", 10, u("#/a")))
	f(turn, call("screen", 0, `"name":"Home"`), call("screen", 5, `"name":"Cart"`), call("screen", 9, `"name":"Home"`))
	f(none, call("screen", 0, `"name":"Home","category":"A"`), call("screen", 5, `"name":"Cart"`), call("screen", 9, `"name":"Home","category":"B"`))
	f(none, call("page", 0, `"properties":{}`), call("page", 5, u("b")), call("page", 9, `"properties":{}`)) // nowhere
	f("pageLoaded trackEventReceived pageLoaded trackEventReceived pageLoaded uTurn",
		call("page", 0, u("a")), call("track", 2, `"event":"E"`), call("page", 5, u("b")), call("track", 6, `"event":"E"`), call("page", 9, u("a")))
	f("trackEventReceived trackEventReceived trackEventReceived trackEventReceived", // not clicks
		call("track", 0, `"event":"Click"`), call("track", 1, `"event":"Click"`), call("track", 2, `"event":"Click"`), call("track", 3, `"event":"Click"`))
	context := func(page string) string { return `"context":{"page":{"url":"https://x.example/` + page + `"}}` }
	f(turn, call("page", 0, context("a")), call("page", 5, context("b")), call("page", 9, context("a")))

	// What comes of it has what the page call has, and a uniqueId that the same call has again.
	r := start(t)
	body := `{"batch":[` + call("page", 0, u("a")) + `,` + call("page", 5, u("b")) + `,` + call("page", 10, u("a")) + `]}`
	r.good("/v1/batch", body, basicKey)
	const who, there = ` visitor="u" properties={"url":"https://x.example/`, `","title":"T"} time=2026-11-21T06:11:00.0`
	r.stored(`visitorCreated visitor="u" properties={"sampleGroup":65} time=2026-11-21T06:11:00.000Z url="https://x.example/a"`,
		`pageLoaded`+who+`a`+there+`00Z url="https://x.example/a"`, `pageLoaded`+who+`b`+there+`05Z url="https://x.example/b"`,
		`pageLoaded`+who+`a`+there+`10Z url="https://x.example/a"`, `uTurn`+who+`a`+there+`10Z url="https://x.example/a"`)
	r.good("/v1/batch", body, basicKey)
	r.stored()
	other := start(t)
	other.good("/data/segmentio/KEY", strings.TrimSuffix(strings.TrimPrefix(body, `{"batch":`), `}`))
	other.good("/v1/batch", body, basicKey) // the same by another way
	ids := map[[20]byte]int{}
	for _, e := range other.events() {
		ids[e.UniqueID]++
	}
	if len(ids) != 5 {
		t.Errorf("%d uniqueIds", len(ids))
	}
}
