package wal

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// wantRefused checks that a folder cannot be opened, and that the error has the given words.
func wantRefused(t *testing.T, o Options, words ...string) {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	l, err := Open(o)
	if err == nil {
		t.Fatalf("opened a folder that should be refused with %q (close: %v)", words, l.Close())
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q has no %q", err, w)
		}
	}
}

func writeFile(t *testing.T, fs vfs.FS, name, text string) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFormat(t *testing.T) {
	f := func(stamp string, words ...string) {
		t.Helper()
		fs := vfs.NewMem()
		if err := fs.MkdirAll("log", 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, fs, "log/FORMAT", stamp)
		wantRefused(t, Options{Dir: "log", FS: fs}, words...)
		names, err := fs.List("log")
		if err != nil || len(names) != 1 {
			t.Errorf("a refused folder holds %q, %v", names, err)
		}
	}
	f("edgerelay log 2\n", "version 2", "reads up to 1", "run the newer edgerelay")
	f("edgerelay log 99", "version 99")
	for _, stamp := range []string{"", "1", "edgerelay log 0", "edgerelay log -1", "edgerelay log x", "RIFF\x00\x01"} {
		f(stamp, "another program's", "name a folder of its own")
	}
}

func TestForeignFolder(t *testing.T) {
	fs := vfs.NewMem()
	if err := fs.MkdirAll("home", 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, fs, "home/letter.txt", "dear")
	wantRefused(t, Options{Dir: "home", FS: fs}, "not empty", "letter.txt", "name an empty folder")

	// What a file system or a start that was cut short leaves behind is no reason to refuse.
	for _, name := range []string{".hidden", "lost+found", "FORMAT.new"} {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("log", 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, fs, "log/"+name, "")
		mustOpen(t, Options{Dir: "log", FS: fs})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	wantRefused(t, Options{}, "no folder is given")
	wantRefused(t, Options{Dir: "x", FS: vfs.NewMem(), Retain: 1, SizeMax: 1, Memory: 1, DedupeWindow: -1, SyncInterval: -1},
		"retain 1ns", "size limit 1", "memory 1", "dedupe window -1ns", "sync interval -1ns")
	wantRefused(t, Options{Dir: "x", FS: vfs.NewMem(), Compression: "lz4"}, `compression "lz4" is unknown`)
	wantRefused(t, Options{Dir: "/proc/edgerelay/log"}, "make log folder", "check the path")
}

func TestFolderIsLocked(t *testing.T) {
	dir := t.TempDir() + "/log"
	l := mustOpen(t, Options{Dir: dir})
	wantRefused(t, Options{Dir: dir}, "another edgerelay runs on this folder", "end it first")
	runChild(t, "lock", dir) // and another process
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, Options{Dir: dir})
}

// lockChild opens a folder that its parent holds.
func lockChild() error {
	_, err := Open(Options{Dir: os.Args[1], Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "another edgerelay runs on this folder") {
		return fmt.Errorf("the folder of another process is opened with %v", err)
	}
	return nil
}
