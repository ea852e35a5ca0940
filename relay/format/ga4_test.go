package format

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"edgerelay/relay/event"
)

func FuzzGA4(f *testing.F)    { fuzz(f, GA4) }
func FuzzGA4App(f *testing.F) { fuzz(f, GA4App) }

func TestAppendSnake(t *testing.T) {
	f := func(literal string, names naming, want string) {
		t.Helper()
		if got := string(appendSnake(nil, []byte(literal), &names)); got != `"`+want+`"` {
			t.Errorf("%s becomes %s, want %q", literal, got, want)
		}
	}
	f(`"Account Upgraded"`, webEvents, "account_upgraded")
	f(`"  a -- b!  "`, webEvents, "a_b")
	f(`"fromTier"`, params, "fromTier")
	f(`"1st"`, webEvents, "event_1st")
	f(`"_x"`, params, "x")
	f(`"click"`, webEvents, "event_click")
	f(`"click"`, appEvents, "click")
	f(`"Screen View"`, webEvents, "event_screen_view")
	f(`"Screen View"`, appEvents, "screen_view")
	f(`"os_update"`, appEvents, "event_os_update")
	f(`"Click"`, params, "Click")
	f(`"user_id"`, params, "param_user_id")
	f(`"ga_x"`, params, "param_ga_x")
	f(`"Google Ads"`, webEvents, "event_google_ads")
	f(`"gtag.js"`, webEvents, "event_gtag_js")
	f(`"\n\"\u0000"`, webEvents, "event")
	f(`""`, params, "param")
	f(`"Käufe öffnen"`, webEvents, "käufe_öffnen")
	f(`"`+strings.Repeat("a", 50)+`"`, webEvents, strings.Repeat("a", 40))
	f(`"`+strings.Repeat("a", 39)+` b"`, webEvents, strings.Repeat("a", 39))
	f(`"`+strings.Repeat("1", 50)+`"`, webEvents, "event_"+strings.Repeat("1", 34))
	f(``, webEvents, "event")
}

func TestGA4(t *testing.T) {
	const now = 1626804144123
	f := func(encode Encoder, e event.Event, want string) {
		t.Helper()
		e.Received = now
		if e.Time == 0 {
			e.Time = now
		}
		if got := string(encode(nil, &e, event.Note{All: true})); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	const params = `"params":{"session_id":"1626804000","engagement_time_msec":1,"event_id":"0000000000000000000000000000000000000000"`
	f(GA4, event.Event{Kind: event.PageLoaded, Visitor: []byte(`"u1"`)},
		`{"client_id":"2475846935.1483599347","user_id":"u1","timestamp_micros":1626804144123000,"events":[{"name":"page_loaded",`+params+`}}]}`)
	// An anonymous visitor is a client and no user; what is to come happens now.
	f(GA4, event.Event{Kind: event.UTurn, Visitor: []byte(`"_PENDO_T_1"`), Account: []byte(`"acme"`), Time: now + 1},
		`{"client_id":"770517269.1741869399","timestamp_micros":1626804144123000,"user_properties":{"account_id":{"value":"acme"}},"events":[{"name":"u_turn",`+params+`,"account_id":"acme"}}]}`)
	// The site's own client; names and values as Google takes them.
	f(GA4, event.Event{Kind: event.TrackEventReceived, Name: []byte(`"error"`),
		Properties: []byte(`{"client_id":"123.456","a b":1,"a_b":2,"event_id":"x","nested":{"a":1},"list":[1],"none":null,"yes":true,"user_id":"me"}`)},
		`{"client_id":"123.456","timestamp_micros":1626804144123000,"events":[{"name":"event_error",`+params+`,"a_b":1,"yes":"true","param_user_id":"me"}}]}`)
	f(GA4App, event.Event{Kind: event.PageLoaded, Visitor: []byte(`"u1"`), Properties: []byte(`{"client_id":"1.2"}`)},
		`{"app_instance_id":"93926d17586dedf347498aadb6f90960","user_id":"u1","timestamp_micros":1626804144123000,"events":[{"name":"page_loaded",`+params+`}}]}`)
	f(GA4App, event.Event{Kind: event.PageLoaded, Properties: []byte(`{"app_instance_id":"0123456789abcdef0123456789ABCDEF"}`)},
		`{"app_instance_id":"0123456789abcdef0123456789ABCDEF","timestamp_micros":1626804144123000,"events":[{"name":"page_loaded",`+params+`}}]}`)
}

// TestGA4Limits: an event with too much of everything becomes one that Google takes.
func TestGA4Limits(t *testing.T) {
	e := event.Sample(event.PollSubmitted)
	e.Account = event.AppendString(nil, strings.Repeat("a", 300))
	e.Properties = []byte(`{`)
	for i := range 60 {
		e.Properties = fmt.Appendf(e.Properties, `"%d %s %d":"%s",`, i, strings.Repeat("k", 30), i, strings.Repeat("é", 300))
	}
	e.Properties = append(e.Properties, `"end":1}`...)
	responses := make([]string, 60)
	for i := range responses {
		responses[i] = fmt.Sprintf(`{"response":"%s"}`, strings.Repeat("r", 200))
	}
	for _, polls := range []string{"[]", "[" + strings.Join(responses, ",") + "]"} {
		e.Guide.PollResponses = []byte(polls)
		var got struct {
			Properties map[string]struct{ Value string } `json:"user_properties"`
			Events     []struct{ Params map[string]any }
		}
		if err := json.Unmarshal(GA4(nil, &e, event.Note{All: true}), &got); err != nil {
			t.Fatal(err)
		}
		if n := len(got.Events[0].Params); n != 25 {
			t.Errorf("%d parameters, want all 25", n)
		}
		name := regexp.MustCompile(`^[a-z]\w{0,39}$`)
		for key, value := range got.Events[0].Params {
			text, _ := value.(string)
			if !name.MatchString(key) || utf8.RuneCountInString(text) > 100 {
				t.Errorf("parameter %s of %d characters", key, utf8.RuneCountInString(text))
			}
		}
		if got.Properties["account_id"].Value != strings.Repeat("a", 36) {
			t.Errorf("user properties %v", got.Properties)
		}
	}
}
