package destination

import (
	"testing"

	"edgerelay/relay/destination/fake"
)

func zendeskSettings(more ...string) Settings {
	s := Settings{Webhook: "support", AccessToken: "tok", More: map[string]string{"subdomain": "acme", "email": "agent@acme.example"}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestZendeskPlan(t *testing.T) {
	basic := "Authorization: Basic YWdlbnRAYWNtZS5leGFtcGxlL3Rva2VuOnRvaw==" // agent@acme.example/token:tok
	holdPlan(t, planOf(t, "zendesk", zendeskSettings()), "https://acme.zendesk.com/api/v2/user_profiles/events", basic, "Content-Type: application/json")
	holdPlan(t, planOf(t, "zendesk", zendeskSettings("email", "")), "https://acme.zendesk.com/api/v2/user_profiles/events",
		"Authorization: Bearer tok", "Content-Type: application/json")
	s := zendeskSettings("subdomain", "")
	s.URL = "http://127.0.0.1:9/"
	holdPlan(t, planOf(t, "zendesk", s), "http://127.0.0.1:9/api/v2/user_profiles/events", basic, "Content-Type: application/json")

	client := planOf(t, "zendesk", zendeskSettings("email", "", "client_id", "relay"))
	holdPlan(t, client, "https://acme.zendesk.com/api/v2/user_profiles/events", "Content-Type: application/json")
	if !client.Carrier || planOf(t, "zendesk", zendeskSettings()).Carrier {
		t.Error("an OAuth client needs a carrier, and nothing else does")
	}
	if planOf(t, "zendesk", zendeskSettings()).Once || !planOf(t, "zendesk", zendeskSettings("on_timeout", "drop")).Once {
		t.Error("on_timeout does not say whether requests are sent once")
	}
}

func TestZendeskFaults(t *testing.T) {
	holdFaults(t, "zendesk", Settings{}, "access_token: an OAuth client's secret", "settings.subdomain: is missing")
	holdFaults(t, "zendesk", zendeskSettings("client_id", "relay"), "settings.email: of no use beside settings.client_id")
	holdFaults(t, "zendesk", Settings{AccessToken: "t"}, "settings.subdomain: is missing")
	holdFaults(t, "zendesk", zendeskSettings("subdomain", "acme.zendesk.com"), "settings.subdomain: no subdomain")
	holdFaults(t, "zendesk", zendeskSettings("subdomain", "a/b"), "settings.subdomain: no subdomain")
	holdFaults(t, "zendesk", zendeskSettings("email", "agent\r\nX: y"), "settings.email: no mail address")
	holdFaults(t, "zendesk", zendeskSettings("source", "a:b"), "settings.source: does not fit")
	holdFaults(t, "zendesk", zendeskSettings("source", "Zendesk"), "settings.source: reserved by Zendesk")
	holdFaults(t, "zendesk", zendeskSettings("on_timeout", "maybe"), "settings.on_timeout: use one of drop, retry")
}

func TestZendeskJudge(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); r.count = 1; holdVerdict(t, judgeZendesk, r, want) }
	f(reply{status: 202, body: `{"profile_id":"01","status":"received"}`}, "delivered")
	f(reply{status: 400, body: `{"errors":[{"code":"InvalidAttribute","id":"x","title":"Invalid type"}]}`}, "final | 400 Bad Request: InvalidAttribute Invalid type")
	f(reply{status: 400, body: `{"error":{"message":"You passed an invalid value","title":"Invalid attribute"}}`}, "final | 400 Bad Request: Invalid attribute You passed an invalid value")
	f(reply{status: 401, body: `{"error":"Couldn't authenticate you"}`}, "off | 401 Unauthorized: Couldn't authenticate you")
	f(reply{status: 403, body: `{"error":"Forbidden","description":"You do not have access"}`}, "off | 403 Forbidden: Forbidden You do not have access")
	f(reply{status: 404, body: "<html>No help desk at x.zendesk.com"}, "final | 404 Not Found")
	f(reply{status: 409, headers: []string{"Retry-After", "3"}}, "retry after 3s | 409 Conflict")
	f(reply{status: 422, body: `{"error":7}`}, "final | 422 Unprocessable Entity")
	f(reply{status: 429, headers: []string{"Retry-After", "93"}, body: `{"error":"APIRateLimitExceeded","description":"Number of allowed API requests per minute exceeded"}`},
		"retry after 1m33s | 429 Too Many Requests: APIRateLimitExceeded Number of allowed API requests per minute exceeded")
	f(reply{status: 429, headers: []string{"ratelimit-reset", "41"}, body: "You have exceeded the rate limit for updating a single unique user."},
		"retry after 41s | 429 Too Many Requests")
	f(reply{status: 503, headers: []string{"Retry-After", "60"}, body: "<html>"}, "retry after 1m0s | 503 Service Unavailable")
}

// TestZendeskOnce: with on_timeout = "drop" nothing is there twice, and what is not known is a dead letter.
func TestZendeskOnce(t *testing.T) {
	vendor := fake.NewZendesk("agent@acme.example", "tok")
	vendor.Play(fake.Fine, fake.TakeAndHangUp, fake.Answer(429, "", "Retry-After", "1"), fake.Answer(503, ""), fake.Answer(409, ""))
	d := drive(t, planOf(t, "zendesk", zendeskSettings("on_timeout", "drop")), vendor, people(20))
	holdOnce(t, vendor.Taken(), 20)
	if d.delivered != 19 || len(d.dead) != 1 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, broken %q", d, vendor.Broken())
	}
}

// TestZendeskAtLeastOnce: without that setting everything arrives, and what was not answered may do so twice.
func TestZendeskAtLeastOnce(t *testing.T) {
	vendor := fake.NewZendesk("", "oauth")
	vendor.Play(fake.Fine, fake.TakeAndHangUp, fake.HangUp)
	s := zendeskSettings("email", "")
	s.AccessToken = "oauth"
	d := drive(t, planOf(t, "zendesk", s), vendor, people(20))
	if d.delivered != 20 || len(vendor.Taken()) != 20 || len(d.dead) > 0 {
		t.Errorf("%+v, %d taken", d, len(vendor.Taken()))
	}
}

func TestZendeskKinds(t *testing.T) {
	holdKinds(t, "zendesk", zendeskSettings(), fake.NewZendesk("agent@acme.example", "tok"))
}

func FuzzZendeskJudge(f *testing.F) {
	f.Add(400, `{"errors":[{"code":1}],"error":{"title":[]}}`, "1")
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		r := reply{status: status, count: 1, body: body, headers: []string{"Retry-After", after}}
		if v := holdSane(t, judgeZendesk, r.answer()); v.Outcome == Delivered && status/100 != 2 {
			t.Fatalf("%d is delivered", status)
		}
	})
}
