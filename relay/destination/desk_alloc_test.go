//go:build !race

package destination

import "testing"

// TestDeskJudgesAllocateNothing when everything was delivered.
func TestDeskJudgesAllocateNothing(t *testing.T) {
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
	f("hubspot", judgeHubSpot, reply{status: 204, count: 500})
	f("salesforce", onlyOnce(true, judgeSalesforce("Event_Id__c")), reply{status: 200, count: 1, body: `[{"id":"e01","success":true,"errors":[{"statusCode":"OPERATION_ENQUEUED","message":"b4a3","fields":[]}]}]`})
	f("zendesk", judgeZendesk, reply{status: 202, count: 1, body: `{"profile_id":"01","status":"received","user_id":"7"}`})
	f("jira", judgeJira(true), reply{status: 201, count: 1, body: `{"issues":[{"id":"1","key":"OPS-1","self":"x"}],"errors":[]}`})
	f("productboard", judgeProductboard(true), reply{status: 201, count: 1, body: `{"data":{}}`})
}
