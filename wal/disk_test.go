package wal

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// smallDisk is a disk of some bytes. What is beyond them is refused with ENOSPC.
type smallDisk struct {
	vfs.FS
	mu       sync.Mutex
	capacity int64
	sizes    map[string]int64
	others   int64 // what other programs take
}

func newSmallDisk(capacity int64) *smallDisk {
	return &smallDisk{FS: vfs.NewMem(), capacity: capacity, sizes: map[string]int64{}}
}

func (d *smallDisk) freeLocked() int64 {
	free := d.capacity - d.others
	for _, n := range d.sizes {
		free -= n
	}
	return max(free, 0)
}

// take lets other programs take all but some bytes of what is free.
func (d *smallDisk) take(but int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.others += d.freeLocked() - but
}

// giveBack takes away what other programs took.
func (d *smallDisk) giveBack() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.others = 0
}

func (d *smallDisk) grow(name string, n int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n > d.freeLocked() {
		return syscall.ENOSPC
	}
	d.sizes[name] += n
	return nil
}

func (d *smallDisk) forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sizes, name)
}

func (d *smallDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return vfs.DiskUsage{AvailBytes: uint64(d.freeLocked()), TotalBytes: uint64(d.capacity)}, nil
}

func (d *smallDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	d.forget(name)
	f, err := d.FS.Create(name, c)
	return &smallFile{File: f, disk: d, name: name}, err
}

func (d *smallDisk) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	d.forget(from)
	f, err := d.FS.ReuseForWrite(from, to, c)
	return &smallFile{File: f, disk: d, name: to}, err
}

func (d *smallDisk) Rename(from, to string) error {
	d.mu.Lock()
	d.sizes[to] = d.sizes[from]
	delete(d.sizes, from)
	d.mu.Unlock()
	return d.FS.Rename(from, to)
}

func (d *smallDisk) Remove(name string) error {
	d.forget(name)
	return d.FS.Remove(name)
}

type smallFile struct {
	vfs.File
	disk *smallDisk
	name string
}

func (f *smallFile) Write(p []byte) (int, error) {
	if err := f.disk.grow(f.name, int64(len(p))); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

// Preallocate takes the space of the ballast; logs and tables are counted as they are written.
func (f *smallFile) Preallocate(_, n int64) error {
	if strings.Contains(f.name, ballastFile) {
		return f.disk.grow(f.name, n)
	}
	return nil
}

// eventually waits for what a loop of the log does by itself.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for range 2000 {
		if f() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("never happens: %s", what)
}

func TestDiskBecomesFullAndRecovers(t *testing.T) {
	disk := newSmallDisk(64 << 20)
	l := mustOpen(t, Options{FS: disk, DiskReserve: 8 << 20, Memory: 1 << 20, TrimInterval: time.Millisecond, Compression: "none"})
	q := mustQueue(t, l, 1, QueueOptions{})
	appendOne := func() error {
		var b Batch
		b.Add(Record{Body: bytes.Repeat([]byte("x"), 1000), Receivers: []Receiver{{Queue: 1}}})
		_, err := l.Append(&b)
		return err
	}
	if err := appendOne(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the ballast is held", l.ballast.held.Load)

	// Another program leaves less than the reserve: appends are refused, deliveries and state go on.
	disk.take(7 << 20)
	eventually(t, "the log is full", func() bool { return errors.Is(appendOne(), ErrFull) })
	if !strings.Contains(l.Full(), "make room on the disk") {
		t.Errorf("full because %q", l.Full())
	}
	e := mustTake(t, q, 0)
	if err := q.Park(&e, 0); err != nil {
		t.Fatal(err)
	}
	if err := l.Set([]byte("key"), []byte("value")); err != nil {
		t.Fatal(err)
	}
	disk.giveBack()
	eventually(t, "the log takes events again", func() bool { return appendOne() == nil })

	// Another program takes everything at once, faster than anybody looks: the ballast is given up, and the append that
	// met the full disk still succeeds.
	l.opt.TrimInterval = time.Hour
	disk.take(0)
	eventually(t, "the log is full", func() bool {
		err := appendOne()
		if err != nil && !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
		return err != nil
	})
	e = mustTake(t, q, 0)
	if err := q.Park(&e, 0); err != nil {
		t.Fatal(err)
	}
	disk.giveBack()
	eventually(t, "the ballast is held again", l.ballast.held.Load)
	eventually(t, "the log takes events again", func() bool { return appendOne() == nil })
}

// A disk that stays full although the ballast was given up breaks the log, with an error that says so; what was
// answered is there after a start with room. In a process of its own: a broken log leaves goroutines behind.
func TestDiskStaysFull(t *testing.T) { runChild(t, "full") }

func fullChild() error {
	disk := newSmallDisk(64 << 20)
	o := Options{Dir: "log", FS: disk, DiskReserve: 8 << 20, Memory: 1 << 20, TrimInterval: time.Millisecond,
		Compression: "none", Logger: slog.New(slog.DiscardHandler)}
	l, err := Open(o)
	if err != nil {
		return err
	}
	set := func(n int) error { return l.Set([]byte{byte(n >> 8), byte(n)}, bytes.Repeat([]byte("x"), 10_000)) }
	if err := set(0); err != nil {
		return err
	}
	done := 0
	for ; err == nil && done < 60_000; done++ {
		disk.take(0)
		err = set(done + 1) // state is not refused when the log is full
	}
	if !errors.Is(l.BrokenBy(), syscall.ENOSPC) || !strings.Contains(err.Error(), "make room on its disk") {
		return errors.Join(errors.New("the log is not broken by a full disk"), err, l.BrokenBy())
	}
	disk.giveBack()
	o.FS = disk.FS
	o.Dir = "log2" // the broken log still has the folder's lock
	if err := copyFolder(disk.FS, "log", "log2"); err != nil {
		return err
	}
	if l, err = Open(o); err != nil {
		return err
	}
	for n := range done {
		if _, found, err := l.Get(nil, []byte{byte(n >> 8), byte(n)}); !found || err != nil {
			return errors.Join(errors.New("a write that was answered is lost"), err)
		}
	}
	return l.Close()
}

func copyFolder(fs vfs.FS, from, to string) error {
	names, err := fs.List(from)
	if err != nil {
		return err
	}
	if err := fs.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if name == "LOCK" {
			continue
		}
		if err := vfs.Copy(fs, fs.PathJoin(from, name), fs.PathJoin(to, name)); err != nil {
			return err
		}
	}
	return nil
}
