package destination

import (
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func TestUserpilotPlan(t *testing.T) {
	f := func(s Settings, url string) {
		t.Helper()
		s.AccessToken = "API_1"
		p := planOf(t, "userpilot", s)
		holdPlan(t, p, url, "Content-Type: application/json", "Accept: application/json", "Authorization: Token API_1", "X-API-Version: 2020-09-22")
		if p.Batch != (Batch{}) || p.Rate != 9 || p.Burst != 9 {
			t.Errorf("%+v", p)
		}
	}
	f(Settings{}, "https://analytex.userpilot.io/v1/track")
	f(Settings{Region: "eu"}, "https://analytex-eu.userpilot.io/v1/track")
	f(Settings{URL: "https://acme.userpilot.io"}, "https://acme.userpilot.io/v1/track")
	holdFaults(t, "userpilot", Settings{}, "access_token: needs the environment's API key")
	holdFaults(t, "userpilot", Settings{AccessToken: "t", WriteKey: "k", Region: "in"}, "write_key: is of no use", "region: use one of us, eu")
}

func TestUserpilotTakes(t *testing.T) {
	for _, k := range event.Kinds() {
		if want := k < 32; userpilot.Takes(k) != want {
			t.Errorf("%s is taken: %t", k, !want)
		}
	}
}

func TestUserpilotJudge(t *testing.T) {
	f := func(status int, body, want string, headers ...string) {
		t.Helper()
		holdVerdict(t, judgeUserpilot, reply{status, 1, body, headers}, want)
	}
	f(202, ``, "delivered")
	f(200, `{}`, "delivered")
	f(400, `{"errors":[{"details":"","error":"bad","error_code":"400","message":"user_id is required"}]}`, "final | 400 Bad Request: user_id is required")
	f(400, `{"errors":[{"error_code":"bad_request"}]}`, "final | 400 Bad Request: bad_request")
	f(422, `{"errors":[]}`, "final | 422 Unprocessable Entity")
	f(401, `{"errors":[{"message":"Invalid API key"}]}`, "off | 401 Unauthorized: the destination refuses the webhook's key")
	f(403, ``, "off | 403 Forbidden: the destination refuses the webhook's key")
	f(404, `{"errors":[{"message":"User not found"}]}`, "retry | 404 Not Found: User not found")
	f(429, `{"errors":[{"message":"Too many"}]}`, "retry | 429 Too Many Requests: Too many")
	f(429, `<html>`, "retry after 8s | 429 Too Many Requests", "Retry-After", "8")
	f(500, ``, "retry | 500 Internal Server Error")
}

func TestUserpilotTakesAllKinds(t *testing.T) {
	holdKinds(t, "userpilot", Settings{AccessToken: "API_1"}, fake.NewUserpilot("API_1"))
}

// TestUserpilotAfterFailures: a user that is not there yet, a full minute and a broken server cost nothing.
func TestUserpilotAfterFailures(t *testing.T) {
	vendor := fake.NewUserpilot("API_1")
	vendor.Play(fake.Answer(404, `{"errors":[{"message":"User not found"}]}`), fake.Fine, fake.Answer(429, ""), fake.HangUp, fake.Answer(502, "<html>"))
	events := people(20)
	events[3].Visitor, events[4].Account, events[4].Visitor = nil, nil, nil
	events[5].Properties = []byte(`{"event_name":"x","a":null,"b":{"c":[1]},"d":[],"e":true}`)
	d := drive(t, planOf(t, "userpilot", Settings{AccessToken: "API_1"}), vendor, events)
	holdOnce(t, vendor.Taken(), 20)
	if d.delivered != 20 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
}

func TestUserpilotWrongKey(t *testing.T) {
	d := drive(t, planOf(t, "userpilot", Settings{AccessToken: "API_2"}), fake.NewUserpilot("API_1"), people(2))
	if d.requests != 1 || d.off == "" {
		t.Errorf("%+v", d)
	}
}

func FuzzJudgeUserpilot(f *testing.F) {
	fuzzReplies(f, judgeUserpilot, `{"errors":[{"message":"a","error_code":1}]}`, `{"errors":[{}]}`, `{"errors":{"message":"x"}}`)
}
