package format

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// message is a message of Block Kit as Slack reads it.
type message struct {
	Blocks []struct {
		Type     string
		BlockID  string `json:"block_id"`
		Text     mrkdwn
		Fields   []mrkdwn
		Elements []mrkdwn
	}
	Text   string
	Unfurl *bool `json:"unfurl_links"`
}

type mrkdwn struct{ Type, Text string }

// slackMessage makes a message of events, and checks it against Slack's limits.
func slackMessage(t testing.TB, events ...event.Event) message {
	t.Helper()
	body := []byte(SlackOpen)
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = Slack(body, &events[i], event.Note{All: true})
	}
	body = append(SlackFinish(body, len(events)), SlackClose...)
	var m message
	if err := json.Unmarshal(body, &m); err != nil || !utf8.Valid(body) {
		t.Fatalf("%v: %s", err, body)
	}
	within := func(what, text string, most int) {
		if n := len([]rune(text)); n == 0 || n > most {
			t.Fatalf("%d characters in %s, Slack takes 1 to %d: %s", n, what, most, text)
		}
	}
	within("the text", m.Text, 4000)
	if len(m.Blocks) > 50 || m.Unfurl == nil || *m.Unfurl {
		t.Fatalf("%d blocks, unfurl_links %v", len(m.Blocks), m.Unfurl)
	}
	for _, b := range m.Blocks {
		switch b.Type {
		case "header":
			within("a header", b.Text.Text, 150)
		case "section":
			within("a section", b.Text.Text, 3000)
			within("a block_id", b.BlockID, 255)
			if len(b.Fields) > 10 {
				t.Fatalf("%d fields", len(b.Fields))
			}
			for _, f := range b.Fields {
				within("a field", f.Text, 2000)
			}
		case "context":
			within("a context", b.Elements[0].Text, 3000)
		default:
			t.Fatalf("a block of type %q", b.Type)
		}
	}
	return m
}

// TestSlackSays: what people read first, of every kind that tells it in a way of its own, with and without the names.
func TestSlackSays(t *testing.T) {
	f := func(e event.Event, want string) {
		t.Helper()
		m := slackMessage(t, e)
		if got := m.Blocks[0].Text.Text; got != want {
			t.Errorf("%s says\n%s\nwant\n%s", e.Kind, got, want)
		}
		if first, _, _ := strings.Cut(want, "\n"); m.Text != first {
			t.Errorf("%s notifies with %q, want %q", e.Kind, m.Text, first)
		}
	}
	sample := func(k event.Kind, change func(e *event.Event)) event.Event {
		e := event.Sample(k)
		change(&e)
		return e
	}
	rating := func(nps string) event.Event {
		return sample(event.NPSSubmitted, func(e *event.Event) { e.Guide.NPS = []byte(nps) })
	}
	f(event.Sample(event.PageLoaded), ":eyes: *Webhook Visitor* (Webhook Account) viewed the page *pageId1, pageId2*")
	f(sample(event.PageLoaded, func(e *event.Event) { e.Properties = []byte(`{"title":"Our *prices*"}`) }),
		":eyes: *Webhook Visitor* (Webhook Account) viewed the page *Our ∗prices∗*")
	f(event.Sample(event.TrackEventReceived), ":zap: *Webhook Visitor* (Webhook Account) triggered *Account Upgraded*")
	f(event.Sample(event.NPSStatusChanged), ":pencil2: NPS survey *Sample nps* changed its status")
	f(event.Sample(event.AccountCreated), ":office: Account *Webhook Account* was seen for the first time")
	f(event.Sample(event.UserpilotNPSFeedback), ":star-struck: *1* (1) gave *10* of 10\n> Great Product")
	f(rating(`{"rating":9}`), ":star-struck: *Webhook Visitor* (Webhook Account) gave *9* of 10 in *Quarterly NPS*")
	f(rating(`{"rating":"8","reason":"Fine"}`), ":slightly_smiling_face: *Webhook Visitor* (Webhook Account) gave *8* of 10 in *Quarterly NPS*\n> Fine")
	f(rating(`{"rating":0,"reason":"One\ntwo"}`), ":disappointed: *Webhook Visitor* (Webhook Account) gave *0* of 10 in *Quarterly NPS*\n> One\n> two")
	f(rating(`{"rating":null,"reason":null}`), ":ballot_box_with_ballot: *Webhook Visitor* (Webhook Account) answered the NPS survey *Quarterly NPS*")
	f(rating(``), ":ballot_box_with_ballot: *Webhook Visitor* (Webhook Account) answered the NPS survey *Quarterly NPS*")
	f(event.Event{Kind: event.PageLoaded}, ":eyes: (unknown) viewed a page")
	f(event.Event{Kind: event.GuideCompleted, Visitor: []byte(`"a"`)}, ":checkered_flag: *a* completed a guide")
	f(event.Event{Kind: event.NPSSubmitted, Visitor: []byte(`""`), Account: []byte(`""`)}, ":ballot_box_with_ballot: (unknown) answered an NPS survey")
	f(event.Event{Kind: event.PageTagged, Properties: []byte(`{}`)}, ":pencil2: Page (unknown) was tagged")
	f(sample(event.PageLoaded, func(e *event.Event) { e.Visitor = []byte(`"a \"b\" \\n"`) }),
		`:eyes: *a "b" \n* (Webhook Account) viewed the page *pageId1, pageId2*`)
}

