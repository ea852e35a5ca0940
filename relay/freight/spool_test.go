package freight

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgerelay/relay/destination"
)

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
