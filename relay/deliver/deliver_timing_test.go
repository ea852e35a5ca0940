//go:build unix

package deliver

import (
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/hook"
	"edgerelay/relay/sign"
)

// BenchmarkDeliver drains a backlog in memory to a receiver on loopback that only answers. Hold it against
// BenchmarkPlainPosts, which is what the HTTP alone costs: the same bodies, the same number of requests at once.
func BenchmarkDeliver(b *testing.B) {
	for _, inFlight := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("in_flight=", inFlight), func(b *testing.B) { benchmarkDeliver(b, inFlight) })
	}
}

// BenchmarkDeliverSigned is the same with a signature on each delivery, which the reference has none of.
func BenchmarkDeliverSigned(b *testing.B) {
	for _, inFlight := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("in_flight=", inFlight), func(b *testing.B) { benchmarkDeliver(b, inFlight, sign.Pendo) })
	}
}

// measure starts the clock; the function it returns stops it and reports the processor time besides, the receiver's
// included, which says more than the time on a machine that does other things too.
func measure(b *testing.B) (report func()) {
	cpu := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	runtime.GC()
	b.ReportAllocs()
	b.ResetTimer()
	begin := cpu()
	return func() {
		b.StopTimer()
		b.ReportMetric(float64(cpu()-begin)/float64(b.N), "cpu-ns/op")
	}
}

func benchmarkDeliver(b *testing.B, inFlight int, schemes ...sign.Scheme) {
	r := newReceiver(b, nil)
	r.forget.Store(true)
	g := newRig(b, r.url, func(_ *Options, w *hook.Webhook) {
		w.Schemes, w.Secret, w.InFlight = schemes, "s3cret", inFlight
	})
	g.queue.Hold(true)
	g.sendMany(b, b.N)
	defer measure(b)()
	g.queue.Hold(false)
	g.fleet.Senders()[0].Wake()
	for g.queue.Stats().Backlog > 0 || g.queue.Stats().Flight > 0 {
		time.Sleep(time.Millisecond)
	}
}

// BenchmarkPlainPosts is the reference: a plain loop of as many goroutines, no log, no signature, bodies made before.
func BenchmarkPlainPosts(b *testing.B) {
	for _, inFlight := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("in_flight=", inFlight), func(b *testing.B) {
			r := newReceiver(b, nil)
			r.forget.Store(true)
			e := event.Sample(event.TrackEventReceived)
			body := format.Pendo(nil, &e, event.Note{All: true})
			client := &fasthttp.HostClient{Addr: r.addr, MaxConns: inFlight, MaxIdleConnDuration: 100 * time.Millisecond,
				Dial: func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }}
			report := measure(b)
			var next atomic.Int64
			var loops sync.WaitGroup
			for range inFlight {
				loops.Go(func() {
					var request fasthttp.Request
					var response fasthttp.Response
					request.Header.SetMethod(fasthttp.MethodPost)
					request.SetRequestURI(r.url)
					request.Header.SetContentType("application/json")
					request.SetTimeout(30 * time.Second)
					for next.Add(1) <= int64(b.N) {
						request.SetBodyRaw(body)
						if err := client.Do(&request, &response); err != nil || response.StatusCode() != 200 {
							b.Error(err, response.StatusCode())
						}
					}
				})
			}
			loops.Wait()
			report()
			client.CloseIdleConnections()
		})
	}
}

// BenchmarkDeliverBatches is BenchmarkDeliver with many events in a request; an op is one event.
func BenchmarkDeliverBatches(b *testing.B) {
	for _, count := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("events=", count), func(b *testing.B) {
			r := newReceiver(b, nil)
			r.forget.Store(true)
			g := newRig(b, r.url, batched(count, nil))
			g.queue.Hold(true)
			g.sendMany(b, b.N)
			defer measure(b)()
			g.queue.Hold(false)
			g.fleet.Senders()[0].Wake()
			for g.queue.Stats().Backlog > 0 || g.queue.Stats().Flight > 0 {
				time.Sleep(time.Millisecond)
			}
		})
	}
}
