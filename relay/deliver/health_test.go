package deliver

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func fail(h *health, turn bool, after time.Duration) (began, disable bool) {
	began, why := h.failed(turn, Verdict{Outcome: Retry, After: after, Reason: "500"}, time.Now())
	return began, why != ""
}

func TestHealthBrakesAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(&Options{BackoffMax: 5 * time.Minute})
		for i := range brakeAfter {
			if turn, ok := h.pass(t.Context()); turn || !ok || h.failing() {
				t.Fatalf("failure %d: turn %v, ok %v, failing %v", i, turn, ok, h.failing())
			}
			if began, disable := fail(h, false, 0); began != (i == brakeAfter-1) || disable {
				t.Fatalf("failure %d: began %v, disable %v", i, began, disable)
			}
		}
		f := func(want time.Duration) {
			t.Helper()
			begin := time.Now()
			turn, ok := h.pass(t.Context())
			if !turn || !ok || time.Since(begin) != want {
				t.Errorf("pass: turn %v, ok %v after %v, want a turn after %v", turn, ok, time.Since(begin), want)
			}
			if began, _ := fail(h, turn, 0); began {
				t.Error("it began to fail twice")
			}
		}
		f(50 * time.Millisecond)
		f(100 * time.Millisecond)
		f(200 * time.Millisecond)
		f(400 * time.Millisecond)
		f(800 * time.Millisecond)
		f(1600 * time.Millisecond)
		f(3200 * time.Millisecond)
		f(5 * time.Second)
		f(5 * time.Second)
		turn, _ := h.pass(t.Context())
		if !h.succeeded(turn) || h.failing() {
			t.Error("a success did not end the streak")
		}
		if turn, ok := h.pass(t.Context()); turn || !ok {
			t.Error("after a success, attempts still take turns")
		}
		if h.succeeded(false) {
			t.Error("it recovered twice")
		}
	})
}

func TestHealthWaitsAsLongAsTheReceiverAsks(t *testing.T) {
	f := func(asked, most, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			h := newHealth(&Options{BackoffMax: most})
			for range brakeAfter {
				fail(h, false, asked)
			}
			fail(h, false, 0) // one that does not ask takes nothing back
			begin := time.Now()
			turn, _ := h.pass(t.Context())
			if got := time.Since(begin); got != want {
				t.Errorf("asked for %v, it waited %v, want %v", asked, got, want)
			}
			h.leave(turn)
			fail(h, false, asked)
			h.succeeded(false) // takes back what was asked for
			for range brakeAfter {
				fail(h, false, 0)
			}
			begin = time.Now()
			turn, _ = h.pass(t.Context())
			if got := time.Since(begin); got != brakePause {
				t.Errorf("a success later it waited %v, want %v", got, brakePause)
			}
			h.leave(turn)
		})
	}
	f(time.Minute, 5*time.Minute, time.Minute)
	f(24*time.Hour, 5*time.Minute, 5*time.Minute)
	f(time.Millisecond, 5*time.Minute, 2*brakePause)
	f(0, 5*time.Minute, 2*brakePause)
}

func TestHealthTurnsOffAfterFailuresWithin(t *testing.T) {
	f := func(after int, within, every time.Duration, want int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			h := newHealth(&Options{DisableFailures: after, DisableWithin: within})
			for range 2 { // a success in between starts the count anew
				for n := 1; n <= 100; n++ {
					_, disable := fail(h, false, 0)
					if disable != (want > 0 && n >= want) {
						t.Fatalf("failure %d: disable %v, want it from %d on", n, disable, want)
					}
					time.Sleep(every)
				}
				h.succeeded(false)
			}
		})
	}
	f(50, 15*time.Minute, time.Second, 50)
	f(50, 15*time.Minute, 15*time.Minute/49, 50)                  // the first and the fiftieth are 15 minutes apart
	f(50, 15*time.Minute, 15*time.Minute/49+time.Millisecond, 50) // by then nothing got through for 15 minutes
	f(50, 15*time.Minute, 30*time.Second, 31)                     // a receiver that hangs for so long each time
	f(1, time.Minute, time.Hour, 1)
	f(2, time.Minute, time.Hour, brakeAfter)
	f(3, time.Minute, 30*time.Second, 3)
	f(0, time.Minute, 0, 0)

	h := newHealth(&Options{})
	if !h.disable("first") || h.disable("second") {
		t.Error("it was not turned off exactly once")
	}
	if disabled, reason, _ := h.state(); !disabled || reason != "first" {
		t.Errorf("disabled %v because of %q", disabled, reason)
	}
}

// TestHealthHasOneTurn lets lanes pass, fail, succeed, leave and give up at random: whatever they do, no two hold the
// turn at once, and in the end it is there.
func TestHealthHasOneTurn(t *testing.T) {
	f := func(seed uint64) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			h := newHealth(&Options{BackoffMax: time.Minute})
			ctx, end := context.WithCancel(context.Background())
			var mu sync.Mutex
			holders := 0
			hold := func(by int) {
				mu.Lock()
				defer mu.Unlock()
				if holders += by; holders > 1 {
					t.Errorf("seed %d: %d lanes hold the turn", seed, holders)
				}
			}
			var lanes sync.WaitGroup
			for i := range 8 {
				random := rand.New(rand.NewPCG(seed, uint64(i)))
				lanes.Go(func() {
					for range 60 {
						turn, ok := h.pass(ctx)
						if !ok {
							return
						}
						if turn {
							hold(1)
						}
						time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
						if turn {
							hold(-1)
						}
						switch n := random.IntN(10); {
						case n == 0:
							h.succeeded(turn)
						case n == 1:
							h.leave(turn)
						default:
							fail(h, turn, time.Duration(random.IntN(3))*time.Second)
						}
					}
				})
			}
			if seed%2 == 0 {
				time.Sleep(time.Duration(seed) * time.Second)
				end()
			}
			lanes.Wait()
			end()
			if len(h.turn) != 1 {
				t.Errorf("seed %d: the turn is lost", seed)
			}
		})
	}
	for seed := range uint64(30) {
		f(seed)
	}
}

func TestHealthLetsGoOfThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(&Options{BackoffMax: time.Minute})
		for range brakeAfter {
			fail(h, false, 0)
		}
		ctx, end := context.WithCancelCause(context.Background())
		holder, _ := h.pass(ctx)
		passed := make(chan bool, 3)
		for range 3 {
			go func() {
				turn, ok := h.pass(ctx)
				passed <- turn || ok
			}()
		}
		synctest.Wait()
		end(errors.New("stop"))
		for range 3 {
			if <-passed {
				t.Error("a lane passed after the end")
			}
		}
		h.leave(holder)
		if len(h.turn) != 1 {
			t.Error("the turn is lost")
		}
	})
}

func TestHealthRecoversForAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHealth(&Options{BackoffMax: time.Minute})
		for range brakeAfter {
			fail(h, false, 0)
		}
		first, _ := h.pass(t.Context())
		passed := make(chan bool, 3)
		for range 3 {
			go func() {
				turn, _ := h.pass(t.Context())
				passed <- turn
			}()
		}
		synctest.Wait()
		begin := time.Now()
		h.succeeded(first)
		for range 3 {
			if <-passed {
				t.Error("a lane still holds the turn of a webhook that is well")
			}
		}
		if time.Since(begin) != 0 {
			t.Errorf("lanes waited %v after the recovery", time.Since(begin))
		}
	})
}
