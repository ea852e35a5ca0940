package freight

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/destination"
)

var quiet = slog.New(slog.DiscardHandler)

// rowIDs are the identities of a CSV file's rows, whose header must be there once, at the beginning.
func rowIDs(t testing.TB, name string, text []byte) []string {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(records) < 2 || strings.Join(records[0], ",") != "When,uniqueId" {
		t.Fatalf("%s: %v, it begins with %.60q", name, err, text)
	}
	var ids []string
	for _, r := range records[1:] {
		ids = append(ids, r[1])
	}
	return ids
}

// idsOf are the identities of a parcel's rows.
func idsOf(t testing.TB, p *Parcel) []string {
	t.Helper()
	return rowIDs(t, "the parcel", append([]byte("When,uniqueId\r\n"), p.Body...))
}

func exportPlan(t testing.TB, folder string, more ...string) *destination.Plan {
	t.Helper()
	settings := map[string]string{"path": folder, "every": "daily", "columns": "When=time,uniqueId"}
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return newPlan(t, "file", "", settings)
}

func open(t testing.TB, plan *destination.Plan, dir string) *export {
	t.Helper()
	c, err := New(plan, Options{Webhook: "product", Dir: dir, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*export)
}

func shut(t testing.TB, c Carrier) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestExportDays runs a week in a bubble, with restarts, parcels that come twice, and parcels that come late: every event
// is in one file, once.
func TestExportDays(t *testing.T) {
	for _, compression := range []string{"gzip", "zstd", "none"} {
		synctest.Test(t, func(t *testing.T) {
			folder, dir := t.TempDir(), t.TempDir()
			plan := exportPlan(t, folder, "compression", compression, "prefix", "daily")
			random := rand.New(rand.NewPCG(1, uint64(len(compression))))
			c := open(t, plan, dir)
			want := map[string][]string{} // by period
			var before []*Parcel
			first := uint64(1)
			for range 7 * 8 {
				time.Sleep(3 * time.Hour)
				at := time.Now().Add(-time.Duration(random.IntN(40)) * time.Minute)
				if random.IntN(10) == 0 {
					at = at.Add(-50 * time.Hour) // the webhook was off, or its events were parked
				}
				p := newParcel(plan, first, 1+random.IntN(20), at)
				first = p.Last + 1
				ship(t, c, p, destination.Delivered)
				label := at.UTC().Format("2006-01-02")
				want[label] = append(want[label], idsOf(t, p)...)
				if before = append(before, p); random.IntN(3) == 0 {
					ship(t, c, before[random.IntN(len(before))], destination.Delivered)
				}
				if random.IntN(4) == 0 {
					shut(t, c)
					c = open(t, plan, dir)
					ship(t, c, p, destination.Delivered)
				}
			}
			time.Sleep(27 * time.Hour)
			synctest.Wait()
			shut(t, c)
			checkExports(t, folder, want)
			left, err := spooled(filepath.Join(dir, exportFolder), ".data")
			if err != nil || len(left) > 0 {
				t.Errorf("%v was left behind, %v", left, err)
			}
		})
	}
}

// checkExports holds the files against the rows that each period should have.
func checkExports(t *testing.T, folder string, want map[string][]string) {
	t.Helper()
	name := regexp.MustCompile(`^daily/product-[a-z2-7]{10}-(\d{4}-\d\d-\d\d)-\d{20}\.csv(\.gz|\.zst)?$`)
	got := map[string][]string{}
	for key, packed := range filesIn(t, folder) {
		label := name.FindStringSubmatch(key)
		if label == nil {
			t.Fatalf("the name %s", key)
		}
		got[label[1]] = append(got[label[1]], rowIDs(t, key, unpack(t, key, packed))...)
	}
	for label, ids := range want {
		slices.Sort(ids)
		slices.Sort(got[label])
		if !slices.Equal(got[label], ids) {
			t.Errorf("%s has %d rows, want %d", label, len(got[label]), len(ids))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d periods, want %d", len(got), len(want))
	}
}

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

// TestExportWhileDown: a period that ended while the relay was down is shipped when it is up again.
func TestExportWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, dir := t.TempDir(), t.TempDir()
		plan := exportPlan(t, folder)
		c := open(t, plan, dir)
		ship(t, c, newParcel(plan, 1, 5, time.Now()), destination.Delivered)
		shut(t, c)
		time.Sleep(40 * time.Hour)
		c = open(t, plan, dir)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := filesIn(t, folder); len(got) != 1 {
			t.Errorf("%d files", len(got))
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

// waiting are the files of x that were not shipped.
func waiting(x *export) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.mu.spools)
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

// TestExportCrash: at whatever byte of the index or the data a crash ends the writing, and whatever garbage stands behind,
// what was acknowledged is there and what was not is not.
func TestExportCrash(t *testing.T) {
	plan := exportPlan(t, t.TempDir(), "compression", "none")
	seed := t.TempDir()
	s := &counter{objects: map[string][]byte{}, puts: map[string]int{}}
	c := openOn(t, plan, seed, s)
	var parcels []*Parcel
	at := time.Now()
	var told []int64 // the index's length after each parcel
	for i := range uint64(4) {
		p := newParcel(plan, 1+100*i, 2, at)
		ship(t, c, p, destination.Delivered)
		parcels, told = append(parcels, p), append(told, c.mu.spools[0].told)
	}
	begin := c.mu.spools[0].path
	shut(t, c)
	index, err1 := os.ReadFile(begin + ".index")
	data, err2 := os.ReadFile(begin + ".data")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	firstLine := int64(bytes.IndexByte(index, '\n') + 1)
	for size := firstLine; size <= int64(len(index)); size += 3 {
		dir := t.TempDir()
		path := filepath.Join(dir, exportFolder, filepath.Base(begin))
		err1 := os.MkdirAll(filepath.Dir(path), 0o750)
		err2 := os.WriteFile(path+".index", index[:size], 0o640)
		err3 := os.WriteFile(path+".data", append(slices.Clone(data), "half a ro"...), 0o640)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		c := openOn(t, plan, dir, s)
		whole := 0
		for whole < len(told) && told[whole] <= size {
			whole++
		}
		if got := len(c.mu.spools[0].spans); got != whole {
			t.Fatalf("cut at %d: %d parcels, want %d", size, got, whole)
		}
		for _, p := range parcels { // the relay sends again what it does not know to be delivered
			ship(t, c, p, destination.Delivered)
		}
		shut(t, c)
		again, err := os.ReadFile(path + ".data")
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("cut at %d: the file is another, %v", size, err)
		}
	}
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

// TestExportParts: a file that would become too large goes out, and the next begins with a header too.
func TestExportParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := exportPlan(t, t.TempDir(), "compression", "none")
		s := &counter{objects: map[string][]byte{}, puts: map[string]int{}}
		c := openOn(t, plan, t.TempDir(), s)
		c.mu.Lock()
		c.part = 5000
		c.mu.Unlock()
		rows := 0
		for i := range uint64(20) {
			p := newParcel(plan, 1+100*i, 20, time.Now())
			ship(t, c, p, destination.Delivered)
			rows += p.Count
		}
		synctest.Wait()
		if got := s.got(); len(got) < 3 {
			t.Errorf("%d parts before the day's end", len(got))
		}
		time.Sleep(27 * time.Hour)
		synctest.Wait()
		for key, text := range s.got() {
			if rows -= len(rowIDs(t, key, text)); len(text) > 5000 {
				t.Errorf("%s has %d bytes", key, len(text))
			}
		}
		if rows != 0 {
			t.Errorf("%d rows are missing", rows)
		}
		shut(t, c)
	})
}

