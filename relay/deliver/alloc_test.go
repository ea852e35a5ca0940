//go:build !race

package deliver

import (
	"net"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
	"edgerelay/wal"
)

func TestRequestAllocatesNothing(t *testing.T) {
	w := newWebhook(t, 1, "crm", "http://receiver.test/hook")
	w.Schemes, w.Secret = []sign.Scheme{sign.Pendo, sign.Standard, sign.GitHub}, "s3cret"
	w.Header = []hook.Header{{Name: "Authorization", Value: "Bearer x"}}
	l := newTestLane(t, w)
	for _, kind := range event.Kinds() {
		e := event.Sample(kind)
		entry := wal.Entry{Body: e.AppendRecord(nil)}
		at := time.Now()
		f := func() {
			if err := l.encode(&entry, at); err != nil {
				t.Fatal(err)
			}
		}
		f()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", kind, n)
		}
	}
}

func TestForwardedRequestAllocatesNothing(t *testing.T) {
	w := newWebhook(t, 1, "crm", "http://receiver.test/base")
	l := newTestLane(t, hook.Upstream("demo", w.Target, "me", 1, time.Second, time.Hour))
	entry, at := wal.Entry{Body: beacon(1)}, time.Now()
	f := func() {
		if err := l.sender.cargo.encode(l, &entry, at); err != nil {
			t.Fatal(err)
		}
	}
	f()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestListeningAllocatesNothing: a lane that delivers now and then listens before each request.
func TestListeningAllocatesNothing(t *testing.T) {
	address := strings.TrimPrefix(strings.TrimSuffix(newQuietWire(t).url, "/hook"), "http://")
	socket, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	c := &conn{Conn: socket, socket: socket}
	f := func() {
		if !c.fresh(time.Now()) {
			t.Fatal("the connection is not fresh")
		}
	}
	f()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// newQuietWire is a receiver on loopback that allocates nothing itself.
func newQuietWire(t *testing.T) *wire {
	return newWire(t, func(_ int, c net.Conn) {
		buf, reply := make([]byte, 64<<10), []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nok")
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			if _, err := c.Write(reply); err != nil {
				return
			}
		}
	})
}

// newQuietQueue is a queue that allocates nothing; fill gives it one event more.
func newQuietQueue(t *testing.T) (q *memQueue, fill func()) {
	q = newMemQueue(t)
	q.settled, q.attempts = make([]uint64, 0, 2000), make([]int, 0, 2000)
	record, _ := trackEvent("v", "e")
	waiting := make([]wal.Entry, 1)
	return q, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		waiting[0] = wal.Entry{Seq: 1, Time: time.Now().UnixMilli(), Body: record}
		q.waiting = waiting
	}
}

// TestDeliveryAllocatesNothing runs whole cycles against a receiver: take, encode, sign, send, read the reply, count,
// settle.
func TestDeliveryAllocatesNothing(t *testing.T) {
	h := newWebhook(t, 1, "crm", newQuietWire(t).url)
	h.Schemes, h.Secret, h.Timeout = []sign.Scheme{sign.Pendo}, "s3cret", time.Minute
	l := newTestLane(t, h)
	defer l.hangUp()
	q, fill := newQuietQueue(t)
	l.sender.queue = q
	f := func() {
		fill()
		now := time.Now()
		var ok bool
		if l.entry, ok, _ = q.Take(now.UnixMilli()); !ok {
			t.Fatal("nothing to take")
		}
		l.handle(now)
	}
	f()
	if n := testing.AllocsPerRun(500, f); n != 0 {
		t.Errorf("%v allocations in a delivery", n)
	}
	if len(q.settled) < 500 {
		t.Errorf("%d were delivered", len(q.settled))
	}
}

// TestWakingAllocatesNothing adds a lane that rests before each delivery, and is woken for it.
func TestWakingAllocatesNothing(t *testing.T) {
	h := newWebhook(t, 1, "crm", newQuietWire(t).url)
	h.InFlight, h.Timeout = 2, time.Minute
	q, fill := newQuietQueue(t)
	fleet := NewFleet(Options{Linger: time.Hour, Open: func(_ *hook.Webhook, wake func()) (Queue, error) {
		q.wake = wake
		return q, nil
	}})
	if err := fleet.Start(h); err != nil {
		t.Fatal(err)
	}
	defer fleet.Stop(t.Context())
	crew := fleet.Senders()[0].crew
	delivered := 0
	f := func() {
		fill()
		q.wake()
		delivered++
		for settled := 0; settled < delivered || crew.resting.Load() == 0; settled, _, _ = q.counts() {
			time.Sleep(10 * time.Microsecond)
		}
	}
	f()
	if n := testing.AllocsPerRun(500, f); n != 0 {
		t.Errorf("%v allocations in a delivery and a rest", n)
	}
}

// A batch costs nothing per event: what is allocated is for the batch as a whole.
func TestBatchOfEventsAllocatesNothingEach(t *testing.T) {
	w := newWebhook(t, 1, "crm", "http://receiver.test/")
	batched(1000, nil)(nil, w)
	w.Plan.Gzip = true
	l := newTestLane(t, w)
	e := event.Sample(event.TrackEventReceived)
	entry := wal.Entry{Body: e.AppendRecord(nil)}
	l.batch = append(l.batch, entry)
	make := func() {
		l.beginBody(batchKeep)
		for range 100 {
			if err := l.addItem(&entry); err != nil {
				t.Fatal(err)
			}
		}
		l.endBody()
		l.wire = append(l.wire[:0], l.sender.head...)
		l.seal(&l.batch[0], time.Now())
	}
	make()
	if n := testing.AllocsPerRun(20, make); n != 0 {
		t.Errorf("%v allocations for a batch of 100", n)
	}
}
