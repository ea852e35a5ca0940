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

	Shipped uint64 // files, since the carrier was made
	Failed  uint64 // attempts to ship one that came to nothing, since then
}

func (b *Backlog) add(s *spool) {
	b.Files++
	b.Bytes += s.end
	due := s.head.Due
	if !s.tried.IsZero() && s.tried.Before(due) { // it was full, or is of a shape that is no longer made
		due = s.tried
	}
	if b.Due.IsZero() || due.Before(b.Due) {
		b.Due = due
	}
}

// Backlog is a picture of the moment.
func (x *export) Backlog() Backlog {
	x.mu.Lock()
	defer x.mu.Unlock()
	b := Backlog{Shipped: x.mu.shipped, Failed: x.mu.failed}
	for _, s := range x.mu.spools {
		b.add(s)
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
