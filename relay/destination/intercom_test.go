package destination

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func TestIntercomPlan(t *testing.T) {
	f := func(s Settings, url string) {
		t.Helper()
		s.AccessToken = "dG9r"
		p := planOf(t, "intercom", s)
		holdPlan(t, p, url, "Content-Type: application/json", "Accept: application/json", "Authorization: Bearer dG9r", "Intercom-Version: 2.14")
		if p.Batch != (Batch{}) || p.Rate != 150 || p.Burst != 150 {
			t.Errorf("%+v", p)
		}
	}
	f(Settings{}, "https://api.intercom.io/events")
	f(Settings{Region: "eu"}, "https://api.eu.intercom.io/events")
	f(Settings{Region: "au"}, "https://api.au.intercom.io/events")
	f(Settings{URL: "http://127.0.0.1:9/"}, "http://127.0.0.1:9/events")
	holdFaults(t, "intercom", Settings{}, "access_token: needs an access token")
	holdFaults(t, "intercom", Settings{AccessToken: "t", Region: "in", More: map[string]string{"x": "y"}},
		"region: use one of us, eu, au", "settings.x: is no setting")
}

func TestIntercomTakes(t *testing.T) {
	f := func(want bool, kinds ...event.Kind) {
		t.Helper()
		for _, k := range kinds {
			if intercom.Takes(k) != want {
				t.Errorf("%s is taken: %t", k, !want)
			}
		}
	}
	f(true, event.RageClick, event.ErrorClick, event.UTurn, event.TrackEventReceived, event.AccountCreated, event.FormSubmitted)
	f(false, event.AccountMetadataUpdated, event.PageTagged, event.UserDeleted)
}

func TestIntercomJudge(t *testing.T) {
	f := func(status int, body, want string, headers ...string) {
		t.Helper()
		holdVerdict(t, judgeIntercom, reply{status, 1, body, headers}, want)
	}
	list := func(code, message string) string {
		return fmt.Sprintf(`{"type":"error.list","request_id":"b2","errors":[{"code":%q,"message":%q}]}`, code, message)
	}
	reset := func(in time.Duration) string { return fmt.Sprint(replyNow.Add(in).Unix()) }
	f(202, ``, "delivered")
	f(200, `{}`, "delivered")
	f(400, list("parameter_invalid", "event_name is required"), "final | 400 Bad Request: parameter_invalid: event_name is required")
	f(422, list("", "bad"), "final | 422 Unprocessable Entity: bad")
	f(422, list("bad", ""), "final | 422 Unprocessable Entity: bad")
	f(422, `<html>`, "final | 422 Unprocessable Entity")
	f(401, list("unauthorized", "Access Token Invalid"), "off | 401 Unauthorized: unauthorized: set access_token to one that Intercom takes in this region")
	f(403, ``, "off | 403 Forbidden: the destination refuses the webhook's key")
	f(404, list("not_found", "User Not Found"), "retry | 404 Not Found: not_found: User Not Found")
	f(408, ``, "retry | 408 Request Timeout")
	f(429, list("rate_limit_exceeded", "Exceeded"), "retry after 7s | 429 Too Many Requests: rate_limit_exceeded: Exceeded", "X-RateLimit-Reset", reset(7*time.Second))
	f(429, ``, "retry | 429 Too Many Requests", "X-RateLimit-Reset", reset(-time.Second))
	f(429, ``, "retry | 429 Too Many Requests", "X-RateLimit-Reset", reset(48*time.Hour))
	f(429, ``, "retry | 429 Too Many Requests", "X-RateLimit-Reset", "soon")
	f(429, ``, "retry after 2s | 429 Too Many Requests", "X-RateLimit-Reset", reset(7*time.Second), "Retry-After", "2")
	f(500, list("server_error", "Server Error"), "retry | 500 Internal Server Error: server_error: Server Error")
}

// intercomKeys are the keys by which Intercom knows events.
func intercomKeys(vendor *fake.Intercom, events []event.Event) map[string]int {
	keys := map[string]int{}
	for _, e := range events {
		name := string(event.AppendText(nil, e.Name))
		if name == "" {
			name = strings.NewReplacer(".", "-", "_", "-").Replace(strings.TrimPrefix(e.Kind.Dotted(), "frustration."))
		}
		keys[vendor.Key(string(event.AppendText(nil, e.Visitor)), name, e.Time/1000)]++
	}
	return keys
}

