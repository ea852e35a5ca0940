package deliver

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/hook"
)

func ordinary(inFlight, retries int) func(o *Options, w *hook.Webhook) {
	return func(o *Options, w *hook.Webhook) { w.InFlight, w.Retries = inFlight, retries }
}

// TestFailingWebhookTakesTurns has a receiver that is down for a while: from the fifth failure on there is one attempt
// at a time, with pauses, and everything is delivered when it is back.
func TestFailingWebhookTakesTurns(t *testing.T) {
	var back time.Time
	answer := func(_ int, _ http.Header) int {
		time.Sleep(10 * time.Millisecond)
		if time.Now().Before(back) {
			return 503
		}
		return 200
	}
	inBubble(t, ordinary(8, 1000), answer, func(b *bubble) {
		back = time.Now().Add(30 * time.Second)
		b.queue.add(500)
		b.sleep(10 * time.Second)
		if st := b.sender.State(); st.Name != "failing" || st.Reason != "503 Service Unavailable" {
			t.Errorf("the sender is %+v", st)
		}
		b.sleep(time.Hour)
		at, together := b.receiver.times()
		down := 0
		// 8 lanes were at work, and 4 of them came back before the fifth failure.
		for i := 8 + brakeAfter - 1; i < len(at) && at[i].Before(back); i++ {
			down++
			if together[i] != 1 {
				t.Errorf("attempt %d was made beside %d others", i+1, together[i]-1)
			}
			if gap := at[i].Sub(at[i-1]); i > 16 && gap < brakePauseMax {
				t.Errorf("attempt %d came %v after the one before", i+1, gap)
			}
		}
		if down < 3 || down > 8 {
			t.Errorf("%d attempts in 30s of failing", down)
		}
		settled, buried, open := b.queue.counts()
		if settled != 500 || buried != 0 || open != 0 {
			t.Errorf("%d delivered, %d given up, %d wait", settled, buried, open)
		}
		if st := b.sender.State(); st.Name != "idle" {
			t.Errorf("the sender is %+v", st)
		}
	})
}

// TestFailingWebhookIsNotPacedPastTheBrake: lanes that waited for the pace when it began to fail stand in line, too.
func TestFailingWebhookIsNotPacedPastTheBrake(t *testing.T) {
	change := func(_ *Options, w *hook.Webhook) { w.InFlight, w.Retries, w.Rate, w.Burst = 8, 0, 20, 1 }
	answer := func(int, http.Header) int { return 500 }
	inBubble(t, change, answer, func(b *bubble) {
		b.queue.add(50)
		b.sleep(10 * time.Second)
		at, _ := b.receiver.times()
		want := []time.Duration{50, 50, 50, 50, 50, 100, 200, 400, 800, 1600, 3200} // milliseconds
		for i, gap := range want {
			if got := at[i+1].Sub(at[i]); got < gap*time.Millisecond {
				t.Errorf("attempt %d came %v after the one before, want at least %vms", i+2, got, int(gap))
			}
		}
	})
}

// TestRecoveryLetsAllLanesGo: one attempt gets through, and those in line need not wait for one another, nor for the
// one whose turn it is, whether that one pauses or hangs in its attempt.
func TestRecoveryLetsAllLanesGo(t *testing.T) {
	f := func(asked string, last time.Duration) {
		t.Helper()
		answer := func(n int, h http.Header) int {
			switch {
			case n == 1:
				time.Sleep(time.Second) // in the air before the others fail
			case n <= 8:
				h.Set("Retry-After", asked)
				return 500
			case n == 9 && asked == "0":
				time.Sleep(20 * time.Second)
			}
			return 200
		}
		change := func(_ *Options, w *hook.Webhook) { w.InFlight, w.Retries, w.Timeout = 8, 0, time.Minute }
		inBubble(t, change, answer, func(b *bubble) {
			begin := time.Now()
			b.queue.add(8)
			synctest.Wait()
			b.queue.add(20)
			b.sleep(time.Second)
			if settled, buried, open := b.queue.counts(); settled+buried+open != 28 || time.Duration(open) > last/time.Second {
				t.Errorf("after 1s %d are delivered, %d given up, %d wait", settled, buried, open)
			}
			b.sleep(time.Minute)
			at, _ := b.receiver.times()
			if settled, buried, _ := b.queue.counts(); settled != 21 || buried != 7 || at[len(at)-1].Sub(begin) > time.Second {
				t.Errorf("%d delivered, %d given up, the last attempt after %v; want 21, 7 and 1s", settled, buried, at[len(at)-1].Sub(begin))
			}
		})
	}
	f("0", time.Second) // one waits for the answer to its attempt
	f("30", 0)
}

// TestRetryAfterHoldsTheFailingWebhook is a receiver in maintenance: it asks for a minute of peace, and must be neither
// knocked at every second nor turned off for keeping its word.
func TestRetryAfterHoldsTheFailingWebhook(t *testing.T) {
	var back time.Time
	answer := func(_ int, h http.Header) int {
		if time.Now().Before(back) {
			h.Set("Retry-After", "60")
			return 503
		}
		return 200
	}
	change := func(o *Options, w *hook.Webhook) {
		w.InFlight, w.Retries = 2, 100
		o.DisableFailures, o.DisableWithin = 20, 15*time.Minute
	}
	inBubble(t, change, answer, func(b *bubble) {
		back = time.Now().Add(10 * time.Minute)
		b.queue.add(100)
		b.sleep(9 * time.Minute)
		if at, _ := b.receiver.times(); len(at) > 16 {
			t.Errorf("%d attempts in 9 minutes of maintenance", len(at))
		}
		b.sleep(time.Hour)
		if settled, _, open := b.queue.counts(); settled != 100 || open != 0 {
			t.Errorf("%d delivered, %d wait; the sender is %+v", settled, open, b.sender.State())
		}
	})
}

