package wal

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestCrash runs random programs against the log, takes the power away at random writes to the disk, opens what was
// left, and checks everything against a model. Each seed is a program with several crashes.
func TestCrash(t *testing.T) {
	deadline := time.Now().Add(crashTime)
	base := rand.Uint64()
	for i := uint64(0); i < 20 || time.Now().Before(deadline); i++ {
		seed := base + i
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { runCrashes(t, seed) })
		if t.Failed() {
			return
		}
	}
}

// TestCrashSeeds are programs that found faults once.
func TestCrashSeeds(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 2969699238772915618} {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { runCrashes(t, seed) })
	}
}

// crasher is a disk that loses power at a certain write: a clone is taken of what it then holds.
type crasher struct {
	mu    sync.Mutex
	mem   *vfs.MemFS
	left  int // writes until the crash
	cfg   vfs.CrashCloneCfg
	after *vfs.MemFS // what was left, once it has happened
}

// MaybeError counts the disk's operations. It never fails one.
func (c *crasher) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.left--; c.left == 0 {
			c.after = c.mem.CrashClone(c.cfg)
		}
	}
	return nil
}

func (c *crasher) String() string { return "crasher" }

func (c *crasher) crashed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.after != nil
}

// crashNow takes the power away, if that has not happened yet, and returns what is left.
func (c *crasher) crashNow() *vfs.MemFS {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.after == nil {
		c.after = c.mem.CrashClone(c.cfg)
	}
	return c.after
}

func runCrashes(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	p := &program{t: t, rng: rng, clock: &clock{}, model: newModel(t, crashModes)}
	p.opt = Options{Dir: "data/log", Now: p.clock.Now, Logger: slog.New(slog.DiscardHandler), Memory: 1 << 20,
		Compression: []string{"none", "s2", "zstd"}[rng.IntN(3)], CursorInterval: time.Hour, TrimInterval: time.Hour,
		DedupeWindow: 24 * time.Hour, DiskReserve: -1}
	if rng.IntN(4) == 0 {
		p.opt.SyncInterval = time.Hour // synced by a step of the program
	}
	p.sizes = []int{20, 300, 5000}[rng.IntN(3)]
	mem := vfs.NewCrashableMem()
	for range 2 + rng.IntN(5) {
		p.power(mem)
		p.open()
		p.stopIfFailed(seed)
		for range 20 + rng.IntN(120) {
			if p.step(); p.disk.crashed() || t.Failed() {
				break
			}
		}
		mem = p.disk.crashNow()
		if err := p.log.Close(); err != nil {
			t.Error(err)
		}
		p.stopIfFailed(seed)
	}
	p.power(mem)
	p.open()
	p.stopIfFailed(seed)
	p.finish()
	if err := p.log.Close(); err != nil {
		t.Error(err)
	}
	p.stopIfFailed(seed)
}

// stopIfFailed tells what led to a failure.
func (p *program) stopIfFailed(seed uint64) {
	p.t.Helper()
	if p.t.Failed() {
		trail := p.model.trail
		p.t.Fatalf("seed %d; what was done last:\n%s", seed, strings.Join(trail[max(0, len(trail)-80):], "\n"))
	}
}

// power turns the power on; after a random number of writes it fails.
func (p *program) power(mem *vfs.MemFS) {
	p.disk = &crasher{mem: mem, left: 20 + p.rng.IntN(400), cfg: vfs.CrashCloneCfg{
		UnsyncedDataPercent: []int{0, 30, 70, 100}[p.rng.IntN(4)], RNG: rand.New(rand.NewPCG(p.rng.Uint64(), 0))}}
	p.opt.FS = errorfs.Wrap(mem, p.disk)
}

// open opens the log and some of the queues; the others exist all the same.
func (p *program) open() {
	p.t.Helper()
	l, err := Open(p.opt)
	if err != nil {
		p.t.Fatal(err)
	}
	p.model.note("power on, sync interval %v", p.opt.SyncInterval)
	l.tail.bytesMax = int64(1 + p.rng.IntN(64<<10))
	p.log, p.queues, p.hands = l, map[uint32]*Queue{}, map[uint32][]Entry{}
	in := inspect(p.t, l, crashQueues)
	p.model.recovered(&in, in.standings(p.t, l), l.Seen)
	for _, id := range crashQueues {
		_, p.model.dropped[id] = l.queues.dropped[id]
	}
	for _, id := range crashQueues {
		if p.rng.IntN(3) > 0 {
			p.openQueue(id)
		}
	}
}

func (p *program) openQueue(id uint32) {
	p.t.Helper()
	q, err := p.log.Queue(id, QueueOptions{Ordered: crashModes[id]})
	if err != nil {
		p.t.Fatal(err)
	}
	p.queues[id] = q
	p.model.opened(id)
}
