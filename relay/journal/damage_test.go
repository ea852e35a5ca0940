package journal

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/wal"
)

// newThirty is a journal of 30 entries in 10 chunks, and what it says.
func newThirty(t *testing.T) (j *Journal, c *clock, log *wal.Log, words *bytes.Buffer) {
	t.Helper()
	words = &bytes.Buffer{}
	j, c = newJournal(t, func(o *Options) {
		log = o.State.(*wal.Log)
		o.Logger = slog.New(slog.NewTextHandler(words, nil))
	})
	for n := range 30 {
		j.Append(1, failure(c.forward(time.Second), n))
		if n%3 == 2 {
			j.flush()
		}
	}
	if chunks, counts := stored(t, log); len(chunks) != 10 || len(counts) != 1 {
		t.Fatalf("%d chunks, %d counts", len(chunks), len(counts))
	}
	return j, c, log, words
}

// TestDamagedChunksAreReported and passed over.
func TestDamagedChunksAreReported(t *testing.T) {
	j, _, log, words := newThirty(t)
	damage := []func(value []byte) []byte{
		func([]byte) []byte { return nil },
		func(v []byte) []byte { return v[:len(v)-3] },
		func(v []byte) []byte { v[0] = 99; return v },
		func(v []byte) []byte { return append(v, "more"...) },
		func(v []byte) []byte { copy(v[8:], "rubbish rubbish rubbish"); return v },
	}
	lost := 0
	chunks, _ := stored(t, log)
	for key, value := range chunks {
		if lost < len(damage) {
			if err := log.Set([]byte(key), damage[lost]([]byte(value))); err != nil {
				t.Fatal(err)
			}
			lost++
		}
	}
	if err := log.Set([]byte(spaceChunk+"\x00\x00\x00\x01f\xff strange"), []byte("?")); err != nil {
		t.Fatal(err)
	}
	if got := all(t, Query{}, of(j, 1)); len(got) != 30-3*lost {
		t.Errorf("%d entries are listed, want the %d in whole chunks", len(got), 30-3*lost)
	}
	if got := j.Stats().Damaged; got != uint64(lost)+1 {
		t.Errorf("%d times something was damaged, want %d", got, lost+1)
	}
	if got := words.String(); strings.Count(got, "cannot be read and is left out") != lost+1 || !strings.Contains(got, "check the disk") {
		t.Errorf("it said %s", got)
	}
}

// TestDamagedCountsAreReported and are no reason not to start.
func TestDamagedCountsAreReported(t *testing.T) {
	j, c, log, _ := newThirty(t)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, counts := stored(t, log)
	for key := range counts {
		for _, k := range []string{key, keyNumber, spaceSegment + "short"} {
			if err := log.Set([]byte(k), []byte{0xff, 0xff}); err != nil {
				t.Fatal(err)
			}
		}
	}
	j = openJournal(t, Options{State: log, Now: c.Now})
	if got := j.Stats(); got.Damaged != 3 || got.Bytes != 0 {
		t.Errorf("opened on damaged counts: %+v", got)
	}
	j.Append(1, failure(c.forward(time.Second), 100))
	if got := all(t, Query{}, of(j, 1)); len(got) == 0 || got[0].UniqueID != hexID(100) {
		t.Errorf("%d entries after new ones came", len(got))
	}
}

// TestDamagedChunksNeverPanic changes each chunk at random places.
func TestDamagedChunksNeverPanic(t *testing.T) {
	rng := newRand(t)
	log := openLog(t, vfs.NewMem(), "log")
	c := newClock()
	j := openJournal(t, Options{State: log, Now: c.Now, Logger: slog.New(slog.DiscardHandler)})
	for n := range 40 {
		j.Append(1, failure(c.forward(1e9), n))
	}
	j.flush()
	chunks, _ := stored(t, log)
	for range 400 {
		for key, value := range chunks {
			bad := []byte(value)
			for range 1 + rng.IntN(4) {
				bad[rng.IntN(len(bad))] = byte(rand.Uint32())
			}
			if err := log.Set([]byte(key), bad[:len(bad)-rng.IntN(3)]); err != nil {
				t.Fatal(err)
			}
		}
		all(t, Query{Limit: 7}, of(j, 1))
	}
}

func FuzzRow(f *testing.F) {
	for n := range 3 {
		f.Add(appendRow(nil, failure(begin, n), maskNames{}))
		f.Add(appendRow(nil, success(begin, n), maskNames{}))
	}
	f.Add(appendRow(nil, &Attempt{Outcome: Note, Reason: "x", UniqueID: "plain"}, maskNames{}))
	f.Fuzz(func(t *testing.T, row []byte) {
		h, err := parseHead(row)
		if err != nil {
			return
		}
		a, err := h.attempt()
		if err != nil {
			return
		}
		// What can be read is written again, perhaps cut and masked, and then stays as it is.
		once := appendRow(nil, &a, maskNames{})
		h, err = parseHead(once)
		if err != nil {
			t.Fatalf("%q became %q: %v", row, once, err)
		}
		b, err := h.attempt()
		if err != nil {
			t.Fatalf("%q became %q: %v", row, once, err)
		}
		if twice := appendRow(nil, &b, maskNames{}); !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q and then %q", row, once, twice)
		}
	})
}

func FuzzChunk(f *testing.F) {
	coder, err := newCoder()
	if err != nil {
		f.Fatal(err)
	}
	b := newBuffer()
	at := position{begin.UnixMilli(), 7}
	for n := range 5 {
		b.add(stream{1, failures}, position{at.ms - int64(n), at.number + uint64(n)}, failure(begin, n))
	}
	value, _ := coder.appendChunk(nil, nil, b, b.places)
	f.Add(value)
	f.Add(value[:20])
	f.Fuzz(func(t *testing.T, value []byte) {
		k, err := parseChunk(at, value)
		if err != nil {
			return
		}
		r, err := coder.open(&k)
		for more := err == nil; more && err == nil; more, err = r.next() {
			if r.at.newerThan(at) {
				t.Fatalf("a row at %v in a chunk of %v", r.at, at)
			}
			if h, err := parseHead(r.row); err == nil {
				_, _ = h.attempt()
			}
		}
	})
}

func FuzzRows(f *testing.F) {
	b := newBuffer()
	b.add(stream{1, failures}, position{1000, 7}, failure(begin, 1))
	b.add(stream{1, failures}, position{990, 6}, failure(begin, 2))
	f.Add(appendRows(nil, b, b.places))
	f.Fuzz(func(t *testing.T, raw []byte) {
		first := position{1000, 7}
		r, err := newRows(first, raw)
		for more, last := err == nil, first; more && err == nil; more, err = r.next() {
			if r.at.newerThan(last) {
				t.Fatalf("a row at %v behind one at %v", r.at, last)
			}
			last = r.at
		}
	})
}

func FuzzSegment(f *testing.F) {
	g := segment{start: 1000, newest: 2000, failed: 1500, entries: 7, bytes: 700}
	key := stream{7, failures}.segmentKey(nil, g.start)
	f.Add(key, g.append(nil))
	g.failed = -1
	f.Add(key, g.append(nil))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		s, g, err := parseSegment(key, value)
		if err != nil {
			return
		}
		again, h, err := parseSegment(s.segmentKey(nil, g.start), g.append(nil))
		if err != nil || again != s || h != g {
			t.Fatalf("%+v of %v is read as %+v of %v, error %v", g, s, h, again, err)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(position{begin.UnixMilli(), 7}.cursor())
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok := parseCursor(text); ok && at.cursor() != text {
			t.Fatalf("%q is %v, which is %q", text, at, at.cursor())
		}
	})
}
