package page

import (
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := Ago(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
	f(-time.Hour, "now")
	f(999*time.Millisecond, "now")
	f(time.Second, "1s ago")
	f(59999*time.Millisecond, "59s ago")
	f(time.Minute, "1m ago")
	f(119*time.Minute, "1h ago")
	f(50*time.Hour, "2d ago")
}

func TestRate(t *testing.T) {
	f := func(perSecond float64, want string) {
		t.Helper()
		if got := rate(perSecond); got != want {
			t.Errorf("%v is %q, want %q", perSecond, got, want)
		}
	}
	f(0, "0")
	f(0.001, "<0.01")
	f(0.25, "0.25")
	f(12.34, "12.3")
	f(1234.5, "1,235")
}

// TestPercent: what is not all is never shown as all, and what is something never as nothing.
func TestPercent(t *testing.T) {
	f := func(share float64, want string) {
		t.Helper()
		if got := percent(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
	f(1, "100%")
	f(0.99999, "99.9%")
	f(0.5, "50%")
	f(0.0123, "1.2%")
	f(0.0001, "<0.1%")
	f(0, "0%")
}
