package people

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/wal"
)

var (
	_ State  = (*wal.Log)(nil)
	_ Writer = (*wal.Batch)(nil)
)

func openLog(tb testing.TB, fs vfs.FS, dir string) *wal.Log {
	tb.Helper()
	l, err := wal.Open(wal.Options{Dir: dir, FS: fs, Memory: 16 << 20, DiskReserve: -1, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// sightOn is intake on the real log. Each report gets a key of its own in the batch that makes it true, so that reports
// can be counted after a crash.
func sightOn(b *Book, l *wal.Log, report *atomic.Uint64, visitor, account string) error {
	v, a := quoted(visitor), quoted(account)
	if b.Known("demo", v, a) {
		return nil
	}
	c := b.Begin()
	seen, err := c.See("demo", v, a, 1700000000000)
	if err != nil || !c.Changed() {
		c.Done(false)
		return err
	}
	var batch wal.Batch
	if seen.NewVisitor {
		batch.Put(fmt.Appendf(nil, "report/%s/%d", visitor, report.Add(1)), []byte("visitorCreated"))
	}
	if seen.NewAccount {
		batch.Put(fmt.Appendf(nil, "report/%s/%d", account, report.Add(1)), []byte("accountCreated"))
	}
	c.Stage(&batch)
	if err := l.Submit(&batch); err != nil {
		c.Done(false)
		return err
	}
	c.Submitted()
	_, err = batch.Wait()
	c.Done(err == nil)
	return err
}

func TestOneReportEachOnTheRealLogAcrossCrashes(t *testing.T) {
	const rounds, workers, visitors, accounts = 8, 16, 120, 5
	rng := rand.New(rand.NewPCG(4, 2))
	fs := vfs.NewCrashableMem()
	var report atomic.Uint64
	for round := range rounds {
		l := openLog(t, fs, "log")
		b := Open(Options{State: l, CacheBytes: 1 << 10})
		checkReports(t, l, b)
		crashed := fs
		var crash sync.Once
		left := atomic.Int64{}
		if left.Store(rng.Int64N(workers * visitors / 2)); round == rounds-1 {
			left.Store(1 << 40)
		}
		unsynced := rng.IntN(101)
		var wg sync.WaitGroup
		for w := range workers {
			order := rand.New(rand.NewPCG(uint64(round), uint64(w))).Perm(visitors)
			wg.Go(func() {
				for _, v := range order {
					if left.Add(-1) < 0 { // the power fails while the others go on
						crash.Do(func() {
							crashed = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsynced, RNG: rng})
						})
						return
					}
					if err := sightOn(b, l, &report, fmt.Sprint("v", v), fmt.Sprint("a", v%accounts)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		fs = crashed
	}
	l := openLog(t, fs, "log")
	defer l.Close()
	if n := checkReports(t, l, Open(Options{State: l})); n != visitors+accounts {
		t.Fatalf("%d reports, want %d", n, visitors+accounts)
	}
}

// checkReports: whoever is seen was reported once, and whoever was reported is seen.
func checkReports(t *testing.T, l *wal.Log, b *Book) (total int) {
	t.Helper()
	reports := map[string]int{}
	err := l.Scan([]byte("report/"), nil, func(key, _ []byte) bool {
		reports[strings.Split(string(key), "/")[1]]++
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	if err := l.Scan([]byte("people/"), nil, func(_, _ []byte) bool { seen++; return true }); err != nil {
		t.Fatal(err)
	}
	if seen != len(reports) {
		t.Fatalf("%d records, %d reported", seen, len(reports))
	}
	for who, n := range reports {
		visitor, account := who, ""
		if who[0] == 'a' {
			visitor, account = "", who
		}
		if n != 1 || !b.Known("demo", quoted(visitor), quoted(account)) {
			t.Fatalf("%s was reported %d times; known: %v", who, n, b.Known("demo", quoted(visitor), quoted(account)))
		}
		total += n
	}
	return total
}

// BenchmarkVisitorsOnLog is what a visitor costs in the real log on a real disk: bytes when all are written, and the
// time of a question that the table cannot answer.
func BenchmarkVisitorsOnLog(b *testing.B) {
	const visitors, group = 200_000, 1000
	l := openLog(b, vfs.Default, b.TempDir())
	defer l.Close()
	book := Open(Options{State: l, CacheBytes: 1})
	id := func(i int) []byte { return fmt.Appendf(nil, `"visitor-%d@example.com"`, i) }
	bytes := 0
	for i := 0; i < visitors; i += group {
		c := book.Begin()
		for j := i; j < i+group; j++ {
			if _, err := c.See("demo", id(j), []byte(`"acct-1"`), 1700000000000); err != nil {
				b.Fatal(err)
			}
		}
		var batch wal.Batch
		c.Stage(&batch)
		bytes += batch.Size()
		if err := l.Submit(&batch); err != nil {
			b.Fatal(err)
		}
		c.Submitted()
		_, err := batch.Wait()
		c.Done(err == nil)
		if err != nil {
			b.Fatal(err)
		}
	}
	ids := make([][]byte, 10_000)
	for i := range ids {
		ids[i] = id(i * 7919 % visitors)
	}
	account := []byte(`"acct-1"`)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i++; !book.Known("demo", ids[i%len(ids)], account) {
			b.Fatal(i)
		}
	}
	b.ReportMetric(float64(bytes)/visitors, "B/visitor")
}
