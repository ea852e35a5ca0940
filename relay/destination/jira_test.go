package destination

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func jiraSettings(more ...string) Settings {
	s := Settings{Webhook: "tracker", AccessToken: "tok", More: map[string]string{"site": "acme", "email": "pm@acme.example", "project": "OPS"}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestJiraPlan(t *testing.T) {
	headers := []string{"Authorization: Basic cG1AYWNtZS5leGFtcGxlOnRvaw==", "Content-Type: application/json", "Accept: application/json"} // pm@acme.example:tok
	holdPlan(t, planOf(t, "jira", jiraSettings()), "https://acme.atlassian.net/rest/api/3/issue/bulk", headers...)
	holdPlan(t, planOf(t, "jira", jiraSettings("site", "acme.atlassian.net")), "https://acme.atlassian.net/rest/api/3/issue/bulk", headers...)
	s := jiraSettings("site", "", "email", "")
	s.URL = "https://api.atlassian.com/ex/jira/11111111-aaaa/rest/api/3/issue/bulk"
	headers[0] = "Authorization: Bearer tok"
	holdPlan(t, planOf(t, "jira", s), s.URL, headers...)
	if !planOf(t, "jira", jiraSettings()).Once || planOf(t, "jira", jiraSettings("on_timeout", "retry")).Once {
		t.Error("on_timeout does not say whether requests are sent once")
	}

	plan := planOf(t, "jira", jiraSettings("project", "10000", "issue_type", "Story", "labels", "pendo, feedback"))
	got := string(bodyOf(plan, []event.Event{event.Sample(event.PageLoaded)}))
	want := `{"issueUpdates":[{"fields":{"project":{"id":"10000"},"issuetype":{"name":"Story"},"summary":"Page viewed: pageId1, pageId2 - Webhook Visitor","labels":["edgerelay-a1b2c3d4","pendo","feedback"],`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s…", got, want)
	}
}

func TestJiraFaults(t *testing.T) {
	holdFaults(t, "jira", Settings{}, "access_token: an API token", "settings.project: is missing", "settings.site: is missing")
	holdFaults(t, "jira", jiraSettings("site", ""), "settings.site: is missing")
	holdFaults(t, "jira", jiraSettings("site", "https://acme"), "settings.site: no site")
	holdFaults(t, "jira", jiraSettings("labels", "one,two words"), `settings.labels: "two words"`)
	holdFaults(t, "jira", jiraSettings("email", "pm"), "settings.email: no mail address")
}

func TestJiraJudge(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); holdVerdict(t, judgeJira(true), r, want) }
	const issue = `{"id":"1","key":"OPS-1","self":"x"}`
	failed := func(status, i int) string {
		return fmt.Sprintf(`{"status":%d,"elementErrors":{"errorMessages":["no"],"errors":{"b":"2","a":"1"}},"failedElementNumber":%d}`, status, i)
	}
	f(reply{status: 201, count: 2, body: `{"issues":[` + issue + `,` + issue + `],"errors":[]}`}, "delivered")
	f(reply{status: 201, count: 2, body: `{"issues":[` + issue + `,` + issue + `]}`}, "delivered")
	f(reply{status: 201, count: 2, body: `{ "issues" : [` + issue + `,` + issue + `], "errors" : [ ] }`}, "delivered")
	f(reply{status: 201, count: 3, body: `{"issues":[` + issue + `,` + issue + `],"errors":[` + failed(400, 1) + `]}`}, "delivered [delivered] [final: 400 Bad Request: no a: 1 b: 2] [delivered]")
	f(reply{status: 201, count: 2, body: `{"issues":[` + issue + `],"errors":[` + failed(503, 0) + `]}`}, "delivered [retry: 503 Service Unavailable: no a: 1 b: 2] [delivered]")
	f(reply{status: 400, count: 2, body: `{"issues":[],"errors":[` + failed(400, 0) + `,` + failed(429, 1) + `]}`},
		"final [final: 400 Bad Request: no a: 1 b: 2] [retry: 429 Too Many Requests: no a: 1 b: 2] | 400 Bad Request: Jira made no issue of the batch")
	f(reply{status: 400, count: 2, body: `{"issues":[],"errors":[` + failed(400, 1) + `]}`},
		"final [split: 400 Bad Request: another issue of the batch was refused] [final: 400 Bad Request: no a: 1 b: 2] | 400 Bad Request: Jira made no issue of the batch")

	unknown := "final: 201 Created: Jira does not say whether it made the issue; look before you replay"
	f(reply{status: 201, count: 3, body: `{"issues":[` + issue + `],"errors":[` + failed(400, 0) + `]}`}, "delivered [final: 400 Bad Request: no a: 1 b: 2] ["+unknown+"] ["+unknown+"]")
	f(reply{status: 201, count: 2, body: `{"issues":[` + issue + `],"errors":[` + failed(400, 2) + `]}`}, "delivered ["+unknown+"] ["+unknown+"]")
	f(reply{status: 201, count: 2, body: `{"issues":[` + issue + `],"errors":[` + failed(400, -1) + `]}`}, "delivered ["+unknown+"] ["+unknown+"]")
	f(reply{status: 201, count: 2, body: `{"issues":[` + issue + `],"err`}, "retry | 201 Created: "+doubtKnown)
	f(reply{status: 201, count: 2, body: `{"issues":[],"errors":[]}`}, "final ["+unknown+"] ["+unknown+"] | 201 Created: Jira made no issue of the batch")
	f(reply{status: 201, count: 2, body: `{"issues":[` + issue + `,null],"errors":[]}`}, "delivered ["+unknown+"] ["+unknown+"]")
	f(reply{status: 201, count: 1, body: `{"issues":[` + issue + `],"errors":[]`}, "retry | 201 Created: "+doubtKnown)
	f(reply{status: 200, count: 1, body: `<html>`}, "retry | 200 OK: "+doubtKnown)

	f(reply{status: 400, count: 2, body: `{"errorMessages":["There was an error"],"errors":{"project":"is required"}}`}, "split | 400 Bad Request: There was an error project: is required")
	f(reply{status: 400, count: 1, body: `{"errorMessages":[],"errors":{"project":"is required"}}`}, "final | 400 Bad Request: project: is required")
	f(reply{status: 400, count: 1, body: `{"issues":[` + issue + `],"errors":[]}`},
		"delivered [final: 400 Bad Request: Jira does not say whether it made the issue; look before you replay]")
	f(reply{status: 400, count: 1, body: `<html>`}, "final | 400 Bad Request")
	f(reply{status: 401, count: 1, body: `{"errorMessages":["Client must be authenticated"],"errors":{}}`}, "off | 401 Unauthorized: Client must be authenticated")
	f(reply{status: 403, count: 1}, "off | 403 Forbidden")
	f(reply{status: 413, count: 2}, "split | 413 Request Entity Too Large")
	f(reply{status: 500, count: 1}, "retry | 500 Internal Server Error")
	f(reply{status: 504, count: 1}, "retry | 504 Gateway Timeout")
	holdVerdict(t, onlyOnce(true, judgeJira(true)), reply{status: 504, count: 1},
		`final | 504 Gateway Timeout; it may have been taken: look before you replay, or set settings.on_timeout = "retry"`)
	holdVerdict(t, onlyOnce(true, judgeJira(true)), reply{status: 503, count: 1}, "retry | 503 Service Unavailable")
}