// TestExportChanged: other columns begin another file, and what had the old ones is shipped at once; without a schedule
// batches become objects, and what is left is shipped too.
func TestExportChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, dir := t.TempDir(), t.TempDir()
		plan := exportPlan(t, folder, "compression", "none")
		c := open(t, plan, dir)
		ship(t, c, newParcel(plan, 1, 2, time.Now()), destination.Delivered)
		shut(t, c)
		plan = exportPlan(t, folder, "compression", "none", "columns", "event")
		c = open(t, plan, dir)
		ship(t, c, newParcel(plan, 20, 2, time.Now()), destination.Delivered)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := filesIn(t, folder); len(got) != 1 {
			t.Errorf("%d files, want that of the old columns", len(got))
		}
		shut(t, c)
		plan = exportPlan(t, folder, "compression", "none", "every", "")
		c = open(t, plan, dir)
		ship(t, c, newParcel(plan, 20, 2, time.Now()), destination.Delivered) // held by the export
		ship(t, c, newParcel(plan, 40, 2, time.Now()), destination.Delivered)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := filesIn(t, folder); len(got) != 3 {
			t.Errorf("%d files, want the old columns', the export's and the object", len(got))
		}
		shut(t, c)
		again, err := New(plan, Options{Webhook: "product", Dir: dir, Logger: quiet})
		if _, plain := again.(*archive); err != nil || !plain {
			t.Errorf("nothing is left, and it is a %T, %v", again, err)
		}
		shut(t, again)
	})
}

