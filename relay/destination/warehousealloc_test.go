//go:build !race

package destination

import "testing"

func TestDeliveredAllocatesNothing(t *testing.T) {
	f := func(judge func(*Answer) Verdict, a *Answer) {
		t.Helper()
		if allocs := testing.AllocsPerRun(100, func() { judge(a) }); allocs != 0 {
			t.Errorf("%s: %v allocations, want 0", a.Body, allocs)
		}
	}
	f(judgeBigQuery, told(200, 500, insertedAll))
	f(judgeSnowflake, told(200, 500, `{"message":"OK"}`))
}
