package deliver

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// beacon is the record of a request that somebody sent.
func beacon(n int) []byte {
	q := upstream.Request{Method: []byte("POST"), Target: fmt.Appendf(nil, "data/ptm.gif/KEY?n=%d", n), Body: []byte(`{"events":"eJw"}`)}
	q.Set(upstream.UserAgent, []byte("Mozilla/5.0"))
	q.Set(upstream.ContentType, []byte("text/plain;charset=UTF-8"))
	return q.AppendRecord(nil)
}

// forwards turns a test's webhook into the upstream of an app.
func forwards(patience time.Duration) func(o *Options, w *hook.Webhook) {
	return func(o *Options, w *hook.Webhook) {
		u, queue := *w.Target, w.Queue
		*w = *hook.Upstream("demo", &u, "", 4, 5*time.Second, patience)
		w.Queue = queue
		o.DisableFailures, o.DisableWithin = 3, time.Hour
	}
}

// addBeacons appends n requests and wakes once.
func (q *memQueue) addBeacons(n int) {
	q.mu.Lock()
	for range n {
		q.last++
		q.waiting = append(q.waiting, wal.Entry{Seq: q.last, Time: time.Now().UnixMilli(), Body: beacon(int(q.last))})
	}
	q.mu.Unlock()
	q.wake()
}

func TestUpstreamGetsRequestsAsTheyCame(t *testing.T) {
	requests := make(chan string, 10)
	r := newWire(t, func(_ int, c net.Conn) {
		for {
			request := readRequest(c)
			if request == "" {
				return
			}
			requests <- request
			if _, err := io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n"); err != nil {
				return
			}
		}
	})
	base := strings.TrimSuffix(r.url, "/hook")
	g := newRig(t, base+"/base/", forwards(time.Hour))
	var b wal.Batch
	want := map[string]bool{}
	for n := range 3 {
		b.Add(wal.Record{Body: beacon(n), Receivers: []wal.Receiver{{Queue: 1}}})
		want[fmt.Sprintf("POST /base/data/ptm.gif/KEY?n=%d HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0\r\n"+
			"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 16\r\n\r\n{\"events\":\"eJw\"}", n, strings.TrimPrefix(base, "http://"))] = true
	}
	if _, err := g.log.Append(&b); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := <-requests; !want[got] {
			t.Errorf("the upstream got\n%s", got)
		} else {
			delete(want, got)
		}
	}
	g.drained(t)
	if s := g.fleet.Senders()[0]; len(requests) > 0 || s.Hook().Name != "upstream/demo" {
		t.Errorf("%d requests too many came from %s", len(requests), s.Hook().Name)
	}
}

// TestUpstreamIsAskedAgainAndAgain: it is never turned off, and a request is tried until it is too old.
func TestUpstreamIsAskedAgainAndAgain(t *testing.T) {
	answer := func(n int, h http.Header) int {
		if n == 2 {
			h.Set("Retry-After", "100")
		}
		return 503
	}
	inBubble(t, forwards(24*time.Hour), answer, func(b *bubble) {
		b.queue.addBeacons(1)
		b.sleep(23 * time.Hour)
		at, _ := b.receiver.times()
		if len(at) < 23*12/2 || b.sender.State().Name != "failing" {
			t.Errorf("%d attempts in 23 hours, and the sender is %+v", len(at), b.sender.State())
		}
		if gap := at[2].Sub(at[1]); gap < 100*time.Second {
			t.Errorf("it came back after %v, asked for 100 s", gap)
		}
		b.sleep(2 * time.Hour)
		if _, buried, open := b.queue.counts(); buried != 1 || open != 0 {
			t.Fatalf("%d given up, %d open", buried, open)
		}
		at, _ = b.receiver.times()
		want := fmt.Sprintf("attempt %d was the last: 503 Service Unavailable", len(at))
		if d := b.queue.buried[0]; d.Status != 503 || d.Reason != want {
			t.Errorf("given up with %+v, want %s", d, want)
		}
		if age := at[len(at)-1].Sub(at[0]); age > 24*time.Hour+time.Minute || age < 23*time.Hour+50*time.Minute {
			t.Errorf("the last attempt was made after %v", age)
		}
	})
}

// TestUpstreamRefusesOneRequest: what another attempt would not change is final for that request alone, 410 as well.
func TestUpstreamRefusesOneRequest(t *testing.T) {
	answers := []int{404, 410, 302, 400, 200, 204}
	inBubble(t, func(o *Options, w *hook.Webhook) {
		forwards(time.Hour)(o, w)
		w.InFlight = 1
	}, func(n int, _ http.Header) int { return answers[n-1] }, func(b *bubble) {
		b.queue.addBeacons(len(answers))
		b.sleep(time.Minute)
		settled, buried, open := b.queue.counts()
		if settled != 2 || buried != 4 || open != 0 || b.sender.State().Name != "idle" {
			t.Errorf("%d delivered, %d given up, %d open, and the sender is %+v", settled, buried, open, b.sender.State())
		}
		for i, want := range []string{"404 Not Found", "410 Gone",
			"302 Found; redirects are never followed, set the app's upstream to the new address", "400 Bad Request"} {
			if got := b.queue.buried[i].Reason; got != want {
				t.Errorf("given up because of %q, want %q", got, want)
			}
		}
	})
}

// TestCargoIsNotMixedUp: an event has no business with an upstream, and no webhook gets somebody's request.
func TestCargoIsNotMixedUp(t *testing.T) {
	e := event.Sample(event.PageLoaded)
	w := newWebhook(t, 1, "crm", "http://receiver.test/")
	l := newTestLane(t, w)
	err := l.sender.cargo.encode(l, &wal.Entry{Seq: 7, Body: beacon(1)}, time.Now())
	if want := "read record 7: parse record: it is of kind 2, an event's is 1"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	l = newTestLane(t, hook.Upstream("demo", w.Target, "me", 1, time.Second, time.Hour))
	err = l.sender.cargo.encode(l, &wal.Entry{Seq: 7, Body: e.AppendRecord(nil)}, time.Now())
	if want := "read record 7: parse request: the record is of kind 1, a request's is 2"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestUpstreamMayBeAnywhere(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "10.0.0.7"}
	w := hook.Upstream("demo", u, "me", 3, time.Second, time.Hour)
	if !w.AllowPrivate || !w.AllowHTTP || !w.Enabled || w.InFlight != 3 || w.Timeout != time.Second || w.Retries != math.MaxInt {
		t.Errorf("%+v", w)
	}
}
