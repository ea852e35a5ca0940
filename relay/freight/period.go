package freight

import (
	"fmt"
	"time"
)

// schedule says which period a moment falls into, and when that period's file is shipped. All is in UTC.
type schedule struct {
	every string        // daily, weekly (from Monday) or monthly
	at    time.Duration // how long after its end a period's file waits for what comes late
}

// start is when the period of t began.
func (s schedule) start(t time.Time) time.Time {
	t = t.UTC()
	year, month, day := t.Date()
	switch s.every {
	case "weekly":
		day -= (int(t.Weekday()) + 6) % 7
	case "monthly":
		day = 1
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// due is when the file of t's period is shipped, seen from now: after the period's end, or for what comes when that has
// passed, together with the period that runs.
func (s schedule) due(t, now time.Time) time.Time {
	due := s.end(t).Add(s.at)
	if !due.After(now) {
		due = s.end(now).Add(s.at)
	}
	return due
}

func (s schedule) end(t time.Time) time.Time {
	start := s.start(t)
	switch s.every {
	case "weekly":
		return start.AddDate(0, 0, 7)
	case "monthly":
		return start.AddDate(0, 1, 0)
	}
	return start.AddDate(0, 0, 1)
}

// label is the period's name in the names of files: 2026-11-21, 2026-w47 (ISO 8601), 2026-11.
func (s schedule) label(t time.Time) string {
	start := s.start(t)
	switch s.every {
	case "weekly":
		year, week := start.ISOWeek()
		return fmt.Sprintf("%04d-w%02d", year, week)
	case "monthly":
		return start.Format("2006-01")
	}
	return start.Format("2006-01-02")
}
