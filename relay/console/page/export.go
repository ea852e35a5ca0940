package page

import (
	"time"

	"edgerelay/relay/desk"
)

// exportView is what a webhook has collected in files and not shipped, in words.
type exportView struct {
	Waiting string
	Overdue *overdue
	Next    string
	Failure *desk.ExportFailure
	Shipped string // "" of one that is off
}

// overdue is since when a file should have been shipped.
type overdue struct {
	Since string
	At    time.Time
}

// minutes is how a page shows when a period ends.
const minutes = "2006-01-02 15:04 MST"

// newExportView is nil for a webhook that collects nothing.
func newExportView(row *hookRow, e *desk.Export, now time.Time) *exportView {
	if e == nil {
		return nil
	}
	v := &exportView{Waiting: "nothing", Next: nothing, Failure: e.Failure}
	if e.Overdue != nil {
		v.Overdue = &overdue{e.Overdue.UTC().Format(minutes), *e.Overdue}
	}
	if row.Running {
		v.Shipped = counted(e.Shipped, "file")
		if e.Failed > 0 {
			v.Shipped += ", " + counted(e.Failed, "failed attempt")
		}
	}
	if e.Files > 0 {
		v.Waiting = counted(uint64(e.Files), "file") + ", " + sizeOf(e.Bytes)
	}
	switch {
	case e.Next != nil && e.Next.After(now):
		v.Next = e.Next.UTC().Format(minutes) + ", in " + Duration(e.Next.Sub(now).Round(time.Second).Seconds())
	case e.Next != nil:
		v.Next = "now"
	case e.Files > 0 && !row.Running:
		v.Next = "not before it is turned on"
	}
	return v
}

// counted is a number of things.
func counted(n uint64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return count(n) + " " + thing
}
