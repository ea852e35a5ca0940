package wal

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// testEvents are bodies of about 600 bytes that compress as events do: the same names, other values.
func testEvents(n int) [][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = fmt.Appendf(nil, `{"uniqueId":"%016x%016x%08x","app":{"id":"-323232","name":"shop","platform":"web"},"event":"featureClicked",`+
			`"timestamp":%d,"visitorId":"visitor-%d@example.com","accountId":"account-%d","properties":{"server":"app.example.com","url":`+
			`"https://app.example.com/projects/%d/board?view=%d","title":"Board %d","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) `+
			`Chrome/131.0.0.0 Safari/537.36","remoteIp":"203.0.113.%d","language":"en-GB","session":"%016x","tags":["beta","team-%d"],"price":%d.%02d}}`,
			rng.Uint64(), rng.Uint64(), rng.Uint32(), 1700000000000+rng.Int64N(1e9), rng.IntN(1e6), rng.IntN(1e4), rng.IntN(1e4), rng.IntN(5),
			rng.IntN(1e4), rng.IntN(256), rng.Uint64(), rng.IntN(40), rng.IntN(1000), rng.IntN(100))
	}
	return bodies
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// diskWritten is what the process has sent to the disk, in bytes, where Linux tells.
func diskWritten() (n int64) {
	text, _ := os.ReadFile("/proc/self/io")
	for _, line := range splitLines(string(text)) {
		fmt.Sscanf(line, "write_bytes: %d", &n)
	}
	return n
}

func splitLines(text string) (lines []string) {
	for begin, i := 0, 0; i < len(text); i++ {
		if text[i] == '\n' {
			lines = append(lines, text[begin:i])
			begin = i + 1
		}
	}
	return lines
}

func rssMiB() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	var size, resident int64
	fmt.Sscan(string(text), &size, &resident)
	return resident * int64(os.Getpagesize()) >> 20
}

// BenchmarkSustained is a log under load for a long time: 64 callers append, one queue follows, the log is trimmed at
// 512 MiB. Run it with -benchtime=3500000x for 2 GB of events.
func BenchmarkSustained(b *testing.B) {
	for _, codec := range []string{"s2", "none"} {
		b.Run("codec="+codec, func(b *testing.B) { benchmarkSustained(b, codec) })
	}
}

func benchmarkSustained(b *testing.B, codec string) {
	dir := b.TempDir() + "/log"
	l := mustOpen(b, Options{Dir: dir, DedupeWindow: time.Hour, SizeMax: 512 << 20, Compression: codec})
	wake := make(chan struct{}, 1)
	q := mustQueue(b, l, 1, QueueOptions{Wake: func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}})
	bodies := testEvents(1000)
	size, peak := 0, int64(0)
	for _, body := range bodies {
		size += len(body)
	}
	runtime.GC()
	cpu, written := cpuTime(), diskWritten()
	b.ResetTimer()
	stop := make(chan struct{})
	var appenders, others sync.WaitGroup
	for c := range 64 {
		appenders.Go(func() {
			var batch Batch
			for i := c; i < b.N; i += 64 {
				batch.Reset()
				batch.Add(Record{Body: bodies[i%len(bodies)], Identity: uint64(i+1) * 0x9e3779b97f4a7c15, Receivers: []Receiver{{Queue: 1}}})
				for {
					_, err := l.Append(&batch)
					if err == nil {
						break
					}
					if err != ErrFull && err != ErrOverloaded {
						b.Error(err)
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	others.Go(func() {
		for {
			e, ok, err := q.Take(0)
			if err != nil {
				b.Error(err)
				return
			}
			if ok {
				_ = q.Settle(&e)
				continue
			}
			select {
			case <-wake:
			case <-stop:
				return
			}
		}
	})
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
				peak = max(peak, rssMiB())
			}
		}
	})
	appenders.Wait()
	close(stop)
	others.Wait()
	b.StopTimer()
	events := float64(b.N)
	m := l.store.db.Metrics()
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/1000/events, "cpu-µs/event")
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(diskWritten()-written)/float64(l.counters.bytes.Load()), "disk-bytes/log-byte")
	b.ReportMetric(float64(l.counters.bytes.Load())/events, "log-bytes/event")
	b.ReportMetric(float64(m.DiskSpaceUsage())/(1<<20), "disk-MiB")
	b.ReportMetric(float64(l.Bytes())/(1<<20), "log-MiB")
	b.ReportMetric(float64(peak), "rss-MiB")
	b.Logf("events of %d bytes\n%s", size/len(bodies), m)
}

// BenchmarkRead is the past, from disk: events of 600 bytes in groups of 30, b.N of them.
func BenchmarkRead(b *testing.B) {
	l := mustOpen(b, Options{Dir: b.TempDir() + "/log", SyncInterval: time.Second})
	bodies := testEvents(1000)
	var batch Batch
	for i := 0; i < b.N; i += 30 {
		batch.Reset()
		for n := range 30 {
			batch.Add(Record{Body: bodies[(i+n)%len(bodies)], Identity: uint64(i+n+1) * 0x9e3779b97f4a7c15, Receivers: []Receiver{{Queue: 1}}})
		}
		if _, err := l.Append(&batch); err != nil {
			b.Fatal(err)
		}
	}
	f := func(what string, s Section) {
		began, n := time.Now(), 0
		s.To = l.Head()
		for s.From <= s.To {
			_, next, err := l.Read(s, func(*Past) bool { n++; return true })
			if err != nil {
				b.Fatal(err)
			}
			s.From = next
		}
		b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(b.N), what+"-ns/event")
	}
	b.ReportAllocs()
	b.ResetTimer()
	f("all", Section{})
	f("identity", Section{Identity: 12345})
	f("queue", Section{Queue: 99})
}