// TestSlackSelectedIDs: what a webhook did not select is not told.
func TestSlackSelectedIDs(t *testing.T) {
	e := event.Sample(event.PageLoaded)
	if got := string(Slack(nil, &e, event.Note{Bits: []byte{2}})); !strings.Contains(got, "viewed the page *pageId2*") {
		t.Error(got)
	}
	if got := string(Slack(nil, &e, event.Note{})); !strings.Contains(got, "viewed a page\"") {
		t.Error(got)
	}
}

func TestSlackFields(t *testing.T) {
	f := func(k event.Kind, properties string, want ...string) {
		t.Helper()
		e := event.Sample(k)
		e.Properties = []byte(properties)
		var got []string
		for _, field := range slackMessage(t, e).Blocks[0].Fields {
			got = append(got, field.Text)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s has the fields %q, want %q", properties, got, want)
		}
	}
	f(event.FeatureClicked, ``)
	f(event.FeatureClicked, `{}`)
	f(event.FeatureClicked, `{"a":null,"b":"","c":{},"d":[],"e":false}`, "*e*\nfalse")
	f(event.FeatureClicked, `{"user_id":"x","_a_":"*b*","c":["<d>","\n"]}`, "*user_id*\nx", "*ˍaˍ*\n∗b∗", `*c*`+"\n"+`["&lt;d&gt;","\n"]`)
	f(event.VisitorMetadataUpdated, `{"a":{"b":{"c":{"d":1}}}}`, "*a.b.c*\n{\"d\":1}")
	f(event.PageTagged, `{"name":"n","id":"i"}`, "*id*\ni")
	f(event.UserpilotNPSScore, `{"action":"score","score":10,"more":1}`, "*more*\n1")
	f(event.FeatureClicked, `{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11}`,
		"*a*\n1", "*b*\n2", "*c*\n3", "*d*\n4", "*e*\n5", "*f*\n6", "*g*\n7", "*h*\n8", "*i*\n9", "*j*\n10")

	e := event.Sample(event.PollSubmitted)
	e.Guide.PollResponses = []byte(`[{"response":null},{"response":"a\nb"},{"pollType":"NumberScale","response":3},7]`)
	if got := fmt.Sprintf("%q", slackMessage(t, e).Blocks[0].Fields); got != `[{"mrkdwn" "*answer*\n> a\n> b"} {"mrkdwn" "*NumberScale*\n3"}]` {
		t.Error(got)
	}
}

func TestSlackWhere(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		e := event.Event{Kind: event.PageLoaded, Time: 1626803875999, URL: []byte(url), AppName: []byte("a<b")}
		date := "a&lt;b · <!date^1626803875^{date_short_pretty} {time_secs}|2021-07-20 17:57:55 UTC>"
		if got := slackMessage(t, e).Blocks[1].Elements[0].Text; got != date+want {
			t.Errorf("%s:\ngot  %s\nwant %s", url, got, date+want)
		}
	}
	f(``, "")
	f(`""`, "")
	f(`"https://example.com/a?b=c&d=e#f"`, " · <https://example.com/a?b=c&amp;d=e#f|example.com/a>")
	f(`"http://x/|>< "`, " · <http://x/%7C%3E%3C%20|x/|&gt;&lt; >")
	f(`"javascript:alert(1)"`, " · javascript:alert(1)")
	f(`"file:///etc/passwd"`, " · file:///etc/passwd")
	f(`"https://x/\"quoted\""`, ` · https://x/"quoted"`)
	f(`"https://`+strings.Repeat("x", 700)+`"`, " · https://"+strings.Repeat("x", labelMax-len("https://")-len("…"))+"…")
}

