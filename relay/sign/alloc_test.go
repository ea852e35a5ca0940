//go:build !race

package sign

import (
	"strings"
	"testing"
	"time"
)

func TestSignAllocatesNothing(t *testing.T) {
	id, at := []byte("0123456789abcdef0123456789abcdef01234567"), time.Unix(1700000000, 0)
	body := []byte(`{"event":"x","text":"` + strings.Repeat("x", 600) + `","timestamp":1679578625}`)
	f := func(previous string, schemes ...Scheme) {
		t.Helper()
		s := mustNew(t, vectorSecret, previous, schemes...)
		if n := testing.AllocsPerRun(100, func() { s.Sign(id, at, body) }); n != 0 {
			t.Errorf("%v: %v allocations a signature, want 0", schemes, n)
		}
	}
	f("", Pendo)
	f("", PendoBare)
	f("", GitHub)
	f("", Userpilot)
	f("", Standard)
	f("the previous secret", Pendo, Standard, GitHub, Userpilot)
}
