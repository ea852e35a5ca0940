package freight

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/destination"
)

// TestBacklog: what is collected is counted while the carrier is open and from the disk when it is not, until it is shipped;
// it is due from its day's end on.
func TestBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		plan := exportPlan(t, t.TempDir(), "compression", "none")
		s := &counter{objects: map[string][]byte{}, puts: map[string]int{}}
		s.answer = func(*object) destination.Verdict {
			return destination.Verdict{Outcome: destination.Retry, Reason: "busy"}
		}
		c := openOn(t, plan, dir, s)
		if b := c.Backlog(); b != (Backlog{}) {
			t.Errorf("nothing was collected: %+v", b)
		}
		day := time.Now().UTC().Truncate(24 * time.Hour)
		ship(t, c, newParcel(plan, 1, 3, time.Now()), destination.Delivered)
		time.Sleep(24 * time.Hour)
		ship(t, c, newParcel(plan, 20, 2, time.Now()), destination.Delivered)
		want := Backlog{Files: 2, Bytes: c.Backlog().Bytes, Due: day.Add(26 * time.Hour), Next: day.Add(26 * time.Hour)}
		if b := c.Backlog(); b != want || b.Bytes < 200 {
			t.Errorf("two days: %+v, want %+v", b, want)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		busy := c.Backlog()
		if busy.Failed < 3 || busy.Shipped != 0 || busy.Files != 2 || !busy.Due.Equal(want.Due) {
			t.Errorf("while the store is busy: %+v", busy)
		}
		if f := busy.Failure; f.Reason != "busy" || f.Period != day.Format(time.DateOnly) || !f.First.Equal(want.Due) || f.At.Before(f.First.Add(30*time.Minute)) ||
			busy.Next.Before(time.Now()) || busy.Next.After(f.At.Add(time.Hour)) {
			t.Errorf("the last failure %+v, then at %s", f, busy.Next)
		}
		shut(t, c)
		want.Next, want.Failure = time.Time{}, busy.Failure
		if b, err := Waiting(dir); err != nil || b != want {
			t.Errorf("from the disk: %+v, %v, want %+v", b, err, want)
		}
		c = openOn(t, plan, dir, s)
		synctest.Wait()
		if f := c.Backlog().Failure; f.First != busy.Failure.First || !f.At.Equal(time.Now()) {
			t.Errorf("after a restart the last failure is %+v; want it of now, and the first that of before", f)
		}
		shut(t, c)
		s.answer = nil
		c = openOn(t, plan, dir, s)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if b := c.Backlog(); b != (Backlog{Shipped: 2}) {
			t.Errorf("after the store took it: %+v", b)
		}
		shut(t, c)
		if b, err := Waiting(dir); err != nil || b != (Backlog{}) {
			t.Errorf("from the disk: %+v, %v", b, err)
		}
		if left, err := spooled(filepath.Join(dir, exportFolder), failedEnding); err != nil || len(left) > 0 {
			t.Errorf("of what was shipped %q tell failures, %v", left, err)
		}
	})
}

// TestBacklogOfFull: a file that is full before its day's end is due from the first attempt on.
func TestBacklogOfFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &counter{objects: map[string][]byte{}, puts: map[string]int{}}
		s.answer = func(*object) destination.Verdict {
			return destination.Verdict{Outcome: destination.Retry, Reason: "busy"}
		}
		plan := exportPlan(t, t.TempDir(), "compression", "none")
		c := openOn(t, plan, t.TempDir(), s)
		c.part = 1
		ship(t, c, newParcel(plan, 1, 3, time.Now()), destination.Delivered)
		ship(t, c, newParcel(plan, 20, 3, time.Now()), destination.Delivered)
		begin := time.Now()
		time.Sleep(time.Hour)
		synctest.Wait()
		if b := c.Backlog(); b.Files != 2 || !b.Due.Equal(begin) {
			t.Errorf("%+v, want it due at %s", b, begin)
		}
		shut(t, c)
	})
}

// TestFailureLeftBehind: a crash may leave a failure of a file that was shipped, and a disk one that cannot be read. Neither
// keeps a carrier from opening.
func TestFailureLeftBehind(t *testing.T) {
	dir := t.TempDir()
	plan := exportPlan(t, t.TempDir())
	c := open(t, plan, dir)
	ship(t, c, newParcel(plan, 1, 3, time.Now()), destination.Delivered)
	waiting := c.mu.spools[0].path
	shut(t, c)
	shipped := filepath.Join(dir, exportFolder, "2020-01-01-1")
	for _, path := range []string{shipped, waiting} {
		if err := os.WriteFile(path+failedEnding, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := Waiting(dir); err == nil || b.Files != 1 {
		t.Errorf("%+v, %v; want the file, and what is wrong", b, err)
	}
	c = open(t, plan, dir)
	defer shut(t, c)
	if _, err := os.Stat(shipped + failedEnding); !os.IsNotExist(err) {
		t.Errorf("it is still there, %v", err)
	}
	if b := c.Backlog(); b.Files != 1 || b.Failure != (Failure{}) {
		t.Errorf("%+v", b)
	}
}

// TestForsake: what a deleted webhook had collected goes, at once or with the next start; what it delivered into its folder
// stays, and so does what others have.
func TestForsake(t *testing.T) {
	root := t.TempDir()
	collected := func(number string) (dir string) {
		t.Helper()
		dir = filepath.Join(root, number)
		plan := exportPlan(t, t.TempDir())
		c := open(t, plan, dir)
		ship(t, c, newParcel(plan, 1, 3, time.Now()), destination.Delivered)
		shut(t, c)
		return dir
	}
	gone, marked, kept, files := collected("1"), collected("2"), collected("3"), collected("4")
	delivered := filepath.Join(files, "files", "x.csv")
	if err := makeFolders(filepath.Dir(delivered)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(delivered, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{gone, marked, files, filepath.Join(root, "5")} {
		if err := Forsake(dir); err != nil {
			t.Error(err)
		}
	}
	for _, dir := range []string{gone, gone, filepath.Join(root, "5")} {
		if err := Discard(dir); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := Sweep(root); err != nil {
			t.Error(err)
		}
	}
	for _, dir := range []string{gone, marked, filepath.Join(root, "5")} {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there, %v", dir, err)
		}
	}
	if b, err := Waiting(kept); b.Files != 1 || err != nil {
		t.Errorf("of a webhook that was not deleted: %+v, %v", b, err)
	}
	left, err := os.ReadDir(files)
	if _, missing := os.Stat(delivered); missing != nil || err != nil || len(left) != 1 {
		t.Errorf("%v is left of the folder with files, %v, %v", left, err, missing)
	}
}
