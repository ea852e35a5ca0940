package replay

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/hook"
)

func TestRequestFaults(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		id := strings.Repeat("0f", 20)
		f := func(q Request, want string) {
			t.Helper()
			_, err := b.runner.Start(q)
			var fault hook.Fault
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %s", q, err, want)
			}
			if _, counted := b.runner.Count(context.Background(), q); counted == nil || counted.Error() != err.Error() {
				t.Errorf("%+v: the dry run says %v", q, counted)
			}
		}
		now := time.Now()
		f(Request{}, "to: is missing")
		f(Request{To: "none"}, `to: there is no webhook "none"`)
		f(Request{To: "crm", Of: "none"}, `of: there is no webhook "none"`)
		f(Request{To: "crm", From: now, Until: now}, "until: is not after from")
		f(Request{To: "crm", Rate: -1}, "rate: -1 is out of range")
		f(Request{To: "crm", Rate: RateMax + 1}, "rate: 100001 is out of range")
		f(Request{To: "crm", UniqueID: id[1:]}, "unique_id: ")
		f(Request{To: "crm", UniqueID: id + "00"}, "unique_id: ")
		f(Request{To: "crm", UniqueID: "x" + id[1:]}, "40 hex digits")
		f(Request{To: "crm", UniqueID: id, Seqs: []uint64{1}}, "unique_id: is of no use beside seqs")
		f(Request{To: "crm", Seqs: []uint64{7, 0}}, "seqs: names the record 0")
		f(Request{To: "crm", Seqs: manySeqs(SeqsMax + 1)}, "seqs: names 10001 records")
		f(Request{To: "crm", Events: []string{"*", "pageLoad"}}, `events[1]: unknown event "pageLoad"; did you mean "pageLoaded"?`)
		if jobs := b.runner.Jobs(); len(jobs) > 0 {
			t.Errorf("%d jobs have begun", len(jobs))
		}
	})
}

func manySeqs(n int) (list []uint64) {
	for i := range n {
		list = append(list, uint64(i+1))
	}
	return list
}

// A webhook that is off gets no replay, but what it would get can be counted.
func TestRequestToWebhookThatIsOff(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(10)
		reason := "410 Gone"
		b.off.Store(&reason)
		_, err := b.runner.Start(Request{To: "crm"})
		if want := `to: the webhook "crm" is off: 410 Gone; turn it on first`; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		b.off.Store(nil)
		w := newHook("crm", 1, "*")
		w.Enabled = false
		b.setHooks(w)
		_, err = b.runner.Start(Request{To: "crm"})
		if want := `to: the webhook "crm" is off; turn it on first`; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if c := b.count(Request{To: "crm"}); c.Events != 10 {
			t.Errorf("the dry run says %+v", c)
		}
	})
}

func TestCountTellsWhatItFound(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		began := time.Now()
		b.sendPages(1000)
		c := b.count(Request{To: "crm", From: began.Add(5 * time.Second)})
		if c.Events != 950 || !c.First.Equal(began.Add(5*time.Second)) || !c.Last.Equal(began.Add(99*time.Second)) || c.Bytes < 950*100 {
			t.Errorf("the dry run says %+v", c)
		}
		if c := b.count(Request{To: "crm", From: time.Now().Add(time.Hour)}); c.Events != 0 || !c.First.IsZero() || c.Share != 1 {
			t.Errorf("the dry run of the future says %+v", c)
		}
	})
}

// A dry run that takes too long says how far it came; one that nobody waits for ends.
func TestCountEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, b *bed) {
		b.sendPages(1000)
		b.runner.Close()
		b.change = func(o *Options) {
			o.CountTime = time.Second
			o.Exclude = slowly(10 * time.Millisecond)
		}
		b.run()
		began := time.Now()
		c := b.count(Request{To: "crm"})
		if took := time.Since(began); !c.Truncated || c.Share <= 0 || c.Share >= 1 || c.Events < 80 || c.Events > 300 || took > 4*time.Second {
			t.Errorf("after %v the dry run says %+v", took, c)
		}
		first := make(chan error, 1)
		go func() {
			_, err := b.runner.Count(context.Background(), Request{To: "crm"})
			first <- err
		}()
		time.Sleep(100 * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		if _, err := b.runner.Count(ctx, Request{To: "crm"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a dry run that waits for another one: %v", err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
		ctx, cancel = context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		if _, err := b.runner.Count(ctx, Request{To: "crm"}); !errors.Is(err, context.Canceled) {
			t.Errorf("a dry run that nobody waits for: %v", err)
		}
	})
}
