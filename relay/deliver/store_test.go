package deliver

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/hook"
)

// inFolder makes a test's webhook one of type file, with the carrier that webhooks have.
func inFolder(t *testing.T, dir string, settings map[string]string) func(o *Options, w *hook.Webhook) {
	t.Helper()
	kind, ok := destination.ByName("file")
	if !ok {
		t.Fatal("there is no type file")
	}
	plan, faults := kind.Make(destination.Settings{Webhook: "crm", More: settings})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	plan.Batch.Count, plan.Batch.Age = 50, time.Millisecond
	return func(o *Options, w *hook.Webhook) {
		o.Dir = dir
		o.Backoff, o.BackoffMax = time.Millisecond, 5*time.Millisecond
		w.Plan = plan
	}
}

// lines are those of all files below a folder with an ending, each with how often it is there; in how many files they are.
func lines(t *testing.T, folder, ending string) (times map[string]int, files int) {
	t.Helper()
	times = map[string]int{}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ending) || entry.Name()[0] == '.' {
			return err
		}
		files++
		packed, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(r); err != nil {
			return err
		}
		for line := range strings.Lines(text.String()) {
			times[strings.TrimRight(line, "\r\n")]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return times, files
}

// crashes sends events and takes the power away at random moments, and answers how many were sent.
func crashes(t *testing.T, g *crashRig, seed uint64) int {
	t.Helper()
	const rounds, each = 15, 211
	random := rand.New(rand.NewPCG(seed, 2))
	for range rounds {
		g.sendSome(t, each)
		time.Sleep(time.Duration(random.IntN(15)) * time.Millisecond)
		g.crash(t, random)
	}
	g.drained(t)
	return rounds * each
}

// TestFolderHoldsEachEventOnceOverCrashes: each event is on one line of one file.
func TestFolderHoldsEachEventOnceOverCrashes(t *testing.T) {
	folder := t.TempDir()
	sent := crashes(t, newCrashRig(t, inFolder(t, t.TempDir(), map[string]string{"path": folder})), 1)
	times, files := lines(t, folder, ".ndjson.gz")
	ids := map[string]int{}
	for line, n := range times {
		ids[string(event.Lookup([]byte(line), "uniqueId"))] += n
	}
	checkOnce(t, ids, sent)
	if files < sent/50 {
		t.Errorf("%d events are in %d files", sent, files)
	}
}

// TestExportHoldsEachEventOnceOverCrashes: each event is in one row of the file that waits for the day's end.
func TestExportHoldsEachEventOnceOverCrashes(t *testing.T) {
	dir := t.TempDir()
	sent := crashes(t, newCrashRig(t, inFolder(t, dir, map[string]string{"every": "daily", "columns": "uniqueId"})), 2)
	ids, files := lines(t, dir, ".data")
	if ids["uniqueId"] != files {
		t.Errorf("%d files have %d headers", files, ids["uniqueId"])
	}
	delete(ids, "uniqueId")
	checkOnce(t, ids, sent)
}

func checkOnce(t *testing.T, ids map[string]int, sent int) {
	t.Helper()
	doubled := 0
	for _, n := range ids {
		if n > 1 {
			doubled++
		}
	}
	if len(ids) != sent || doubled > 0 {
		t.Errorf("of %d events %d are there, %d of them more than once", sent, len(ids), doubled)
	}
}
