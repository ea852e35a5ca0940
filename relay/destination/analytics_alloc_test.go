//go:build !race

package destination

import "testing"

// TestAnalyticsJudgesAllocateNothing when everything was delivered.
func TestAnalyticsJudgesAllocateNothing(t *testing.T) {
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
	f("amplitude", judgeAmplitude, reply{status: 200, count: 9, body: `{"code":200,"events_ingested":9,"payload_size_bytes":900,"server_upload_time":1396381378123}`})
	f("mixpanel", judgeMixpanel, reply{status: 200, count: 2000, body: `{"code":200,"num_records_imported":2000,"status":"OK"}`})
	f("datadog", judgeDatadog, reply{status: 202, count: 1000, body: `{}`})
	f("splunk", judgeSplunk, reply{status: 200, count: 500, body: `{"text":"Success","code":0}`})
}
