package format

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// TestColumns: the one event that has everything, in both ways.
func TestColumns(t *testing.T) {
	e := event.Event{
		Kind: event.PollSubmitted, UniqueID: [20]byte{0xab, 19: 0xcd}, Time: 1626804144007, Received: -1,
		AppName: []byte(`a "b"`), App: []byte(`{"id":1}`), Subscription: []byte(`{"id":2}`), Visitor: []byte(`"v\n"`), Account: []byte(`"a"`),
		UserAgent: []byte(`"ua"`), IP: []byte(`"203.0.113.7"`), URL: []byte(`"https://e/"`), IDs: [][]byte{[]byte(`"i1"`), []byte(`"i2"`)},
		Name: []byte(`"n"`), Source: []byte(`"web"`), Properties: []byte(`{"q":"\"\\é"}`),
		Guide: event.Guide{ID: []byte(`"g"`), Name: []byte(`"gn"`), StepID: []byte(`"s"`), Language: []byte(`"en"`),
			Properties: []byte(`{"p":1}`), NPS: []byte(`{"rating":9}`), PollResponses: []byte(`[1]`)},
	}
	flat := `{"unique_id":"ab000000000000000000000000000000000000cd","event":"pollSubmitted","occurred_at":"2021-07-20T18:02:24.007Z",` +
		`"received_at":"1969-12-31T23:59:59.999Z","app":"a \"b\"","visitor_id":"v\n","account_id":"a","url":"https://e/","ip":"203.0.113.7",` +
		`"user_agent":"ua","name":"n","source":"web","guide_id":"g","guide_name":"gn","guide_step_id":"s","language":"en"`
	f := func(encode Encoder, n event.Note, want string) {
		t.Helper()
		if got := string(encode([]byte("before"), &e, n)); got != "before"+want {
			t.Errorf("got  %s\nwant before%s", got, want)
		}
	}
	f(Snowflake, event.Note{All: true}, flat+`,"ids":["i1","i2"],"properties":{"q":"\"\\é"},"guide_properties":{"p":1},`+
		`"nps":{"rating":9},"poll_responses":[1],"application":{"id":1},"subscription":{"id":2}}`)
	f(BigQuery, event.Note{Bits: []byte{2}}, `{"insertId":"ab000000000000000000000000000000000000cd","json":`+flat+
		`,"ids":["i2"],"properties":"{\"q\":\"\\\"\\\\é\"}","guide_properties":"{\"p\":1}","nps":"{\"rating\":9}",`+
		`"poll_responses":"[1]","application":"{\"id\":1}","subscription":"{\"id\":2}"}}`)

	e = event.Event{}
	bare := `{"unique_id":"0000000000000000000000000000000000000000","event":"","occurred_at":"1970-01-01T00:00:00.000Z","received_at":"1970-01-01T00:00:00.000Z"}`
	f(Snowflake, event.Note{}, bare)
	f(BigQuery, event.Note{}, `{"insertId":"0000000000000000000000000000000000000000","json":`+bare+`}`)
}

// FuzzColumns: events of stable JSON give one line of JSON, and the texts in BigQuery's rows are the JSON that they were.
func FuzzColumns(f *testing.F) {
	f.Add("visitor", `{"b":1,"a":[1,"x"]}`, int64(1626804144000), []byte{1})
	f.Add("\"\\\x00\u2028é", `{"s":"\\\" \n\ud800"}`, int64(-1), []byte{})
	f.Add("", ``, int64(1)<<62, []byte{255})
	f.Fuzz(func(t *testing.T, text, properties string, at int64, bits []byte) {
		var stable event.Stable
		object, err := stable.Append(nil, []byte(properties))
		if err != nil || object[0] != '{' {
			object = nil
		}
		value := event.AppendString(nil, strings.ToValidUTF8(text, "?"))
		e := event.Event{Kind: event.TrackEventReceived, Time: at, AppName: []byte(text), Visitor: value, Properties: object, IDs: [][]byte{value}}
		for _, encode := range []Encoder{BigQuery, Snowflake} {
			row := encode(nil, &e, event.Note{Bits: bits})
			if !json.Valid(row) || bytes.IndexByte(row, '\n') >= 0 {
				t.Fatalf("no line of JSON: %s", row)
			}
		}
		var row struct {
			JSON struct{ Properties string }
		}
		var got, want any // a lone surrogate is U+FFFD to this reader, too
		_ = json.Unmarshal(object, &want)
		if err := json.Unmarshal(BigQuery(nil, &e, event.Note{}), &row); err != nil || object == nil && row.JSON.Properties != "" {
			t.Fatalf("%v: properties are %q, want %q", err, row.JSON.Properties, object)
		}
		_ = json.Unmarshal([]byte(row.JSON.Properties), &got)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("properties are %q, want %q", row.JSON.Properties, object)
		}
	})
}

// TestColumnsHaveNoLoneSurrogates: they become U+FFFD, in texts and in JSON written as a text; what only looks like one stays.
func TestColumnsHaveNoLoneSurrogates(t *testing.T) {
	e := event.Sample(event.TrackEventReceived)
	e.Name = []byte(`"a\ud800b\\ud800c😀\u001f\udfff"`)
	e.Properties = []byte(`{"k":"\udc00","l":"\\udc00"}`)
	for name, want := range map[string]string{
		string(Snowflake(nil, &e, event.Note{})): `"properties":{"k":"\ufffd","l":"\\udc00"}`,
		string(BigQuery(nil, &e, event.Note{})):  `"properties":"{\"k\":\"\\ufffd\",\"l\":\"\\\\udc00\"}"`,
	} {
		if !strings.Contains(name, want) || !strings.Contains(name, `"name":"a\ufffdb\\ud800c😀\u001f\ufffd"`) {
			t.Errorf("got %s\nwant %s in it", name, want)
		}
	}
}

func TestPlainSurrogates(t *testing.T) {
	f := func(text string, slashes int, want string) {
		t.Helper()
		if got := string(plainSurrogates([]byte(`\ud800`+text), len(`\ud800`), slashes)); got != `\ud800`+want {
			t.Errorf("%s becomes %s, want %s", text, got[6:], want)
		}
	}
	f(``, 1, ``)
	f(`{"a":"b\n"}`, 1, `{"a":"b\n"}`)
	f(`["\ud800","a\udfffb\ud83d\ud83d"]`, 1, "[\"\ufffd\",\"a\ufffdb\ufffd\ufffd\"]")
	f(`["\\ud800","\\\ud800","\\\\ud800","\u0001\ud7ff\\"]`, 1, "[\"\\\\ud800\",\"\\\\\ufffd\",\"\\\\\\\\ud800\",\"\\u0001\\ud7ff\\\\\"]")
	f(`"[\"\\ud800\",\"\\\\ud800\"]"`, 2, "\"[\\\"\ufffd\\\",\\\"\\\\\\\\ud800\\\"]\"")
	f(`"\ud8"`, 1, `"\ud8"`)
	f(`\ud80`, 1, `\ud80`)
}