func TestJiraLimits(t *testing.T) {
	f := func(want string, headers ...string) {
		t.Helper()
		holdVerdict(t, onlyOnce(true, judgeJira(true)), reply{status: 429, count: 1, headers: headers}, want)
	}
	f("retry after 5s | 429 Too Many Requests: jira-burst-based", "Retry-After", "5", "RateLimit-Reason", "jira-burst-based")
	f("retry after 12m0s | 429 Too Many Requests: jira-quota-tenant-based", "X-RateLimit-Reset", "2026-11-21T12:12:00Z", "RateLimit-Reason", "jira-quota-tenant-based")
	f("retry after 12m0s | 429 Too Many Requests: jira-quota-tenant-based", "X-RateLimit-Reset", "2026-11-21T12:12Z", "RateLimit-Reason", "jira-quota-tenant-based")
	f("retry after 1h0m0s | 429 Too Many Requests: jira-quota-global-based", "RateLimit-Reason", "jira-quota-global-based")
	f("retry after 24h0m0s | 429 Too Many Requests", "X-RateLimit-Reset", "2036-11-21T12:12:00+01:00")
	f("retry | 429 Too Many Requests", "X-RateLimit-Reset", "2016-11-21T12:12:00Z")
	f("retry | 429 Too Many Requests")
}

