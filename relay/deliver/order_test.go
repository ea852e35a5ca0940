package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
)

const orderTimeout = 50 * time.Millisecond

// judgeOfOrder answers by chance and watches the order: no event of a visitor may come before all earlier ones of that
// visitor have ended, by a success or for good.
type judgeOfOrder struct {
	mu     sync.Mutex
	random *rand.Rand
	sent   map[string]int  // by visitor
	ended  map[string]bool // by visitor and number
	first  map[string][]int
	faults []string
}

func newJudgeOfOrder(seed uint64) *judgeOfOrder {
	return &judgeOfOrder{random: rand.New(rand.NewPCG(seed, 3)), sent: map[string]int{}, ended: map[string]bool{}, first: map[string][]int{}}
}

func eventKey(visitor string, n int) string { return fmt.Sprint(visitor, "/", n) }

// answer decides what becomes of a request and notes it.
func (j *judgeOfOrder) answer(visitor string, n int) (status int, nap time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for before := range n {
		if !j.ended[eventKey(visitor, before)] {
			j.faults = append(j.faults, fmt.Sprintf("%s overtook %d", eventKey(visitor, n), before))
		}
	}
	status = 200
	switch chance := j.random.IntN(60); {
	case chance < 10:
		return 500, 0
	case chance < 15:
		return 429, 0
	case chance < 16:
		return 503, 2 * orderTimeout
	case chance < 20:
		status = 404 // for good
	case chance < 30:
		nap = time.Duration(j.random.IntN(3)) * time.Millisecond
	}
	key := eventKey(visitor, n)
	if status == 200 && !j.ended[key] {
		j.first[visitor] = append(j.first[visitor], n)
	}
	j.ended[key] = true
	return status, nap
}

// next is the number of a visitor's next event.
func (j *judgeOfOrder) next(visitor string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sent[visitor]++
	return j.sent[visitor] - 1
}

// verdict reports what was out of order or is missing.
func (j *judgeOfOrder) verdict(t *testing.T, seed uint64) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, fault := range j.faults[:min(len(j.faults), 5)] {
		t.Errorf("seed %d: %s", seed, fault)
	}
	for visitor, sent := range j.sent {
		for n := range sent {
			if !j.ended[eventKey(visitor, n)] {
				t.Errorf("seed %d: %s never ended", seed, eventKey(visitor, n))
			}
		}
		for i, n := range j.first[visitor] {
			if i > 0 && n <= j.first[visitor][i-1] {
				t.Errorf("seed %d: %s succeeded after %d", seed, eventKey(visitor, n), j.first[visitor][i-1])
			}
		}
	}
}

// TestVisitorsKeepTheirOrder mixes failures, timeouts, final answers, and restarts, soft and hard.
func TestVisitorsKeepTheirOrder(t *testing.T) {
	f := func(seed uint64, inFlight int) {
		t.Helper()
		j := newJudgeOfOrder(seed)
		r := newReceiver(t, func(_ int, ctx *fasthttp.RequestCtx) {
			body := ctx.PostBody()
			visitor := string(event.AppendText(nil, event.Lookup(body, "visitorId")))
			var n int
			_, _ = fmt.Sscanf(field(string(body), `"name":"number `, `"`), "%d", &n)
			status, nap := j.answer(visitor, n)
			time.Sleep(nap)
			ctx.SetStatusCode(status)
		})
		g := newRig(t, r.url, func(o *Options, w *hook.Webhook) {
			o.Backoff, o.BackoffMax, o.Linger = time.Millisecond, 5*time.Millisecond, time.Millisecond
			w.ByVisitor, w.Retries, w.InFlight, w.Timeout = true, 1000, inFlight, orderTimeout
		})
		random := rand.New(rand.NewPCG(seed, 4))
		for round := range 4 {
			if round > 0 {
				over, end := context.WithCancel(context.Background())
				if random.IntN(2) == 0 {
					end()
				}
				g.close(t, over)
				end()
				g.open(t)
			}
			for range 40 + random.IntN(40) {
				visitor := fmt.Sprint("visitor ", random.IntN(5))
				g.send(t, visitor, fmt.Sprint("number ", j.next(visitor)))
				if random.IntN(8) == 0 {
					time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond)
				}
			}
		}
		g.drained(t)
		j.verdict(t, seed)
	}
	for seed := range uint64(8) {
		f(seed, 1+int(seed)*2)
	}
}
