package replay

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCancel(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(1000)
		b.deliver("crm")
		j := b.start(Request{To: "crm", Rate: 100})
		sent := b.pass(2*time.Second, "crm")
		j, err := b.runner.Cancel(context.Background(), j.ID)
		if err != nil || j.State != Cancelled || j.Events < 190 || j.Events > 210 || j.Ended.IsZero() || j.Share < 0.18 || j.Share > 0.22 {
			t.Errorf("after two seconds it was cancelled: %+v, %v", j, err)
		}
		if n := len(sent) + len(b.deliver("crm")); n != int(j.Events) {
			t.Errorf("%d were sent, it says %d", n, j.Events)
		}
		time.Sleep(time.Minute)
		if n := len(b.deliver("crm")); n > 0 {
			t.Errorf("%d were sent after the end", n)
		}
		again, err := b.runner.Cancel(context.Background(), j.ID)
		if err != nil || again.State != Cancelled || again.Events != j.Events {
			t.Errorf("cancelled once more: %+v, %v", again, err)
		}
		if _, err := b.runner.Cancel(context.Background(), "none"); !errors.Is(err, ErrUnknown) {
			t.Errorf("no job is cancelled: %v", err)
		}
		b.close()
		b.open()
		if now := b.job(j.ID); now.State != Cancelled {
			t.Errorf("after a restart it is %s", now.State)
		}
	})
}

// Two jobs run at once, the others wait for their turn, in their order; one that waits can be cancelled.
func TestJobsTakeTurns(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(100)
		b.deliver("crm")
		var list []Job
		for range 5 {
			list = append(list, b.start(Request{To: "crm", Rate: 100}))
			time.Sleep(10 * time.Millisecond)
		}
		states := func(want ...State) {
			t.Helper()
			var got []State
			for _, j := range list {
				got = append(got, b.job(j.ID).State)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("the jobs are %v, want %v", got, want)
				}
			}
		}
		b.pass(500*time.Millisecond, "crm")
		states(Running, Running, Waiting, Waiting, Waiting)
		if j, err := b.runner.Cancel(context.Background(), list[3].ID); err != nil || j.State != Cancelled || j.Events != 0 {
			t.Errorf("one that waits was cancelled: %+v, %v", j, err)
		}
		b.pass(700*time.Millisecond, "crm")
		states(Done, Done, Running, Cancelled, Running)
		b.pass(1200*time.Millisecond, "crm")
		states(Done, Done, Done, Cancelled, Done)
		for i, j := range b.runner.Jobs() {
			if j.ID != list[4-i].ID {
				t.Errorf("job %d of the list is %s, want %s", i, j.ID, list[4-i].ID)
			}
		}
	})
}

// Ended jobs are listed for a day, and a hundred are kept.
func TestJobsAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(10)
		b.deliver("crm")
		var first, last Job
		for n := range JobsMax + 20 {
			last = b.start(Request{To: "crm", UniqueID: strings.Repeat("00", 20)})
			if n == 0 {
				first = last
			}
			b.finish(last.ID, "crm")
		}
		if n, keys := len(b.runner.Jobs()), b.stored(); n != JobsMax || keys != JobsMax {
			t.Errorf("%d jobs are listed, %d stored", n, keys)
		}
		if _, err := b.runner.Job(first.ID); !errors.Is(err, ErrUnknown) {
			t.Errorf("the first one: %v", err)
		}
		time.Sleep(Kept - time.Minute)
		b.job(last.ID)
		time.Sleep(2 * time.Minute)
		if _, err := b.runner.Job(last.ID); !errors.Is(err, ErrUnknown) || len(b.runner.Jobs()) != 0 {
			t.Errorf("after a day the last one is still there: %v", err)
		}
		b.runner.Close()
		b.run()
		if keys := b.stored(); keys != 0 {
			t.Errorf("%d are still stored", keys)
		}
	})
}

func TestTooManyJobsWait(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(10)
		for range JobsMax {
			b.start(Request{To: "crm", Rate: 0.001})
		}
		if _, err := b.runner.Start(Request{To: "crm"}); !errors.Is(err, ErrBusy) {
			t.Errorf("one more: %v", err)
		}
		b.runner.Close()
		b.run()
		if n := len(b.runner.Jobs()); n != JobsMax {
			t.Errorf("after a restart there are %d", n)
		}
	})
}

// A job whose webhook is turned off or deleted ends and says why; what it has sent stays sent.
func TestJobEndsWithItsWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(1000)
		b.deliver("crm")
		f := func(want string, change func()) {
			t.Helper()
			j := b.start(Request{To: "crm", Rate: 100})
			b.pass(time.Second, "crm")
			change()
			time.Sleep(time.Second)
			if got := b.job(j.ID); got.State != Failed || got.Reason != want || got.Events < 90 || got.Events > 120 {
				t.Errorf("it ended as %s %q with %d events, want %q", got.State, got.Reason, got.Events, want)
			}
			b.off.Store(nil)
			b.setHooks(newHook("crm", 1, "*"), newHook("bi", 2, "*"))
			b.deliver("crm")
		}
		f(`the webhook "crm" is off: 50 failures in a row`, func() {
			why := "50 failures in a row"
			b.off.Store(&why)
		})
		f(`the webhook "crm" is off`, func() {
			w := newHook("crm", 1, "*")
			w.Enabled = false
			b.setHooks(w)
		})
		f(`the webhook "crm" is no more`, func() { b.setHooks(newHook("bi", 2, "*")) })
		f(`the webhook "crm" is no more`, func() { b.setHooks(newHook("crm", 7, "*")) }) // another one of its name
		b.setHooks(newHook("crm", 1, "*"))
		j := b.start(Request{To: "crm", Dead: true, Rate: 0.01})
		if err := b.log.Drop(b.queues["crm"]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := b.job(j.ID); got.State != Done || got.Events != 0 {
			t.Errorf("dead letters of a queue that was dropped: %+v", got)
		}
	})
}

// A job goes by its webhook's settings of the moment, and finds it under a new name.
func TestJobFollowsItsWebhook(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(400)
		b.deliver("crm")
		j := b.start(Request{To: "crm", Rate: 100})
		all := b.pass(time.Second, "crm")
		b.setHooks(newHook("sales", 1, "*"))
		all = append(all, b.pass(time.Second, "crm")...)
		wantIDs(t, "so far", all, sent[:len(all)])
		b.setHooks(newHook("sales", 1, "featureClicked"))
		all = append(all, b.pass(10*time.Second, "crm")...)
		if got := b.job(j.ID); got.State != Done || got.Events != int64(len(all)) || len(all) < 195 || len(all) > 220 {
			t.Errorf("%d were sent before the selection changed; the job says %+v", len(all), got)
		}
	})
}
