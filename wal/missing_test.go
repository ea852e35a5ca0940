package wal

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// words opens a log and returns what it says.
func words(t *testing.T, o Options) (*Log, *bytes.Buffer) {
	t.Helper()
	var said bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&said, nil))
	l := mustOpen(t, o)
	return l, &said
}

// TestMissingFileOfValues takes one away by hand; put back, all is well.
func TestMissingFileOfValues(t *testing.T) {
	fs := newMem()
	o := Options{Dir: "log", FS: fs, Memory: 1 << 20, TrimInterval: time.Hour, CursorInterval: time.Hour}
	l := mustOpen(t, o)
	mustQueue(t, l, 1, QueueOptions{})
	rng := rand.New(rand.NewPCG(1, 2))
	const blocks = 40
	for i := range blocks {
		body := make([]byte, 8<<10)
		for j := range body {
			body[j] = byte(rng.Uint32())
		}
		mustAppend(t, l, string(body), 1)
		if i%10 == 9 {
			if err := l.store.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := fs.List("log")
	if err != nil {
		t.Fatal(err)
	}
	gone := ""
	for _, name := range names {
		if strings.HasSuffix(name, ".blob") {
			gone = name
		}
	}
	if err := fs.Rename("log/"+gone, gone); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, o, "1 of the .blob files", "put them back", "name an empty folder")
	if err := fs.Rename(gone, "log/"+gone); err != nil {
		t.Fatal(err)
	}
	q := mustQueue(t, mustOpen(t, o), 1, QueueOptions{})
	for range blocks {
		mustSettle(t, q, mustTake(t, q, 0))
	}
	wantNothing(t, q, 0)
}

// TestMissingNumbers is what a missing file of Pebble's own log leaves: numbers that nothing stands for.
func TestMissingNumbers(t *testing.T) {
	f := func(from, to uint64, word string) {
		t.Helper()
		o := Options{Dir: "log", FS: newMem(), Memory: 1 << 20, DedupeWindow: time.Hour, TrimInterval: time.Hour, CursorInterval: time.Hour}
		l := mustOpen(t, o)
		mustQueue(t, l, 1, QueueOptions{})
		for range 9 {
			mustAppend(t, l, "x", 1)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, o)
		pb := l.store.db.NewBatch()
		for _, space := range []byte{spaceIndex, spaceBlock} {
			if err := pb.DeleteRange(appendSeqKey(nil, space, from), appendSeqKey(nil, space, to), nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.store.write(pb, pebble.Sync); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		_, said := words(t, o)
		if got := said.String(); strings.Contains(got, "missing") != (word != "") || !strings.Contains(got, word) {
			t.Errorf("without %d to %d the start says %q", from, to, got)
		}
	}
	f(4, 7, "from=4 to=6")
	f(8, 10, "from=8 to=9")
	f(1, 3, "") // is what trimming leaves
	f(5, 5, "")
}
