package replay

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// Everything at once, on a real clock: live events, trims, replays that come and go, dry runs, webhooks that change.
// Live events are delivered in their order and none is lost.
func TestEverythingAtOnce(t *testing.T) {
	b := newBed(t, vfs.NewMem())
	b.close()
	b.opt.TrimInterval, b.opt.SizeMax, b.opt.Compression = 50*time.Millisecond, 2<<20, "none"
	b.open()
	const live = 8_000
	ctx, stop := context.WithCancel(context.Background())
	var senders, others sync.WaitGroup
	senders.Go(func() { b.sendLive(live) })
	got := make(chan int, 1)
	others.Go(func() { got <- b.takeLive(ctx, live) })
	for n := range 2 {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		others.Go(func() { b.replaySome(ctx, rng) })
	}
	others.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			b.setHooks(newHook("crm", 1, "*"), newHook([]string{"bi", "sales"}[n/10%2], 2, []string{"*", "pageLoaded"}[n%2]))
			time.Sleep(time.Millisecond)
		}
	})
	senders.Wait()
	if n := <-got; n != live {
		t.Errorf("%d of %d live events came", n, live)
	}
	stop()
	others.Wait()
	b.close()
}

// sendLive sends track events, whose names nothing but live events have, with a page before each.
func (b *bed) sendLive(n int) {
	for i := 0; i < n; {
		var batch wal.Batch
		for range 20 {
			for _, kind := range []event.Kind{event.PageLoaded, event.TrackEventReceived} {
				e := event.Sample(kind)
				e.UniqueID = event.UniqueID([]byte{byte(i), byte(i >> 8), byte(kind)})
				batch.Add(wal.Record{Body: e.AppendRecord(nil), Receivers: []wal.Receiver{{Queue: 1}, {Queue: 2}}})
			}
			i++
		}
		for {
			_, err := b.log.Append(&batch)
			if err == nil {
				break
			}
			if !errors.Is(err, wal.ErrFull) && !errors.Is(err, wal.ErrOverloaded) {
				b.t.Error(err)
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// takeLive delivers to both webhooks until crm has had n track events from the log; a few end as dead letters.
func (b *bed) takeLive(ctx context.Context, n int) (live int) {
	var e event.Event
	for last := uint64(0); ctx.Err() == nil; {
		idle := true
		for id, queue := range []*wal.Queue{b.queues["crm"], b.queues["bi"]} {
			d, ok, err := queue.Take(time.Now().UnixMilli())
			if err != nil {
				b.t.Error(err)
				return live
			}
			if !ok {
				continue
			}
			idle = false
			if err := event.ParseRecord(d.Body, &e); err != nil {
				b.t.Error(err)
			}
			if id == 0 && e.Kind == event.TrackEventReceived {
				if d.Seq <= last {
					b.t.Errorf("live event %d follows %d", d.Seq, last)
				}
				last, live = d.Seq, live+1
			}
			if e.Kind == event.PageLoaded && d.Seq%50 == 0 {
				err = queue.Bury(&d, wal.Death{Time: time.Now().UnixMilli()})
			} else {
				err = queue.Settle(&d)
			}
			if err != nil {
				b.t.Error(err)
			}
		}
		if idle {
			if live == n {
				return live
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
	return live
}

// replaySome starts, counts, lists and cancels replays of pages.
func (b *bed) replaySome(ctx context.Context, rng *rand.Rand) {
	for ctx.Err() == nil {
		q := Request{To: []string{"crm", "bi"}[rng.IntN(2)], Dead: rng.IntN(3) == 0, Rate: 3000, Events: []string{"pageLoaded"}}
		if rng.IntN(2) == 0 {
			q.Of = "crm"
		}
		if rng.IntN(3) == 0 {
			q.From = time.Now().Add(-time.Duration(rng.IntN(300)) * time.Millisecond)
		}
		if _, err := b.runner.Count(ctx, q); err != nil && ctx.Err() == nil && q.To == "crm" {
			b.t.Error(err)
		}
		j, err := b.runner.Start(q)
		if err != nil {
			if q.To == "crm" && !errors.Is(err, ErrBusy) {
				b.t.Error(err)
			}
			continue
		}
		time.Sleep(time.Duration(rng.IntN(30)) * time.Millisecond)
		b.runner.Jobs()
		if rng.IntN(2) == 0 {
			if _, err := b.runner.Cancel(context.Background(), j.ID); err != nil {
				b.t.Error(err)
			}
		}
	}
}
