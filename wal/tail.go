package wal

import (
	"sort"
	"sync"
)

// tail holds the newest blocks in memory, without a gap up to the head, so that queues that keep up never touch the
// disk. Safe for concurrent use.
type tail struct {
	bytesMax int64

	mu struct {
		sync.RWMutex
		blocks []*block // ascending; the slice is replaced when its front has moved far
		bytes  int64
	}
}

// push appends the newest block and lets the oldest go while the bound is passed. The newest one always stays.
func (t *tail) push(b *block) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.blocks = append(t.mu.blocks, b)
	t.mu.bytes += b.size()
	drop := 0
	for t.mu.bytes > t.bytesMax && drop < len(t.mu.blocks)-1 {
		t.mu.bytes -= t.mu.blocks[drop].size()
		t.mu.blocks[drop] = nil // else the array keeps it
		drop++
	}
	t.mu.blocks = t.mu.blocks[drop:]
}

// next returns the first block at or behind seq that names queue. covered is false when seq lies before the tail, so
// that the disk must be asked; otherwise reached is the number up to which (exclusive) nothing is for queue.
func (t *tail) next(seq uint64, queue uint32) (b *block, reached uint64, covered bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	blocks := t.mu.blocks
	if len(blocks) == 0 || seq < blocks[0].first {
		return nil, seq, false
	}
	at := sort.Search(len(blocks), func(i int) bool { return blocks[i].last() >= seq })
	for ; at < len(blocks); at++ {
		if blocks[at].names(queue) {
			return blocks[at], blocks[at].first, true
		}
	}
	return nil, max(seq, blocks[len(blocks)-1].last()+1), true
}

// size is the number of bytes held.
func (t *tail) size() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.mu.bytes
}
