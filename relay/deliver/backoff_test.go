package deliver

import (
	"testing"
	"time"

	"edgerelay/relay/hook"
)

func TestBackoffDoublesUpToItsMost(t *testing.T) {
	f := func(n int, first, most, want time.Duration) {
		t.Helper()
		if got := backoff(n, first, most); got != want {
			t.Errorf("backoff(%d, %v, %v) is %v, want %v", n, first, most, got, want)
		}
	}
	f(1, time.Second, 5*time.Minute, time.Second)
	f(2, time.Second, 5*time.Minute, 2*time.Second)
	f(5, time.Second, 5*time.Minute, 16*time.Second)
	f(9, time.Second, 5*time.Minute, 256*time.Second)
	f(10, time.Second, 5*time.Minute, 5*time.Minute)
	f(1000, time.Second, 5*time.Minute, 5*time.Minute)
	f(1<<30, time.Nanosecond, 1<<61, 1<<61)
	f(1, time.Hour, time.Minute, time.Minute)
	f(7, 0, time.Minute, 0)
}

func TestDelayAddsUpToAQuarter(t *testing.T) {
	s := &Sender{hook: &hook.Webhook{Spec: hook.Spec{Retries: 5}}, opt: &Options{Backoff: time.Second, BackoffMax: 5 * time.Second}}
	f := func(n int, least, most time.Duration) {
		t.Helper()
		below := int64(0)
		got, more := s.delay(n, 0, func(n int64) int64 { below = n; return 0 })
		if got != least || !more {
			t.Errorf("attempt %d waits at least %v (next: %v), want %v", n, got, more, least)
		}
		got, more = s.delay(n, 0, func(n int64) int64 { return n - 1 })
		if got != most || !more {
			t.Errorf("attempt %d waits at most %v (next: %v), want %v", n, got, more, most)
		}
		if below != int64(most-least)+1 {
			t.Errorf("attempt %d: jitter is below %d, want %d", n, below, int64(most-least)+1)
		}
	}
	f(1, time.Second, 1250*time.Millisecond)
	f(2, 2*time.Second, 2500*time.Millisecond)
	f(3, 4*time.Second, 5*time.Second)
	f(4, 5*time.Second, 6250*time.Millisecond)
	f(5, 5*time.Second, 6250*time.Millisecond)
	if _, more := s.delay(6, 0, nil); more {
		t.Error("after 1 attempt and 5 retries there is one more")
	}
}

func TestDelayOfASchedule(t *testing.T) {
	s := &Sender{opt: &Options{Backoff: time.Second, BackoffMax: time.Second},
		hook: &hook.Webhook{Spec: hook.Spec{Retries: 9, Schedule: []time.Duration{5 * time.Second, 0, 2 * time.Hour}}}}
	f := func(n int, after, want time.Duration, wantMore bool) {
		t.Helper()
		got, more := s.delay(n, after, nil) // a schedule leaves nothing to chance
		if got != want || more != wantMore {
			t.Errorf("after attempt %d: %v and more %v, want %v and %v", n, got, more, want, wantMore)
		}
	}
	f(1, 0, 5*time.Second, true)
	f(2, 0, 0, true)
	f(3, 0, 2*time.Hour, true)
	f(4, 0, 0, false)
	f(1, time.Minute, time.Minute, true)
	f(3, time.Minute, time.Minute, true)
	f(4, time.Minute, 0, false) // asking for patience gives no further attempt
}

func TestDelayObeysTheReceiver(t *testing.T) {
	s := &Sender{hook: &hook.Webhook{Spec: hook.Spec{Retries: 1}}, opt: &Options{Backoff: time.Second, BackoffMax: time.Second}}
	none := func(int64) int64 { return 0 }
	f := func(n int, after, want time.Duration, wantMore bool) {
		t.Helper()
		got, more := s.delay(n, after, none)
		if got != want || more != wantMore {
			t.Errorf("after attempt %d: %v and more %v, want %v and %v", n, got, more, want, wantMore)
		}
	}
	f(1, time.Millisecond, time.Millisecond, true)
	f(1, 24*time.Hour, 24*time.Hour, true)
	f(1, 0, time.Second, true)
	f(2, time.Hour, 0, false)
	s.hook.Retries = 0
	f(1, 0, 0, false)
}
