package freight

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"edgerelay/relay/destination"
)

// TestFile ships with restarts and with what crashes leave behind: each parcel is there once and whole.
func TestFile(t *testing.T) {
	folder, dir := t.TempDir(), t.TempDir()
	plan := newPlan(t, "file", "", map[string]string{"path": folder, "prefix": "edge"})
	random := rand.New(rand.NewPCG(3, 4))
	bodies := map[uint64][]byte{}
	c := newCarrier(t, plan, Options{Dir: dir})
	for i := range uint64(30) {
		p := newParcel(plan, 1+200*i, 1+random.IntN(50), noon.Add(time.Duration(i)*time.Hour))
		bodies[p.First] = p.Body
		if random.IntN(2) == 0 { // a crash in the middle of the file
			name := filepath.Join(folder, c.(*archive).key(p))
			if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
				t.Fatal(err)
			}
			half := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".part")
			if err := os.WriteFile(half, []byte(strings.Repeat("half", random.IntN(5000))), 0o640); err != nil {
				t.Fatal(err)
			}
			c = newCarrier(t, plan, Options{Dir: dir})
		}
		for range 1 + random.IntN(2) {
			ship(t, c, p, destination.Delivered)
		}
	}
	got := filesIn(t, folder)
	checkArchive(t, got, bodies)
	for name := range got {
		if !strings.HasPrefix(name, "edge/dt=2026-11-2") {
			t.Errorf("the file %s is in the wrong place", name)
		}
	}
	err := filepath.WalkDir(folder, func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".part") {
			t.Errorf("%s was left behind", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileFolderOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	plan := newPlan(t, "file", "", map[string]string{"compression": "none"})
	p := newParcel(plan, 1, 3, noon)
	ship(t, newCarrier(t, plan, Options{Dir: dir}), p, destination.Delivered)
	checkArchive(t, filesIn(t, filepath.Join(dir, "files")), map[uint64][]byte{1: p.Body})
}

func TestFileVerdicts(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "taken"), nil, 0o640); err != nil {
		t.Fatal(err)
	}
	plan := newPlan(t, "file", "", map[string]string{"path": filepath.Join(folder, "taken")})
	ship(t, newCarrier(t, plan, Options{}), newParcel(plan, 1, 1, noon), destination.Off)

	f := func(err error, want destination.Outcome, ours bool) {
		t.Helper()
		if v := judgeFile(&fs.PathError{Op: "write", Path: "x", Err: err}); v.Outcome != want || v.Ours != ours || v.Reason == "" {
			t.Errorf("%v: %+v, want %s", err, v, want)
		}
	}
	f(syscall.ENOSPC, destination.Retry, true)
	f(syscall.EDQUOT, destination.Retry, true)
	f(syscall.EIO, destination.Retry, true)
	f(syscall.EACCES, destination.Off, false)
	f(syscall.EPERM, destination.Off, false)
	f(syscall.EROFS, destination.Off, false)
	f(context.Canceled, destination.Retry, true)
}

func TestFileStops(t *testing.T) {
	plan := newPlan(t, "file", "", map[string]string{"path": t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v := newCarrier(t, plan, Options{}).Ship(ctx, newParcel(plan, 1, 1, noon)); v.Outcome != destination.Retry {
		t.Errorf("%+v", v)
	}
	if got := filesIn(t, plan.Settings.Of("path")); len(got) > 0 {
		t.Errorf("%d files", len(got))
	}
}
