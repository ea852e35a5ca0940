package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load is a closed loop of connections: each sends a request, waits for its answer, and sends the next. The generator
// writes prepared bytes and reads no more than it must, so that what is measured is the other side.
type load struct {
	address     string
	connections int
	batch       int           // events a request; 1 posts to /v1/track, more to /v1/batch
	rate        float64       // events a second over all connections, 0 = as fast as answers come
	path        string        // "" for the relay's own endpoints
	compose     func(*worker) // writes a request of batch events to out; nil for the usual ones
	duration    time.Duration
	events      int // stop after so many, when duration is 0
}

// loaded is what a load came to.
type loaded struct {
	events   int
	took     time.Duration
	p50, p99 float64 // ms from request to answer
}

// eventNumber makes every event's messageId unique across all loads of a run.
var eventNumber atomic.Int64

func (l load) run(ctx context.Context) (loaded, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if l.duration > 0 {
		ctx, cancel = context.WithTimeout(ctx, l.duration)
		defer cancel()
	}
	var quota atomic.Int64
	quota.Store(int64(l.events))
	var wg sync.WaitGroup
	workers := make([]*worker, l.connections)
	begin := time.Now()
	for i := range workers {
		workers[i] = &worker{load: l, quota: &quota}
		wg.Add(1)
		go func() {
			defer wg.Done()
			if workers[i].err = workers[i].run(ctx); workers[i].err != nil {
				cancel()
			}
		}()
	}
	wg.Wait()
	result := loaded{took: time.Since(begin)}
	var times []time.Duration
	for _, w := range workers {
		if w.err != nil {
			return result, w.err
		}
		result.events += w.sent
		times = append(times, w.times...)
	}
	result.p50, result.p99 = percentiles(times)
	return result, nil
}

// worker is one connection.
type worker struct {
	load
	quota  *atomic.Int64
	conn   net.Conn
	in     *bufio.Reader
	out    []byte
	body   []byte
	packed squeezer
	sent   int
	times  []time.Duration
	err    error
}

func (w *worker) run(ctx context.Context) error {
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	w.conn, w.in = conn, bufio.NewReaderSize(conn, 4<<10)
	w.times = make([]time.Duration, 0, 1<<16)
	var tick *time.Ticker
	if w.rate > 0 {
		tick = time.NewTicker(time.Duration(float64(w.connections*w.batch) / w.rate * float64(time.Second)))
		defer tick.Stop()
	}
	for ctx.Err() == nil {
		if w.events > 0 && w.quota.Add(-int64(w.batch)) < 0 {
			return nil
		}
		if tick != nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
		begin := time.Now()
		if err := w.request(); err != nil {
			return err
		}
		w.times = append(w.times, time.Since(begin))
		w.sent += w.batch
	}
	return nil
}

// request sends one request and reads its answer, which must be a 2xx.
func (w *worker) request() error {
	if w.compose != nil {
		w.compose(w)
	} else {
		w.trackRequest()
	}
	if err := w.conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		return err
	}
	if _, err := w.conn.Write(w.out); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return w.answer()
}

// trackRequest writes a POST of track messages.
func (w *worker) trackRequest() {
	path := "/v1/track"
	if w.body = w.body[:0]; w.batch == 1 {
		w.body = appendEvent(w.body)
	} else {
		path = "/v1/batch"
		w.body = append(w.body, `{"batch":[`...)
		for i := range w.batch {
			if i > 0 {
				w.body = append(w.body, ',')
			}
			w.body = appendEvent(w.body)
		}
		w.body = append(w.body, `]}`...)
	}
	w.post(cmp.Or(w.path, path))
}

// post writes a POST of the body.
func (w *worker) post(path string) {
	w.out = append(w.out[:0], "POST "...)
	w.out = append(w.out, path...)
	w.out = append(w.out, " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Basic YmVuY2g6\r\nContent-Length: "...)
	w.out = strconv.AppendInt(w.out, int64(len(w.body)), 10)
	w.out = append(append(w.out, "\r\n\r\n"...), w.body...)
}

// answer reads one response.
func (w *worker) answer() error {
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if len(line) < 12 || line[9] != '2' {
		return fmt.Errorf("the answer is %q", bytes.TrimSpace(line))
	}
	length := -1
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if name := []byte("Content-Length:"); len(line) > len(name) && bytes.EqualFold(line[:len(name)], name) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):]))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("the answer has no Content-Length")
	}
	_, err = io.CopyN(io.Discard, w.in, int64(length))
	return err
}

// appendEvent appends a Segment track message of about 600 bytes with a messageId of its own. "sent" is when, in µs: the
// receiver times deliveries by it.
func appendEvent(dst []byte) []byte {
	n := eventNumber.Add(1)
	now := time.Now()
	dst = append(dst, `{"type":"track","event":"Report Exported","userId":"visitor-`...)
	dst = strconv.AppendInt(dst, n%10_000, 10)
	dst = append(dst, `","messageId":"bench-`...)
	dst = strconv.AppendInt(dst, begun, 36)
	dst = append(dst, '-')
	dst = strconv.AppendInt(dst, n, 10)
	dst = append(dst, `","timestamp":"`...)
	dst = now.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	dst = append(dst, `","properties":{"sent":`...)
	dst = strconv.AppendInt(dst, now.UnixMicro(), 10)
	return append(dst, `,"report":"Quarterly revenue by region","format":"xlsx","rows":48210,"seconds":3.75,`+
		`"filters":["region","quarter","product line"],"shared":true,"workspace":"ws_8842","plan":"enterprise"},`+
		`"context":{"groupId":"account-17","ip":"203.0.113.9","locale":"en-US","timezone":"Europe/Berlin",`+
		`"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",`+
		`"library":{"name":"@segment/analytics-node","version":"3.1.0"}}}`...)
}

// begun tells the events of this run from those of others.
var begun = time.Now().UnixNano()

func percentiles(times []time.Duration) (p50, p99 float64) {
	if len(times) == 0 {
		return 0, 0
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[min(int(share*float64(len(times))), len(times)-1)]) / float64(time.Millisecond)
	}
	return at(.5), at(.99)
}
