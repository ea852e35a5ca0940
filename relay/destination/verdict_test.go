package destination

import (
	"math"
	"testing"
	"time"
)

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "1", "-1", "1e9", "Sun, 01 Mar 2026 12:00:30 GMT", "99999999999999999999"} {
		f.Add(seed, int64(1772366400))
	}
	f.Fuzz(func(t *testing.T, value string, at int64) {
		now := time.Unix(at%math.MaxInt32, 0)
		if d := RetryAfter(value, now); d < 0 || d > retryAfterMax {
			t.Errorf("%q at %v is %v", value, now, d)
		}
	})
}
