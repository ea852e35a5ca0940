package wal

import "time"

// identities remembers which identities were stored lately, bounded by age and by bytes. It is a row of generations,
// each a plain hash set: the newest takes new ones, whole generations are forgotten at the old end. That costs 8 bytes
// an identity at most half full, no clock per entry and no work to forget. It is not safe for concurrent use: the log's
// intake lock guards it.
type identities struct {
	window     int64 // milliseconds; 0 turns it off
	slotsMax   int   // of one generation
	generation []*identitySet
}

// identityGenerations: each takes a quarter of the window, and five are kept, so an identity is remembered for at least
// the window and at most a quarter longer. When bytes run out, a fifth of the memory is forgotten at once.
const identityGenerations = 5

type identitySet struct {
	slots  []uint64 // 0 is free; a power of two long
	used   int
	opened int64
	newest int64
}

func newIdentities(window time.Duration, bytes int64) *identities {
	slots := 1024
	for int64(slots*2)*8*identityGenerations <= bytes {
		slots *= 2
	}
	return &identities{window: window.Milliseconds(), slotsMax: slots}
}

// add remembers id and says whether it was new. now is Unix milliseconds.
func (m *identities) add(id uint64, now int64) bool {
	if m.window <= 0 {
		return true
	}
	if id == 0 {
		id = 1 // 0 marks a free slot; one more collision in 2^64 costs nothing
	}
	m.forget(now)
	for _, g := range m.generation {
		if g.has(id) {
			return false
		}
	}
	m.current(now).put(id, now)
	return true
}

// has says whether id is remembered.
func (m *identities) has(id uint64, now int64) bool {
	if m.window <= 0 {
		return false
	}
	m.forget(now)
	for _, g := range m.generation {
		if g.has(max(id, 1)) {
			return true
		}
	}
	return false
}

// len is the number of identities remembered.
func (m *identities) len() int {
	n := 0
	for _, g := range m.generation {
		n += g.used
	}
	return n
}

// most is how many identities fit at most. It never changes, so anybody may ask.
func (m *identities) most() int { return identityGenerations * m.slotsMax * 3 / 4 }

func (m *identities) forget(now int64) {
	for len(m.generation) > 0 && m.generation[0].newest < now-m.window {
		m.generation = m.generation[1:]
	}
}

// current is the generation that takes new identities.
func (m *identities) current(now int64) *identitySet {
	if n := len(m.generation); n > 0 {
		g := m.generation[n-1]
		if !g.full(m.slotsMax) && now-g.opened <= m.window/(identityGenerations-1) {
			return g
		}
	}
	if len(m.generation) == identityGenerations {
		m.generation = m.generation[1:]
	}
	g := &identitySet{slots: make([]uint64, 1024), opened: now, newest: now}
	m.generation = append(m.generation, g)
	return g
}

func (g *identitySet) full(slotsMax int) bool {
	return len(g.slots) >= slotsMax && g.used >= len(g.slots)*3/4
}

func (g *identitySet) has(id uint64) bool {
	mask := uint64(len(g.slots) - 1)
	for i := id & mask; g.slots[i] != 0; i = (i + 1) & mask {
		if g.slots[i] == id {
			return true
		}
	}
	return false
}

func (g *identitySet) put(id uint64, now int64) {
	if g.used >= len(g.slots)*3/4 {
		g.grow()
	}
	g.insert(id)
	g.used++
	g.newest = max(g.newest, now)
}

func (g *identitySet) insert(id uint64) {
	mask := uint64(len(g.slots) - 1)
	i := id & mask
	for g.slots[i] != 0 {
		i = (i + 1) & mask
	}
	g.slots[i] = id
}

func (g *identitySet) grow() {
	old := g.slots
	g.slots = make([]uint64, 2*len(old))
	for _, id := range old {
		if id != 0 {
			g.insert(id)
		}
	}
}
