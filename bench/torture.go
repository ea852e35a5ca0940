package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"edgerelay/bench/child"
)

// TortureOptions say how long and how hard.
type TortureOptions struct {
	Program string
	For     time.Duration // how long load and kills go on
	Kills   int           // stop after so many kills instead, when more than 0
	Seed    uint64        // of everything random: what is sent, when is killed, which answers fail
	Dir     string
	JSON    bool
	Out     io.Writer // one line per kill, and the result
}

// TortureResult is the proof's outcome. Missing, Corrupt and Doubled must be 0.
type TortureResult struct {
	Accepted    int `json:"accepted"`    // events that were answered with a 2xx
	Obligations int `json:"obligations"` // accepted events times the webhooks that selected them
	Delivered   int `json:"delivered"`   // obligations that the receiver answered with a 2xx
	Missing     int `json:"missing"`     // obligations that never came
	Repeated    int `json:"repeated"`    // deliveries beyond the first that the receiver took
	Corrupt     int `json:"corrupt"`     // bad signature, unknown event, changed uniqueId, body or object, order broken
	Kills       int `json:"kills"`
	Reloads     int `json:"reloads"`
	Doubled     int `json:"doubled"`      // obligations that are in an archive more than once; must be 0 too
	MostRepeats int `json:"most_repeats"` // the most deliveries repeated to one webhook after one kill
	Excess      int `json:"excess"`       // kills that repeated more to a webhook than it had in flight and took in the second before
}

// Torture runs the real program under load, kills it at random moments, starts it again, and in the end compares what
// was accepted with what arrived.
func Torture(ctx context.Context, o TortureOptions) (TortureResult, error) {
	if o.For <= 0 && o.Kills <= 0 {
		return TortureResult{}, UsageError("torture needs a time above 0: --for 60s")
	}
	dir, err := os.MkdirTemp(o.Dir, "edgerelay-torture-")
	if err != nil {
		return TortureResult{}, err
	}
	defer os.RemoveAll(dir)
	t := &torture{TortureOptions: o, dir: dir, random: rand.New(rand.NewPCG(o.Seed, 1)), hooks: torturedHooks()}
	if err := t.prepare(); err != nil {
		return TortureResult{}, err
	}
	defer t.witness.stop()
	result, err := t.run(ctx)
	if err != nil {
		return result, err
	}
	t.report(result)
	if result.Missing > 0 || result.Corrupt > 0 || result.Doubled > 0 || result.Excess > 0 {
		return result, fmt.Errorf("%d deliveries are missing, %d are corrupt, %d are in two objects, %d kills repeated too much (seed %d)",
			result.Missing, result.Corrupt, result.Doubled, result.Excess, o.Seed)
	}
	return result, nil
}

type torture struct {
	TortureOptions
	dir     string
	config  string
	intake  string
	random  *rand.Rand // of the killer; senders and receiver have their own
	hooks   []tortured
	witness *witness
	shelves []*shelf
	senders senders
	kills   int
	reloads int
}

// prepare picks a port that stays the same across restarts, and writes the config.
func (t *torture) prepare() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.intake = ln.Addr().String()
	if err := ln.Close(); err != nil {
		return err
	}
	if t.witness, err = newWitness(t.hooks, t.Seed); err != nil {
		return err
	}
	for _, h := range t.hooks {
		if h.kind == "file" {
			s, err := newShelf(h, filepath.Join(t.dir, h.name))
			if err != nil {
				return err
			}
			t.shelves = append(t.shelves, s)
		}
	}
	t.config = filepath.Join(t.dir, "config.toml")
	return t.configure()
}

func (t *torture) start(ctx context.Context) (*child.Process, error) {
	return child.Start(ctx, t.Program, 2, "serve", "--config", t.config)
}

