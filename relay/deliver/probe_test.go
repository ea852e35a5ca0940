package deliver

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
)

// probing is a webhook that is turned off after three failures and may be probed.
func probing(told *atomic.Int32, b **bubble) func(o *Options, w *hook.Webhook) {
	return func(o *Options, w *hook.Webhook) {
		w.Probe, w.InFlight, w.Retries = true, 1, 0
		o.DisableFailures, o.DisableWithin = 3, time.Minute
		o.Recovered = func(w *hook.Webhook) {
			told.Add(1)
			if err := (*b).fleet.Replace(w.Name, w, ""); err != nil {
				panic(err)
			}
		}
	}
}

func TestProbeTurnsTheWebhookOn(t *testing.T) {
	var told atomic.Int32
	var at *bubble
	var well atomic.Bool
	answer := func(int, http.Header) int {
		if well.Load() {
			return 200
		}
		return 500
	}
	d := &diary{}
	change := func(o *Options, w *hook.Webhook) {
		probing(&told, &at)(o, w)
		o.Journal = d
	}
	inBubble(t, change, answer, func(b *bubble) {
		at = b
		begin := time.Now()
		b.queue.add(10)
		b.sleep(10 * time.Minute)
		times, _ := b.receiver.times()
		if len(times) != 6 { // three failures, then after 1, 2 and 4 minutes
			t.Fatalf("%d attempts in 10 minutes", len(times))
		}
		for i, want := range []time.Duration{time.Minute, 3 * time.Minute, 7 * time.Minute} {
			if got := times[3+i].Sub(begin); got != want {
				t.Errorf("probe %d came after %v, want %v", i+1, got, want)
			}
		}
		if settled, buried, open := b.queue.counts(); settled != 0 || buried != 3 || open != 7 || !b.queue.onHold() {
			t.Errorf("%d delivered, %d given up, %d wait, held %v", settled, buried, open, b.queue.onHold())
		}
		for i, a := range d.entries() {
			if want := []journal.Outcome{journal.Dead, journal.Retry}[i/3]; a.Outcome != want || a.Number != 1 || a.Status != 500 {
				t.Errorf("attempt %d is told as number %d, %s with %d; want number 1, %s with 500", i+1, a.Number, a.Outcome, a.Status, want)
			}
		}
		well.Store(true)
		b.sleep(10 * time.Minute)
		if settled, buried, open := b.queue.counts(); settled != 7 || buried != 3 || open != 0 || told.Load() != 1 {
			t.Errorf("%d delivered, %d given up, %d wait; told %d times", settled, buried, open, told.Load())
		}
		if st := b.fleet.Sender("crm").State(); st.Name != "idle" {
			t.Errorf("the sender is %+v", st)
		}
	})
}

func TestProbeEndsWithItsSender(t *testing.T) {
	f := func(status int, end func(b *bubble), attempts int) {
		t.Helper()
		var told atomic.Int32
		var at *bubble
		inBubble(t, probing(&told, &at), func(int, http.Header) int { return status }, func(b *bubble) {
			at = b
			b.queue.add(10)
			b.sleep(30 * time.Second)
			end(b)
			b.sleep(time.Hour)
			if times, _ := b.receiver.times(); len(times) != attempts {
				t.Errorf("%d attempts, want %d", len(times), attempts)
			}
		})
	}
	f(410, func(*bubble) {}, 1) // gone is gone
	f(500, func(b *bubble) { b.fleet.Stop(context.Background()) }, 3)
	f(500, func(b *bubble) {
		if _, err := b.fleet.Remove("crm"); err != nil {
			t.Error(err)
		}
	}, 3)
	f(500, func(b *bubble) {
		w := *b.hook
		w.Probe = false
		if err := b.fleet.Replace("crm", &w, "still off"); err != nil {
			t.Error(err)
		}
	}, 3)
}

func TestProbeAfterARestart(t *testing.T) {
	var told atomic.Int32
	var at *bubble
	inBubble(t, probing(&told, &at), nil, func(b *bubble) {
		at = b
		if err := b.fleet.Replace("crm", b.hook, "it failed yesterday"); err != nil {
			t.Fatal(err)
		}
		b.queue.add(2)
		b.sleep(59 * time.Second)
		if times, _ := b.receiver.times(); len(times) != 0 {
			t.Errorf("%d attempts while it is off", len(times))
		}
		b.sleep(time.Minute)
		if settled, _, _ := b.queue.counts(); settled != 2 {
			t.Errorf("%d delivered", settled)
		}
	})
}

// TestOurOwnFaultsBlameNobody: names cannot be looked up for an hour. No attempt is counted, nothing is given up, and the
// webhook is not turned off.
func TestOurOwnFaultsBlameNobody(t *testing.T) {
	f := func(fault error, blamed bool) {
		t.Helper()
		var down atomic.Bool
		down.Store(true)
		change := func(o *Options, w *hook.Webhook) {
			w.InFlight, w.Retries = 4, 2
			o.DisableFailures, o.DisableWithin = 20, 15*time.Minute
		}
		inBubble(t, change, nil, func(b *bubble) {
			dial := b.receiver.dial
			b.fleet.Configure(func(o *Options) {
				o.network.dial = func(ctx context.Context, n, a string) (net.Conn, error) {
					if down.Load() {
						return nil, fault
					}
					return dial(ctx, n, a)
				}
			})
			if err := b.fleet.Replace("crm", b.hook, ""); err != nil {
				t.Fatal(err)
			}
			b.queue.add(30)
			b.sleep(time.Hour)
			down.Store(false)
			synctest.Wait()
			b.sleep(time.Hour)
			settled, buried, open := b.queue.counts()
			if state := b.fleet.Sender("crm").State().Name; blamed != (state == "disabled") || !blamed && (settled != 30 || buried > 0) {
				t.Errorf("%v: %d delivered, %d given up, %d wait, %s", fault, settled, buried, open, state)
			}
		})
	}
	f(&net.DNSError{Err: "server misbehaving", Name: "receiver.test", IsTemporary: true}, false)
	f(&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}, false)
	f(&net.OpError{Op: "dial", Err: syscall.EMFILE}, false)
	f(&net.DNSError{Err: "no such host", Name: "receiver.test", IsNotFound: true}, true)
	f(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true)
}