// TestSlackDigest: several events are counted above their blocks and in the notification.
func TestSlackDigest(t *testing.T) {
	click, load := event.Sample(event.FeatureClicked), event.Sample(event.PageLoaded)
	m := slackMessage(t, load, click, click)
	want := "3 events: 2 × Feature clicked, 1 × Page loaded"
	if m.Text != want || m.Blocks[0].Type != "header" || m.Blocks[0].Text.Text != want || len(m.Blocks) != 7 {
		t.Errorf("%+v", m)
	}
	var all []event.Event
	for _, k := range event.Kinds()[:24] {
		all = append(all, event.Sample(k))
	}
	if m = slackMessage(t, all...); len(m.Blocks) != 49 || !strings.HasSuffix(m.Text, ", …") {
		t.Errorf("%d blocks, %s", len(m.Blocks), m.Text)
	}
}

func TestKindNames(t *testing.T) {
	f := func(k event.Kind, want string) {
		t.Helper()
		if got := string(appendKindName(nil, k)); got != want {
			t.Errorf("%s is called %q, want %q", k, got, want)
		}
	}
	f(event.FeatureClicked, "Feature clicked")
	f(event.NPSSubmitted, "NPS submitted")
	f(event.NPSStatusChanged, "NPS status changed")
	f(event.UTurn, "U turn")
	f(event.UserpilotNPSAskLater, "NPS ask later")
	f(event.ButtonTrackedEventOccurred, "Button tracked event occurred")
	for _, k := range event.Kinds() {
		if p := phrases[k]; p.alone == "" || p.face == "" {
			t.Errorf("%s has no phrase", k)
		}
	}
}

// TestSlackMrkdwn: no text can become a link, a mention or formatting, and each is cut between characters.
func TestSlackMrkdwn(t *testing.T) {
	f := func(literal string, room int, want string) {
		t.Helper()
		got := appendMrkdwn([]byte(`"`), []byte(literal), room, `\n> `)
		var text string
		if err := json.Unmarshal(append(got, '"'), &text); err != nil || text != want || len(got)-2 > room {
			t.Errorf("%s in %d: %v, %q, want %q", literal, room, err, text, want)
		}
	}
	f(`"<!channel> & <@U1>"`, 99, "&lt;!channel&gt; &amp; &lt;@U1&gt;")
	f("\"*a* _b_ ~c~ `d`\"", 99, "∗a∗ ˍbˍ ∼c∼ ˋdˋ")
	f("\"a*b a_b é~é a`b\"", 99, "a*b a_b é~é aˋb")
	f(`"a\tb\u0000c\nd\re"`, 99, "a b c\n> d e")
	f(`"\ud83d \"\\"`, 99, "\ufffd \"\\")
	f(`"\`, 99, ``)
	f(`"\"`, 99, `\`)
	f(`["a\\b"]`, 99, `["a\\b"]`)
	f(`12`, 99, `12`)
	f(`"abcdefghij"`, 9, "abcdef…")
	f(`"&&&&"`, 14, "&amp;&amp;…")
	f(`"日本語日本語"`, 13, "日本語…")
}

// FuzzSlack: whatever stable JSON events are made of, messages are JSON and within Slack's limits, and hold no mark of
// Slack's that is not ours.
func FuzzSlack(f *testing.F) {
	f.Add(uint8(event.NPSSubmitted), "visitor", `{"rating":9,"reason":"<!here>"}`, "https://x/|>", int64(0))
	f.Add(uint8(event.PollSubmitted), "*&<>`", `[{"pollType":"a","response":"\u0000\ud83d"},1,null]`, "\\\"", int64(-1))
	f.Add(uint8(event.PageTagged), "\"},{\"type\":\"section\"", `{"name":{"a":[]},"b":{"c":{"d":{"e":{}}}}}`, "http://é", int64(1)<<60)
	f.Add(uint8(0), "", "", "", int64(0))
	f.Fuzz(func(t *testing.T, kind uint8, text, value, url string, at int64) {
		var stable event.Stable
		raw, err := stable.Append(nil, []byte(value))
		if err != nil {
			raw = nil
		}
		literal := event.AppendString(nil, text)
		e := event.Event{
			Kind: event.Kind(kind), Time: at, Visitor: literal, Account: literal, URL: event.AppendString(nil, url), Name: literal,
			AppName: []byte(strings.ToValidUTF8(text, "?")), Properties: raw, IDs: [][]byte{literal, literal},
			Guide: event.Guide{Name: literal, NPS: raw, PollResponses: raw},
		}
		if e.Kind.String() == "" {
			return
		}
		one := slackMessage(t, e)
		slackMessage(t, e, e, e)
		rest := one.Blocks[1].Elements[0].Text
		if strings.Count(one.Blocks[0].Text.Text, "<") > 0 || strings.Count(rest, "<") > 2 || strings.Count(rest, ">") != strings.Count(rest, "<") {
			t.Fatalf("%+v", one)
		}
	})
}
