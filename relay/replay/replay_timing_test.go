package replay

import (
	"context"
	"encoding/binary"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// pastEvents is how many events a dry run finds in the log, one in a hundred a click.
const pastEvents = 1_000_000

// newPast is a log on disk with a past of pages and clicks for crm, all delivered, and a runner.
func newPast(b *testing.B, events int) *bed {
	bed := &bed{t: b, opt: wal.Options{Dir: b.TempDir() + "/log", SyncInterval: time.Second, Logger: slog.New(slog.DiscardHandler)}}
	bed.woken = map[string]chan struct{}{"crm": make(chan struct{}, 1), "bi": make(chan struct{}, 1)}
	bed.setHooks(newHook("crm", 1, "*"), newHook("bi", 2, "*"))
	bed.open()
	e := event.Sample(event.PageLoaded)
	var batch wal.Batch
	var body []byte
	for i := 0; i < events; {
		batch.Reset()
		for range 100 {
			i++
			e.Kind = event.PageLoaded
			if i%100 == 0 {
				e.Kind = event.FeatureClicked
			}
			binary.BigEndian.PutUint64(e.UniqueID[:], uint64(i)*0x9e3779b97f4a7c15)
			e.Visitor = event.AppendString(e.Visitor[:0], binary.BigEndian.AppendUint32(nil, uint32(i%5000)))
			body = e.AppendRecord(body[:0])
			batch.Add(wal.Record{Body: body, Identity: event.Identity(e.UniqueID), Receivers: []wal.Receiver{{Queue: 1}}})
		}
		if _, err := bed.log.Append(&batch); err != nil {
			b.Fatal(err)
		}
	}
	bed.drop("crm")
	bed.close()
	bed.opt.SyncInterval = 0
	bed.open()
	b.Cleanup(bed.close)
	return bed
}

// BenchmarkCount is the dry run over a million events.
func BenchmarkCount(b *testing.B) {
	bed := newPast(b, pastEvents)
	f := func(name string, q Request, want int64) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if c := bed.count(q); c.Events != want || c.Truncated {
					b.Fatalf("it says %+v", c)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pastEvents, "ns/event")
		})
	}
	f("all", Request{To: "bi"}, pastEvents)
	f("few", Request{To: "bi", Events: []string{"featureClicked"}}, pastEvents/100)
	f("given to nobody", Request{To: "crm", Of: "bi"}, 0)
	f("one", Request{To: "crm", UniqueID: "9e3779b97f4a7c15" + "000000000000000000000000"}, 0)
}

// BenchmarkLiveLatency is the time from append to take of 2,000 live events a second to a webhook, beside replays to it
// and to others, each given as a ratio of what it is alone.
func BenchmarkLiveLatency(b *testing.B) {
	bed := newPast(b, pastEvents/4)
	f := func(name string, begin func() (end func())) {
		b.Run(name, func(b *testing.B) {
			var alone, with []time.Duration
			for b.Loop() { // by turns: disks have good and bad minutes
				alone = append(alone, bed.measure(b)...)
				end := begin()
				with = append(with, bed.measure(b)...)
				end()
			}
			slices.Sort(alone)
			slices.Sort(with)
			for name, share := range map[string]float64{"p50": 0.5, "p99": 0.99} {
				without, beside := alone[int(share*float64(len(alone)))], with[int(share*float64(len(with)))]
				b.ReportMetric(float64(beside)/float64(without), name+"-ratio")
				b.ReportMetric(float64(without.Microseconds()), name+"-µs-alone")
			}
		})
	}
	replay := func(q Request) func() func() {
		return func() func() {
			j := bed.start(q)
			return func() {
				j, err := bed.runner.Cancel(context.Background(), j.ID)
				if err != nil || j.Events == 0 {
					b.Errorf("%+v, %v", j, err)
				}
				b.Logf("%d events sent again, %.0f %% looked at", j.Events, j.Share*100)
			}
		}
	}
	f("alone", func() func() { return func() {} })
	f("200 a second to the same", replay(Request{To: "crm"}))
	f("2000 a second to the same", replay(Request{To: "crm", Rate: 2000}))
	f("2000 a second to another", replay(Request{To: "bi", Rate: 2000}))
	f("few of many", replay(Request{To: "bi", Rate: 2000, Events: []string{"featureClicked"}}))
	f("a dry run", func() func() {
		var counting sync.WaitGroup
		ctx, end := context.WithCancel(context.Background())
		counting.Go(func() {
			for ctx.Err() == nil {
				_, _ = bed.runner.Count(ctx, Request{To: "bi"}) // ends with an error when it is cut off
			}
		})
		return func() { end(); counting.Wait() }
	})
}

// measure sends live events for a second; it returns what each took.
func (b *bed) measure(t testing.TB) (took []time.Duration) {
	const callers, each = 20, 100 // in flight, 10 ms apart
	var senders, taker sync.WaitGroup
	done := make(chan struct{})
	for _, name := range []string{"crm", "bi"} {
		taker.Go(func() {
			var e event.Event
			for {
				d, ok, err := b.queues[name].Take(time.Now().UnixMilli())
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					select {
					case <-b.woken[name]:
						continue
					case <-done:
						return
					}
				}
				if err := event.ParseRecord(d.Body, &e); err != nil {
					t.Error(err)
				}
				if e.Kind == event.VisitorCreated && name == "crm" {
					took = append(took, time.Since(time.Unix(0, e.Received)))
				}
				if err := b.queues[name].Settle(&d); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for c := range callers {
		senders.Go(func() {
			e := event.Sample(event.VisitorCreated)
			var batch wal.Batch
			time.Sleep(time.Duration(c) * 10 * time.Millisecond / callers)
			for range each {
				e.Received = time.Now().UnixNano()
				batch.Reset()
				batch.Add(wal.Record{Body: e.AppendRecord(nil), Receivers: []wal.Receiver{{Queue: 1}}})
				if _, err := b.log.Append(&batch); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(10*time.Millisecond - time.Since(time.Unix(0, e.Received)))
			}
		})
	}
	senders.Wait()
	close(done)
	taker.Wait()
	if len(took) < callers*each*9/10 {
		t.Errorf("%d of %d live events were taken", len(took), callers*each)
	}
	return took
}
