package format

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// desks are the encoders for CRMs, support desks and trackers as the golden files have them.
var desks = map[string]Encoder{
	"hubspot": HubSpot(HubSpotOptions{HubID: "12345"}),
	"salesforce": Salesforce(SalesforceOptions{
		Object: "Pendo_Event__e", EventID: "Event_Id__c", Event: "Event__c", Visitor: "Visitor_Id__c", Account: "Account_Id__c",
		Time: "Occurred_At__c", Payload: "Payload__c",
	}),
	"zendesk":      Zendesk(ZendeskOptions{Source: "edgerelay", Profile: "customer"}),
	"jira":         Jira(JiraOptions{Project: "OPS", IssueType: "Task", Labels: []string{"pendo"}}),
	"productboard": Productboard(ProductboardOptions{Tags: []string{"pendo"}, Customer: true}),
}

// administrative kinds have no person, so that destinations about people do not take them.
func administrative(k event.Kind) bool { return k >= event.PageTagged && k < event.FlowSeen }

// kindsOf are the kinds that a desk takes.
func kindsOf(desk string) []event.Kind {
	kinds := event.Kinds()
	if desk == "hubspot" || desk == "zendesk" {
		kinds = slices.DeleteFunc(kinds, administrative)
	}
	return kinds
}

// TestDeskGolden: every desk has the body of every kind that it takes in a file, byte for byte, and no file beside these;
// bodies are stable JSON, and the same when the event comes back from the log.
func TestDeskGolden(t *testing.T) {
	var stable event.Stable
	for name, encode := range desks {
		folder := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		stray := map[string]bool{}
		files, _ := filepath.Glob(filepath.Join(folder, "*"))
		for _, file := range files {
			stray[file] = true
		}
		for _, k := range kindsOf(name) {
			file, e := goldenName(name, k), event.Sample(k)
			body := encode(nil, &e, event.Note{All: true})
			if *update {
				if err := os.WriteFile(file, body, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, file); !bytes.Equal(body, want) {
				t.Errorf("%s:\ngot  %s\nwant %s", file, body, want)
			}
			if again, err := stable.Append(nil, body); err != nil || !bytes.Equal(again, body) {
				t.Errorf("%s: %v\nis      %s\nprinted %s", file, err, body, again)
			}
			var read event.Event
			if err := event.ParseRecord(e.AppendRecord(nil), &read); err != nil {
				t.Fatal(err)
			}
			if got := encode([]byte("before"), &read, event.Note{All: true}); string(got) != "before"+string(body) {
				t.Errorf("%s from the log: %s", file, got)
			}
			delete(stray, file)
		}
		if len(stray) > 0 {
			t.Errorf("files of no kind: %q", slices.Sorted(maps.Keys(stray)))
		}
	}
}

// FuzzDesks: events made of stable JSON give stable JSON, whatever their texts hold.
func FuzzDesks(f *testing.F) {
	f.Add(uint8(event.TrackEventReceived), int64(1626804144000), "a@b.example", `{"b":1,"a":[1,{"x":"y"}],"c":{"d":{"e":null}}}`, "Konto erhöht", `[{"response":"a\nb"}]`, `{"rating":9}`)
	f.Add(uint8(event.PollSubmitted), int64(-1), "\"\\\x00\u2028é", `{"2":1,"1":2}`, strings.Repeat("😀", 300), `[1,"x",[2]]`, `{}`)
	f.Add(uint8(event.NPSSubmitted), int64(1)<<62, "", `{"`+strings.Repeat("k", 300)+`":"`+strings.Repeat("v", 3000)+`"}`, "\ufffd", `[]`, `{"rating":{},"reason":"<b>&"}`)
	f.Add(uint8(200), int64(0), "", `{}`, "", ``, ``)
	f.Fuzz(func(t *testing.T, kind uint8, at int64, visitor, properties, name, responses, nps string) {
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
			Kind: event.Kind(kind), Time: at, Visitor: text(visitor), Account: text(name), AppName: []byte(name), URL: text(visitor),
			Properties: value(properties, '{'), Name: text(name), IDs: [][]byte{text(visitor), text(name)},
			Guide: event.Guide{ID: text(name), Name: text(visitor), NPS: value(nps, '{'), PollResponses: value(responses, '[')},
		}
		for desk, encode := range desks {
			body := encode(nil, &e, event.Note{All: true})
			if again, err := stable.Append(nil, body); err != nil || !bytes.Equal(again, body) {
				t.Fatalf("%s: %v\nis      %s\nprinted %s", desk, err, body, again)
			}
		}
	})
}
