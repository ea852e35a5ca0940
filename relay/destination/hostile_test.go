package destination

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// everyPlan are plans of all types whose bodies are made of items, and archives in both formats.
func everyPlan(t *testing.T) map[string]*Plan {
	return map[string]*Plan{
		"amplitude":    planOf(t, "amplitude", amplitudeSettings("")),
		"mixpanel":     planOf(t, "mixpanel", mixpanelSettings()),
		"ga4":          planOf(t, "ga4", ga4Settings("measurement_id", "G-1")),
		"hubspot":      planOf(t, "hubspot", hubSpotSettings()),
		"jira":         planOf(t, "jira", jiraSettings()),
		"zendesk":      planOf(t, "zendesk", zendeskSettings()),
		"productboard": planOf(t, "productboard", productboardSettings()),
		"salesforce":   planOf(t, "salesforce", salesforceSettings()),
		"snowflake":    planOf(t, "snowflake", snowflakeSettings()),
		"bigquery":     planOf(t, "bigquery", bigQuerySettings()),
		"splunk":       planOf(t, "splunk", splunkSettings()),
		"datadog":      planOf(t, "datadog", Settings{WriteKey: "k"}),
		"segment":      planOf(t, "segment", Settings{WriteKey: "k"}),
		"intercom":     planOf(t, "intercom", Settings{AccessToken: "k"}),
		"userpilot":    planOf(t, "userpilot", Settings{AccessToken: "k"}),
		"slack":        planOf(t, "slack", Settings{URL: "https://chat.example/x", More: map[string]string{"digest": "1m"}}),
		"zapier":       planOf(t, "zapier", Settings{URL: "https://zap.example/x"}),
		"ndjson":       planOf(t, "s3", Settings{More: map[string]string{"bucket": "events"}}),
		"csv":          planOf(t, "s3", Settings{More: map[string]string{"bucket": "events", "format": "csv"}}),
		"mail":         planOf(t, "mail", Settings{More: map[string]string{"to": "a@b.example"}}),
	}
}

// hostileTexts break out of something, somewhere.
var hostileTexts = []string{
	"", "=cmd|'/c calc'!A0", "\uff1d1+1", "\n=1+1", "-1+1", "a\r\nb", "a\u2028b\u2029c", "\x00\x1b[31m\x7f", `"},{"x":"`, `</script><img src=x onerror=alert(1)>`,
	"<!channel> <@U123> <https://evil.example|click>", "[x](javascript:alert(1))", "{{ visitor }}", "\ufeff", "\u202egnp.exe", "\\", `\u0022`, "é", "e\u0301",
	strings.Repeat("€", 3_000), "event_\x00name", "$" + strings.Repeat("_", 300), "__proto__", "null", "NaN", "1e400",
}

// hostileTimes are as far as an int64 goes.
var hostileTimes = []int64{0, -1, math.MinInt64, math.MaxInt64, -62135596800000, 253402300800000, 8.64e15, 1 << 53}

// hostileEvents are of a kind.
func hostileEvents(k event.Kind) (all []event.Event) {
	stable := func(text string) []byte {
		var s event.Stable
		made, err := s.Append(nil, []byte(text))
		if err != nil {
			panic(err)
		}
		return made
	}
	deep := stable(`{"a":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`)
	for i, text := range hostileTexts {
		literal := event.AppendString(nil, text)
		e := event.Event{Kind: k, Time: hostileTimes[i%len(hostileTimes)], Received: hostileTimes[(i+3)%len(hostileTimes)], AppName: []byte(text),
			App: stable(`{"id":1,"name":` + string(literal) + `}`), Visitor: literal, Account: literal, UserAgent: literal, IP: literal, URL: literal,
			Name: literal, Source: literal, IDs: [][]byte{literal, literal}}
		e.Properties = stable(`{` + string(literal) + `:` + string(literal) + `,"l":[` + string(literal) + `,"\ud800",1e308,-0],"time":1,"uniqueId":2,"token":3,"distinct_id":4}`)
		e.Guide = event.Guide{ID: literal, Name: literal, StepID: literal, Language: literal, Properties: e.Properties,
			NPS: stable(`{"rating":1e99,"reason":` + string(literal) + `}`), PollResponses: stable(`[{"response":` + string(literal) + `,"pollId":` + string(literal) + `}]`)}
		all = append(all, e)
	}
	e := event.Sample(k)
	e.Properties, e.Guide.Properties = deep, deep
	e.Visitor = stable(`"\ud800\udc00\udfff"`)
	return append(all, e, event.Event{Kind: k})
}