// TestOneEventsRetryAfterIsItsOwn: a receiver that is well otherwise gets the other events meanwhile.
func TestOneEventsRetryAfterIsItsOwn(t *testing.T) {
	answer := func(n int, h http.Header) int {
		if n == 1 {
			h.Set("Retry-After", "120")
			return 429
		}
		return 200
	}
	inBubble(t, ordinary(1, 5), answer, func(b *bubble) {
		begin := time.Now()
		b.queue.add(10)
		b.sleep(time.Hour)
		at, _ := b.receiver.times()
		if len(at) != 11 || at[9].Sub(begin) != 0 || at[10].Sub(begin) != 2*time.Minute {
			t.Errorf("attempts came after %v and %v, want 0 and 2m", at[len(at)-2].Sub(begin), at[len(at)-1].Sub(begin))
		}
	})
}

// TestParkedIsWatchedWhileLanesAreBusy: a retry comes due while the only lane that runs is stuck.
func TestParkedIsWatchedWhileLanesAreBusy(t *testing.T) {
	answer := func(n int, h http.Header) int {
		switch n {
		case 1:
			h.Set("Retry-After", "1")
			return 503
		case 2:
			time.Sleep(4 * time.Second)
		}
		return 200
	}
	inBubble(t, ordinary(2, 5), answer, func(b *bubble) {
		begin := time.Now()
		b.queue.add(1)
		synctest.Wait()
		b.queue.add(1)
		b.sleep(time.Minute)
		at, _ := b.receiver.times()
		if len(at) != 3 || at[2].Sub(begin) != time.Second {
			t.Errorf("the retry came after %v, want 1s", at[len(at)-1].Sub(begin))
		}
	})
}

func TestParkedIsWatchedAfterARestart(t *testing.T) {
	answer := func(n int, _ http.Header) int {
		if n == 1 {
			return 500
		}
		return 200
	}
	change := func(_ *Options, w *hook.Webhook) { w.Schedule = []time.Duration{time.Hour} }
	inBubble(t, change, answer, func(b *bubble) {
		begin := time.Now()
		b.queue.add(1)
		b.sleep(time.Minute)
		b.fleet.Stop(context.Background())
		again := NewFleet(b.opt)
		if err := again.Start(b.hook); err != nil {
			t.Fatal(err)
		}
		b.sleep(2 * time.Hour)
		at, _ := b.receiver.times()
		if len(at) != 2 || at[1].Sub(begin) != time.Hour {
			t.Errorf("%d attempts, the last after %v; want 2 and 1h", len(at), at[len(at)-1].Sub(begin))
		}
		again.Stop(context.Background())
	})
}

func TestSlowAttemptDelaysNoOther(t *testing.T) {
	answer := func(n int, _ http.Header) int {
		if n == 1 {
			time.Sleep(4 * time.Second)
		}
		return 200
	}
	inBubble(t, ordinary(2, 0), answer, func(b *bubble) {
		begin := time.Now()
		for range 5 {
			b.queue.add(1)
			synctest.Wait()
		}
		if settled, _, _ := b.queue.counts(); settled != 4 || time.Since(begin) != 0 {
			t.Errorf("%d events were delivered beside the slow one, want 4", settled)
		}
		b.sleep(time.Minute)
	})
}

func TestQueueThatCannotBeRead(t *testing.T) {
	inBubble(t, ordinary(2, 0), nil, func(b *bubble) {
		b.queue.failing = errors.New("disk")
		b.queue.add(3)
		b.sleep(10*time.Second + time.Second/2)
		if n := b.queue.takes; n != 11 {
			t.Errorf("it was asked %d times in 10s", n)
		}
		b.queue.mu.Lock()
		b.queue.failing = nil
		b.queue.mu.Unlock()
		b.sleep(time.Minute)
		if settled, _, _ := b.queue.counts(); settled != 3 {
			t.Errorf("%d of 3 were delivered after it could be read", settled)
		}
		b.queue.failing = errors.New("disk")
		b.queue.add(1)
		synctest.Wait()
		begin := time.Now()
		b.fleet.Stop(context.Background())
		if time.Since(begin) != 0 {
			t.Errorf("the stop waited %v", time.Since(begin))
		}
	})
}

// TestDeliveryTimesOut: a timeout is an attempt like others, and its wait is exact.
func TestDeliveryTimesOut(t *testing.T) {
	answer := func(n int, _ http.Header) int {
		if n == 1 {
			time.Sleep(time.Minute)
		}
		return 200
	}
	change := func(_ *Options, w *hook.Webhook) {
		w.InFlight, w.Timeout, w.Schedule = 1, 30*time.Second, []time.Duration{10 * time.Second}
	}
	inBubble(t, change, answer, func(b *bubble) {
		begin := time.Now()
		b.queue.add(1)
		b.sleep(10 * time.Minute)
		at, _ := b.receiver.times()
		if len(at) != 2 || at[1].Sub(begin) != 40*time.Second {
			t.Errorf("%d attempts, the last after %v; want 2 and 40s", len(at), at[len(at)-1].Sub(begin))
		}
		if len(b.queue.attempts) != 1 || b.queue.attempts[0] != 2 {
			t.Errorf("attempts of the settled: %v, want [2]", b.queue.attempts)
		}
	})
}
