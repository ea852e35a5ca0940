package destination

import (
	"testing"
)

// judges are those of all types whose requests have one, with batches of many and of one.
func judges() map[string]func(*Answer) Verdict {
	return map[string]func(*Answer) Verdict{
		"segment": judgeSegment, "intercom": judgeIntercom, "userpilot": judgeUserpilot, "slack": judgeSlack, "amplitude": judgeAmplitude,
		"mixpanel": judgeMixpanel, "ga4": judgeReply, "hubspot": judgeHubSpot, "salesforce": judgeSalesforce("Event_Id__c"), "zendesk": judgeZendesk,
		"jira": judgeJira(true), "productboard": judgeProductboard(false), "zapier": judgeZapier, "snowflake": judgeSnowflake,
		"bigquery": judgeBigQuery, "datadog": judgeDatadog, "splunk": judgeSplunk,
	}
}

// TestRepliesOfOthers: what answers 2xx in a vendor's place, or tells of an error with it, delivers nothing, whoever the
// vendor is; and neither does a reply that is no 2xx.
func TestRepliesOfOthers(t *testing.T) {
	bodies := []string{
		"<html><body>Sign in</body></html>", "\xef\xbb\xbf \r\n<!DOCTYPE html>", `<?xml version="1.0"?><Error/>`,
		`{"error":"access_denied"}`, `{"error":{"code":500}}`, `{"errors":[{"title":"no"}]}`, `{"errors":["no"]}`, `{ "error" : true }`,
		`{"errors":[{"title":"half of`, `{"success":false}`,
	}
	for name, judge := range judges() {
		for _, count := range []int{1, 3} {
			for _, body := range bodies {
				if v := holdSane(t, judge, reply{status: 200, count: count, body: body}.answer()); v.Outcome == Delivered {
					t.Errorf("%s: %d %s delivered %d events", name, 200, body, count)
				}
			}
			for _, status := range []int{101, 300, 302, 304, 307, 400, 401, 403, 404, 407, 418, 429, 500, 501, 503, 999} {
				for _, body := range append(bodies, "", "ok", "{}", `{"status":"success"}`, `{"code":0}`, `[{"success":true}]`) {
					if v := holdSane(t, judge, reply{status: status, count: count, body: body}.answer()); v.Outcome == Delivered && v.Each == nil {
						t.Errorf("%s: %d %s delivered %d events", name, status, body, count)
					}
				}
			}
		}
	}
}

// TestSameSituations are judged the same way whoever the vendor is, but for those whose documents say otherwise.
func TestSameSituations(t *testing.T) {
	f := func(status int, want Outcome, otherwise map[string]Outcome) {
		t.Helper()
		for name, judge := range judges() {
			expected, differs := otherwise[name]
			if !differs {
				expected = want
			}
			if v := judge(reply{status: status, count: 1, body: "<html>"}.answer()); v.Outcome != expected {
				t.Errorf("%s: %d is %s, want %s", name, status, v.Outcome, expected)
			}
		}
	}
	f(200, Retry, nil)
	f(302, Final, nil)
	f(400, Final, map[string]Outcome{"zapier": Retry}) // Zapier wants all but a 200 again
	f(401, Off, map[string]Outcome{"zapier": Retry})
	f(403, Off, map[string]Outcome{"zapier": Retry})
	f(404, Final, map[string]Outcome{
		"intercom": Retry, "userpilot": Retry, // the contact, or user, may not be there yet
		"bigquery": Retry, "snowflake": Retry, // nor the table
		"salesforce": Off, "zapier": Gone,
	})
	f(408, Retry, nil)
	f(410, Gone, nil)
	f(413, Final, nil)
	f(418, Final, map[string]Outcome{"zapier": Retry})
	f(429, Retry, nil)
	f(500, Retry, nil)
	f(501, Final, map[string]Outcome{"zapier": Retry})
	f(503, Retry, nil)
}

// TestOnlyOnce: where repeats count twice, what may have been taken is not sent again, and all else is.
func TestOnlyOnce(t *testing.T) {
	f := func(status int, body, want string) {
		t.Helper()
		holdVerdict(t, onlyOnce(true, judgeReply), reply{status: status, count: 1, body: body}, want)
	}
	const look = `; it may have been taken: look before you replay, or set settings.on_timeout = "retry"`
	f(200, "{}", "delivered")
	f(200, "<html>", "final | 200 OK: "+doubtPage+look)
	f(502, "", "final | 502 Bad Gateway"+look)
	f(504, "", "final | 504 Gateway Timeout"+look)
	f(503, "", "retry | 503 Service Unavailable")
	f(429, "", "retry | 429 Too Many Requests")
	f(401, "", "off | 401 Unauthorized: the destination refuses the webhook's key")
}
