package format

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func TestHeadline(t *testing.T) {
	f := func(k event.Kind, want string) {
		t.Helper()
		e := event.Sample(k)
		if got := string(appendHeadline([]byte("x"), &e, event.Note{All: true})); got != "x"+want {
			t.Errorf("%s: %q, want %q", k, got[1:], want)
		}
	}
	f(event.TrackEventReceived, "Account Upgraded")
	f(event.PageLoaded, "Page viewed: pageId1, pageId2")
	f(event.RageClick, "Rage click: pageId1, feature-xyz789")
	f(event.UTurn, "U-turn: pageId1")
	f(event.NPSSubmitted, "NPS response 9: Quarterly NPS")
	f(event.NPSDisplayed, "NPS displayed: Quarterly NPS")
	f(event.PollSubmitted, "Poll response: Poll 1 - Test")
	f(event.VisitorUnsubscribed, "Email unsubscribed")
	f(event.NPSStatusChanged, "NPS status changed: Sample nps")
	f(event.PageTagged, "Page tagged: Sample page")
	f(event.UserpilotNPSAskLater, "NPS ask later")
	f(event.FeatureTagTextInput, "Feature tag text input: 1")
	f(event.UserpilotNPSScore, "NPS score 10")
	f(event.FlowCompleted, "Flow completed: 1")
	f(event.FormSubmitted, "Form submitted: 1")
	f(event.AccountCreated, "Account created")

	e := event.Event{Kind: event.TrackEventReceived, Name: []byte(`"two\nlines"`)}
	if got := string(appendHeadline(nil, &e, event.Note{All: true})); got != "two lines" {
		t.Errorf("%q", got)
	}
	e.Name = event.AppendString(nil, []byte(" \u2029a\u2028b\u0085c \u202eterces\u2069\n\u00a0"))
	if got := string(appendHeadline(nil, &e, event.Note{All: true})); got != "a b c terces" {
		t.Errorf("%q", got)
	}
	e = event.Event{Kind: event.PageLoaded, Properties: []byte(`{"title":" \n "}`), IDs: [][]byte{[]byte(`" "`), []byte(`"p1"`)}}
	if got := string(appendHeadline(nil, &e, event.Note{All: true})); got != "Page viewed: p1" {
		t.Errorf("a title of spaces: %q", got)
	}
	e = event.Event{Kind: event.NPSSubmitted, Guide: event.Guide{NPS: []byte(`{"rating":" "}`)}, IDs: [][]byte{[]byte(`"\n"`)}}
	if got := string(appendHeadline(nil, &e, event.Note{All: true})); got != "NPS response" {
		t.Errorf("a rating of spaces: %q", got)
	}
	e = event.Event{Kind: event.TrackEventReceived, Name: []byte(`" \n\t "`)}
	if got := string(appendHeadline(nil, &e, event.Note{All: true})); got != "Track event" {
		t.Errorf("a name of spaces: %q", got)
	}
	e = event.Event{Kind: event.TrackEventReceived, Name: []byte(`""`)}
	if got := string(appendHeadline(nil, &e, event.Note{All: true})); got != "Track event" {
		t.Errorf("a track event without a name: %q", got)
	}
	e = event.Event{Kind: event.PageLoaded, Properties: []byte(`{"title":"Prices\nand plans"}`), IDs: [][]byte{[]byte(`"p1"`)}}
	if got := string(appendHeadline(nil, &e, event.Note{All: true})); got != "Page viewed: Prices and plans" {
		t.Errorf("a page with a title: %q", got)
	}
	e.Properties, e.IDs = nil, [][]byte{[]byte(`"p1"`), []byte(`"p2"`)}
	if got := string(appendHeadline(nil, &e, event.Note{Bits: []byte{2}})); got != "Page viewed: p2" {
		t.Errorf("a page of which one ID is selected: %q", got)
	}
}

func TestSummary(t *testing.T) {
	f := func(e event.Event, most int, want string) {
		t.Helper()
		if got := string(appendSummary([]byte("x"), &e, event.Note{All: true}, most)); got != "x"+want {
			t.Errorf("%q, want %q", got[1:], want)
		}
	}
	e := event.Sample(event.TrackEventReceived)
	f(e, 255, "Account Upgraded - Webhook Visitor")
	f(e, 20, "Account Upgraded - …")
	e.Visitor = nil
	f(e, 255, "Account Upgraded - Webhook Account")
	e.Visitor = []byte(`"  "`)
	f(e, 255, "Account Upgraded - Webhook Account")
	e.Account = []byte(`""`)
	f(e, 255, "Account Upgraded")
	f(event.Sample(event.AccountMetadataUpdated), 255, "Account metadata updated - Webhook Account")
}

