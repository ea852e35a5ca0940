package journal

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"edgerelay/wal"
)

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

// crashSeeds is how many programs are run: as many as take a second.
const crashSeeds = 6

// TestCrash takes the power away from a journal at random writes. What was written by then is there, whole and counted,
// and nothing is there that was not appended.
func TestCrash(t *testing.T) {
	base := rand.Uint64()
	for i := range uint64(crashSeeds) {
		t.Run(fmt.Sprint("seed=", base+i), func(t *testing.T) { crashAtRandom(t, rand.New(rand.NewPCG(base+i, 1))) })
	}
}

func crashAtRandom(t *testing.T, rng *rand.Rand) {
	mem := vfs.NewCrashableMem()
	c := newClock()
	n := 0
	written := map[string]bool{} // false: appended, and not surely written
	for range 4 {
		disk := &crasher{mem: mem, left: 10 + rng.IntN(150), cfg: vfs.CrashCloneCfg{
			UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rand.New(rand.NewPCG(rng.Uint64(), 0))}}
		log, err := wal.Open(wal.Options{Dir: "log", FS: errorfs.Wrap(mem, disk), Logger: slog.New(slog.DiscardHandler),
			CursorInterval: time.Hour, TrimInterval: time.Hour, DiskReserve: -1})
		if err != nil {
			t.Fatal(err)
		}
		j := openJournal(t, Options{State: log, Now: c.Now, SizeMax: 64 << 20})
		checkAfterCrash(t, j, written)
		for !disk.crashed() && !t.Failed() {
			var batch []string
			for range rng.IntN(200) {
				queue := uint32(1 + rng.IntN(3))
				a := failure(c.forward(time.Duration(rng.IntN(5))*time.Millisecond), n)
				j.Append(queue, a)
				written[a.UniqueID] = false
				batch = append(batch, a.UniqueID)
				n++
			}
			j.flush()
			if !disk.crashed() {
				for _, id := range batch {
					written[id] = true
				}
			}
		}
		_ = j.Close()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		mem = disk.after
	}
}

func checkAfterCrash(t *testing.T, j *Journal, written map[string]bool) {
	t.Helper()
	checkBytes(t, j)
	found := map[string]bool{}
	for queue := range uint32(4) {
		for _, a := range all(t, Query{Limit: 500}, of(j, queue)) {
			if _, appended := written[a.UniqueID]; !appended || found[a.UniqueID] {
				t.Errorf("entry %s is there unasked, or twice", a.UniqueID)
			}
			found[a.UniqueID] = true
		}
	}
	for id, sure := range written {
		if sure && !found[id] {
			t.Errorf("entry %s was written and is lost", id)
		}
		if !found[id] {
			delete(written, id) // lost with the crash
		}
		if found[id] {
			written[id] = true
		}
	}
	if s := j.Stats(); s.Damaged != 0 {
		t.Errorf("after the crash: %+v", s)
	}
}
