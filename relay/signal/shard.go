package signal

import (
	"math"
	"sync"
)

// visitor is a slot: what is remembered of one visitor, in a list of all of the shard, the one heard of last in front.
type visitor struct {
	key          Visitor
	newer, older uint32 // slots
	seen         int64  // Unix milliseconds, by our clock
	history
}

// history is what a visitor did lately.
type history struct {
	clicks clicks
	loads  loads
}

// none is no slot.
const none = math.MaxUint32

// shard is a share of the visitors. All but its lock is to be touched with that held.
type shard struct {
	sync.Mutex
	most           int
	index          map[Visitor]uint32
	slots          []visitor
	newest, oldest uint32
	_              [16]byte // neighbours share no cache line
}

func (s *shard) init(most int) {
	s.most, s.index, s.newest, s.oldest = most, map[Visitor]uint32{}, none, none
}

// find returns a visitor's slot, an empty one if they are not remembered. It is valid until the next find.
func (s *shard) find(key Visitor, now, idle int64) *visitor {
	at, known := s.index[key]
	if !known {
		at = s.take(key, now-idle)
	}
	s.unlink(at)
	s.pushFront(at)
	v := &s.slots[at]
	if now-v.seen > idle {
		v.history = history{}
	}
	v.seen = max(v.seen, now)
	return v
}

// take finds room for a visitor: a new slot, or that of whoever was not heard of for longest, when that was before the
// given time or there is no more room.
func (s *shard) take(key Visitor, before int64) uint32 {
	at := s.oldest
	if len(s.slots) == s.most || at != none && s.slots[at].seen < before {
		delete(s.index, s.slots[at].key)
		s.unlink(at)
		s.slots[at] = visitor{key: key}
	} else {
		s.grow()
		at = uint32(len(s.slots))
		s.slots = append(s.slots, visitor{key: key})
	}
	s.pushFront(at)
	s.index[key] = at
	return at
}

// grow makes room for one more slot, and never for more than there may be.
func (s *shard) grow() {
	if len(s.slots) == cap(s.slots) {
		larger := make([]visitor, len(s.slots), min(max(2*len(s.slots), 16), s.most))
		copy(larger, s.slots)
		s.slots = larger
	}
}

func (s *shard) pushFront(at uint32) {
	v := &s.slots[at]
	v.newer, v.older = none, s.newest
	if s.newest == none {
		s.oldest = at
	} else {
		s.slots[s.newest].newer = at
	}
	s.newest = at
}

func (s *shard) unlink(at uint32) {
	v := &s.slots[at]
	if v.newer == none {
		s.newest = v.older
	} else {
		s.slots[v.newer].older = v.older
	}
	if v.older == none {
		s.oldest = v.newer
	} else {
		s.slots[v.older].newer = v.newer
	}
}
