package freight

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// forsakenFile marks the folder of a webhook that was deleted.
const forsakenFile = "deleted"

// Forsake marks a webhook's folder as that of a deleted one: Sweep discards it at the next start, should nobody come to
// Discard it before. A folder that is not there stays so.
func Forsake(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := writeFile(filepath.Join(dir, forsakenFile), strings.NewReader("")); err != nil {
		return fmt.Errorf("mark the folder of a deleted webhook: %w", err)
	}
	return nil
}

// Discard removes what a deleted webhook kept in its folder: the rows that it had collected and not shipped, and its
// objects' name. What it delivered into the folder stays. No carrier of the webhook is open.
func Discard(dir string) error {
	err := os.RemoveAll(filepath.Join(dir, exportFolder))
	for _, name := range []string{originFile, forsakenFile} {
		if err == nil {
			err = os.Remove(filepath.Join(dir, name))
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("discard the exports of a deleted webhook: %w", err)
	}
	_ = os.Remove(dir) // unless there is more in it
	return nil
}

// Sweep discards all folders below root that are marked. No carrier is open.
func Sweep(root string) error {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		dir := filepath.Join(root, entry.Name())
		if _, missing := os.Lstat(filepath.Join(dir, forsakenFile)); missing == nil {
			err = errors.Join(err, Discard(dir))
		}
	}
	return err
}
