package deliver

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/hook"
)

// TestPaceHoldsInEverySecond delivers more than the pace allows, with pauses, and looks at every second there was.
func TestPaceHoldsInEverySecond(t *testing.T) {
	f := func(rate float64, burst, wantBurst, inFlight int) {
		t.Helper()
		pace := func(_ *Options, w *hook.Webhook) { w.Rate, w.Burst, w.InFlight = rate, burst, inFlight }
		inBubble(t, pace, nil, func(b *bubble) {
			const each = 300
			for _, pause := range []time.Duration{0, time.Second / 3, time.Hour} {
				b.sleep(pause)
				b.queue.add(each)
				b.sleep(time.Duration(each / rate * float64(time.Second)))
			}
			synctest.Wait()
			at, _ := b.receiver.times()
			if len(at) != 3*each {
				t.Fatalf("rate %v: %d of %d were delivered", rate, len(at), 3*each)
			}
			slices.SortFunc(at, time.Time.Compare)
			most := int(rate) + wantBurst
			for i := most; i < len(at); i++ {
				if at[i].Sub(at[i-most]) < time.Second {
					t.Fatalf("rate %v, burst %d: more than %d requests within %v", rate, burst, most, at[i].Sub(at[i-most]))
				}
			}
			// And no slower than it may be.
			if want, got := time.Duration(float64(each-wantBurst)/rate*float64(time.Second)), at[each-1].Sub(at[0]); got > want+time.Millisecond {
				t.Errorf("rate %v, burst %d: %d requests took %v, want %v", rate, burst, each, got, want)
			}
		})
	}
	f(100, 20, 20, 16)
	f(100, 0, 100, 16) // no burst given: a second's worth
	f(100, 1, 1, 1)
	f(7, 3, 3, 4)
	f(2.5, 0, 3, 2)
	f(0.5, 0, 1, 4)
	f(1000, 200, 200, 64)
}

func TestPaceAlsoHoldsForRetries(t *testing.T) {
	change := func(_ *Options, w *hook.Webhook) {
		w.Rate, w.Burst, w.InFlight, w.Schedule = 10, 1, 8, make([]time.Duration, 100)
	}
	answer := func(n int, _ http.Header) int { return 200 + 300*(n%2) }
	inBubble(t, change, answer, func(b *bubble) {
		b.queue.add(50)
		b.sleep(time.Minute)
		at, _ := b.receiver.times()
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < 99*time.Millisecond {
				t.Errorf("requests %d and %d came within %v", i, i+1, gap)
			}
		}
		if settled, _, open := b.queue.counts(); settled != 50 || open != 0 {
			t.Errorf("%d were delivered, %d wait", settled, open)
		}
	})
}

// TestInFlightIsNeverExceeded has a receiver that takes its time, more or less of it.
func TestInFlightIsNeverExceeded(t *testing.T) {
	f := func(seed uint64, inFlight int) {
		t.Helper()
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(seed, 2))
		nap := func(most time.Duration) {
			mu.Lock()
			d := time.Duration(random.Int64N(int64(most)))
			mu.Unlock()
			time.Sleep(d)
		}
		answer := func(n int, _ http.Header) int {
			nap(time.Second)
			if n%7 == 0 {
				return 500
			}
			return 200
		}
		change := func(o *Options, w *hook.Webhook) {
			w.InFlight, w.Retries, o.Linger = inFlight, 50, 100*time.Millisecond
		}
		inBubble(t, change, answer, func(b *bubble) {
			for range 60 {
				b.queue.add(1 + int(seed%3))
				nap(300 * time.Millisecond)
			}
			b.sleep(time.Hour)
			_, together := b.receiver.times()
			if most := slices.Max(together); most != inFlight {
				t.Errorf("seed %d: %d requests at once, want %d", seed, most, inFlight)
			}
			if settled, buried, open := b.queue.counts(); open != 0 || buried != 0 {
				t.Errorf("seed %d: %d delivered, %d given up, %d wait", seed, settled, buried, open)
			}
			if st := b.sender.State(); st.Name != "idle" || st.Lanes != 0 {
				t.Errorf("seed %d: after an idle hour the sender is %+v", seed, st)
			}
		})
	}
	for seed := range uint64(12) {
		f(seed, 1)
		f(seed, 2)
		f(seed, 4)
	}
}

func TestPaceGivesBackWhatWaitsAtTheStop(t *testing.T) {
	pace := func(_ *Options, w *hook.Webhook) { w.Rate, w.Burst, w.InFlight = 0.001, 2, 8 }
	inBubble(t, pace, nil, func(b *bubble) {
		b.queue.add(20)
		synctest.Wait()
		if _, _, open := b.queue.counts(); open != 18 || b.queue.Stats().Flight != 8 {
			t.Errorf("%d are open, %d in lanes' hands; want 18 and 8", open, b.queue.Stats().Flight)
		}
		begin := time.Now()
		if cut := b.fleet.Stop(context.Background()); cut != 0 || time.Since(begin) != 0 {
			t.Errorf("the stop took %v and cut %d attempts off", time.Since(begin), cut)
		}
		if st := b.queue.Stats(); st.Backlog != 18 || st.Flight != 0 || b.queue.returns != 8 {
			t.Errorf("after the stop %+v, %d were given back", st, b.queue.returns)
		}
	})
}
