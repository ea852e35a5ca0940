package deliver

import "time"

// delay is how long a delivery waits after its failed attempt number n (from 1), and whether there is a next attempt.
// A webhook's schedule names the waits; without one they double from Backoff up to BackoffMax, each up to a quarter
// longer by chance, so that deliveries that failed together do not come back together. What the receiver asked for by
// Retry-After goes before both. random answers a number below its argument.
func (s *Sender) delay(n int, after time.Duration, random func(int64) int64) (time.Duration, bool) {
	d := time.Duration(0)
	if schedule := s.hook.Schedule; len(schedule) > 0 {
		if n > len(schedule) {
			return 0, false
		}
		d = schedule[n-1]
	} else {
		if n > s.hook.Retries {
			return 0, false
		}
		d = backoff(n, s.opt.Backoff, s.opt.BackoffMax)
		d += time.Duration(random(int64(d)/4 + 1))
	}
	if after > 0 {
		d = after
	}
	return d, true
}

func backoff(n int, first, most time.Duration) time.Duration {
	d := first
	for ; n > 1 && d < most; n-- {
		d *= 2
	}
	return min(d, most)
}
