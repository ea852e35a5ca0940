package page

import (
	"testing"
	"time"

	"edgerelay/relay/desk"
)

func TestExportInWords(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	past, later := now.Add(-10*time.Hour), now.Add(14*time.Hour)
	f := func(running bool, e desk.Export, waiting, next, shipped, since string) {
		t.Helper()
		v, got := newExportView(&hookRow{Running: running}, &e, now), ""
		if v.Overdue != nil {
			got = v.Overdue.Since
		}
		if v.Waiting != waiting || v.Next != next || v.Shipped != shipped || got != since {
			t.Errorf("%+v is %+v, overdue %q", e, v, got)
		}
	}
	f(true, desk.Export{}, "nothing", "–", "0 files", "")
	f(false, desk.Export{}, "nothing", "–", "", "")
	f(true, desk.Export{Files: 1, Bytes: 2048, Next: &later, Shipped: 1}, "1 file, 2.0 KiB", "2026-11-22 02:00 UTC, in 14h 0m", "1 file", "")
	f(true, desk.Export{Files: 1200, Bytes: 5 << 30, Overdue: &past, Next: &past, Shipped: 2, Failed: 3}, "1,200 files, 5.0 GiB", "now", "2 files, 3 failed attempts", "2026-11-21 02:00 UTC")
	f(false, desk.Export{Files: 2, Overdue: &past, Failed: 1}, "2 files, 0 B", "not before it is turned on", "", "2026-11-21 02:00 UTC")
	f(true, desk.Export{Files: 2, Overdue: &past}, "2 files, 0 B", "–", "0 files", "2026-11-21 02:00 UTC") // its carrier is not open
	if newExportView(&hookRow{}, nil, now) != nil {
		t.Error("of a webhook that collects nothing something is shown")
	}
}
