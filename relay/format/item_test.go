package format

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// vendorShapes are the encoders of vendors' items, which no webhook chooses by name, and the kinds that each is given; nil
// is all. Their golden files are in testdata by these names.
var vendorShapes = []struct {
	name   string
	encode Encoder
	takes  func(k event.Kind) bool
}{
	{"slack", Slack, nil},
	{"userpilottrack", UserpilotTrack, func(k event.Kind) bool { return k < event.PageTagged }},
	{"zapier", Zapier, nil},
	{"hubspot", HubSpot(HubSpotOptions{HubID: "12345"}), ofPeople},
	{"salesforce", Salesforce(SalesforceOptions{
		Object: "Pendo_Event__e", EventID: "Event_Id__c", Event: "Event__c", Visitor: "Visitor_Id__c", Account: "Account_Id__c",
		Time: "Occurred_At__c", Payload: "Payload__c",
	}), nil},
	{"zendesk", Zendesk(ZendeskOptions{Source: "edgerelay", Profile: "customer"}), ofPeople},
	{"jira", Jira(JiraOptions{Project: "OPS", IssueType: "Task", Labels: []string{"pendo"}}), nil},
	{"productboard", Productboard(ProductboardOptions{Tags: []string{"pendo"}, Customer: true}), nil},
}

// ofPeople are the kinds that have a person: what administrators do is no business of destinations about people.
func ofPeople(k event.Kind) bool { return k < event.PageTagged || k >= event.FlowSeen }

// vendorKinds are the kinds that a vendor is given.
func vendorKinds(takes func(k event.Kind) bool) []event.Kind {
	return slices.DeleteFunc(event.Kinds(), func(k event.Kind) bool { return takes != nil && !takes(k) })
}

// TestVendorGolden: every vendor's shape has the item of every kind's sample in a file, and no file beside these. The item
// is the same when the event comes back from the log.
func TestVendorGolden(t *testing.T) {
	for _, shape := range vendorShapes {
		stray := map[string]bool{}
		files, err := filepath.Glob(filepath.Join("testdata", shape.name, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			stray[file] = true
		}
		for _, k := range vendorKinds(shape.takes) {
			name, e := goldenName(shape.name, k), event.Sample(k)
			item := shape.encode(nil, &e, event.Note{All: true})
			if *update {
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, item, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, name); !bytes.Equal(item, want) {
				t.Errorf("%s:\ngot  %s\nwant %s", name, item, want)
			}
			var read event.Event
			if err := event.ParseRecord(e.AppendRecord(nil), &read); err != nil {
				t.Fatal(err)
			}
			if again := shape.encode([]byte("before"), &read, event.Note{All: true}); string(again) != "before"+string(item) {
				t.Errorf("%s from the log:\ngot  %s\nwant %s", name, again, item)
			}
			delete(stray, name)
		}
		if len(stray) > 0 {
			t.Errorf("files of no kind: %q", slices.Sorted(maps.Keys(stray)))
		}
	}
}

// TestVendorItemsAreStable: items are stable JSON, those of several values in a row as the elements of an array.
func TestVendorItemsAreStable(t *testing.T) {
	var stable event.Stable
	for _, shape := range vendorShapes {
		for _, k := range vendorKinds(shape.takes) {
			body := append(append([]byte{'['}, readFile(t, goldenName(shape.name, k))...), ']')
			if got, err := stable.Append(nil, body); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s %s: %v\ngot  %s\nwant %s", shape.name, k, err, got, body)
			}
		}
	}
}

// halfEscaped is the escape of half a character; behind an even number of backslashes it is a text about one.
var halfEscaped = regexp.MustCompile(`[^\\](\\\\)*\\u[dD][89a-fA-F]`)

// TestVendorItemsAreText: half a character, which UTF-8 cannot hold and parsers refuse or mangle, leaves in no vendor's item,
// wherever it stood.
func TestVendorItemsAreText(t *testing.T) {
	var stable event.Stable
	half := []byte(`"a\ud800b"`)
	inside := []byte(`{"\udc00":"\ud83d","l":["\udfff",{"x":"\\\ud800"}],"rating":"\ud800","reason":"\ud800","name":"\ud800","title":"\ud800"}`)
	e := event.Event{
		Visitor: half, Account: half, URL: half, UserAgent: half, Name: half, Source: half, IDs: [][]byte{half, half}, Properties: inside,
		App: inside, Subscription: inside, Guide: event.Guide{ID: half, Name: half, StepID: half, Language: half, Properties: inside, NPS: inside,
			PollResponses: []byte(`[{"response":"\ud800","pollType":"\ud800","pollId":"\ud800"}]`)},
	}
	for _, shape := range vendorShapes {
		for _, k := range vendorKinds(shape.takes) {
			e.Kind = k
			item := shape.encode([]byte{'['}, &e, event.Note{All: true})
			if again, err := stable.Append(nil, append(item, ']')); halfEscaped.Match(item) || err != nil || !bytes.Equal(again, append(item, ']')) {
				t.Errorf("%s %s: %v: %s", shape.name, k, err, item)
			}
		}
	}
}

// FuzzVendorItems: events made of stable JSON give stable JSON, whatever their texts hold.
func FuzzVendorItems(f *testing.F) {
	f.Add(uint8(event.TrackEventReceived), int64(1626804144000), "visitor", `{"1":2,"event_id":"x","a":[1,{"x":"y"}],"c":{"d":null},"e":null}`, "Konto erhöht", `[{"response":"a\nb"},{"response":[1]}]`)
	f.Add(uint8(event.PollSubmitted), int64(-1), "\"\\\x00\u2028é", `{"answer_1":1}`, "\ufffd", `[{"response":1},7,null]`)
	f.Add(uint8(event.NPSSubmitted), int64(1)<<62, "", `{"rating":9,"reason":{}}`, "", `[]`)
	f.Add(uint8(event.TrackEventReceived), int64(1626804144000), "a@b.example", `{"b":1,"a":[1,{"x":"y"}],"c":{"d":{"e":null}}}`, "Konto erhöht", `[{"response":"a\nb"}]`)
	f.Add(uint8(event.PollSubmitted), int64(-1), "\"\\\x00\u2028é", `{"2":1,"1":"\ud800"}`, strings.Repeat("😀", 300), `[1,"x",[2]]`)
	f.Add(uint8(event.NPSSubmitted), int64(1)<<62, "", `{"`+strings.Repeat("k", 300)+`":"`+strings.Repeat("v", 3000)+`","reason":"<b>&"}`, "\ufffd", `[]`)
	f.Add(uint8(200), int64(0), "", `{}`, "", ``)
	f.Fuzz(func(t *testing.T, kind uint8, at int64, visitor, properties, name, responses string) {
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
			Guide: event.Guide{ID: text(name), Name: text(visitor), NPS: value(properties, '{'), PollResponses: value(responses, '[')},
		}
		for _, shape := range vendorShapes {
			body := append(shape.encode([]byte{'['}, &e, event.Note{All: true}), ']')
			if again, err := stable.Append(nil, body); err != nil || !bytes.Equal(again, body) {
				t.Fatalf("%s: %v\nis      %s\nprinted %s", shape.name, err, body, again)
			}
		}
	})
}
