package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"edgerelay/relay/event"
)

func TestAppendCut(t *testing.T) {
	f := func(literal string, most int, want string) {
		t.Helper()
		if got := string(appendCut([]byte("x"), []byte(literal), most)); got != "x"+want {
			t.Errorf("appendCut(%s, %d) = %s, want %s", literal, most, got[1:], want)
		}
	}
	f(`"abc"`, 3, `"abc"`)
	f(`"abcd"`, 3, `"abc"`)
	f(`"äöü€"`, 3, `"äöü"`)
	f(`"a\"\\\nb"`, 3, `"a\"\\"`)
	f(`"\u0001\u0002"`, 1, `"\u0001"`)
	f(`"a\ud83db"`, 9, `"a`+"\ufffd"+`b"`)
	f(`"`+strings.Repeat("a", 99)+`\udc00"`, 100, `"`+strings.Repeat("a", 99)+"\ufffd\"")
	f(`""`, 0, `""`)
	f(`"a"`, 0, `""`)
	f(`12`, 1, `12`)
	f(``, 1, ``)
}

func TestBounds(t *testing.T) {
	b := bounds{characters: 4, members: 2, depth: 2}
	f := func(value, want string) {
		t.Helper()
		if got := string(b.appendValue(nil, []byte(value), 0)); got != want {
			t.Errorf("%s becomes %s, want %s", value, got, want)
		}
	}
	f(`"abcde"`, `"abcd"`)
	f(`1`, `1`)
	f(``, `null`)
	f(`{"a":1,"b":2,"c":3}`, `{"a":1,"b":2}`)
	f(`[1,2,3]`, `[1,2]`)
	f(`[]`, `[]`)
	f(`{}`, `{}`)
	f(`{"a":{"b":"abcde"}}`, `{"a":{"b":"abcd"}}`)
	f(`{"a":{"b":[1,2]}}`, `{"a":{"b":"[1,2"}}`)
	f(`[[{"a":1}]]`, `[["{\"a\""]]`)
	f(`{"long key":1,"b":2,"c":3}`, `{"b":2,"c":3}`)
	b.characters = 8
	f(`{"\ud800":1,"\\ud8":2,"\u0001":3}`, `{"\\ud8":2,"\u0001":3}`)
}

func codePoints(text string) int { return utf8.RuneCountInString(text) }
func units(text string) int      { return len(utf16.Encode([]rune(text))) }

// textLimits are how long texts and keys may be, by the path to them; a key's own path ends with "{}". What counts is the
// first whose path is a beginning of theirs. Code points are what Google's, Amplitude's and Mixpanel's pages call
// characters; those of the others are UTF-16 units, of which a text never has fewer.
var textLimits = []struct {
	name   string
	encode Encoder
	count  func(text string) int
	limits []pathLimit
}{
	{"amplitude", Amplitude, codePoints, []pathLimit{{"", 1024}}},
	{"mixpanel", Mixpanel, codePoints, []pathLimit{{"properties.$insert_id", 36}, {"", 255}}},
	{"ga4", GA4, codePoints, []pathLimit{
		{"events.0.name", 40}, {"events.0.params{}", 40}, {"events.0.params.page_location", 1000}, {"events.0.params.", 100},
		{"user_properties{}", 24}, {"user_properties.", 36}, {"user_id", 256}, {"user_agent", 1000}, {"", 64},
	}},
	{"intercom", Intercom, units, []pathLimit{{"event_name", 255}, {"metadata", 255}}},
	{"zendesk", Zendesk(ZendeskOptions{Source: "edgerelay", Profile: "customer"}), units, []pathLimit{
		{"event.type", 40}, {"event.source", 40}, {"profile.type", 40}, {"profile.source", 40}, {"event.description", 255},
	}},
	{"jira", Jira(JiraOptions{Project: "OPS", IssueType: "Task"}), units, []pathLimit{{"fields.summary", 255}, {"fields.labels", 255}}},
	{"productboard", Productboard(ProductboardOptions{}), units, []pathLimit{{"data.fields.name", 255}}},
	{"hubspot", HubSpot(HubSpotOptions{HubID: "1"}), units, []pathLimit{{"properties{}", 50}, {"properties.", 256}, {"eventName", 100}}},
	{"slack", wholeSlack(1), units, []pathLimit{
		{"blocks.0.text.text", 3000}, {"blocks.0.fields", 2000}, {"blocks.0.block_id", 255}, {"", 2000},
	}},
	{"slack's digest", wholeSlack(3), units, []pathLimit{{"blocks.0.text.text", 150}, {"", 3000}}},
}

type pathLimit struct {
	path string
	most int
}

