package wal

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const ballastFile = "BALLAST"

// ballastMax bounds the ballast: enough for Pebble to finish what it is doing and for the deliveries' own writes.
const ballastMax = 64 << 20

// ballast is disk space that is held only to be given up when another program fills the disk faster than the limits
// are looked at: Pebble's next write then finds room again, and appends are refused from that moment on.
type ballast struct {
	fs   vfs.FS // below Pebble's
	path string
	size int64 // 0: none is kept
	held atomic.Bool
}

func newBallast(fs vfs.FS, dir string, size int64) *ballast {
	b := &ballast{fs: fs, path: fs.PathJoin(dir, ballastFile), size: max(size, 0)}
	_, err := fs.Stat(b.path)
	b.held.Store(err == nil)
	return b
}

// fill takes the space.
func (b *ballast) fill() error {
	temporary := b.path + ".new"
	f, err := b.fs.Create(temporary, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("keep disk space in reserve: %w", err)
	}
	if err = f.Preallocate(0, b.size); err != nil {
		err = writeZeros(f, b.size) // not every file system can promise space
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = b.fs.Rename(temporary, b.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep disk space in reserve: %w", err), b.fs.Remove(temporary))
	}
	b.held.Store(true)
	return nil
}

// release gives the space up.
func (b *ballast) release() error {
	b.held.Store(false)
	return b.fs.Remove(b.path)
}

func writeZeros(f vfs.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for ; size > 0; size -= int64(len(zeros)) {
		if _, err := f.Write(zeros[:min(size, int64(len(zeros)))]); err != nil {
			return err
		}
	}
	return nil
}
