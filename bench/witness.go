package bench

import (
	"context"
	"hash/fnv"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/sign"
)

const witnessSecret = "torture-secret"

// witness is the receiver of the crash proof: it outlives the kills, answers badly on purpose, and remembers everything.
type witness struct {
	server  *fasthttp.Server
	ln      net.Listener
	served  chan struct{}
	healthy atomic.Bool // no more faults

	mu     sync.Mutex
	random *rand.Rand
	round  int // kills so far
	hooks  map[string]*seen
	broken int // batches that were none
	faults map[string]tortured
}

// seen is what one webhook got and answered with a 2xx.
type seen struct {
	first   map[int]arrival // by event number
	repeats map[int]int     // by round
	last    map[string]int  // highest event number by visitor, for ordered webhooks
	ordered bool
	corrupt int
	lately  []time.Time // of what was answered well within repeatWindow
	allowed map[int]int // repeats by round

	inFlight int // events at once
	muted    int // events that were taken without an answer: they come again, and no kill is to blame
}

// repeatWindow is what may be repeated after a kill, beside what was in flight: what the webhook took in the last moments.
// The log saves its cursors every 100 ms; ten times that leaves room for a machine that is busy with other things.
const repeatWindow = time.Second

type arrival struct {
	id   string
	hash uint64 // of the body
}

func newWitness(hooks []tortured, seed uint64) (*witness, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &witness{ln: ln, served: make(chan struct{}), random: rand.New(rand.NewPCG(seed, 2)),
		hooks: map[string]*seen{}, faults: map[string]tortured{}}
	for _, h := range hooks {
		if h.kind == "file" {
			continue // a shelf sees to it
		}
		w.hooks[h.name] = &seen{first: map[int]arrival{}, repeats: map[int]int{}, allowed: map[int]int{}, last: map[string]int{},
			inFlight: h.inFlight(), ordered: strings.Contains(h.config, "order =")}
		w.faults[h.name] = h
	}
	w.server = &fasthttp.Server{Handler: w.handle, Logger: log.New(io.Discard, "", 0)} // hang-ups are what it is there for
	go func() {
		defer close(w.served)
		_ = w.server.Serve(ln)
	}()
	return w, nil
}

func (w *witness) url(name string) string { return "http://" + w.ln.Addr().String() + "/" + name }

func (w *witness) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.server.ShutdownWithContext(ctx)
	_ = w.ln.Close()
	<-w.served
}

func (w *witness) killed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.round++
	for _, s := range w.hooks {
		s.forget(time.Now())
		s.allowed[w.round] = len(s.lately) + s.inFlight
	}
}

// forget drops what is older than the window.
func (s *seen) forget(now time.Time) {
	old := 0
	for old < len(s.lately) && now.Sub(s.lately[old]) > repeatWindow {
		old++
	}
	s.lately = append(s.lately[:0], s.lately[old:]...)
}

func (w *witness) handle(ctx *fasthttp.RequestCtx) {
	name := strings.TrimPrefix(string(ctx.Path()), "/")
	h, known := w.faults[name]
	if !known {
		ctx.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	if h.kind != "" {
		w.handleBatch(h, ctx)
		return
	}
	status, delay := w.decide(h)
	time.Sleep(delay)
	ctx.SetStatusCode(status)
	if status == fasthttp.StatusOK {
		w.remember(name, ctx)
	}
}

// decide says how to answer: mostly well.
func (w *witness) decide(h tortured) (status int, delay time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.healthy.Load() {
		return fasthttp.StatusOK, 0
	}
	if h.delay > 0 {
		delay = time.Duration(w.random.Int64N(int64(h.delay)))
	}
	if w.random.Float64() >= h.fault {
		return fasthttp.StatusOK, delay
	}
	return []int{500, 502, 503, 429}[w.random.IntN(4)], delay
}

func (w *witness) remember(name string, ctx *fasthttp.RequestCtx) {
	body := ctx.PostBody()
	_, err := sign.Verify(func(header string) string { return string(ctx.Request.Header.Peek(header)) }, body,
		[]string{witnessSecret}, time.Now())
	id, visitor := event.Lookup(body, "uniqueId"), event.Lookup(body, "visitorId")

	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.hooks[name]
	if err != nil {
		s.corrupt++
		return
	}
	s.took(w.round, body, id, visitor)
}

// took notes an event that was answered well. The witness' lock is held.
func (s *seen) took(round int, body, id, visitor []byte) {
	n := numberOf(body)
	if n < 0 {
		return // visitorCreated and the like
	}
	if len(s.lately) > 100_000 {
		s.forget(time.Now())
	}
	s.lately = append(s.lately, time.Now())
	hash := fnv.New64a()
	_, _ = hash.Write(body)
	got := arrival{id: string(id), hash: hash.Sum64()}
	first, again := s.first[n]
	if again {
		s.repeats[round]++
		if first != got {
			s.corrupt++
		}
		return
	}
	s.first[n] = got
	if s.ordered {
		if n < s.last[string(visitor)] {
			s.corrupt++
		}
		s.last[string(visitor)] = n
	}
}

// missing counts obligations that have not come.
func (w *witness) missing(accepted []int) (missing int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, s := range w.hooks {
		for _, n := range accepted {
			if _, came := s.first[n]; !came && w.faults[name].wants(n) {
				missing++
			}
		}
	}
	return missing
}

// compare is the verdict. sent is how many events there were: a number beyond it was never sent.
func (w *witness) compare(accepted []int, sent int) (r TortureResult) {
	r.Accepted, r.Missing = len(accepted), w.missing(accepted)
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Corrupt = w.broken
	for name, s := range w.hooks {
		for _, n := range accepted {
			if w.faults[name].wants(n) {
				r.Obligations++
			}
		}
		r.Corrupt += s.corrupt
		for n := range s.first {
			if n >= sent || !w.faults[name].wants(n) {
				r.Corrupt++
			}
		}
		for round, repeats := range s.repeats {
			r.Repeated += repeats
			r.MostRepeats = max(r.MostRepeats, repeats-s.muted)
			if repeats > s.allowed[round]+s.muted {
				r.Excess++
			}
		}
	}
	return r
}
