package wal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// formatNumber is the version of everything this package writes. Raise it when a key or a value changes its form, and
// keep reading the older one.
const formatNumber = 1

const (
	formatFile   = "FORMAT"
	formatPrefix = "edgerelay log "
)

// makeFolder makes a folder and those above it that are missing, each durable in the one above it: without that, a power
// loss could take the folder away with everything that was synced inside.
func makeFolder(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := makeFolder(fs, parent); err != nil {
			return err
		}
	}
	err := fs.MkdirAll(dir, 0o700) // it holds what people did
	if err == nil && parent != dir {
		err = syncDir(fs, parent)
	}
	if err != nil {
		return fmt.Errorf("make log folder: %w; check the path and its permissions", err)
	}
	return nil
}

// checkFormat reads the folder's version stamp, or writes one into a new folder. It is a plain file beside Pebble's, so
// that a folder of a newer version is refused by name and before Pebble touches it.
func checkFormat(fs vfs.FS, dir string) error {
	path := fs.PathJoin(dir, formatFile)
	f, err := fs.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return stampFormat(fs, dir, path)
	}
	if err != nil {
		return fmt.Errorf("read version of log folder: %w; check its permissions", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, 64))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read version of log folder: %w; check its permissions", err)
	}
	number, isNumber := strings.CutPrefix(strings.TrimSpace(string(text)), formatPrefix)
	n, err := strconv.Atoi(number)
	if !isNumber || err != nil || n < 1 {
		return fmt.Errorf("%q holds %q, not the version of an edgerelay log: is this folder another program's? name a folder of its own in [log] dir", path, text)
	}
	if n > formatNumber {
		return fmt.Errorf("log folder %q is of version %d, this edgerelay reads up to %d: run the newer edgerelay, or name an empty folder in [log] dir", dir, n, formatNumber)
	}
	return nil
}

func stampFormat(fs vfs.FS, dir, path string) error {
	if err := refuseForeign(fs, dir); err != nil {
		return err
	}
	temporary := path + ".new"
	f, err := fs.Create(temporary, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = fmt.Fprintf(f, "%s%d\n", formatPrefix, formatNumber)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = fs.Rename(temporary, path)
	}
	if err == nil {
		err = syncDir(fs, dir)
	}
	if err != nil {
		return fmt.Errorf("stamp log folder: %w; check that it can be written and its disk has room", err)
	}
	return nil
}

// refuseForeign keeps us out of a folder with files that are not ours: a log made in somebody's home folder by a slip
// of the pen is hard to take out again.
func refuseForeign(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return fmt.Errorf("list log folder: %w; check its permissions", err)
	}
	for _, name := range names {
		if name == formatFile+".new" || name == "lost+found" || strings.HasPrefix(name, ".") {
			continue
		}
		return fmt.Errorf("folder %q is not empty and holds no edgerelay log (%q is in it): name an empty folder in [log] dir", dir, name)
	}
	return nil
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
