package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// receiver is where webhooks deliver to: it counts, and times deliveries from when their event was sent.
type receiver struct {
	server *fasthttp.Server
	ln     net.Listener
	served chan struct{}
	hang   chan struct{} // requests to /hung wait for its close

	count  atomic.Int64
	sample atomic.Bool // times are kept

	mu    sync.Mutex
	times []time.Duration
}

func startReceiver() (*receiver, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{ln: ln, served: make(chan struct{}), hang: make(chan struct{})}
	r.server = &fasthttp.Server{Handler: r.handle, NoDefaultServerHeader: true, Concurrency: 1 << 16}
	go func() {
		defer close(r.served)
		_ = r.server.Serve(ln)
	}()
	return r, nil
}

func (r *receiver) url(path string) string { return "http://" + r.ln.Addr().String() + path }

func (r *receiver) handle(ctx *fasthttp.RequestCtx) {
	if string(ctx.Path()) == "/hung" {
		<-r.hang
		return
	}
	r.count.Add(1)
	if r.sample.Load() {
		r.time(ctx.PostBody())
	}
}

// time keeps how long ago the event of a delivery was sent.
func (r *receiver) time(body []byte) {
	_, rest, found := bytes.Cut(body, []byte(`"sent":`))
	if !found {
		return
	}
	digits := bytes.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	sent, err := strconv.ParseInt(string(rest[:max(digits, 0)]), 10, 64)
	if err != nil {
		return
	}
	took := time.Since(time.UnixMicro(sent))
	r.mu.Lock()
	r.times = append(r.times, took)
	r.mu.Unlock()
}

// await waits until n deliveries have come, and says when the last did.
func (r *receiver) await(ctx context.Context, n int) error {
	last, still := int64(-1), time.Now()
	for {
		count := r.count.Load()
		if count >= int64(n) {
			return nil
		}
		if count != last {
			last, still = count, time.Now()
		}
		if time.Since(still) > 30*time.Second {
			return fmt.Errorf("%d of %d deliveries have come, and none for 30s", count, n)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (r *receiver) percentiles() (p50, p99 float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return percentiles(r.times)
}

func (r *receiver) stop() {
	close(r.hang)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = r.server.ShutdownWithContext(ctx)
	_ = r.ln.Close()
	<-r.served
}
