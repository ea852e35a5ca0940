package deliver

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestShareTurnsOff lets a receiver answer now and then: what counts is nine of ten, over the whole time.
func TestShareTurnsOff(t *testing.T) {
	f := func(good, bad int, every time.Duration, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			h := newHealth(&Options{DisableFailures: 50, DisableWithin: 15 * time.Minute})
			begin := time.Now()
			for time.Since(begin) < 2*time.Hour {
				for range good {
					h.succeeded(false)
				}
				for range bad {
					if _, why := h.failed(false, Verdict{Outcome: Retry, Reason: "503"}, time.Now()); why != "" {
						if took := time.Since(begin).Round(time.Minute); took != want || !strings.Contains(why, "attempts in 15m0s failed; the last: 503") {
							t.Errorf("%d of %d fail: off after %v because %s, want after %v", bad, good+bad, took, why, want)
						}
						return
					}
				}
				time.Sleep(every)
			}
			if want != 0 {
				t.Errorf("%d of %d fail: never off", bad, good+bad)
			}
		})
	}
	f(1, 9, time.Second, 14*time.Minute)
	f(1, 30, time.Second, 14*time.Minute)
	f(1, 8, time.Second, 0)
	f(1, 9, 20*time.Minute, 0) // too rarely to say
	f(1000, 1, time.Second, 0)
}

func TestShareSlides(t *testing.T) {
	var s share
	at := time.Unix(1_800_000_000, 0)
	f := func(after time.Duration, good int64, bad, succeeded int64, whole bool) {
		t.Helper()
		at = at.Add(after)
		if b, g, w := s.add(at, 15*time.Minute, good); b != bad || g != succeeded || w != whole {
			t.Errorf("%d failed, %d succeeded, whole %v; want %d, %d, %v", b, g, w, bad, succeeded, whole)
		}
	}
	f(0, 100, 1, 0, false)
	f(time.Second, 105, 2, 5, false)
	f(14*time.Minute, 110, 3, 10, true)
	f(time.Minute, 110, 2, 0, false) // the first two are too long ago
	f(time.Hour, 500, 1, 0, false)
}