// TestJiraOnce: issues that one refusal of others does not touch, a batch that was taken without an answer: nothing is there
// twice, and what is not known is a dead letter.
func TestJiraOnce(t *testing.T) {
	vendor := fake.NewJira("pm@acme.example", "tok", "OPS")
	vendor.Refuse = "v7@"
	vendor.Play(fake.Answer(429, "", "Retry-After", "1"), fake.Fine, fake.TakeAndHangUp)
	d := drive(t, planOf(t, "jira", jiraSettings()), vendor, people(170))
	// 50 wait for the limit and go one by one, of 50 one is refused, 50 are not known, 20 are fine.
	holdOnce(t, vendor.Taken(), 169)
	if len(d.dead) != 51 || d.delivered != 119 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, %d dead, broken %q", d.delivered, len(d.dead), vendor.Broken())
	}
}

func TestJiraRefused(t *testing.T) {
	vendor := fake.NewJira("pm@acme.example", "tok", "OPS")
	vendor.Refuse = "v1"
	d := drive(t, planOf(t, "jira", jiraSettings()), vendor, people(12))
	holdOnce(t, vendor.Taken(), 9)
	if d.requests != 1 || d.delivered != 9 || fmt.Sprint(d.dead) != fmt.Sprint([]string{"400 Bad Request: summary: Not in this project.", "400 Bad Request: summary: Not in this project.", "400 Bad Request: summary: Not in this project."}) {
		t.Errorf("%+v", d)
	}
}

func TestJiraKinds(t *testing.T) {
	holdKinds(t, "jira", jiraSettings(), fake.NewJira("pm@acme.example", "tok", "OPS"))
}

// TestJiraLongest: an event with much to say makes an issue that Jira takes.
func TestJiraLongest(t *testing.T) {
	vendor := fake.NewJira("pm@acme.example", "tok", "OPS")
	events := people(3)
	text := strings.Repeat(`\u0000\n\"x\"<`, 3000)
	for i := range events {
		events[i].Name = []byte(`"` + strings.Repeat("😀", 400) + `"`)
		events[i].Properties = []byte(`{"a":"` + text + `","b":" \n ","c":"` + text + `","d":["` + text + `"]}`)
	}
	events[1].Properties = []byte(`{"x":[` + strings.Repeat(`{"0123456789":"0123456789"},`, 3000) + `{}]}`)
	d := drive(t, planOf(t, "jira", jiraSettings()), vendor, events)
	if d.delivered != 3 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, broken %q", d, vendor.Broken())
	}
}

func FuzzJiraJudge(f *testing.F) {
	f.Add(201, 2, `{"issues":[{}],"errors":[{"failedElementNumber":1,"elementErrors":{}}]}`, "1", "2026-11-21T12:12Z", true)
	f.Add(400, 60, `{"issues":[],"errors":[{"failedElementNumber":1},{"failedElementNumber":1}]}`, "", "", false)
	f.Fuzz(func(t *testing.T, status, count int, body, after, reset string, drop bool) {
		r := reply{status: status, count: max(count%60, 1), body: body, headers: []string{"Retry-After", after, "X-RateLimit-Reset", reset, "RateLimit-Reason", after}}
		v := holdSane(t, onlyOnce(drop, judgeJira(drop)), r.answer())
		if v.Outcome == Delivered && v.Each == nil && status/100 != 2 && !strings.Contains(body, "issues") {
			t.Fatalf("%d %s is delivered", status, body)
		}
	})
}
