package destination

import (
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
)

const (
	zapierPath = "/hooks/catch/123/abc/"
	zapierHook = "https://hooks.zapier.com" + zapierPath
)

func TestZapierPlan(t *testing.T) {
	p := planOf(t, "zapier", Settings{URL: zapierHook})
	holdPlan(t, p, zapierHook, "Content-Type: application/json", "Accept: application/json")
	if p.Batch != (Batch{Item: 10_000_000}) || p.Rate != 30 || p.Burst != 30 || !zapier.AddressSecret {
		t.Errorf("%+v", p)
	}
	if p := planOf(t, "zapier", Settings{URL: "https://hooks.zapier.com/hooks/catch/abc123/"}); p.Rate != 3 || p.Burst != 30 {
		t.Errorf("a hook of the old kind: %+v", p)
	}
	f := func(url string, want ...string) {
		t.Helper()
		holdFaults(t, "zapier", Settings{URL: url}, want...)
	}
	f("", "url: is missing")
	f("http://127.0.0.1:9/x")
	f("https://proxy.example.com/zapier")
	f("https://hooks.zapier.com/hooks/standard/1/x/")
	f("https://zapier.com/editor/123/published", "url: is no catch hook's URL")
	f("http://hooks.zapier.com/hooks/catch/1/x/", "url: is plain http")
	holdFaults(t, "zapier", Settings{URL: zapierHook, AccessToken: "t"}, "access_token: is of no use")
}

func TestZapierJudge(t *testing.T) {
	f := func(status int, body, want string, headers ...string) {
		t.Helper()
		holdVerdict(t, judgeZapier, reply{status, 1, body, headers}, want)
	}
	f(200, `{"status":"success","attempt":"1","id":"2","request_id":"3"}`, "delivered")
	f(200, ``, "delivered")
	f(202, `{"status":1}`, "delivered")
	f(200, `{"status":"error"}`, `retry | 200 OK: the hook's status is not "success"`)
	f(400, `{"status":"error"}`, "retry | 400 Bad Request")
	f(401, ``, "retry | 401 Unauthorized")
	f(403, ``, "retry | 403 Forbidden")
	f(429, ``, "retry after 30s | 429 Too Many Requests", "Retry-After", "30")
	f(503, ``, "retry | 503 Service Unavailable")
	f(404, ``, "gone | 404 Not Found: the Zap or its hook is no more; turn the Zap on, or set url to another")
	f(410, ``, "gone | 410 Gone: the Zap or its hook is no more; turn the Zap on, or set url to another")
	f(413, ``, "final | 413 Request Entity Too Large")
	f(301, ``, "final | 301 Moved Permanently")
	for _, status := range []int{200, 301, 400, 404, 500} {
		if v := judgeZapier((reply{status: status, count: 1, body: `{"status":"` + zapierHook + `"}`}).answer()); strings.Contains(v.Reason, "abc") {
			t.Errorf("%d: %q", status, v.Reason)
		}
	}
}

func TestZapierTakesAllKinds(t *testing.T) {
	holdKinds(t, "zapier", Settings{URL: zapierHook}, fake.NewZapier(zapierPath))
}

func TestZapierAfterFailures(t *testing.T) {
	vendor := fake.NewZapier(zapierPath)
	vendor.Play(fake.Answer(429, ""), fake.Fine, fake.Answer(500, "<html>"), fake.HangUp, fake.Answer(200, `{"status":"error"}`))
	d := drive(t, planOf(t, "zapier", Settings{URL: zapierHook}), vendor, people(20))
	holdOnce(t, vendor.Taken(), 20)
	if d.delivered != 20 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
	d = drive(t, planOf(t, "zapier", Settings{URL: zapierHook + "old"}), vendor, people(2))
	if d.requests != 1 || !strings.HasPrefix(d.off, "404 Not Found: ") {
		t.Errorf("%+v", d)
	}
}

func FuzzJudgeZapier(f *testing.F) {
	fuzzReplies(f, judgeZapier, `{"status":"success"}`, `{"status":"error"}`, `{"status":null}`)
}