// TestExportDiskFull: rows that could not be written are not there, and the next attempt has them once.
func TestExportDiskFull(t *testing.T) {
	dir := t.TempDir()
	plan := exportPlan(t, t.TempDir(), "compression", "none")
	s := &counter{objects: map[string][]byte{}, puts: map[string]int{}}
	c := openOn(t, plan, dir, s)
	one, two := newParcel(plan, 1, 3, time.Now()), newParcel(plan, 20, 3, time.Now())
	ship(t, c, one, destination.Delivered)
	c.mu.Lock()
	_ = c.mu.spools[0].index.Close() // from now on it cannot be written
	c.mu.Unlock()
	if v := ship(t, c, two, destination.Retry); !v.Ours {
		t.Errorf("%+v", v)
	}
	ship(t, c, two, destination.Delivered)
	path := c.mu.spools[0].path
	shut(t, c)
	text, err := os.ReadFile(path + ".data")
	if err != nil {
		t.Fatal(err)
	}
	if got := rowIDs(t, path, text); !slices.Equal(got, append(idsOf(t, one), idsOf(t, two)...)) {
		t.Errorf("%d rows", len(got))
	}
	if v := judgeSpool(syscall.ENOSPC); v.Outcome != destination.Retry || !v.Ours {
		t.Errorf("a full disk: %+v", v)
	}
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

// TestExportLeavesRoom: exports do not take the last of the disk from the log, and go on when there is room.
func TestExportLeavesRoom(t *testing.T) {
	x := open(t, exportPlan(t, t.TempDir()), t.TempDir())
	defer shut(t, x)
	free := uint64(exportSpare)
	x.free = func(string) (uint64, bool) { return free, true }
	p := newParcel(exportPlan(t, t.TempDir()), 1, 3, time.Now())
	if v := ship(t, x, p, destination.Retry); !v.Ours || !strings.Contains(v.Reason, "less than 1 GiB is free") {
		t.Errorf("%+v", v)
	}
	free *= 2
	ship(t, x, p, destination.Delivered)
	if free, known := freeBytes(t.TempDir()); !known || free == 0 {
		t.Errorf("the machine's disk has %d bytes free, %v", free, known)
	}
}

// TestExportForgets: parcels of what was shipped long ago are forgotten, the last file's never.
func TestExportForgets(t *testing.T) {
	dir := t.TempDir()
	plan := exportPlan(t, t.TempDir())
	folder := filepath.Join(dir, exportFolder)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		name := filepath.Join(folder, fmt.Sprintf("2026-01-0%d-%020d.done", i+1, i))
		text := "{}\n" + parcelLine(uint64(100+i), uint64(100+i), 1, 10) + sealLine
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		age := time.Now().Add(time.Duration(i-30) * 24 * time.Hour)
		if i == 3 {
			age = time.Now().Add(-time.Hour)
		}
		if err := os.Chtimes(name, age, age); err != nil {
			t.Fatal(err)
		}
	}
	c := open(t, plan, dir)
	defer shut(t, c)
	if len(c.mu.held) != 1 || !c.mu.held[span{103, 103}] {
		t.Errorf("it remembers %v, want 103", c.mu.held)
	}
}

// FuzzSpoolIndex: whatever an index holds, what is read of it is what it says up to the first line that is not whole.
func FuzzSpoolIndex(f *testing.F) {
	f.Add([]byte("{}\n" + parcelLine(1, 5, 5, 100) + parcelLine(7, 9, 2, 150) + sealLine))
	f.Add([]byte("{\"begin\":10}\n" + parcelLine(1, 5, 5, 5)))
	f.Add([]byte("{}\n1 2 3 4 00000000\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &spool{}
		if err := s.read(text); err != nil {
			return
		}
		again := &spool{}
		if err := again.read(text[:s.told]); err != nil || again.end != s.end || again.sealed != s.sealed || !slices.Equal(again.spans, s.spans) {
			t.Errorf("%q reads as %+v, its whole part as %+v, %v", text, s, again, err)
		}
		if s.end < s.head.Begin || s.told > int64(len(text)) {
			t.Errorf("%q: %d bytes of data, %d of index", text, s.end, s.told)
		}
	})
}
