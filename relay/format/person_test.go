package format

import (
	"testing"

	"edgerelay/relay/event"
)

func TestNobody(t *testing.T) {
	for _, id := range []string{``, `""`, `"  "`, `"null"`, `"N/A"`, `"-1"`, `"[]"`, `"Anonymous"`, `"00000000-0000-0000-0000-000000000000"`} {
		if !nobody([]byte(id)) {
			t.Errorf("%s is somebody", id)
		}
	}
	for _, id := range []string{`"u"`, `"nullable"`, `"1"`, `"_PENDO_T_x"`, `"\u0000"`, `"nu\"ll"`} {
		if nobody([]byte(id)) {
			t.Errorf("%s is nobody", id)
		}
	}
}

func TestPast(t *testing.T) {
	f := func(at, received, want int64) {
		t.Helper()
		if got := past(&event.Event{Time: at, Received: received}); got != want {
			t.Errorf("past of %d received at %d = %d, want %d", at, received, got, want)
		}
	}
	const now = 1626804144000
	f(now-5, now, now-5)
	f(now+5, now, now)
	f(0, now, now)
	f(-1, now, now)
	f(31536000000, now, 31536000000)
	f(31535999999, now, now)
	f(now, 0, now)
	f(7, 0, 7)
}
