package wal

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// mustOpen opens a log on fs (nil: a folder of the test) that is closed with the test.
func mustOpen(t testing.TB, o Options) *Log {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir() + "/log"
		if o.FS != nil {
			o.Dir = "log"
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func newMem() *vfs.MemFS { return vfs.NewMem() }

func mustQueue(t testing.TB, l *Log, id uint32, o QueueOptions) *Queue {
	t.Helper()
	q, err := l.Queue(id, o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// mustAppend appends one record with a body to queues, and returns its number.
func mustAppend(t testing.TB, l *Log, body string, queues ...uint32) uint64 {
	t.Helper()
	var b Batch
	r := Record{Body: []byte(body)}
	for _, q := range queues {
		r.Receivers = append(r.Receivers, Receiver{Queue: q, Note: []byte(fmt.Sprint("note ", q))})
	}
	b.Add(r)
	got, err := l.Append(&b)
	if err != nil {
		t.Fatal(err)
	}
	return got.First
}

func mustTake(t testing.TB, q *Queue, now int64) Entry {
	t.Helper()
	e, ok, err := q.Take(now)
	if err != nil || !ok {
		t.Fatalf("take from queue %d: ok %v, error %v", q.id, ok, err)
	}
	return e
}

func wantNothing(t testing.TB, q *Queue, now int64) {
	t.Helper()
	if e, ok, err := q.Take(now); ok || err != nil {
		t.Fatalf("take from queue %d: got %q (%d), error %v; want nothing", q.id, e.Body, e.Seq, err)
	}
}

func TestRecordsReachTheQueuesTheyName(t *testing.T) {
	l := mustOpen(t, Options{FS: vfs.NewMem()})
	one, two := mustQueue(t, l, 1, QueueOptions{}), mustQueue(t, l, 2, QueueOptions{})
	mustAppend(t, l, "a", 1)
	mustAppend(t, l, "b", 2)
	mustAppend(t, l, "c", 1, 2)
	for _, want := range []string{"a", "c"} {
		if e := mustTake(t, one, 0); string(e.Body) != want || string(e.Note) != "note 1" {
			t.Errorf("queue 1 got %q with %q, want %q", e.Body, e.Note, want)
		}
	}
	for _, want := range []string{"b", "c"} {
		if e := mustTake(t, two, 0); string(e.Body) != want || string(e.Note) != "note 2" {
			t.Errorf("queue 2 got %q with %q, want %q", e.Body, e.Note, want)
		}
	}
	wantNothing(t, one, 0)
	wantNothing(t, two, 0)
}

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			l := mustOpen(b, Options{Dir: b.TempDir() + "/log", DedupeWindow: time.Hour})
			mustQueue(b, l, 1, QueueOptions{})
			body := make([]byte, 600)
			for i := range body {
				body[i] = byte('a' + i*7%23)
			}
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range callers {
				wg.Add(1)
				go func() {
					defer wg.Done()
					var batch Batch
					for i := c; i < b.N; i += callers {
						batch.Reset()
						batch.Add(Record{Body: body, Identity: uint64(i+1) * 0x9e3779b97f4a7c15, Receivers: []Receiver{{Queue: 1}}})
						if _, err := l.Append(&batch); err != nil {
							b.Error(err)
							return
						}
					}
				}()
			}
			wg.Wait()
		})
	}
}

func BenchmarkTake(b *testing.B) {
	for _, from := range []string{"tail", "disk"} {
		b.Run(from, func(b *testing.B) {
			o := Options{Dir: b.TempDir() + "/log", Memory: 1 << 30}
			if from == "disk" {
				o.Memory = 1 << 20
			}
			l := mustOpen(b, o)
			q := mustQueue(b, l, 1, QueueOptions{})
			var batch Batch
			body := make([]byte, 600)
			for i := 0; i < b.N; i += 100 {
				batch.Reset()
				for range 100 {
					batch.Add(Record{Body: body, Receivers: []Receiver{{Queue: 1}}})
				}
				if _, err := l.Append(&batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				e, ok, err := q.Take(0)
				if !ok || err != nil {
					b.Fatal(ok, err)
				}
				if err := q.Settle(&e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
