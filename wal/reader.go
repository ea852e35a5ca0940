package wal

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// reader walks the log for one queue: through the tail in memory where it can, else through the index and the blocks
// on disk, and back into the tail when it has caught up. It is its queue's own; not safe for concurrent use.
type reader struct {
	log   *Log
	queue uint32

	seq   uint64 // next record to look at
	block *block // holds seq, or nil
	begin uint32 // of the record seq in block.raw

	ahead []uint64 // blocks on disk, behind block, that name the queue
}

// aheadMax is how many blocks one pass over the index looks up: one iterator then serves up to 1 MiB of records.
const aheadMax = 16

// indexStepsMax bounds one pass over index entries that do not name the queue.
const indexStepsMax = 4096

// skip moves forward to seq; the records before it are known not to name the queue, or were trimmed.
func (r *reader) skip(seq uint64) {
	if seq <= r.seq {
		return
	}
	r.seq = seq
	if len(r.ahead) > 0 && r.ahead[0] < seq {
		r.ahead = r.ahead[:0]
	}
	if r.block != nil && seq > r.block.last() {
		r.block = nil
	}
	if r.block != nil {
		r.begin = r.block.begin(seq)
	}
}

// next returns the next record for the queue with a number up to limit; ok is false when there is none. What lies
// behind limit may not be durable yet.
func (r *reader) next(limit uint64) (e Entry, ok bool, err error) {
	for r.seq <= limit {
		if r.block == nil {
			if err := r.advance(limit); err != nil {
				return e, false, err
			}
			continue
		}
		if e, ok, err = r.scan(limit); ok || err != nil {
			return e, ok, err
		}
	}
	return e, false, nil
}

// scan looks through the rest of the block.
func (r *reader) scan(limit uint64) (e Entry, ok bool, err error) {
	b := r.block
	for r.seq <= min(b.last(), limit) {
		end := b.ends[r.seq-b.first]
		rec, err := parseRecord(b.raw[r.begin:end:end], r.queue)
		if err != nil {
			return e, false, fmt.Errorf("record %d in the log: %w", r.seq, err)
		}
		seq := r.seq
		r.begin = end
		r.seq++
		if rec.named {
			return Entry{Seq: seq, Time: b.time, Order: rec.order, Body: rec.body, Note: rec.note}, true, nil
		}
	}
	if r.seq > b.last() {
		r.block = nil
	}
	return e, false, nil
}

// advance finds the next block for the queue, or moves seq forward over blocks that are not for it.
func (r *reader) advance(limit uint64) error {
	b, reached, covered := r.log.tail.next(r.seq, r.queue)
	if !covered {
		return r.advanceOnDisk(limit)
	}
	r.ahead = r.ahead[:0]
	r.seq = max(r.seq, reached)
	if b != nil {
		r.enter(b)
	}
	return nil
}

func (r *reader) enter(b *block) { r.block, r.begin = b, b.begin(r.seq) }

func (r *reader) advanceOnDisk(limit uint64) error {
	if start := r.log.start.Load(); r.seq < start {
		r.seq, r.ahead = start, r.ahead[:0]
	}
	if len(r.ahead) == 0 {
		if err := r.lookAhead(limit); err != nil || len(r.ahead) == 0 {
			return err
		}
	}
	first := r.ahead[0]
	r.ahead = append(r.ahead[:0], r.ahead[1:]...)
	b, err := r.log.loadBlock(first)
	if err != nil || b == nil || b.last() < r.seq {
		return err // b is nil when it was trimmed since: start has moved
	}
	r.seq = max(r.seq, b.first)
	r.enter(b)
	return nil
}

// lookAhead fills ahead with the next blocks up to limit that name the queue, from one pass over the index. Without
// one it moves seq behind what it looked at.
func (r *reader) lookAhead(limit uint64) error {
	reached, err := r.log.walkIndex(r.seq, limit, func(e *indexEntry) bool {
		if e.named(r.queue) > 0 {
			r.ahead = append(r.ahead, e.first)
		}
		return len(r.ahead) < aheadMax
	})
	if err != nil {
		return fmt.Errorf("read index of the log: %w", err)
	}
	if len(r.ahead) == 0 {
		r.seq = reached
	}
	return nil
}

// walkIndex calls f for the index entries of the blocks that hold numbers from from up to to, until f answers false or
// indexStepsMax are passed. What lies before reached was looked at.
func (l *Log) walkIndex(from, to uint64, f func(e *indexEntry) bool) (reached uint64, err error) {
	reached = from
	err = l.store.iterate([]byte{spaceIndex}, appendSeqKey(nil, spaceIndex, to+1), func(it *pebble.Iterator) error {
		valid := it.SeekLT(appendSeqKey(nil, spaceIndex, from+1)) // the block that holds from may begin before it
		if !valid {
			valid = it.First()
		}
		var e indexEntry
		for steps := 0; valid && steps < indexStepsMax; valid, steps = it.Next(), steps+1 {
			if err := parseIndex(it.Key(), it.Value(), &e); err != nil {
				return fmt.Errorf("index of block %x: %w", it.Key(), err)
			}
			if e.last() < from {
				continue
			}
			if reached = e.last() + 1; !f(&e) {
				return nil
			}
		}
		if !valid {
			reached = max(reached, to+1)
		}
		return nil
	})
	return reached, err
}

// loadBlock reads one block from disk; nil when it was trimmed.
func (l *Log) loadBlock(first uint64) (*block, error) {
	b := &block{first: first}
	found, err := l.fillBlock(b)
	if err != nil || !found {
		return nil, err
	}
	return b, nil
}

// fillBlock reads the block of the number b.first into b, whose memory it uses where that is enough; found is false
// when the block was trimmed.
func (l *Log) fillBlock(b *block) (found bool, err error) {
	found, err = l.store.view(appendSeqKey(nil, spaceBlock, b.first), func(value []byte) error {
		return l.coder.parseBlock(value, b)
	})
	if err == nil && !found {
		if l.start.Load() > b.first {
			return false, nil
		}
		err = errDamaged
	}
	if err != nil {
		return false, fmt.Errorf("read block %d: %w", b.first, err)
	}
	return true, nil
}
