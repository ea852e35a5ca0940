package freight

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/destination"
)

// counter is a store in memory that remembers each object's first content and how often it was sent, and answers as told.
type counter struct {
	mu      sync.Mutex
	objects map[string][]byte
	puts    map[string]int
	answer  func(o *object) destination.Verdict
}

func (s *counter) put(_ context.Context, o *object) destination.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := io.ReadAll(io.NewSectionReader(o.content, 0, o.size))
	if err != nil {
		return destination.Verdict{Outcome: destination.Retry, Reason: err.Error()}
	}
	s.puts[o.key]++
	if _, there := s.objects[o.key]; !there {
		s.objects[o.key] = text
	}
	if s.answer != nil {
		return s.answer(o)
	}
	return destination.Verdict{Outcome: destination.Delivered}
}

func (s *counter) close() error { return nil }

// got are the objects that are there.
func (s *counter) got() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.objects)
}

func openOn(t testing.TB, plan *destination.Plan, dir string, s store) *export {
	t.Helper()
	o := Options{Webhook: "product", Dir: dir, Logger: quiet}
	o.ensureDefaults()
	x, err := newExport(plan, o, s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestExportLostAnswer: a store that took the file and whose answer was lost gets the same file again, though parcels of
// the same period came in between; those are in a file of their own.
func TestExportLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		plan := exportPlan(t, t.TempDir(), "compression", "none")
		lost := destination.Verdict{Outcome: destination.Retry, Reason: "lost"}
		s := &counter{objects: map[string][]byte{}, puts: map[string]int{}, answer: func(*object) destination.Verdict { return lost }}
		c := openOn(t, plan, dir, s)
		one, two := newParcel(plan, 1, 3, time.Now()), newParcel(plan, 20, 3, time.Now())
		ship(t, c, one, destination.Delivered)
		time.Sleep(26*time.Hour + 5*time.Second)
		synctest.Wait()
		ship(t, c, two, destination.Delivered)
		shut(t, c)
		c = openOn(t, plan, dir, s) // after a crash, as far as the files can tell
		time.Sleep(10 * time.Second)
		ship(t, c, one, destination.Delivered)
		ship(t, c, two, destination.Delivered)
		s.mu.Lock()
		s.answer = nil
		s.mu.Unlock()
		time.Sleep(30 * time.Hour)
		synctest.Wait()
		shut(t, c)
		if len(s.objects) != 2 {
			t.Fatalf("%d files, want 2", len(s.objects))
		}
		for key, text := range s.objects {
			p, puts := one, 3
			if strings.Contains(key, "-00000000000000000020.") {
				p, puts = two, 1
			}
			if got := rowIDs(t, key, text); !slices.Equal(got, idsOf(t, p)) || s.puts[key] < puts {
				t.Errorf("%s: %d rows, sent %d times", key, len(got), s.puts[key])
			}
		}
	})
}

// TestExportRefused: what the destination refuses turns the webhook off at the next batch, and is tried again later.
func TestExportRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		plan := exportPlan(t, t.TempDir())
		s := &counter{objects: map[string][]byte{}, puts: map[string]int{}}
		s.answer = func(*object) destination.Verdict { return refused(403, "AccessDenied") }
		c := openOn(t, plan, dir, s)
		one := newParcel(plan, 1, 3, time.Now())
		ship(t, c, one, destination.Delivered)
		time.Sleep(26*time.Hour + time.Second)
		synctest.Wait()
		ship(t, c, one, destination.Delivered) // it is there
		two := newParcel(plan, 20, 3, time.Now())
		if v := ship(t, c, two, destination.Off); !strings.Contains(v.Reason, "2000-01-01 was refused: AccessDenied") {
			t.Errorf("%q", v.Reason)
		}
		ship(t, c, two, destination.Delivered) // the webhook was turned on again
		s.mu.Lock()
		s.answer = nil
		s.mu.Unlock()
		time.Sleep(61 * time.Minute)
		synctest.Wait()
		if len(s.got()) != 1 || waiting(c) != 1 {
			t.Errorf("%d files were shipped, %d wait", len(s.got()), waiting(c))
		}
		shut(t, c)
	})
}

// TestExportLogsNoSecret: an export is shipped in the background, where nobody else looks at what is told of it.
func TestExportLogsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &counter{objects: map[string][]byte{}, puts: map[string]int{}}
		s.answer = func(*object) destination.Verdict { return refused(0, "I know that your password is hunter22") }
		c := openOn(t, exportPlan(t, t.TempDir()), t.TempDir(), s)
		var log bytes.Buffer
		c.mu.Lock()
		c.logger = slog.New(slog.NewTextHandler(&log, nil))
		c.scrub = func(text string) string { return strings.ReplaceAll(text, "hunter22", "***") }
		c.mu.Unlock()
		ship(t, c, newParcel(exportPlan(t, t.TempDir()), 1, 3, time.Now()), destination.Delivered)
		time.Sleep(27 * time.Hour)
		shut(t, c)
		if text := log.String(); !strings.Contains(text, "password is ***") || strings.Contains(text, "hunter22") {
			t.Errorf("logged %s", text)
		}
	})
}
