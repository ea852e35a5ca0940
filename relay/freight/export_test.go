package freight

import (
	"bytes"
	"encoding/csv"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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

// waiting are the files of x that were not shipped.
func waiting(x *export) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.mu.spools)
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
