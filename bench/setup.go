package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"edgerelay/bench/child"
)

// webhook is one destination in the measured program's config.
type webhook struct {
	name   string
	url    string
	events string // "" selects all
}

// config writes the measured program's config into the round's folder: the shipped defaults, less what would measure
// something else (duplicate detection stays on).
func (r *round) config(hooks []webhook, extra string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "[intake]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[log]\ndir = %q\n%s\n",
		filepath.Join(r.dir, "data"), extra)
	b.WriteString("[[app]]\nname = \"bench\"\nkey = \"bench\"\n")
	for _, h := range hooks {
		events := h.events
		if events == "" {
			events = "trackEventReceived"
		}
		fmt.Fprintf(&b, "[[webhook]]\nname = %q\nurl = %q\nsecret = \"bench-secret\"\nenabled = true\nallow_private = true\nevents = [%q]\n",
			h.name, h.url, events)
	}
	path := filepath.Join(r.dir, "config.toml")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

// relay starts the measured program.
func (r *round) relay(ctx context.Context, hooks []webhook, extra string) (*child.Process, error) {
	path, err := r.config(hooks, extra)
	if err != nil {
		return nil, err
	}
	return child.Start(ctx, r.Program, 2, "serve", "--config", path)
}

// reference starts one of the reference programs (see reference.go).
func (r *round) reference(ctx context.Context, part, target string) (*child.Process, error) {
	return child.Start(ctx, r.Program, 1, "bench", "--part", part, "--target", target)
}

// warm lets connections, caches and the JIT settle before the clock starts.
func (r *round) warm(ctx context.Context, l load) (int, error) {
	l.duration = r.Duration / 8
	got, err := l.run(ctx)
	return got.events, err
}

// intake measures how fast a process takes events; nothing is delivered.
func (r *round) intake(ctx context.Context, c *child.Process, batch int) (Figure, error) {
	return r.taken(ctx, c, load{address: c.Intake, connections: r.Connections, batch: batch})
}

// taken is intake of a given load.
func (r *round) taken(ctx context.Context, c *child.Process, l load) (Figure, error) {
	if _, err := r.warm(ctx, l); err != nil {
		return Figure{}, err
	}
	before := c.CPU()
	l.duration = r.Duration
	got, err := l.run(ctx)
	if err != nil {
		return Figure{}, err
	}
	return figure(c, got.events, got.took, c.CPU()-before, got.p50, got.p99), nil
}

// through measures how fast events go in and come out at the receiver: the clock stops when the last one that was
// accepted has come, factor times.
func (r *round) through(ctx context.Context, c *child.Process, to *receiver, factor int) (Figure, error) {
	l := load{address: c.Intake, connections: r.Connections, batch: 1}
	warm, err := r.warm(ctx, l)
	if err != nil {
		return Figure{}, err
	}
	if err := to.await(ctx, warm*factor); err != nil {
		return Figure{}, err
	}
	before, begin := c.CPU(), time.Now()
	l.duration = r.Duration
	got, err := l.run(ctx)
	if err != nil {
		return Figure{}, err
	}
	if err := to.await(ctx, (warm+got.events)*factor); err != nil {
		return Figure{}, err
	}
	return figure(c, got.events, time.Since(begin), c.CPU()-before, got.p50, got.p99), nil
}

func figure(c *child.Process, events int, took, cpu time.Duration, p50, p99 float64) Figure {
	f := Figure{Rate: float64(events) / took.Seconds(), P50: p50, P99: p99, Count: events, RSS: c.RSSMax()}
	if events > 0 {
		f.CPU = float64(cpu.Microseconds()) / float64(events)
	}
	return f
}
