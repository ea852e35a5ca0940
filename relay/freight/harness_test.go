package freight

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newPlan makes the plan of a type, whose settings must be right.
func newPlan(t testing.TB, kind string, url string, settings map[string]string) *destination.Plan {
	t.Helper()
	d, ok := destination.ByName(kind)
	if !ok {
		t.Fatalf("there is no type %q", kind)
	}
	plan, faults := d.Make(destination.Settings{Webhook: "product", URL: url, More: settings})
	if len(faults) > 0 {
		t.Fatalf("%s: %v", kind, faults)
	}
	return plan
}

func newCarrier(t testing.TB, plan *destination.Plan, o Options) Carrier {
	t.Helper()
	if o.Webhook == "" {
		o.Webhook = "product"
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	c, err := New(plan, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// newParcel is a parcel of count events from position first on, one position in three, accepted a second after one
// another from at on.
func newParcel(plan *destination.Plan, first uint64, count int, at time.Time) *Parcel {
	body := []byte(plan.Body.Open)
	for i := range count {
		if i > 0 {
			body = append(body, plan.Body.Between...)
		}
		e := event.Sample(event.TrackEventReceived)
		e.UniqueID = event.UniqueID(fmt.Appendf(nil, "%d", first+uint64(3*i)))
		e.Received = at.Add(time.Duration(i) * time.Second).UnixMilli()
		body = plan.Body.Item(body, &e, event.Note{All: true})
	}
	body = append(body, plan.Body.Close...)
	return &Parcel{Body: body, Count: count, First: first, Last: first + uint64(3*(count-1)), At: at, Number: 1}
}

// ship makes one attempt that must come to want.
func ship(t testing.TB, c Carrier, p *Parcel, want destination.Outcome) destination.Verdict {
	t.Helper()
	v := c.Ship(t.Context(), p)
	if v.Outcome != want {
		t.Fatalf("parcel %d: %s (%d %s), want %s", p.First, v.Outcome, v.Status, v.Reason, want)
	}
	if (v.Reason == "") != (v.Outcome == destination.Delivered) {
		t.Errorf("parcel %d: %s with the reason %q", p.First, v.Outcome, v.Reason)
	}
	return v
}

// unpack undoes a compression, which the name's end tells.
func unpack(t testing.TB, name string, packed []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(packed)
	var err error
	switch {
	case strings.HasSuffix(name, ".gz"):
		r, err = gzip.NewReader(r)
	case strings.HasSuffix(name, ".zst"):
		r, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text
}

// weather dials, and breaks connections: after some bytes written, or after all were written and before the answer came.
type weather struct {
	to string // where all connections go; "" where they want to

	mu    sync.Mutex
	write int // bytes that the connection in use, or else the next, takes before it breaks; 0: all
	read  int // bytes that it gives before it breaks; 0: all; -1: none
	dials []string
}

func (w *weather) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials = append(w.dials, address)
	if w.to != "" {
		address = w.to
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &fragile{Conn: c, weather: w}, nil
}

// take is the break that is due, which is then no longer.
func (w *weather) take() (write, read int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	write, read, w.write, w.read = w.write, w.read, 0, 0
	return write, read
}

func (w *weather) next(write, read int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write, w.read = write, read
}

func (w *weather) dialed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.dials...)
}

type fragile struct {
	net.Conn
	weather     *weather
	mu          sync.Mutex
	write, read int
}

var errCut = errors.New("the cable was cut")

func (f *fragile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if write, read := f.weather.take(); write != 0 || read != 0 {
		f.write, f.read = write, read
	}
	if f.write == 0 {
		return f.Conn.Write(p)
	}
	n, err := f.Conn.Write(p[:min(len(p), f.write-1)])
	if f.write -= n; err == nil && n < len(p) {
		_ = f.Conn.Close()
		err = errCut
	}
	return n, err
}

func (f *fragile) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p) // the answer is on its way: what it answers was done
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read == 0 || err != nil {
		return n, err
	}
	if f.read -= n; f.read <= 0 {
		_ = f.Conn.Close()
		return 0, errCut
	}
	return n, err
}

// script ships parcels through bad weather, each until it is delivered and some once more, as a relay does that crashed
// before it wrote the delivery down. It returns the bodies by their parcels' first position.
func script(t *testing.T, plan *destination.Plan, w *weather, seed uint64, open func() Carrier) map[uint64][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	bodies := map[uint64][]byte{}
	c := open()
	defer func() { _ = c.Close() }()
	first, broken := uint64(1), 0
	for i := range 20 {
		p := newParcel(plan, first, 1+random.IntN(60), noon.Add(time.Duration(i)*20*time.Minute))
		bodies[p.First], first = p.Body, p.Last+1+uint64(random.IntN(5))
		for delivered := random.IntN(3) + 1; delivered > 0; p.Number++ {
			switch random.IntN(5) {
			case 0:
				w.next(1+random.IntN(4000), 0)
			case 1:
				w.next(0, -1)
			case 2:
				w.next(0, 1+random.IntN(3000))
			case 3: // a new process, as after a crash
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				c = open()
			}
			v := c.Ship(t.Context(), p)
			switch {
			case v.Outcome == destination.Delivered:
				delivered--
			case v.Outcome == destination.Retry && v.Reason != "" && p.Number < 200:
				broken++
			default:
				t.Fatalf("seed %d, parcel %d: %s (%d %s)", seed, p.First, v.Outcome, v.Status, v.Reason)
			}
		}
	}
	if broken < 10 {
		t.Errorf("seed %d: only %d attempts failed", seed, broken)
	}
	return bodies
}

// checkArchive holds what a store has against what was shipped: one object for each parcel, whole.
func checkArchive(t *testing.T, got map[string][]byte, bodies map[uint64][]byte) {
	t.Helper()
	if len(got) != len(bodies) {
		t.Errorf("%d objects of %d parcels", len(got), len(bodies))
	}
	for key, packed := range got {
		var first uint64
		parts := strings.Split(key, "-")
		if _, err := fmt.Sscanf(parts[len(parts)-2], "%d", &first); err != nil {
			t.Fatalf("the key %s has no position", key)
		}
		if text := unpack(t, key, packed); !bytes.Equal(text, bodies[first]) {
			t.Errorf("%s holds %d bytes that are not the parcel's %d", key, len(text), len(bodies[first]))
		}
	}
}