// wholeSlack makes the encoder of a whole message in which an event stands so many times.
func wholeSlack(items int) Encoder {
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		body := []byte(SlackOpen)
		for i := range items {
			if i > 0 {
				body = append(body, ',')
			}
			body = Slack(body, e, n)
		}
		return append(append(dst, SlackFinish(body, items)...), SlackClose...)
	}
}

// TestTextLimits: whatever texts are made of and however near the limit they are, they end within what the vendor takes, and
// the body is stable JSON. A lone surrogate is one character, as the U+FFFD that stands for it.
func TestTextLimits(t *testing.T) {
	for _, of := range textLimits {
		t.Run(of.name, func(t *testing.T) {
			for _, piece := range []string{"😀", "a😀", "e\u0301", "👩\u200d🚀", `\ud800`, `\udc00a`, `😀\udfff`, `\"`, `\n`, "7", "𝒳", "&"} {
				for _, limit := range of.limits {
					for _, times := range []int{limit.most/2 - 1, limit.most / 2, limit.most - 1, limit.most, limit.most + 1} {
						e := longEvent(strings.Repeat(piece, times))
						for _, e.Kind = range []event.Kind{event.TrackEventReceived, event.NPSSubmitted, event.PollSubmitted, event.VisitorMetadataUpdated} {
							checkLimits(t, of.encode(nil, &e, event.Note{All: true}), of.limits, of.count)
						}
						if t.Failed() {
							t.Fatalf("with %d times %s", times, piece)
						}
					}
				}
			}
		})
	}
}

// longEvent has a text, the inside of a JSON string, wherever there is one.
func longEvent(inside string) event.Event {
	text := []byte(`"` + inside + `"`)
	return event.Event{
		Time: 1626804144000, Received: 1626804144000, AppName: []byte("app"),
		Visitor: text, Account: text, URL: text, UserAgent: text, Name: text, Source: text, IDs: [][]byte{text, text},
		Properties: fmt.Appendf(nil, `{%s:%s,"short":{"a":%[1]s,"list":[%[1]s]}}`, text, text),
		Guide: event.Guide{
			ID: text, Name: text, StepID: text, Language: text, NPS: fmt.Appendf(nil, `{"rating":9,"reason":%s}`, text),
			PollResponses: fmt.Appendf(nil, `[{"response":%s,"pollType":%[1]s}]`, text),
		},
	}
}

func checkLimits(t *testing.T, body []byte, limits []pathLimit, count func(string) int) {
	t.Helper()
	var stable event.Stable
	if again, err := stable.Append(nil, body); err != nil || !bytes.Equal(again, body) {
		t.Errorf("%v\nis      %s\nprinted %s", err, body, again)
		return
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Error(err)
		return
	}
	eachText(value, "", func(path, text string) {
		for _, l := range limits {
			if strings.HasPrefix(path, l.path) {
				if n := count(text); n > l.most {
					t.Errorf("%.60s: %d characters, more than %d", path, n, l.most)
				}
				return
			}
		}
	})
}

// eachText calls f with every key and every string of a value.
func eachText(value any, path string, f func(path, text string)) {
	switch value := value.(type) {
	case string:
		f(path, value)
	case []any:
		for i, v := range value {
			eachText(v, fmt.Sprintf("%s.%d", path, i), f)
		}
	case map[string]any:
		for key, v := range value {
			f(strings.TrimPrefix(path+"{}", "."), key)
			eachText(v, strings.TrimPrefix(path+"."+key, "."), f)
		}
	}
}

// FuzzBounds: what stable JSON is cut to is JSON within the bounds.
func FuzzBounds(f *testing.F) {
	f.Add(`{"a":"b\u0001","c":[1,{"d":{"e":[]}}]}`, 3, 2, 2)
	f.Add(`"\ud800\ud800"`, 1, 1, 0)
	f.Add(`[[[["xx"]]]]`, 2, 9, 3)
	f.Fuzz(func(t *testing.T, text string, characters, members, depth int) {
		var stable event.Stable
		value, err := stable.Append(nil, []byte(text))
		if err != nil {
			return
		}
		b := bounds{characters: max(characters%100, 0), members: max(members%10, 1), depth: max(depth%4, 0)}
		got := b.appendValue(nil, value, 0)
		if !json.Valid(got) {
			t.Fatalf("%s becomes %s", value, got)
		}
		var s string
		if json.Unmarshal(got, &s) == nil && value[0] == '"' && utf8.RuneCountInString(s) > b.characters && len(value) > 2 {
			t.Fatalf("%s becomes %s, more than %d characters", value, got, b.characters)
		}
	})
}
