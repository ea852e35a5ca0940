package journal

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var entriesFlag = flag.Int("entries", 1_000_000, "entries in the journal of BenchmarkList")

// fill appends n entries over 13 days, in bursts of 3,000 within three seconds: half of them are of queue 1, the others of
// the next 999, which so have one or two in a burst; one in ten failed.
func fill(b *testing.B, j *Journal, c *clock, n int) {
	b.Helper()
	const burst = 3000
	pause := 13 * 24 * time.Hour / time.Duration(n/burst+1)
	for i := range n {
		queue, at := uint32(1), c.forward(time.Millisecond)
		if i%2 == 1 {
			queue = uint32(2 + i/2%999)
		}
		if i/2%10 == 0 {
			j.Append(queue, failure(at, i))
		} else {
			j.Append(queue, success(at, i))
		}
		if i%burst == burst-1 {
			j.flush()
			c.forward(pause)
		}
	}
	j.flush()
	if s := j.Stats(); s.Entries != uint64(n) || s.Evicted > 0 {
		b.Fatalf("%+v: want %d entries", s, n)
	}
}

// BenchmarkList lists the newest 100, and other things that people ask for. For ten million entries:
//
//	go test ./relay/journal -run - -bench List -entries 10000000 -benchtime 20x -timeout 20m -v
//
// On 2 shared cores of an Intel Xeon, Go 1.26, 21 November 2026, other work beside it: 182 bytes an entry; the newest 100 in
// 0.33 ms (at most 0.8), failed ones 0.26, of a quiet webhook 0.46, in the middle 0.52; a status that never occurs 5.6; an
// ID that does not exist 25 until it gives up with a cursor; the newest errors of 1,000 webhooks 3.6, in the middle 36 (76).
func BenchmarkList(b *testing.B) {
	c := newClock()
	log := openLog(b, vfs.Default, b.TempDir()+"/log")
	j := openJournal(b, Options{State: log, Now: c.Now, SizeMax: 8 << 30})
	begun := time.Now()
	fill(b, j, c, *entriesFlag)
	s := j.Stats()
	b.Logf("%d entries in %v, %.1f bytes each, %d MiB on disk", s.Entries, time.Since(begun).Round(time.Millisecond),
		float64(s.Bytes)/float64(s.Entries), log.Stats().DiskBytes>>20)
	middle := c.Now().Add(-6 * 24 * time.Hour)
	queries := []struct {
		name string
		q    Query
		list func(Query) ([]Attempt, string, error)
	}{
		{"newest", Query{}, of(j, 1)},
		{"failed", Query{Status: "failed"}, of(j, 1)},
		{"quiet", Query{}, of(j, 500)},
		{"middle", Query{To: middle}, of(j, 1)},
		{"nothing", Query{Status: "404"}, of(j, 1)},
		{"lost", Query{UniqueID: hexID(-1)}, of(j, 1)},
		{"errors", Query{}, j.Errors},
		{"errors-middle", Query{To: middle}, j.Errors},
	}
	for _, query := range queries {
		b.Run(query.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				begun := time.Now()
				if _, _, err := query.list(query.q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begun))
			}
			b.ReportMetric(float64(slices.Max(took).Microseconds())/1000, "max-ms")
		})
	}
}

// BenchmarkAppend is what an entry costs its lane and the writer together.
func BenchmarkAppend(b *testing.B) {
	for _, share := range []int{1, 1000} {
		b.Run(fmt.Sprintf("queues=%d", share), func(b *testing.B) {
			c := newClock()
			j := openJournal(b, Options{State: openLog(b, vfs.Default, b.TempDir()+"/log"), Now: c.Now})
			entries := make([]*Attempt, 1000)
			for i := range entries {
				entries[i] = failure(c.Now(), i)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				a := entries[i%len(entries)]
				a.Time = c.forward(time.Millisecond)
				j.Append(uint32(1+i%share), a)
				if i++; i%4000 == 0 {
					j.flush()
				}
			}
			j.flush()
			if s := j.Stats(); s.DroppedFailed > 0 {
				b.Errorf("%d entries were dropped", s.DroppedFailed)
			}
		})
	}
}
