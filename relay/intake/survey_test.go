package intake

import (
	"testing"
	"time"
)

func TestSurveysForget(t *testing.T) {
	var s surveys
	at := time.Unix(1_800_000_000, 0).UnixMilli()
	who := func(n int) (id [20]byte) {
		id[0], id[1], id[2] = byte(n), byte(n>>8), byte(n>>16)
		return id
	}
	f := func(n int, at int64, want string) {
		t.Helper()
		if got := s.recall(who(n), at); string(got) != want {
			t.Errorf("%d is remembered as %q, want %q", n, got, want)
		}
	}
	s.remember(who(1), []byte("10"), at)
	f(1, at, "10")
	f(1, at+ratingKept.Milliseconds(), "10")
	f(1, at+ratingKept.Milliseconds()+1, "")
	f(1, at-1, "")
	f(2, at, "")
	s.remember(who(2), []byte("1234567890"), at) // no rating
	f(2, at, "")
	for n := 10; n < 10+ratingsMax; n++ {
		s.remember(who(n), []byte("5"), at)
	}
	f(1, at, "10")
	f(10+ratingsMax-1, at, "5")
	for n := range ratingsMax {
		s.remember(who(100_000+n), []byte("5"), at)
	}
	f(1, at, "")
	if len(s.young) > ratingsMax || len(s.old) > ratingsMax {
		t.Errorf("%d and %d are kept", len(s.young), len(s.old))
	}
}
