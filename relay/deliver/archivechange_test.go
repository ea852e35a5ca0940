package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/valyala/fasthttp"

	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// replace puts settings in force for the first webhook.
func (g *rig) replace(t testing.TB, w hook.Webhook) {
	t.Helper()
	if err := g.fleet.Replace("crm", &w, ""); err != nil {
		t.Fatal(err)
	}
}

// A batch that was full by its bytes is on its way when settings change: the event that had no room in it comes behind it,
// also when it was given back first.
func TestArchiveFullByBytesOverAChange(t *testing.T) {
	var well atomic.Bool
	s := &shelf{objects: map[string]string{}, fate: func(int) string {
		if well.Load() {
			return ""
		}
		return "refused"
	}}
	g := newRig(t, "http://shelf.test/", func(o *Options, w *hook.Webhook) {
		archives(s, 1000, time.Millisecond)(o, w)
		w.Plan.Batch.Bytes = 5000
	})
	for i := range 5 {
		g.sendFrom(t, i*50, 50)
		tries := s.attempts()
		eventually(t, func() bool { return s.attempts() > tries }, func() string { return "no attempt was made" })
		g.replace(t, *g.hooks[0])
	}
	well.Store(true)
	g.drained(t)
	wantOnce(t, s, 250)
}

func (s *shelf) attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// What lanes of another type give back comes into objects in the order of the log, in whichever order it was given back.
func TestArchiveAfterBatchesThatCameBack(t *testing.T) {
	const lanes, each = batchLanes, 10
	var came atomic.Int32
	var answer [lanes + 1]chan struct{}
	for i := range answer {
		answer[i] = make(chan struct{})
	}
	r := newReceiver(t, func(n int, ctx *fasthttp.RequestCtx) {
		came.Add(1)
		<-answer[min(n, lanes)]
		ctx.SetStatusCode(413)
	})
	s := &shelf{objects: map[string]string{}}
	g := newRig(t, r.url, func(o *Options, w *hook.Webhook) {
		batched(each, nil)(o, w)
		o.newCarrier = s.carrier
	})
	g.sendFrom(t, 0, lanes*each)
	eventually(t, func() bool { return came.Load() == lanes }, func() string { return fmt.Sprintf("%d requests came", came.Load()) })
	w := *g.hooks[0]
	archives(s, 7, time.Millisecond)(&g.opt, &w)
	g.replace(t, w)
	for n := lanes; n > 0; n-- { // the last batch comes back first
		close(answer[n])
		time.Sleep(5 * time.Millisecond)
	}
	g.drained(t)
	wantOnce(t, s, lanes*each)
}

// What a webhook that keeps the order of visitors held back for them comes into objects as everything else.
func TestArchiveAfterOrderByVisitor(t *testing.T) {
	hold := make(chan struct{})
	var came atomic.Int32
	r := newReceiver(t, func(int, *fasthttp.RequestCtx) {
		came.Add(1)
		<-hold
	})
	s := &shelf{objects: map[string]string{}}
	g := newRig(t, r.url, func(o *Options, w *hook.Webhook) {
		o.newCarrier = s.carrier
		w.ByVisitor, w.InFlight = true, 8
	})
	for i := range 100 {
		g.send(t, fmt.Sprint("visitor-", i%4), fmt.Sprint("n", i))
	}
	eventually(t, func() bool { return came.Load() == 4 }, func() string { return fmt.Sprintf("%d requests came", came.Load()) })
	w := *g.hooks[0]
	w.ByVisitor = false
	archives(s, 9, time.Millisecond)(&g.opt, &w)
	g.replace(t, w)
	close(hold)
	g.drained(t)
	wantOnce(t, s, 100-int(came.Load())) // until it is replaced, the sender before takes what is no longer held back
}

// An archive waits for the one before it, also when in between the webhook was off or of another type.
func TestArchiveWaitsForTheOneBefore(t *testing.T) {
	var well atomic.Bool
	hold, came := make(chan struct{}), make(chan struct{}, 1)
	s := &shelf{objects: map[string]string{}}
	s.fate = func(int) string {
		if well.Load() {
			return ""
		}
		came <- struct{}{}
		s.mu.Unlock() // others may ship meanwhile
		<-hold
		s.mu.Lock()
		return "refused"
	}
	g := newRig(t, "http://shelf.test/", archives(s, 10, time.Millisecond))
	g.sendFrom(t, 0, 10)
	<-came
	w := *g.hooks[0]
	w.Enabled = false
	g.replace(t, w)
	well.Store(true)
	g.replace(t, *g.hooks[0])
	g.sendFrom(t, 10, 25)
	time.Sleep(50 * time.Millisecond)
	close(hold)
	g.drained(t)
	wantOnce(t, s, 35)
	if s.most > 1 {
		t.Errorf("%d carriers were open at once", s.most)
	}
}

// stumbling is a queue that fails to read once, in the middle of what was begun.
type stumbling struct {
	Queue
	in *atomic.Int32
}

func (q stumbling) Take(now int64) (wal.Entry, bool, error) {
	if q.in.Add(-1) == 0 {
		return wal.Entry{}, false, errors.New("the disk is tired")
	}
	return q.Queue.Take(now)
}

// A part of what was begun is not shipped under the name of the whole.
func TestArchiveWhenTheLogFails(t *testing.T) {
	var well atomic.Bool
	var in atomic.Int32
	s := &shelf{objects: map[string]string{}, fate: func(int) string {
		if well.Load() {
			return ""
		}
		return "refused"
	}}
	g := &rig{fs: vfs.NewMem(), hooks: []*hook.Webhook{newWebhook(t, 1, "crm", "http://shelf.test/")}, opt: rigOptions(),
		wrap: func(q Queue) Queue { return stumbling{q, &in} }}
	archives(s, 20, time.Millisecond)(&g.opt, g.hooks[0])
	g.open(t)
	t.Cleanup(func() { g.close(t, context.Background()) })
	g.sendFrom(t, 0, 60)
	eventually(t, func() bool { return s.attempts() > 0 }, func() string { return "no attempt was made" })
	in.Store(7) // the 20 that were begun are given back, and taken again
	g.replace(t, *g.hooks[0])
	eventually(t, func() bool { return in.Load() <= 0 }, func() string { return "the queue was not read" })
	well.Store(true)
	g.drained(t)
	wantOnce(t, s, 60)
}
