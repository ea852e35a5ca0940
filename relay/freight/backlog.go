package freight

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Exporter is a carrier that collects files on this machine's disk and ships each when its time has come. A webhook's events
// are delivered, as far as its queue goes, once they are collected; how far their files are is told here.
type Exporter interface {
	Carrier
	Backlog() Backlog
}

// Backlog is what a webhook has collected and not shipped.
type Backlog struct {
	Files int   // with those that still collect
	Bytes int64 // of them, as they will be shipped
	// Due is when the first of them was to be shipped or will be; zero when there are none.
	Due time.Time
	// Next is when one of them is shipped, now at the earliest; zero when there are none, and of a carrier that is not open.
	Next time.Time
	// Failure is the last of those that are still here; zero when there was none.
	Failure Failure

	Shipped uint64 // files, since the carrier was made
	Failed  uint64 // attempts to ship one that came to nothing, since then
}

func (b *Backlog) add(s *spool) {
	b.Files++
	b.Bytes += s.end
	due := s.head.Due
	if first := s.failure.First; !first.IsZero() && first.Before(due) { // it was full, or is of a shape that is no longer made
		due = first
	}
	if b.Due.IsZero() || due.Before(b.Due) {
		b.Due = due
	}
	if s.failure.At.After(b.Failure.At) {
		b.Failure = s.failure
	}
}

// Backlog is a picture of the moment.
func (x *export) Backlog() Backlog {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := Backlog{Shipped: x.mu.shipped, Failed: x.mu.failed}
	now := x.now()
	for _, s := range x.mu.spools {
		b.add(s)
		if at := x.turn(s, now); b.Next.IsZero() || at.Before(b.Next) {
			b.Next = at
		}
	}
	return b
}

// Waiting is the backlog in the folder of a webhook whose carrier is not open, such as one that is turned off.
func Waiting(dir string) (Backlog, error) {
	var b Backlog
	paths, err := spooled(filepath.Join(dir, exportFolder), ".index")
	for _, path := range paths {
		text, wrong := os.ReadFile(path + ".index")
		s := &spool{path: path}
		if wrong == nil {
			wrong = s.read(text)
			err = errors.Join(err, s.recall())
		}
		switch {
		case errors.Is(wrong, fs.ErrNotExist): // shipped in this moment
		case wrong != nil:
			err = errors.Join(err, wrong)
		default:
			b.add(s)
		}
	}
	return b, err
}
