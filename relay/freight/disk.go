package freight

import (
	"io"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// freeBytes is how much is free on the disk of a folder, as far as that can be known. Pebble asks every system that it
// runs on.
func freeBytes(folder string) (bytes uint64, known bool) {
	usage, err := vfs.Default.GetDiskUsage(folder)
	return usage.AvailBytes, err == nil
}

// writeFile writes a file that is there whole, with its folder's entry on the disk, or not at all. It replaces one of the
// same name.
func writeFile(name string, content io.Reader) error {
	folder, base := filepath.Split(name)
	temporary := filepath.Join(folder, "."+base+".part") // the same on every attempt, so that none is left behind
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		_ = os.Remove(temporary) // the first error is the one that counts
		return err
	}
	return syncFolder(folder)
}

// syncFolder has the entries of a folder survive a power cut.
func syncFolder(folder string) error {
	if folder == "" {
		folder = "."
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}

// makeFolders makes a folder and those above it that are missing, each of them on the disk when it returns.
func makeFolders(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	above := filepath.Dir(folder)
	if above != folder {
		if err := makeFolders(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(folder, 0o750); err != nil && !os.IsExist(err) {
		return err
	}
	return syncFolder(above)
}
