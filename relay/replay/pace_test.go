package replay

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// The rate is kept over any second, and used.
func TestRate(t *testing.T) {
	f := func(rate float64, events int) {
		t.Helper()
		inBubble(t, func(t *testing.T, b *bed) {
			b.sendPages(events)
			b.deliver("crm")
			began := time.Now()
			j := b.start(Request{To: "crm", Rate: rate})
			all := b.finish(j.ID, "crm")
			most := 0
			for i, g := range all {
				until, _ := slices.BinarySearchFunc(all, g.at.Add(time.Second), func(g got, at time.Time) int { return g.at.Compare(at) })
				most = max(most, until-i)
			}
			burst := max(1, min(int(rate/20), batchMax))
			took := all[len(all)-1].at.Sub(began).Seconds()
			if len(all) != events || float64(most) > rate+float64(2*burst) || took > 1.1*float64(events)/rate+0.1 || took < float64(events-burst)/rate-0.1 {
				t.Errorf("rate %v: %d of %d events in %v s, at most %d in one second", rate, len(all), events, took, most)
			}
		})
	}
	f(1, 20)
	f(15, 100)
	f(RateDefault, 2000)
	f(1500, 6000)
	f(20_000, 30_000)
}

// Many events are looked through for few at once: the rate is of those that are sent.
func TestRateOfAFew(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		var want []string
		for n := range 200 {
			b.sendPages(9)
			if n%2 == 0 {
				e := b.take(event.FeatureClicked, "shop", "f")
				want = append(want, idOf(e))
				b.send(e)
			}
		}
		b.deliver("crm")
		j := b.start(Request{To: "crm", Rate: 50, Events: []string{"featureClicked"}})
		all := b.pass(time.Second, "crm")
		if len(all) < 45 || len(all) > 55 {
			t.Errorf("%d in the first second", len(all))
		}
		wantIDs(t, "all", append(all, b.finish(j.ID, "crm")...), want)
	})
}

// A webhook that takes ten a second gets no more than it can take: a live event does not wait long behind the replay.
func TestReplayToASlowWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(1000)
		b.deliver("crm")
		j := b.start(Request{To: "crm", Rate: 10_000})
		worst, live := int64(0), ""
		waited := time.Duration(0)
		for n := range 600 {
			time.Sleep(100 * time.Millisecond)
			if n%100 == 50 {
				e := b.take(event.PageLoaded, "shop", "live")
				live = idOf(e)
				b.send(e)
			}
			e, g, ok := b.next("crm")
			if !ok {
				t.Fatalf("after %d there is nothing to deliver: %+v", n, b.job(j.ID))
			}
			if err := b.queues["crm"].Settle(&e); err != nil {
				t.Fatal(err)
			}
			if g.id == live {
				waited = max(waited, time.Since(time.UnixMilli(e.Time)))
			}
			if worst = max(worst, b.queues["crm"].Stats().Backlog); n == 100 {
				if worst > 32 {
					t.Errorf("at first %d wait", worst)
				}
				worst = 0
			}
		}
		if worst > 18 || waited > 2*time.Second || waited == 0 {
			t.Errorf("up to %d wait for a webhook of 16 lanes, a live event took %v", worst, waited)
		}
		if now := b.job(j.ID); now.Events > 650 || !strings.Contains(now.Reason, `deliveries wait for the webhook "crm" already`) {
			t.Errorf("the job says %+v", now)
		}
	})
}

// A webhook whose attempts fail gets no more once too many wait to be tried again.
func TestReplayToAFailingWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(3000)
		b.deliver("crm")
		j := b.start(Request{To: "crm", Rate: 1000})
		for range 1000 {
			for e, _, ok := b.next("crm"); ok; e, _, ok = b.next("crm") {
				e.Attempts++
				if err := b.queues["crm"].Park(&e, time.Now().Add(time.Hour).UnixMilli()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		if s, now := b.queues["crm"].Stats(), b.job(j.ID); s.Parked < parkedMax || s.Parked > parkedMax+100 ||
			now.Reason != fmt.Sprintf(`%d deliveries to the webhook "crm" wait for their next attempt`, s.Parked) {
			t.Errorf("%d are parked, the job says %+v", s.Parked, now)
		}
	})
}

