package people

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

const (
	bucketSlots = 8 // one line of a CPU's cache
	cacheShards = 64
)

// cache is a table of fixed size of facts found true in records, each a 64-bit hash. All facts about one person stand
// in one bucket, marked with 16 bits of the person's own hash: a look-up touches one cache line, and all that is known
// about a person can be forgotten without knowing what it was.
//
//	slot: 48 bits of the fact │ 16 bits of the person
//
// Looking up takes no lock. Adding does, and must not bring back what was forgotten meanwhile: whoever wants to add a
// fact takes the version first, then reads the record, and add refuses when something was forgotten in between. A person
// is forgotten right after their record was replaced by a newer one, or by the older one because a commit failed.
type cache struct {
	buckets []bucket
	mask    uint64
	shards  [cacheShards]shard
}

type bucket [bucketSlots]atomic.Uint64

type shard struct {
	sync.Mutex               // held to write slots of this shard's buckets
	forgotten  atomic.Uint64 // counts forgets; written with the lock held
	victim     uint64        // slot that the next fact pushes out of a full bucket
	_          [40]byte      // shards share no cache line
}

func newCache(bytes int) *cache {
	buckets := max(bytes/(bucketSlots*8), 1)
	buckets = 1 << (bits.Len(uint(buckets)) - 1)
	return &cache{buckets: make([]bucket, buckets), mask: uint64(buckets - 1)}
}

func (c *cache) bucket(person uint64) *bucket { return &c.buckets[person&c.mask] }

func (c *cache) shard(person uint64) *shard { return &c.shards[person&c.mask%cacheShards] }

// slotOf is how a fact is stored. Bit 63 is always set, because 0 is an empty slot.
func slotOf(person, fact uint64) uint64 { return 1<<63 | fact&^0xffff | person>>48 }

func (c *cache) has(person, fact uint64) bool {
	slot := slotOf(person, fact)
	b := c.bucket(person)
	for i := range b {
		if b[i].Load() == slot {
			return true
		}
	}
	return false
}

// version is taken before the state is read for a fact that is then added.
func (c *cache) version(person uint64) uint64 { return c.shard(person).forgotten.Load() }

// add keeps a fact, unless something of its shard was forgotten since version.
func (c *cache) add(person, fact, version uint64) {
	s, b, slot := c.shard(person), c.bucket(person), slotOf(person, fact)
	s.Lock()
	defer s.Unlock()
	if s.forgotten.Load() != version {
		return
	}
	free := -1
	for i := range b {
		switch b[i].Load() {
		case slot:
			return
		case 0:
			free = i
		}
	}
	if free < 0 {
		free = int(s.victim % bucketSlots)
		s.victim++
	}
	b[free].Store(slot)
}

// forget drops every fact about a person, and keeps those out that are just being read.
func (c *cache) forget(person uint64) {
	s, b := c.shard(person), c.bucket(person)
	s.Lock()
	defer s.Unlock()
	s.forgotten.Add(1)
	for i := range b {
		if slot := b[i].Load(); slot != 0 && slot&0xffff == person>>48 {
			b[i].Store(0)
		}
	}
}
