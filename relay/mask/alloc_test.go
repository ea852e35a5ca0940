//go:build !race

package mask

import "testing"

// An event is masked without memory, with every kind of entry in use.
func TestApplyAllocations(t *testing.T) {
	m := compile(t, "ip url.query email user.* **.token nps.reason", "visitorId *_email **.name pollResponses.response", "key")
	e, s := full(), new(Scratch)
	e.Properties = stable(t, `{"email":"a","user":{"a.b":1},"work_email":"a\"b","x":[{"token":1,"name":["n"],"user.token":2}]}`)
	var dst []byte
	if got := testing.AllocsPerRun(100, func() {
		m.Apply(s, e)
		dst = m.AppendObject(dst[:0], e.Properties, s)
		s.Release()
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