// A webhook that is ordered by visitor is not given many events of one visitor that can only go one by one.
func TestReplayToAnOrderedWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(2000) // of seven visitors
		w := newHook("ordered", 3, "*")
		w.ByVisitor = true
		b.setHooks(w)
		b.openQueue(w)
		j := b.start(Request{To: "ordered", Rate: 5000})
		var all []got
		most := int64(0)
		for !b.job(j.ID).State.Ended() {
			all = append(all, b.deliverOnce("ordered")...)
			s := b.queues["ordered"].Stats()
			most = max(most, s.Backlog+s.Parked)
			time.Sleep(50 * time.Millisecond)
		}
		all = append(all, b.deliver("ordered")...)
		visitors := make([][]string, 7)
		for i, id := range sent {
			visitors[i%7] = append(visitors[i%7], id)
		}
		for n, want := range visitors {
			var have []got
			for _, g := range all {
				if slices.Contains(want, g.id) {
					have = append(have, g)
				}
			}
			wantIDs(t, fmt.Sprint("visitor ", n), have, want)
		}
		if most > parkedMaxOrdered+100 {
			t.Errorf("%d waited", most)
		}
	})
}

func TestAhead(t *testing.T) {
	f := func(inFlight int, rate float64, want int64) {
		t.Helper()
		w := newHook("crm", 1, "*")
		if w.InFlight, w.Rate = inFlight, rate; ahead(w) != want {
			t.Errorf("%d in flight, %v a second: %d ahead, want %d", inFlight, rate, ahead(w), want)
		}
	}
	f(16, 0, 16)
	f(16, 10, 3)
	f(16, 0.1, 1)
	f(16, 1000, 16)
	f(1, 0, 1)
}

// A log that takes nothing makes a job wait, and it goes on by itself.
func TestReplayWaitsForTheLog(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(400)
		b.deliver("crm")
		b.close()
		b.opt.DiskReserve, b.opt.TrimInterval = 1<<30, time.Second
		b.disk(1 << 40)
		b.open()
		j := b.start(Request{To: "crm", Rate: 100})
		all := b.pass(time.Second, "crm")
		b.disk(1 << 29)
		all = append(all, b.pass(time.Minute, "crm")...)
		now := b.job(j.ID)
		if len(all) < 95 || len(all) > 220 || !strings.HasPrefix(now.Reason, "the log is full: ") || now.State != Running {
			t.Errorf("with a full disk %d were sent, the job says %+v", len(all), now)
		}
		b.disk(1 << 40)
		all = append(all, b.finish(j.ID, "crm")...)
		wantIDs(t, "all", all, sent)
	})
}

// What the log refuses is tried again, and is not sent twice.
func TestReplayIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(200)
		b.deliver("crm")
		r := &run{job: &job{runner: b.runner, id: "x", task: &task{To: 1}}, log: b.log, pace: newPace(100)}
		r.batch.Add(wal.Record{Body: []byte("x"), Receivers: []wal.Receiver{{Queue: 1}}})
		b.close()
		if err := r.commit(t.Context()); err == nil {
			t.Error("a closed log takes a batch")
		}
		b.opt.DiskReserve, b.opt.TrimInterval = 1<<30, time.Second
		b.disk(1 << 29)
		b.open()
		r.log, r.job.runner = b.log, b.runner
		done := make(chan error, 1)
		go func() { done <- r.commit(t.Context()) }()
		time.Sleep(30 * time.Second)
		if got := r.job.picture(); !strings.HasPrefix(got.Reason, "the log is full: ") {
			t.Errorf("it waits for %q", got.Reason)
		}
		b.disk(1 << 40)
		if err := <-done; err != nil || b.log.Head() != uint64(len(sent)+1) {
			t.Errorf("then: %v, the head is %d", err, b.log.Head())
		}
	})
}

// disk sets how much room the disk has.
func (b *bed) disk(free uint64) {
	b.fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free, TotalBytes: 1 << 41})
}
