package remote

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
)

// export is what a webhook has collected in files and not shipped, as the API tells of it.
type export struct {
	Files   int
	Bytes   uint64
	Overdue time.Time `json:"overdue_since"`
	Next    time.Time
	Failure *struct {
		At             time.Time
		Period, Reason string
	}
}

// print prints it in rows of a webhook, which is on or not.
func (e *export) print(t *table, on bool, now time.Time) {
	if e.Files == 0 {
		t.row("export", "no file waits")
		return
	}
	text := fmt.Sprintf("%d files wait, ", e.Files)
	if e.Files == 1 {
		text = "1 file waits, "
	}
	t.row("export", text+humanize.IBytes(e.Bytes))
	if !e.Overdue.IsZero() {
		t.row("overdue", since(e.Overdue, now))
	}
	switch {
	case !on:
		t.row("next ships", "not before it is turned on")
	case e.Next.IsZero():
	case e.Next.After(now):
		t.row("next ships", e.Next.Local().Format(time.DateTime)+", in "+e.Next.Sub(now).Round(time.Second).String())
	default:
		t.row("next ships", "now")
	}
	if f := e.Failure; f != nil {
		t.row("last failure", since(f.At, now)+", the file of "+f.Period)
		t.prose("it failed by", f.Reason)
	}
}

// since is a moment in the past as people read it.
func since(at, now time.Time) string {
	return fmt.Sprintf("%s, %s ago", at.Local().Format(time.DateTime), max(now.Sub(at), 0).Round(time.Second))
}
