package intake

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// BenchmarkParse is the path from a body to the batch for the log: stable JSON, items, people, match, record.
func BenchmarkParse(b *testing.B) {
	rig := start(b)
	rig.server.mangle = false
	rig.know()
	r := offline(b, rig.server)
	r.app, r.end = rig.server.apps.Load().byKey["KEY"], endpointOf(b, "/v1/batch")
	f := func(name, body string, events float64, add func(body []byte)) {
		b.Run(name, func(b *testing.B) {
			raw := []byte(body)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				r.parse(b, raw, add)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
		})
	}
	f("track", trackBody(1), 1, func(body []byte) {
		if err := r.addOne(body, "event", -1, (*request).addTrack); err != nil {
			b.Fatal(err)
		}
	})
	f("batch100", batchBody(100, 0), 100, func(body []byte) {
		var env envelope
		r.readEnvelope(&reader{b: body}, &env)
		r.addParts(&env)
	})
}

// BenchmarkHandler is whole requests over pipes in memory, each answered after its commit to a real disk, beside a bare
// server that reads the body and answers. One request at a time waits for each commit; 64 at a time share it.
func BenchmarkHandler(b *testing.B) {
	bare := func(ctx *fasthttp.RequestCtx) {
		if len(ctx.PostBody()) == 0 {
			ctx.SetStatusCode(fasthttp.StatusBadRequest)
			return
		}
		ctx.SetBodyString(`{"status":"ok"}`)
	}
	for _, parallel := range []int{1, 64} {
		b.Run(fmt.Sprintf("bare-%d", parallel), func(b *testing.B) {
			server := &fasthttp.Server{Handler: bare}
			ln := fasthttputil.NewInmemoryListener()
			go server.Serve(ln)
			defer ln.Close()
			measure(b, ln, parallel, func(n int) []byte { return rawRequest("POST", "/data/track", trackBody(n), integrationKey) })
		})
		b.Run(fmt.Sprintf("track-%d", parallel), func(b *testing.B) {
			measure(b, onPipes(b), parallel, func(n int) []byte { return rawRequest("POST", "/data/track", trackBody(n), integrationKey) })
		})
		b.Run(fmt.Sprintf("batch100-%d", parallel), func(b *testing.B) {
			measure(b, onPipes(b), parallel, func(n int) []byte { return rawRequest("POST", "/v1/batch", batchBody(100, 100*n), basicKey) })
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/event")
		})
	}
}

// onPipes serves on pipes.
func onPipes(b *testing.B) *fasthttputil.InmemoryListener {
	r := startOn(b, vfs.Default, b.TempDir())
	r.server.mangle = false
	r.know()
	ln := fasthttputil.NewInmemoryListener()
	go r.server.http.Serve(ln)
	return ln
}

// measure sends b.N requests over a number of connections. Requests are made before the clock starts.
func measure(b *testing.B, ln *fasthttputil.InmemoryListener, parallel int, request func(n int) []byte) {
	requests := make([][]byte, b.N)
	for n := range requests {
		requests[n] = request(n)
	}
	conns := make([]net.Conn, parallel)
	for i := range conns {
		c, err := ln.Dial()
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	b.SetBytes(int64(len(requests[0])))
	b.ReportAllocs()
	b.ResetTimer()
	done := make(chan error, parallel)
	for i, c := range conns {
		go func() {
			br := bufio.NewReader(c)
			var reply fasthttp.Response
			for n := i; n < len(requests); n += parallel {
				c.Write(requests[n])
				if err := reply.Read(br); err != nil || reply.StatusCode() != fasthttp.StatusOK {
					done <- fmt.Errorf("%d, %v", reply.StatusCode(), err)
					return
				}
			}
			done <- nil
		}()
	}
	for range conns {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
}

// BenchmarkInflate is the cost of each encoding for a batch of 100 messages.
func BenchmarkInflate(b *testing.B) {
	r := start(b)
	body := []byte(batchBody(100, 0))
	for _, e := range sentEncodings {
		if strings.ToLower(e[1]) != strings.TrimSpace(e[1]) {
			continue
		}
		b.Run(e[0], func(b *testing.B) {
			request := r.server.pool.Get().(*request)
			request.wire = []byte(deflateTo(b, e[0], body))
			how := map[string]encoding{"gzip": gzipped, "deflate": deflated, "raw": deflated, "zstd": zstandard, "br": brotlied}[e[0]]
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := request.inflate(how); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
