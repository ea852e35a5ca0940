package freight

import (
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/destination"
)

// TestExportDue: nothing is shipped before the period has ended and its time has come, and then at once.
func TestExportDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins at midnight
		folder, dir := t.TempDir(), t.TempDir()
		plan := exportPlan(t, folder, "at", "02:30")
		c := open(t, plan, dir)
		ship(t, c, newParcel(plan, 1, 1, time.Now()), destination.Delivered)
		time.Sleep(26*time.Hour + 29*time.Minute)
		late := newParcel(plan, 10, 1, time.Now().Add(-3*time.Hour)) // of the same day
		ship(t, c, late, destination.Delivered)
		if synctest.Wait(); len(filesIn(t, folder)) != 0 {
			t.Error("it was shipped too early")
		}
		time.Sleep(2 * time.Minute)
		if synctest.Wait(); len(filesIn(t, folder)) != 1 {
			t.Error("it was not shipped in time")
		}
		shut(t, c)
	})
}

// TestExportSchedules: weeks begin on Monday, months on the first, labels are those of ISO 8601.
func TestExportSchedules(t *testing.T) {
	f := func(every, moment, label, due string) {
		t.Helper()
		at, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		s := schedule{every, 2 * time.Hour}
		if got := s.label(at); got != label {
			t.Errorf("%s of %s: %s, want %s", every, moment, got, label)
		}
		if got := s.due(at, at).Format(time.RFC3339); got != due {
			t.Errorf("%s of %s: due %s, want %s", every, moment, got, due)
		}
	}
	f("daily", "2026-11-21T23:59:59Z", "2026-11-21", "2026-11-22T02:00:00Z")
	f("daily", "2026-11-22T00:30:00+01:00", "2026-11-21", "2026-11-22T02:00:00Z")
	f("weekly", "2026-11-22T12:00:00Z", "2026-w47", "2026-11-23T02:00:00Z")
	f("weekly", "2026-11-23T00:00:00Z", "2026-w48", "2026-11-30T02:00:00Z")
	f("weekly", "2027-01-01T00:00:00Z", "2026-w53", "2027-01-04T02:00:00Z")
	f("monthly", "2026-12-31T12:00:00Z", "2026-12", "2027-01-01T02:00:00Z")
	f("monthly", "2028-02-29T12:00:00Z", "2028-02", "2028-03-01T02:00:00Z")
	s := schedule{"daily", time.Hour}
	if got := s.due(noon.AddDate(0, 0, -5), noon); !got.Equal(time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("what is five days late is due %s", got)
	}
}
