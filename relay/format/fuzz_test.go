package format

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func FuzzPendo(f *testing.F)       { fuzz(f, Pendo) }
func FuzzDotted(f *testing.F)      { fuzz(f, Dotted) }
func FuzzSegment(f *testing.F)     { fuzz(f, Segment) }
func FuzzUserpilot(f *testing.F)   { fuzz(f, Userpilot) }
func FuzzStandard(f *testing.F)    { fuzz(f, Standard) }
func FuzzCloudEvents(f *testing.F) { fuzz(f, CloudEvents) }
func FuzzIntercom(f *testing.F)    { fuzz(f, Intercom) }

// fuzz: events made of stable JSON give stable JSON, for every kind and selection.
func fuzz(f *testing.F, encode Encoder) {
	f.Add(uint8(event.TrackEventReceived), int64(1626804144000), `{"id":1}`, "visitor", `{"b":1,"a":[1,"x"]}`, "name", []byte{1}, `[{}]`)
	f.Add(uint8(event.PageLoaded), int64(-1), `{}`, "\"\\\x00\u2028é", `{"2":1,"1":2}`, "", []byte{}, `[]`)
	f.Add(uint8(event.PollSubmitted), int64(0), `{}`, "", `{"s":1e400}`, "\ufffd", []byte{255}, `[1,2]`)
	f.Add(uint8(event.VisitorUnsubscribed), int64(1)<<62, ``, "", ``, "", []byte{}, ``)
	f.Add(uint8(200), int64(0), `{}`, "", `{}`, "", []byte{}, ``)
	f.Add(uint8(event.FlowSeen), int64(0), `{"platform":{"a":1}}`, "https://u@h:1/p?q#f", `{"7":1,"user":2,"action":3,"type":4}`, "name", []byte{3, 1, 2}, `[{"pollId":1}]`)
	f.Add(uint8(event.PageLoaded), int64(31536000000), `{"score":9}`, "_PENDO_T_1", `{"time":1,"ids":2,"url":"u","app":1,"session_id":true,"_x":{"1":{"2":{"3":[4]}}},"a b":"x","a_b":1}`, "click", []byte{3}, `[{"pollId":"a","response":1}]`)
	f.Fuzz(func(t *testing.T, kind uint8, at int64, app, visitor, properties, name string, bits []byte, responses string) {
		var stable event.Stable
		value := func(text string, open byte) []byte {
			b, err := stable.Append(nil, []byte(text))
			if err != nil || b[0] != open {
				return nil
			}
			return b
		}
		text := func(text string) []byte { return event.AppendString(nil, strings.ToValidUTF8(text, "?")) }
		e := event.Event{
			Kind: event.Kind(kind), Time: at, App: value(app, '{'), AppName: []byte(name), Visitor: text(visitor), Account: text(name),
			UserAgent: text(visitor), URL: text(visitor), IP: text(name), Properties: value(properties, '{'), Name: text(name),
			IDs:   [][]byte{text(visitor), text(name), text(app)},
			Guide: event.Guide{ID: text(name), Properties: value(properties, '{'), NPS: value(app, '{'), PollResponses: value(responses, '[')},
		}
		for _, n := range []event.Note{{All: true}, {Bits: bits}, {All: true, Extra: AppendExtra(nil, e.Properties, e.App)}} {
			body := encode(nil, &e, n)
			if !json.Valid(body) {
				t.Fatalf("no JSON: %s", body)
			}
			if again, err := stable.Append(nil, body); err == nil && !bytes.Equal(again, body) {
				t.Fatalf("not stable:\nis       %s\nprinted  %s", body, again)
			}
		}
	})
}