func TestIntercomTakesAllKinds(t *testing.T) {
	var events []event.Event
	for _, k := range event.Kinds() {
		if intercom.Takes(k) {
			events = append(events, event.Sample(k))
		}
	}
	vendor := fake.NewIntercom("dG9r")
	d := drive(t, planOf(t, "intercom", Settings{AccessToken: "dG9r"}), vendor, events)
	holdOnce(t, vendor.Taken(), len(events))
	for key := range intercomKeys(vendor, events) {
		if !vendor.Has(key) {
			t.Errorf("%s was not taken", key)
		}
	}
	if d.delivered != len(events) || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
}

// TestIntercomAfterFailures: a contact that comes to be a little later and a lost answer cost nothing and double nothing.
func TestIntercomAfterFailures(t *testing.T) {
	vendor := fake.NewIntercom("dG9r")
	asked := 0
	vendor.Unknown = func(user string) bool {
		if user == "v7@example.com" {
			asked++
		}
		return user == "v7@example.com" && asked < 4
	}
	vendor.Play(fake.Answer(429, "", "X-RateLimit-Reset", fmt.Sprint(replyNow.Unix()+3)), fake.TakeAndHangUp, fake.Fine, fake.HangUp, fake.Answer(500, "<html>"))
	d := drive(t, planOf(t, "intercom", Settings{AccessToken: "dG9r"}), vendor, people(20))
	holdOnce(t, vendor.Taken(), 20)
	if d.delivered != 20 || len(d.dead) > 0 || len(vendor.Broken()) > 0 || asked != 4 {
		t.Errorf("%+v, %q, asked %d times", d, vendor.Broken(), asked)
	}
}

// TestIntercomKnowsNobody: what a browser did in which nobody has signed in is given up without a request.
func TestIntercomKnowsNobody(t *testing.T) {
	events := people(3)
	events[0].Visitor, events[1].Visitor = []byte(`"_PENDO_T_7Tw1ZJQ8oH"`), []byte(`"undefined"`)
	vendor := fake.NewIntercom("dG9r")
	vendor.Unknown = func(user string) bool { return user != "v2@example.com" }
	d := drive(t, planOf(t, "intercom", Settings{AccessToken: "dG9r"}), vendor, events)
	if d.requests != 1 || d.delivered != 1 || len(d.dead) != 2 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
}

// TestIntercomTakesAnything: keys that Intercom does not take, half characters and times to come have it refuse nothing.
func TestIntercomTakesAnything(t *testing.T) {
	events := people(2)
	for i := range events {
		events[i].Name, events[i].Time = []byte(`"half \ud83d"`), replyNow.AddDate(900, 0, 0).UnixMilli()
		events[i].Properties = []byte("{\"a`b\":1,\"a!b\":2,\"A@B\":3,\"\\ud800\":\"\\udfff\",\"\\u0000\":4,\"\\\"\":5}")
	}
	events[1].Visitor = []byte(`"v\ud800"`)
	vendor := fake.NewIntercom("dG9r")
	if d := drive(t, planOf(t, "intercom", Settings{AccessToken: "dG9r"}), vendor, events); d.delivered != 2 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
}

func TestIntercomWrongToken(t *testing.T) {
	d := drive(t, planOf(t, "intercom", Settings{AccessToken: "old"}), fake.NewIntercom("dG9r"), people(2))
	if d.requests != 1 || !strings.HasPrefix(d.off, "401 Unauthorized: unauthorized: set access_token") {
		t.Errorf("%+v", d)
	}
}

func FuzzJudgeIntercom(f *testing.F) {
	fuzzReplies(f, judgeIntercom, `{"type":"error.list","errors":[{"code":"a","message":"b"}]}`, `{"errors":[{"code":1}]}`, `{"errors":{}}`)
}

// TestPacesFit: what goes in one window of the vendor's, with a burst at its beginning, is no more than the vendor takes in it.
func TestPacesFit(t *testing.T) {
	for name, window := range map[string]struct{ seconds, most float64 }{"intercom": {10, 1666}, "userpilot": {60, 600}} {
		if p := planOf(t, name, Settings{AccessToken: "k"}); p.Rate*window.seconds+float64(p.Burst) > window.most {
			t.Errorf("%s: %v a second and a burst of %d are more than %v in %v s", name, p.Rate, p.Burst, window.most, window.seconds)
		}
	}
}
