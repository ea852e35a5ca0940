package journal

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

var _ State = (*wal.Log)(nil)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

var begin = time.Date(2026, 11, 21, 10, 15, 30, 123e6, time.UTC)

func newClock() *clock { return &clock{at: begin} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) forward(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return c.at
}

func openLog(t testing.TB, fs vfs.FS, dir string) *wal.Log {
	t.Helper()
	l, err := wal.Open(wal.Options{Dir: dir, FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func openJournal(t testing.TB, o Options) *Journal {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	j, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// newJournal is a journal on a log in memory.
func newJournal(t testing.TB, change func(o *Options)) (*Journal, *clock) {
	t.Helper()
	c := newClock()
	o := Options{State: openLog(t, vfs.NewMem(), "log"), Now: c.Now}
	if change != nil {
		change(&o)
	}
	return openJournal(t, o), c
}

func hexID(n int) string { return fmt.Sprintf("%x", event.UniqueID(fmt.Append(nil, n))) }

// failure is a failed attempt as deliver would tell of it.
func failure(at time.Time, n int) *Attempt {
	return &Attempt{Time: at, Webhook: "crm", UniqueID: hexID(n), Event: "pageLoaded", Number: 1 + n%5, Outcome: Retry,
		Status: 503, Reason: "503 Service Unavailable", Size: 612 + n%200,
		Request: []Header{{"Host", "hooks.example.com"}, {"User-Agent", "edgerelay/0.1.0"}, {"Content-Type", "application/json"},
			{"X-Edgerelay-Attempt", fmt.Sprint(1 + n%5)}, {"X-Pendo-Signature", "sha256=" + hexID(n) + hexID(n + 1)[:24]},
			{"Content-Length", fmt.Sprint(612 + n%200)}},
		Reply: []Header{{"Server", "nginx"}, {"Date", at.UTC().Format(time.RFC1123)}, {"Content-Type", "text/html"},
			{"Content-Length", "190"}, {"Connection", "keep-alive"}},
		Body: []byte("<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n" +
			"<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"),
		Timing: Timing{FirstByte: time.Duration(11000+n*7%5000) * time.Microsecond, Total: time.Duration(11200+n*7%5000) * time.Microsecond, Reused: true}}
}

// success is one that was sampled.
func success(at time.Time, n int) *Attempt {
	a := failure(at, n)
	a.Outcome, a.Status, a.Reason, a.Sampled = Delivered, 200, "", true
	a.Body = []byte(`{"ok":true}`)
	return a
}

// all pages through a query.
func all(t testing.TB, q Query, list func(Query) ([]Attempt, string, error)) (found []Attempt) {
	t.Helper()
	for pages := 0; ; pages++ {
		page, next, err := list(q)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, page...)
		if next == "" {
			return found
		}
		if q.Cursor = next; pages > 100_000 {
			t.Fatalf("%+v: no end after %d pages", q, pages)
		}
	}
}

func of(j *Journal, queue uint32) func(Query) ([]Attempt, string, error) {
	return func(q Query) ([]Attempt, string, error) { return j.List(queue, q) }
}

// flush writes what is in the buffer.
func (j *Journal) flush() { j.write() }

// stored is what the state holds of a journal: chunks and counts by their keys.
func stored(t testing.TB, s State) (chunks, counts map[string]string) {
	t.Helper()
	chunks, counts = map[string]string{}, map[string]string{}
	for space, into := range map[string]map[string]string{spaceChunk: chunks, spaceSegment: counts} {
		err := s.Scan([]byte(space), nil, func(key, value []byte) bool {
			into[string(key)] = string(value)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return chunks, counts
}

// checkBytes compares what the ledger counts with what is there.
func checkBytes(t testing.TB, j *Journal) {
	t.Helper()
	chunks, _ := stored(t, j.state)
	want := int64(0)
	for key, value := range chunks {
		want += int64(len(key) + len(value) + entryOverhead)
	}
	if got := j.Stats().Bytes; got != want {
		t.Errorf("the ledger counts %d bytes, there are %d", got, want)
	}
}

func newRand(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func ids(list []Attempt) (ids []string) {
	for i := range list {
		ids = append(ids, list[i].UniqueID)
	}
	return ids
}

func wantIDs(t testing.TB, what string, list []Attempt, want ...int) {
	t.Helper()
	var names []string
	for _, n := range want {
		names = append(names, hexID(n))
	}
	if !slices.Equal(ids(list), names) {
		t.Errorf("%s: got %d entries, want those of %v in this order", what, len(list), want)
	}
}
