package wal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// failure is the one fault that ends a log's writing. It is set once and never taken back.
type failure struct {
	once sync.Once
	done chan struct{}
	err  error
}

func newFailure() *failure { return &failure{done: make(chan struct{})} }

func (f *failure) set(err error) {
	f.once.Do(func() {
		remedy := "check the disk"
		if errors.Is(err, syscall.ENOSPC) {
			remedy = "make room on its disk"
		}
		f.err = fmt.Errorf("the log cannot be written any more: %w; %s, then start edgerelay again", err, remedy)
		close(f.done)
	})
}

// get is the fault, nil while there is none.
func (f *failure) get() error {
	select {
	case <-f.done:
		return f.err
	default:
		return nil
	}
}

// brake is the file system below Pebble. Pebble answers a failed write of its log or its manifest with a panic, often
// on a goroutine of its own and once with a mutex that it does not hold, which ends the process without a word to the
// operator; and a manifest that was written on after a failure may not be readable again. So the first such failure
// stops here: it is noted, the writer never gets its answer, and nothing is written any more. The folder is then as
// after a crash, which is the state that every start recovers from.
//
// Only a full disk while tables are written is passed on, because Pebble takes such a table back and tries again.
type brake struct {
	vfs.FS
	failure *failure
	armed   atomic.Bool  // off while the folder opens: there Pebble returns errors as it should
	full    atomic.Int32 // table writes in a row that met a full disk
}

// tablePause and tablePauseMax keep Pebble from trying again at once while the disk is full: each time twice as long.
const (
	tablePause    = 10 * time.Millisecond
	tablePauseMax = 2 * time.Second
)

// begin is called before everything that writes.
func (b *brake) begin() {
	if b.armed.Load() && b.failure.get() != nil {
		b.stop()
	}
}

// end is called with the outcome of everything that writes.
func (b *brake) end(verb, name string, err error) error {
	if err == nil || !b.armed.Load() {
		if err == nil && b.full.Load() > 0 && verb == "sync" && isTable(name) {
			b.full.Store(0)
		}
		return err
	}
	if isTable(name) && errors.Is(err, syscall.ENOSPC) {
		time.Sleep(min(tablePause<<min(b.full.Add(1), 10), tablePauseMax))
		return err
	}
	b.failure.set(fmt.Errorf("%s %q: %w", verb, name, err))
	b.stop()
	return err
}

// stop never returns.
func (b *brake) stop() { select {} }

func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

// open wraps a file that was opened for writing.
func (b *brake) open(verb, name string, f vfs.File, err error) (vfs.File, error) {
	if err := b.end(verb, name, err); err != nil {
		return nil, err
	}
	return &brakeFile{File: f, brake: b, name: name}, nil
}

// Create implements vfs.FS.
//
// A manifest is made durable in its folder at once. Pebble leaves that to the sync of the marker that names it, which
// lets a disk that does not keep the order of its folder's entries lose the manifest and keep the marker.
func (b *brake) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	b.begin()
	f, err := b.FS.Create(name, c)
	if err == nil && strings.HasPrefix(b.PathBase(name), "MANIFEST-") {
		if err = syncDir(b.FS, b.PathDir(name)); err != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return b.open("create", name, f, err)
}

// OpenReadWrite implements vfs.FS.
func (b *brake) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	b.begin()
	f, err := b.FS.OpenReadWrite(name, c, opts...)
	return b.open("open", name, f, err)
}

// ReuseForWrite implements vfs.FS.
func (b *brake) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	b.begin()
	f, err := b.FS.ReuseForWrite(from, to, c)
	return b.open("reuse", from, f, err)
}

// OpenDir implements vfs.FS.
func (b *brake) OpenDir(name string) (vfs.File, error) {
	b.begin()
	f, err := b.FS.OpenDir(name)
	return b.open("open folder", name, f, err)
}

// Link implements vfs.FS.
func (b *brake) Link(from, to string) error {
	b.begin()
	return b.end("link", from, b.FS.Link(from, to))
}

// Rename implements vfs.FS.
func (b *brake) Rename(from, to string) error {
	b.begin()
	return b.end("rename", from, b.FS.Rename(from, to))
}

// MkdirAll implements vfs.FS.
func (b *brake) MkdirAll(dir string, perm os.FileMode) error {
	b.begin()
	return b.end("make folder", dir, b.FS.MkdirAll(dir, perm))
}

// Remove implements vfs.FS. That it fails is no fault: the file stays until the next start.
func (b *brake) Remove(name string) error {
	b.begin()
	return b.FS.Remove(name)
}

// RemoveAll implements vfs.FS.
func (b *brake) RemoveAll(name string) error {
	b.begin()
	return b.FS.RemoveAll(name)
}

// Lock implements vfs.FS.
func (b *brake) Lock(name string) (io.Closer, error) { return b.FS.Lock(name) }

// Unwrap implements vfs.FS.
func (b *brake) Unwrap() vfs.FS { return b.FS }

// brakeFile is a file that was opened for writing, or a folder opened for syncing.
type brakeFile struct {
	vfs.File
	brake *brake
	name  string
}

// Write implements io.Writer.
func (f *brakeFile) Write(p []byte) (int, error) {
	f.brake.begin()
	n, err := f.File.Write(p)
	return n, f.brake.end("write", f.name, err)
}

// WriteAt implements io.WriterAt.
func (f *brakeFile) WriteAt(p []byte, at int64) (int, error) {
	f.brake.begin()
	n, err := f.File.WriteAt(p, at)
	return n, f.brake.end("write", f.name, err)
}

// Preallocate implements vfs.File.
func (f *brakeFile) Preallocate(offset, length int64) error {
	f.brake.begin()
	return f.brake.end("extend", f.name, f.File.Preallocate(offset, length))
}

// Sync implements vfs.File.
func (f *brakeFile) Sync() error {
	f.brake.begin()
	return f.brake.end("sync", f.name, f.File.Sync())
}

// SyncData implements vfs.File.
func (f *brakeFile) SyncData() error {
	f.brake.begin()
	return f.brake.end("sync", f.name, f.File.SyncData())
}

// SyncTo implements vfs.File.
func (f *brakeFile) SyncTo(length int64) (bool, error) {
	f.brake.begin()
	full, err := f.File.SyncTo(length)
	return full, f.brake.end("sync", f.name, err)
}

// Close implements io.Closer.
func (f *brakeFile) Close() error {
	return f.brake.end("close", f.name, f.File.Close())
}
