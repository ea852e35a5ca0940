//go:build !race

package destination

import "testing"

// TestJudgesAllocateNothing when everything was delivered.
func TestJudgesAllocateNothing(t *testing.T) {
	f := func(name string, judge func(*Answer) Verdict, r reply) {
		t.Helper()
		a := r.answer()
		if v := judge(a); v.Outcome != Delivered || v.Each != nil {
			t.Fatalf("%s: %s", name, written(v))
		}
		if allocs := testing.AllocsPerRun(100, func() { judge(a) }); allocs != 0 {
			t.Errorf("%s: %v allocations, want 0", name, allocs)
		}
	}
	f("segment", judgeSegment, reply{status: 200, count: 2500, body: `{"success": true}`})
	f("intercom", judgeIntercom, reply{status: 202, count: 1})
	f("userpilot", judgeUserpilot, reply{status: 202, count: 1})
	f("zapier", judgeZapier, reply{status: 200, count: 1, body: `{"status":"success"}`})
	f("slack", judgeSlack, reply{status: 200, count: 20, body: "ok"})
	f("amplitude", judgeAmplitude, reply{status: 200, count: 9, body: `{"code":200,"events_ingested":9,"payload_size_bytes":900,"server_upload_time":1396381378123}`})
	f("mixpanel", judgeMixpanel, reply{status: 200, count: 2000, body: `{"code":200,"num_records_imported":2000,"status":"OK"}`})
	f("datadog", judgeDatadog, reply{status: 202, count: 1000, body: `{}`})
	f("splunk", judgeSplunk, reply{status: 200, count: 500, body: `{"text":"Success","code":0}`})
	f("hubspot", judgeHubSpot, reply{status: 204, count: 500})
	f("salesforce", onlyOnce(true, judgeSalesforce("Event_Id__c")), reply{status: 200, count: 1, body: `[{"id":"e01","success":true,"errors":[{"statusCode":"OPERATION_ENQUEUED","message":"b4a3","fields":[]}]}]`})
	f("zendesk", judgeZendesk, reply{status: 202, count: 1, body: `{"profile_id":"01","status":"received","user_id":"7"}`})
	f("jira", judgeJira(true), reply{status: 201, count: 1, body: `{"issues":[{"id":"1","key":"OPS-1","self":"x"}],"errors":[]}`})
	f("productboard", judgeProductboard(true), reply{status: 201, count: 1, body: `{"data":{}}`})
	f("bigquery", judgeBigQuery, reply{status: 200, count: 500, body: insertedAll})
	f("snowflake", judgeSnowflake, reply{status: 200, count: 500, body: `{"message":"OK"}`})
	f("ga4", judgeReply, reply{status: 204, count: 1})
}