func (t *torture) run(ctx context.Context) (TortureResult, error) {
	c, err := t.start(ctx)
	if err != nil {
		return TortureResult{}, err
	}
	load, stopLoad := context.WithCancel(ctx)
	defer stopLoad()
	var wg sync.WaitGroup
	for i := range torturers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			t.senders.run(load, t.intake, rand.New(rand.NewPCG(t.Seed, uint64(100+i))))
		}()
	}
	c, err = t.killing(ctx, c)
	stopLoad()
	wg.Wait()
	if err != nil {
		return TortureResult{}, err
	}
	t.witness.healthy.Store(true)
	if err := t.settle(ctx); err != nil {
		return TortureResult{}, err
	}
	if err := c.Stop(); err != nil {
		return TortureResult{}, err
	}
	if code := c.ExitCode(); code != 0 {
		return TortureResult{}, fmt.Errorf("the program ended with exit code %d after SIGTERM:\n%s", code, c.Output())
	}
	accepted, sent := t.senders.accepted(), t.senders.sent()
	result := t.witness.compare(accepted, sent)
	for _, s := range t.shelves {
		if err := s.look(true); err != nil {
			return result, err
		}
		s.compare(&result, accepted, sent)
	}
	result.Delivered = result.Obligations - result.Missing
	result.Kills, result.Reloads = t.kills, t.reloads
	return result, nil
}

// killing kills and restarts until the time is over or enough were killed.
func (t *torture) killing(ctx context.Context, c *child.Process) (*child.Process, error) {
	end := time.Now().Add(t.For)
	for t.Kills == 0 && time.Now().Before(end) || t.kills < t.Kills {
		pause := time.Duration(50+t.random.IntN(1200)) * time.Millisecond
		select {
		case <-ctx.Done():
			c.Kill()
			return c, ctx.Err()
		case <-c.Ended:
			return c, errors.New("the program ended by itself:\n" + c.Output())
		case <-time.After(pause / 2):
		}
		if err := t.disturb(c, pause/2); err != nil {
			return c, err
		}
		t.witness.killed()
		c.Kill()
		t.kills++
		for _, s := range t.shelves {
			if err := s.look(true); err != nil {
				return c, err
			}
		}
		if !t.JSON && t.Out != nil {
			fmt.Fprintf(t.Out, "kill %d after %v: %d events accepted so far\n", t.kills, pause, len(t.senders.accepted()))
		}
		again, err := t.start(ctx)
		if err != nil {
			return c, fmt.Errorf("start after kill %d: %w", t.kills, err)
		}
		c = again
	}
	return c, nil
}

// disturb takes the archives away for a while, or reloads, or both, or neither.
func (t *torture) disturb(c *child.Process, pause time.Duration) error {
	there := t.random.IntN(3) > 0
	for _, s := range t.shelves {
		if err := s.mount(there); err != nil {
			return err
		}
	}
	time.Sleep(pause / 2)
	if t.random.IntN(2) == 0 {
		if err := t.reload(c); err != nil {
			return err
		}
	}
	time.Sleep(pause / 4)
	for _, s := range t.shelves {
		if err := s.mount(true); err != nil {
			return err
		}
	}
	time.Sleep(pause / 4)
	return nil
}

// reload puts other sizes of batches in force.
func (t *torture) reload(c *child.Process) error {
	if err := t.configure(); err != nil {
		return err
	}
	t.reloads++
	return c.Signal(syscall.SIGHUP)
}

// settle waits until every obligation has arrived, or nothing has for a while.
func (t *torture) settle(ctx context.Context) error {
	accepted := t.senders.accepted()
	last, still := -1, time.Now()
	for time.Since(still) < 20*time.Second && ctx.Err() == nil {
		missing := t.witness.missing(accepted)
		for _, s := range t.shelves {
			if err := s.look(false); err != nil {
				return err
			}
			missing += s.missing(accepted)
		}
		if missing == 0 {
			return nil
		}
		if missing != last {
			last, still = missing, time.Now()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

func (t *torture) report(r TortureResult) {
	if t.Out == nil {
		return
	}
	if t.JSON {
		text, err := json.Marshal(r)
		if err != nil {
			panic(err) // numbers only
		}
		fmt.Fprintf(t.Out, "%s\n", text)
		return
	}
	fmt.Fprintf(t.Out, "accepted %d, obligations %d, delivered %d, missing %d, repeated %d (at most %d to one webhook after one kill), doubled in archives %d, corrupt %d, kills %d, reloads %d, seed %d\n",
		r.Accepted, r.Obligations, r.Delivered, r.Missing, r.Repeated, r.MostRepeats, r.Doubled, r.Corrupt, r.Kills, r.Reloads, t.Seed)
}
