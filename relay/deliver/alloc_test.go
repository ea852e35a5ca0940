//go:build !race

package deliver

import (
	"net"
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

// TestDeliveryAllocatesNothing runs whole cycles against a receiver on loopback that allocates nothing itself: take,
// encode, sign, send, read the reply, count, settle.
func TestDeliveryAllocatesNothing(t *testing.T) {
	w := newWire(t, func(_ int, c net.Conn) {
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
	h := newWebhook(t, 1, "crm", w.url)
	h.Schemes, h.Secret = []sign.Scheme{sign.Pendo}, "s3cret"
	h.Timeout = time.Minute
	l := newTestLane(t, h)
	defer l.hangUp()
	q := l.sender.queue.(*memQueue)
	record, _ := trackEvent("v", "e")
	q.settled, q.attempts = make([]uint64, 0, 1000), make([]int, 0, 1000)
	waiting := make([]wal.Entry, 1)
	f := func() {
		waiting[0] = wal.Entry{Seq: 1, Time: time.Now().UnixMilli(), Body: record}
		q.waiting = waiting
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
