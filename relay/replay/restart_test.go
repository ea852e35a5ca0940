package replay

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A job that was stopped with the relay goes on where it was, however often.
func TestJobGoesOnAfterARestart(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(1000)
		first := b.deliver("crm")
		j := b.start(Request{To: "crm", Rate: 100, Events: []string{"pageLoaded:p*"}})
		var again []got
		for n := range 5 {
			again = append(again, b.pass(1500*time.Millisecond, "crm")...)
			b.close()
			b.open()
			if now := b.job(j.ID); now.State.Ended() || now.Events < int64(140*(n+1)) || now.Request.Events[0] != "pageLoaded:p*" {
				t.Fatalf("after a restart the job says %+v", now)
			}
		}
		again = append(again, b.finish(j.ID, "crm")...)
		wantIDs(t, "all", again, sent)
		wantBodies(t, again, first)
		wantEnd(t, b.job(j.ID), Done, "", 1000)
		b.close()
		b.open()
		wantEnd(t, b.job(j.ID), Done, "", 1000)
	})
}

// A job whose process is killed, at any time, repeats no event and leaves none out.
func TestJobGoesOnAfterACrash(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		rng := rand.New(rand.NewPCG(5, 6))
		sent := b.sendPages(1000)
		b.drop("crm")
		j := b.start(Request{To: "crm", Rate: 1000})
		for !b.job(j.ID).State.Ended() {
			b.pass(time.Duration(rng.IntN(300))*time.Millisecond, "crm")
			b.crash()
		}
		// Deliveries under way at a crash are repeated by the log; the copies in it are what counts.
		at := map[string]int{}
		for _, id := range b.copies(1) {
			at[id]++
		}
		for _, id := range sent {
			if at[id] != 1 {
				t.Fatalf("event %s is in the log %d times more", id, at[id])
			}
		}
		wantEnd(t, b.job(j.ID), Done, "", 1000)
	})
}

// A job that cannot be read is told of, and does not keep the others from going on.
func TestStoredJobIsDamaged(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		sent := b.sendPages(100)
		b.deliver("crm")
		j := b.start(Request{To: "crm", Rate: 10})
		b.runner.Close()
		for key, value := range map[string]string{jobKey + "x": "{", jobKey + "y": `{"request":{"to":"crm"}}`,
			jobKey + "z": `{"request":{"to":"crm","events":["nothing"]}}`, atKey + "z": "{}"} {
			if err := b.log.Set([]byte(key), []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
		var told bytes.Buffer
		b.change = func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&told, nil)) }
		b.run()
		synctest.Wait() // the job that goes on may have something to say too
		if n := strings.Count(told.String(), "cannot be read"); n != 3 || len(b.runner.Jobs()) != 1 {
			t.Errorf("%d of three are told of, %d go on: %s", n, len(b.runner.Jobs()), told.String())
		}
		all := b.finish(j.ID, "crm")
		wantIDs(t, "the good one", all, sent)
	})
}

func TestClosedRunner(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(100)
		j := b.start(Request{To: "bi", Rate: 1})
		b.runner.Close()
		b.runner.Close()
		if _, err := b.runner.Start(Request{To: "crm"}); !errors.Is(err, ErrClosed) {
			t.Errorf("a closed runner starts: %v", err)
		}
		if got := b.job(j.ID); got.State.Ended() {
			t.Errorf("the job that goes on says %+v", got)
		}
		if _, err := b.runner.Cancel(context.Background(), j.ID); err != nil {
			t.Errorf("a closed runner cancels: %v", err)
		}
	})
}

// A log that is closed under a runner, or breaks, ends no job.
func TestLogClosesFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(500)
		b.drop("crm")
		j := b.start(Request{To: "crm", Rate: 100})
		b.pass(time.Second, "crm")
		if err := b.log.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := b.job(j.ID); got.State.Ended() {
			t.Errorf("the job has ended: %+v", got)
		}
		if _, err := b.runner.Start(Request{To: "crm"}); err == nil {
			t.Error("a replay of a closed log has begun")
		}
		if _, err := b.runner.Count(context.Background(), Request{To: "crm"}); err == nil {
			t.Error("a closed log was counted")
		}
		b.runner.Close()
		b.open()
		b.finish(j.ID, "crm")
		wantEnd(t, b.job(j.ID), Done, "", 500)
	})
}
