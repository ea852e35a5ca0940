package destination

import (
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func hubSpotSettings(more ...string) Settings {
	s := Settings{Webhook: "crm", AccessToken: "pat-na1-token", More: map[string]string{"hub_id": "12345"}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestHubSpotPlan(t *testing.T) {
	headers := []string{"Authorization: Bearer pat-na1-token", "Content-Type: application/json"}
	holdPlan(t, planOf(t, "hubspot", hubSpotSettings()), "https://api.hubapi.com/events/v3/send/batch", headers...)
	holdPlan(t, planOf(t, "hubspot", hubSpotSettings("api", "2026-03")), "https://api.hubapi.com/events/2026-03/send/batch", headers...)
	holdPlan(t, planOf(t, "hubspot", hubSpotSettings("api", "2026-09")), "https://api.hubapi.com/events/2026-09/send/batch", headers...)
	s := hubSpotSettings()
	s.URL = "http://127.0.0.1:9"
	holdPlan(t, planOf(t, "hubspot", s), "http://127.0.0.1:9/events/v3/send/batch", headers...)

	plan := planOf(t, "hubspot", hubSpotSettings("event_prefix", "pendo_", "identify", "object_id", "properties", "rating, visitor_id"))
	e := event.Sample(event.NPSSubmitted)
	e.Visitor = []byte(`"608051"`)
	want := `{"inputs":[{"eventName":"pe12345_pendo_nps_response","objectId":"608051","occurredAt":"2021-07-20T18:07:11.000Z",` +
		`"uuid":"ccb0f954-74ae-8b63-8ede-92f8f8dbac03","properties":{"visitor_id":"608051","rating":"9"}}]}`
	if got := string(bodyOf(plan, []event.Event{e})); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHubSpotFaults(t *testing.T) {
	holdFaults(t, "hubspot", Settings{}, "access_token: is missing; a webhook of type hubspot needs a private app's token", "settings.hub_id: is missing")
	holdFaults(t, "hubspot", hubSpotSettings("hub_id", "pe1"), "settings.hub_id: no Hub ID")
	holdFaults(t, "hubspot", hubSpotSettings("event_prefix", "Pendo "), "settings.event_prefix: cannot begin")
	holdFaults(t, "hubspot", hubSpotSettings("properties", "a,B"), `settings.properties: "B"`)
	holdFaults(t, "hubspot", hubSpotSettings("api", "v4"), "settings.api: use one of v3")
}

func TestHubSpotTakes(t *testing.T) {
	for _, k := range event.Kinds() {
		administrative := k >= event.PageTagged && k <= event.UserDeleted
		if hubspot.Takes(k) == administrative {
			t.Errorf("%s: taken %t", k, hubspot.Takes(k))
		}
	}
}

func TestHubSpotJudge(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); holdVerdict(t, judgeHubSpot, r, want) }
	invalid := `{"status":"error","message":"Invalid input","correlationId":"c","category":"VALIDATION_ERROR","errors":[{"message":"no such event"}]}`
	repeat := `{"status":"error","message":"Event with uuid 75c32838-012a-8311-bba2-b902857c2e84 already exists","category":"VALIDATION_ERROR"}`
	f(reply{status: 204, count: 500}, "delivered")
	f(reply{status: 200, count: 2, body: `{}`}, "delivered")
	f(reply{status: 400, count: 2, body: invalid}, "split | 400 Bad Request: Invalid input no such event")
	f(reply{status: 400, count: 1, body: invalid}, "final | 400 Bad Request: Invalid input no such event")
	f(reply{status: 400, count: 1, body: repeat}, "delivered")
	f(reply{status: 409, count: 1, body: repeat}, "delivered")
	f(reply{status: 400, count: 2, body: repeat}, "split | 400 Bad Request: Event with uuid 75c32838-012a-8311-bba2-b902857c2e84 already exists")
	f(reply{status: 409, count: 2, body: repeat}, "split | 409 Conflict: Event with uuid 75c32838-012a-8311-bba2-b902857c2e84 already exists")
	f(reply{status: 401, count: 1, body: repeat}, "off | 401 Unauthorized: Event with uuid 75c32838-012a-8311-bba2-b902857c2e84 already exists")
	f(reply{status: 207, count: 3}, "split | 207 Multi-Status")
	f(reply{status: 207, count: 1}, "retry | 207 Multi-Status: "+doubtKnown)
	f(reply{status: 200, count: 1, body: `{"status":"error","message":"no"}`}, "final | 200 OK: no")
	f(reply{status: 302, count: 1, body: repeat}, "final | 302 Found: Event with uuid 75c32838-012a-8311-bba2-b902857c2e84 already exists")
	f(reply{status: 207, count: 3, body: invalid}, "split | 207 Multi-Status: Invalid input no such event")
	f(reply{status: 207, count: 1, body: invalid}, "final | 207 Multi-Status: Invalid input no such event")
	f(reply{status: 207, count: 1, body: "<html>"}, "retry | 207 Multi-Status: the reply is not the one that is documented, nobody knows what was taken")
	f(reply{status: 404, count: 2, body: invalid}, "split | 404 Not Found: Invalid input no such event")
	f(reply{status: 413, count: 2}, "split | 413 Request Entity Too Large")
	f(reply{status: 401, count: 2, body: `{"message":"Authentication credentials not found","category":"INVALID_AUTHENTICATION"}`}, "off | 401 Unauthorized: Authentication credentials not found")
	f(reply{status: 403, count: 1, body: `{"category":"MISSING_SCOPES"}`}, "off | 403 Forbidden")
	limit := `{"status":"error","message":"You have reached your %s limit.","errorType":"RATE_LIMIT","policyName":"%s"}`
	f(reply{status: 429, count: 1, body: strings.ReplaceAll(limit, "%s", "DAILY")}, "retry after 1h0m0s | 429 Too Many Requests: You have reached your DAILY limit.")
	f(reply{status: 429, count: 1, body: strings.ReplaceAll(limit, "%s", "TEN_SECONDLY_ROLLING")}, "retry after 10s | 429 Too Many Requests: You have reached your TEN_SECONDLY_ROLLING limit.")
	f(reply{status: 429, count: 1, headers: []string{"Retry-After", "7"}}, "retry after 7s | 429 Too Many Requests")
	f(reply{status: 423, count: 1}, "retry after 2s | 423 Locked")
	f(reply{status: 477, count: 1, headers: []string{"Retry-After", "3600"}}, "retry after 1h0m0s | 477")
	f(reply{status: 502, count: 1, body: "<html>bad gateway"}, "retry | 502 Bad Gateway")
	f(reply{status: 301, count: 2}, "final | 301 Moved Permanently")
}

// TestHubSpotOnce: through refused batches, a batch taken without an answer, and limits, each occurrence arrives once.
func TestHubSpotOnce(t *testing.T) {
	vendor := fake.NewHubSpot("pat-na1-token", "12345")
	vendor.Play(fake.Answer(207, `{"status":"COMPLETE","errors":[{"message":"x"}]}`), fake.TakeAndHangUp,
		fake.Answer(429, `{"policyName":"SECONDLY"}`), fake.Answer(500, ""), fake.HangUp)
	plan := planOf(t, "hubspot", hubSpotSettings())
	d := drive(t, plan, vendor, people(1200))
	holdOnce(t, vendor.Taken(), 1200)
	if d.delivered != 1200 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}
}

// TestHubSpotOneBad: what HubSpot refuses becomes a dead letter with its words, and the rest of the batch arrives.
func TestHubSpotOneBad(t *testing.T) {
	vendor := fake.NewHubSpot("pat-na1-token", "12345")
	vendor.MatchingID = false
	events := people(40)
	events[17].Visitor = []byte(`"not a mail address"`)
	d := drive(t, planOf(t, "hubspot", hubSpotSettings()), vendor, events)
	holdOnce(t, vendor.Taken(), 39)
	if d.delivered != 39 || len(d.dead) != 1 || d.dead[0] != "400 Bad Request: input 0: no identifier of a record" {
		t.Errorf("%d delivered, dead %q", d.delivered, d.dead)
	}
}

// TestHubSpotKinds: HubSpot's rules let every kind through.
func TestHubSpotKinds(t *testing.T) {
	vendor := fake.NewHubSpot("pat-na1-token", "12345")
	holdKinds(t, "hubspot", hubSpotSettings(), vendor)
}

func TestHubSpotOff(t *testing.T) {
	d := drive(t, planOf(t, "hubspot", hubSpotSettings()), fake.NewHubSpot("another", "12345"), people(3))
	if !strings.HasPrefix(d.off, "401 Unauthorized: Authentication credentials not found. This API supports OAuth 2.0") || d.requests != 1 {
		t.Errorf("%+v", d)
	}
}

func FuzzHubSpotJudge(f *testing.F) {
	f.Add(207, 3, `{"errors":[{"message":7}]}`, "")
	f.Add(400, 1, `{"message":"uuid already`, "99999999999999999999")
	f.Fuzz(func(t *testing.T, status, count int, body, after string) {
		r := reply{status: status, count: max(count%600, 1), body: body, headers: []string{"Retry-After", after}}
		if v := holdSane(t, judgeHubSpot, r.answer()); v.Outcome == Delivered && status/100 != 2 && !strings.Contains(strings.ToLower(body), "uuid") {
			t.Fatalf("%d %s is delivered", status, body)
		}
	})
}
