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
}