func TestFacts(t *testing.T) {
	f := func(e event.Event, n event.Note, want ...string) {
		t.Helper()
		var got []string
		facts(&e, n, func(name, text []byte) { got = append(got, fmt.Sprintf("%s=%s", name, text)) })
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	f(event.Event{}, event.Note{})
	f(event.Sample(event.TrackEventReceived), event.Note{All: true}, "visitor_id=Webhook Visitor", "account_id=Webhook Account",
		"app=test_application", "url=https://app.example.com/dashboard", "name=Account Upgraded", "source=web",
		"track_ids=trackTypeId-abc123, trackTypeId-def456", "fromTier=basic", "toTier=pro")
	f(event.Sample(event.RageClick), event.Note{Bits: []byte{2}}, "visitor_id=Webhook Visitor", "account_id=Webhook Account",
		"app=test_application", "url=https://app.example.com/dashboard", "item_ids=feature-xyz789", "elementType=button")
	f(event.Sample(event.NPSSubmitted), event.Note{All: true}, "visitor_id=Webhook Visitor", "account_id=Webhook Account",
		"app=test_application", "url=https://app.example.com/dashboard", "guide_id=FjHsQ7S8z0ircYxe3vO4GHawvwI", "guide_name=Quarterly NPS",
		"guide_step_id=WkaB4F2droQ5sSqd-FvC7H9coJQ", "language=en-US", "rating=9", "reason=Keep up the great work!")
	f(event.Event{Properties: []byte(`{"0":1,"a":{"b":{"c":true},"d":null,"e":""},"f":[1,"x",null],"g":[{"h":2},3],"i":{},"j":[]}`)}, event.Note{},
		"0=1", "a.b.c=true", "f=1, x, null", "g.1.h=2", "g.2=3")
	f(event.Event{Properties: []byte(`{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":9}}}}}}}}`)}, event.Note{}, `1.2.3.4.5.6.7={"8":9}`)
	f(event.Event{Guide: event.Guide{PollResponses: []byte(`[{"response":1,"pollType":"NumberScale"},{"pollId":"p","response":"text"},7]`)}}, event.Note{},
		"answer_1=1", "answer_1_type=NumberScale", "answer_2=text", "answer_2_poll=p")
}

// TestFactsEnd: an event with more to say than anybody reads is cut off.
func TestFactsEnd(t *testing.T) {
	e := event.Event{Properties: []byte(`{"x":[` + strings.Repeat(`{"a":1},`, 5000) + `{}]}`)}
	count := 0
	facts(&e, event.Note{}, func(_, _ []byte) { count++ })
	if count != factsMax {
		t.Errorf("%d facts, want %d", count, factsMax)
	}
}

func TestCutText(t *testing.T) {
	f := func(text string, most int, want string) {
		t.Helper()
		if got := string(cutText([]byte("xx"+text), 2, most)); got != "xx"+want {
			t.Errorf("%q to %d: %q, want %q", text, most, got[2:], want)
		}
	}
	f("", 3, "")
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("äöü", 3, "äöü")
	f("äöüß", 3, "äö…")
	f("😀😀", 4, "😀😀")
	f("😀😀", 3, "😀…")
	f("a😀😀", 4, "a😀…")
	f("😀", 1, "…")
}

func TestSlug(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := string(appendSlug([]byte("_"), []byte(text), 20)); got != "_"+want {
			t.Errorf("%q: %q, want %q", text, got[1:], want)
		}
	}
	f("Account Upgraded", "account_upgraded")
	f("accountUpgraded", "account_upgraded")
	f("userID", "user_id")
	f("HTTPStatus2", "httpstatus2")
	f("  --a..b__", "a_b")
	f("1st place", "st_place")
	f("agent.email", "agent_email")
	f("プラン", "")
	f("", "")
	f("aaaaaaaaaaaaaaaaaaa bbb", "aaaaaaaaaaaaaaaaaaa")
}

func TestMailOf(t *testing.T) {
	f := func(e event.Event, want string) {
		t.Helper()
		if got := string(mailOf(&e)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(event.Event{Visitor: []byte(`"a@b.example"`)}, `"a@b.example"`)
	for _, no := range []string{`""`, `"a"`, `"@b.example"`, `"a@b"`, `"a@b."`, `"a@.c"`, `"a b@c.de"`, `"a@b@c.de"`, `"a\n@b.de"`, `12`, ``} {
		f(event.Event{Visitor: []byte(no)}, "")
	}
	metadata := []byte(`{"agent":{"email":"v@x.example"}}`)
	f(event.Event{Kind: event.VisitorMetadataUpdated, Visitor: []byte(`"7"`), Properties: metadata}, `"v@x.example"`)
	for _, group := range []string{"agent", "custom", "segmentio", "userpilot"} {
		own := []byte(`{"metadata":{"` + group + `":{"email":"n@x.example"}},"previous":{"` + group + `":{"email":"o@x.example"}}}`)
		f(event.Event{Kind: event.VisitorMetadataUpdated, Visitor: []byte(`"7"`), Properties: own}, `"n@x.example"`)
	}
	f(event.Event{Kind: event.VisitorCreated, Properties: []byte(`{"email":"w@x.example"}`)}, `"w@x.example"`)
	f(event.Event{Kind: event.TrackEventReceived, Visitor: []byte(`"7"`), Properties: metadata}, "")
}

// TestDocumentsFit: keys of any length and texts of many lines stay within what Jira takes of a description.
func TestDocumentsFit(t *testing.T) {
	e := event.Sample(event.TrackEventReceived)
	long := strings.Repeat("k", 60_000)
	for _, properties := range []string{
		`{"` + long + `":"v","b":{"` + long + `":{"` + long + `":1}}}`,
		`{"a":"` + strings.Repeat(`x\n`, 30_000) + `","b":"` + strings.Repeat(`\\\"\n\n`, 30_000) + `","c":"` + strings.Repeat("é\\n", 3000) + `"}`,
		`{"` + strings.Repeat("\u202e", 3000) + `":"v"}`,
	} {
		e.Properties = []byte(properties)
		all := event.Note{All: true}
		if n := len(appendDocument(nil, &e, all)); n > 32_767 {
			t.Errorf("Jira: %d bytes of %.20s", n, properties)
		}
		if n := len(appendHTML(nil, &e, all)); n > 32_767 {
			t.Errorf("Productboard: %d bytes of %.20s", n, properties)
		}
	}
}
