// Package signal finds frustration in what visitors do: rage clicks and U-turns, for SDKs that do not label them
// themselves. Its rules are those of Pendo's web agent, which does label them (@pendo/agent 2.291.4):
//
//	rage click   the 4th click, each at most 1000 ms after the one before and at most 30 px, in x and in y, from the
//	             first of the run, or on its element where a source tells no coordinates. The count then restarts.
//	U-turn       page A, then B, then A again at most 7000 ms after B was loaded, with nothing between and A ≠ B.
//
// It knows no SDK, no event and no log. A visitor, a page and an element are numbers, which Sum makes of whatever tells
// them apart; times are the events' own, Unix milliseconds by the visitor's clock.
//
// What one request tells goes through a Feed:
//
//	for each event { feed.Join(d, visitor) }
//	feed.Begin(now)                               // from here on others wait who tell of the same visitors
//	turned := feed.Load(visitor, at, page)        // or feed.Click: is this one the return, or the fourth?
//	…                                             // add what follows from it to the batch, submit the batch
//	feed.Done(err == nil)                         // false takes back all that this Feed was told
//
// # Order
//
// Events count in the order of their times, not of their arrival, as far as a few events of memory reach: a click that
// was overtaken by more than three, or by the end of a run, counts as if it came right after what overtook it. A U-turn
// is seen when its return arrives: if that overtakes the load between, it is not. What is more than a minute older than
// all that is remembered begins anew: it is of a batch that was kept for long, or the visitor's clock was put back.
//
// An event that is told twice counts twice. Who feeds must leave out repeats, and feed an event only when it is kept.
//
// # Memory
//
// All is in memory and nothing is stored: a run of clicks or a way back that spans a crash or a restart is not seen. What
// is remembered of a visitor has a fixed size, some 200 bytes; how many are remembered is bounded by number and bytes.
// Beyond that the one who was not heard of for longest is forgotten, as is everybody after a while (Options.Idle).
//
// # Concurrency
//
// A Detector is safe for concurrent use. A Feed belongs to one goroutine and holds, from Begin to Done, the locks of the
// shards of its visitors, one in 64 each; they are taken in one order, so Feeds cannot block each other for good.
package signal

import (
	"encoding/binary"
	"hash/maphash"
	"reflect"
	"time"
)

// Options bound a Detector. Zero values mean the defaults.
type Options struct {
	// Visitors is how many are remembered at most. Default 100,000.
	Visitors int
	// Bytes bounds the memory for them, if that is less. Default 24 MiB, which is enough for the default of Visitors. It
	// is taken as visitors come, not before.
	Bytes int
	// Idle is how long somebody is remembered of whom nothing comes. Default 30 minutes, after which Pendo's agent begins
	// a new session.
	Idle time.Duration
}

const (
	visitorsDefault = 100_000
	bytesDefault    = 24 << 20
	idleDefault     = 30 * time.Minute
)

// visitorBytes is what a visitor takes: a slot, and the entry of a map that is half full at worst.
var visitorBytes = int(reflect.TypeFor[visitor]().Size()) + 56

// shardCount is how many locks there are. A Feed notes those it holds in the bits of one word.
const shardCount = 64

// Visitor stands for one visitor of one app, as Sum numbers them; two who share a number share their clicks.
type Visitor uint64

// Detector remembers what visitors did lately. It is safe for concurrent use.
type Detector struct {
	seed   maphash.Seed
	idle   int64 // milliseconds
	shards [shardCount]shard
}

// New makes a Detector that remembers nobody.
func New(o Options) *Detector {
	if o.Visitors <= 0 {
		o.Visitors = visitorsDefault
	}
	if o.Bytes <= 0 {
		o.Bytes = bytesDefault
	}
	if o.Idle <= 0 {
		o.Idle = idleDefault
	}
	d := &Detector{seed: maphash.MakeSeed(), idle: o.Idle.Milliseconds()}
	most := min(o.Visitors, o.Bytes/visitorBytes)
	for i := range d.shards {
		d.shards[i].init(max(most/shardCount, 1))
	}
	return d
}

// Sum is the number of parts, which does not run together what stands in different ones. It is of this process only, and
// nobody outside can find two inputs that share a number.
func (d *Detector) Sum(parts ...[]byte) uint64 {
	var h maphash.Hash
	h.SetSeed(d.seed)
	for _, part := range parts {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	return h.Sum64()
}

// Len is how many visitors are remembered, those included whom the next one may replace.
func (d *Detector) Len() int {
	n := 0
	for i := range d.shards {
		s := &d.shards[i]
		s.Lock()
		n += len(s.slots)
		s.Unlock()
	}
	return n
}

func (d *Detector) shard(v Visitor) *shard { return &d.shards[v%shardCount] }
