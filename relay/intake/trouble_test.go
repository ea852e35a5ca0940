package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

// TestPanic: a fault of the program costs one request, is told, and releases the people's lock.
func TestPanic(t *testing.T) {
	r := start(t, func(o *Options) { o.Selector = faulty{} })
	for range 2 {
		got := r.post("/v1/t", `{"userId":"u","event":"E"}`, basicKey, "Origin: https://x.example")
		if got.status != 500 || got.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.body, `"code":"internal"`) {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if got := r.post("/v1/m", ""); got.status != 200 {
		t.Errorf("afterwards: %d", got.status)
	}
	if n := r.counter("edge_intake_panics_total"); n != 2 {
		t.Errorf("%v panics counted", n)
	}
	if text := r.logged.String(); !strings.Contains(text, "out of order") || !strings.Contains(text, "commit.go") {
		t.Errorf("log has no trace: %s", text)
	}
}

type faulty struct{}

func (faulty) Receivers([]wal.Receiver, []byte, *event.Event, string, *people.View) ([]wal.Receiver, []byte) {
	panic("selector is out of order")
}

// refusing is a log that takes nothing.
type refusing struct{ err error }

func (l refusing) Submit(*wal.Batch) error { return l.err }
func (l refusing) Seen(uint64) bool        { return false }
func (l refusing) Remember(uint64)         {}

// TestTryLater: what each dialect is told when the log takes nothing. The people's lock is given back every time.
func TestTryLater(t *testing.T) {
	f := func(err error, code, wait string, logs bool) {
		t.Helper()
		r := start(t, func(o *Options) { o.Log = refusing{err} })
		for range 2 {
			for _, got := range []struct {
				reply
				want int
			}{
				{r.post("/data/track", oneEvent, integrationKey), 503},
				{r.post("/v1/identify", `{"userId":"u","traits":{"a":1}}`, basicKey), 429},
				{r.post("/data/segmentio/KEY", `{"type":"page","userId":"u"}`), 429},
			} {
				if got.status != got.want || !strings.Contains(got.body, `"code":"`+code+`"`) || got.header.Get("Retry-After") != wait ||
					got.header.Get("X-Ratelimit-Reset") != wait || got.header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%v: %d %s %v", err, got.status, got.body, got.header)
				}
			}
		}
		if n := r.counter("edge_intake_refused_requests_total", "reason", code); n != 6 {
			t.Errorf("%v: counted %v", err, n)
		}
		if got := r.logged.String() != ""; got != logs {
			t.Errorf("%v: logged %s", err, r.logged)
		}
		r.good("/v1/batch", `{"batch":[]}`, basicKey) // nothing to keep
	}
	f(wal.ErrFull, "log_full", "30", false)
	f(wal.ErrOverloaded, "overloaded", "1", false)
	f(wal.ErrClosed, "closing", "1", false)
	f(fmt.Errorf("write log: %w", errors.New("input/output error")), "disk", "1", true)
}

// TestTooManyLargeBodies: when the memory for them is taken, who comes next is asked to come again.
func TestTooManyLargeBodies(t *testing.T) {
	r := start(t, func(o *Options) { o.BodiesMax = 2 << 20 })
	body := `{"event":"E","visitorId":"v","properties":{"a":"` + strings.Repeat("x", 200<<10) + `"}}`
	r.good("/data/track", body, integrationKey)
	if !r.server.bodies.take(2<<20, 0) {
		t.Fatal("memory is taken")
	}
	if got := r.post("/data/track", body, integrationKey); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("large: %d %s", got.status, got.body)
	}
	if got := r.post("/data/track", deflateTo(t, "gzip", []byte(body)), integrationKey, "Content-Encoding: gzip"); got.status != 503 {
		t.Errorf("large when inflated: %d %s", got.status, got.body)
	}
	r.good("/data/track", oneEvent, integrationKey)
	r.server.bodies.give(2 << 20)
	r.good("/data/track", body, integrationKey)
	if used := r.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
	// alone, a body may be larger than the budget
	r.server.bodies.max = 1
	r.good("/data/track", body, integrationKey)
}
