package sink

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// Counts is what a Sink received.
type Counts struct {
	Received      uint64 `json:"received"`      // deliveries, whatever was answered
	Distinct      uint64 `json:"distinct"`      // uniqueIds among those answered 2xx
	Repeated      uint64 `json:"repeated"`      // answered 2xx although their uniqueId had been before
	Unnamed       uint64 `json:"unnamed"`       // answered 2xx, without a uniqueId
	BadSignatures uint64 `json:"badSignatures"` // signatures that do not fit; with secrets also those that are missing
	Refused       uint64 `json:"refused"`       // answered anything but 2xx, bad signatures included
	Malformed     uint64 `json:"malformed"`     // requests that were no HTTP, or too large; not among Received
	Bytes         uint64 `json:"bytes"`         // of the bodies received
}

// tally counts. Safe for concurrent use.
type tally struct {
	received, repeated, unnamed, bad, refused, malformed, bytes atomic.Uint64

	begun, last atomic.Int64 // when the first and the last delivery came, Unix nanoseconds; 0 = none yet

	seed maphash.Seed
	ids  [idShards]idSet
}

// idShards keeps requests that arrive together from waiting for each other.
const idShards = 64

// idsMax is how many uniqueIds a Sink remembers, so that it cannot fill the memory: at some 20 bytes each 1.3 GB. Further
// ones count as distinct.
const idsMax = 64_000_000

// idSet is the uniqueIds that were accepted, as 64-bit hashes: among ten million, the odds of two that are taken for one
// are three in a million.
type idSet struct {
	mu       sync.Mutex
	seen     map[uint64]struct{}
	distinct uint64
}

func newTally() *tally {
	t := &tally{seed: maphash.MakeSeed()}
	for i := range t.ids {
		t.ids[i].seen = map[uint64]struct{}{}
	}
	return t
}

// add counts one delivery: when it came, the bytes of its body, whether its signature was refused, what it is answered,
// and its uniqueId, which may be reused afterwards.
func (t *tally) add(now time.Time, size int, bad bool, status int, id []byte) {
	t.received.Add(1)
	t.bytes.Add(uint64(size))
	t.last.Store(now.UnixNano())
	if t.begun.Load() == 0 {
		t.begun.CompareAndSwap(0, now.UnixNano())
	}
	if bad {
		t.bad.Add(1)
	}
	switch {
	case status < 200 || status > 299:
		t.refused.Add(1)
	case len(id) == 0:
		t.unnamed.Add(1)
	case !t.first(id):
		t.repeated.Add(1)
	}
}

// first remembers an id and says whether it is new.
func (t *tally) first(id []byte) bool {
	hash := maphash.Bytes(t.seed, id)
	set := &t.ids[hash%idShards]
	set.mu.Lock()
	defer set.mu.Unlock()
	if _, again := set.seen[hash]; again {
		return false
	}
	set.distinct++
	if len(set.seen) < idsMax/idShards {
		set.seen[hash] = struct{}{}
	}
	return true
}

// span is the time between the first and the last delivery.
func (t *tally) span() time.Duration { return time.Duration(t.last.Load() - t.begun.Load()) }

func (t *tally) counts() Counts {
	c := Counts{
		Received:      t.received.Load(),
		Repeated:      t.repeated.Load(),
		Unnamed:       t.unnamed.Load(),
		BadSignatures: t.bad.Load(),
		Refused:       t.refused.Load(),
		Malformed:     t.malformed.Load(),
		Bytes:         t.bytes.Load(),
	}
	for i := range t.ids {
		set := &t.ids[i]
		set.mu.Lock()
		c.Distinct += set.distinct
		set.mu.Unlock()
	}
	return c
}