// TestHostileEvents makes bodies of what a visitor may send, for all types and kinds: each is what the vendor parses, with as
// many items in it as there are events.
func TestHostileEvents(t *testing.T) {
	for name, plan := range everyPlan(t) {
		kind, _ := ByName(plan.Type)
		for _, k := range []event.Kind{event.TrackEventReceived, event.PageLoaded, event.PollSubmitted, event.NPSSubmitted, event.RageClick, event.FlowSeen} {
			if kind.Takes != nil && !kind.Takes(k) {
				continue
			}
			events := hostileEvents(k)
			for i := range events {
				item := plan.Body.Item(nil, &events[i], event.Note{All: true})
				if len(item) == 0 {
					continue
				}
				holdItem(t, fmt.Sprintf("%s %s %d", name, k, i), plan, item)
				body := bodyOf(plan, events[i:i+1])
				if strings.HasPrefix(plan.Body.Open, "{") || strings.HasPrefix(plan.Body.Open, "[") {
					if !json.Valid(body) {
						t.Errorf("%s %s %d: no JSON: %.300s", name, k, i, body)
					}
				}
			}
		}
	}
}

// TestNoHalfCharacters: products and warehouses get no half of a surrogate pair, wherever a page puts it. UTF-8 cannot hold
// one: who stores texts as UTF-8 refuses the request, and all that is in it.
func TestNoHalfCharacters(t *testing.T) {
	half := []byte(`"a\ud83d"`)
	lone := regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*\\ud[89a-f]`)
	plans := everyPlan(t)
	for _, name := range []string{"segment", "intercom", "userpilot", "amplitude", "mixpanel", "ga4", "hubspot", "jira", "productboard", "slack", "snowflake", "bigquery"} {
		plan, kind := plans[name], byName(t, name)
		for _, k := range event.Kinds() {
			if kind.Takes != nil && !kind.Takes(k) {
				continue
			}
			e := event.Event{Kind: k, Time: 1626804144000, AppName: []byte("shop"), App: []byte(`{"name":"a\ud83d"}`), Subscription: []byte(`{"name":"\udc00"}`),
				Visitor: half, Account: half, UserAgent: half, URL: half, Name: half, Source: half, IDs: [][]byte{half, half},
				Properties: []byte(`{"a\ud83d":1,"b":"\udc00","c":{"d":["\udfff"],"type":"\ud83d"}}`)}
			e.Guide = event.Guide{ID: half, Name: half, StepID: half, Language: half, Properties: e.Properties,
				NPS: []byte(`{"rating":9,"reason":"\ud83d"}`), PollResponses: []byte(`[{"response":"\ud83d","pollId":"\udc00"}]`)}
			if item := plan.Body.Item(nil, &e, event.Note{All: true}); lone.Match(item) {
				t.Errorf("%s %s: %s", name, k, item)
			}
		}
	}
}

func holdItem(t *testing.T, what string, plan *Plan, item []byte) {
	t.Helper()
	if !utf8.Valid(item) {
		t.Errorf("%s: no UTF-8: %.300q", what, item)
	}
	if strings.HasPrefix(plan.Body.Close, "\r\n") {
		rows, err := csv.NewReader(bytes.NewReader(item)).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != strings.Count(plan.Settings.Of("columns"), ",")+1 {
			t.Errorf("%s: %d rows, %v: %.300q", what, len(rows), err, item)
		}
		for _, cell := range rows[0] {
			first, _ := utf8.DecodeRuneInString(cell)
			if cell != "" && strings.ContainsRune("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20", first) {
				t.Errorf("%s: a formula: %.300q", what, cell)
			}
		}
		return
	}
	if bytes.ContainsAny(item, "\r\n\x00") {
		t.Errorf("%s: a control character: %.300q", what, item)
	}
	if plan.Type != "slack" && !json.Valid(item) {
		t.Errorf("%s: no JSON: %.300s", what, item)
	}
}

// TestGiants: an event of the largest size is within a type's limit of one request, or given up by itself; only archives,
// which know no limit, have an object of their own for it. No batch waits for ever behind it.
func TestGiants(t *testing.T) {
	big := []byte(`{"text":"` + strings.Repeat("x", 4<<20-1000) + `"}`)
	var many [][]byte
	for i := range 10_000 {
		many = append(many, fmt.Appendf(nil, `"id-%d-%s"`, i, strings.Repeat("x", 300)))
	}
	for name, plan := range everyPlan(t) {
		for _, k := range []event.Kind{event.TrackEventReceived, event.PageLoaded, event.GuideDisplayed, event.NPSSubmitted, event.RageClick} {
			kind, _ := ByName(plan.Type)
			if kind.Takes != nil && !kind.Takes(k) {
				continue
			}
			for i := range 4 {
				e := event.Sample(k)
				switch i {
				case 0:
					e.Properties, e.Guide.Properties = big, big
				case 1:
					e.IDs = many
				case 2:
					e.Visitor, e.Account = big[8:len(big)-1], big[8:len(big)-1]
				case 3:
					e.URL, e.UserAgent, e.Name = big[8:len(big)-1], big[8:len(big)-1], big[8:len(big)-1]
				}
				item := plan.Body.Item(nil, &e, event.Note{All: true})
				b := plan.Batch
				room := len(plan.Body.Open) + len(plan.Body.Close)
				alone := b.Bytes == 0 || b.Item > 0 && b.Item <= b.Bytes || plan.Archive
				if !alone && len(item)+room > b.Bytes {
					t.Errorf("%s %s %d: an item of %d bytes for requests of %d", name, k, i, len(item), b.Bytes)
				}
			}
		}
	}
}
