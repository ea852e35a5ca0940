package wal

import (
	"errors"
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

// aheadMax is how many blocks one pass over the index looks up: one iterator then serves up to 4 MiB of records.
const aheadMax = 16

// indexStepsMax bounds one pass over index entries that do not name the queue.
const indexStepsMax = 4096

// skip moves forward to seq; the records before it are known not to name the queue, or were trimmed.
func (r *reader) skip(seq uint64) {
	if seq <= r.seq {
		return
	}
	if r.block != nil && seq > r.block.last() {
		r.block = nil
	}
	if r.block != nil {
		r.begin = r.block.ends[seq-r.block.first-1]
	}
	r.seq = seq
}

// next returns the next record for the queue with a number up to limit; ok is false when there is none.
func (r *reader) next(limit uint64) (e Entry, ok bool, err error) {
	for {
		if r.block != nil {
			if e, ok, err = r.scan(); ok || err != nil {
				return e, ok, err
			}
		}
		if r.seq > limit {
			return e, false, nil
		}
		if err := r.advance(); err != nil {
			return e, false, err
		}
	}
}

// scan looks through the rest of the block.
func (r *reader) scan() (e Entry, ok bool, err error) {
	b := r.block
	for r.seq <= b.last() {
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
	r.block = nil
	return e, false, nil
}

// advance finds the next block for the queue, or moves seq forward over blocks that are not for it.
func (r *reader) advance() error {
	b, reached, covered := r.log.tail.next(r.seq, r.queue)
	if covered {
		r.ahead = r.ahead[:0]
		r.seq = max(r.seq, reached)
		if b != nil {
			r.enter(b)
		}
		return nil
	}
	return r.advanceOnDisk()
}

func (r *reader) enter(b *block) {
	r.block, r.begin = b, 0
	if r.seq > b.first {
		r.begin = b.ends[r.seq-b.first-1]
	}
}

func (r *reader) advanceOnDisk() error {
	if start := r.log.start.Load(); r.seq < start {
		r.seq, r.ahead = start, r.ahead[:0]
	}
	if len(r.ahead) == 0 {
		if err := r.lookAhead(); err != nil {
			return err
		}
		if len(r.ahead) == 0 {
			return nil
		}
	}
	first := r.ahead[0]
	r.ahead = append(r.ahead[:0], r.ahead[1:]...)
	b, err := r.log.loadBlock(first)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil // trimmed since: start has moved
	}
	if err != nil {
		return err
	}
	if b.last() < r.seq {
		return nil
	}
	r.seq = max(r.seq, b.first)
	r.enter(b)
	return nil
}

// lookAhead fills ahead with the next blocks that name the queue, from one pass over the index. Without one it moves
// seq behind what it looked at.
func (r *reader) lookAhead() error {
	head := r.log.head.Load() // before the iterator, which then sees all of it
	it, err := r.log.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{spaceIndex}, UpperBound: []byte{spaceIndex + 1}})
	if err != nil {
		return fmt.Errorf("read index of the log: %w", err)
	}
	err = r.walkIndex(it, head)
	return errors.Join(err, it.Close())
}

func (r *reader) walkIndex(it *pebble.Iterator, head uint64) error {
	// The block that holds seq may begin before it.
	valid := it.SeekLT(appendSeqKey(nil, spaceIndex, r.seq+1))
	if !valid {
		valid = it.First()
	}
	var e indexEntry
	reached := r.seq
	for steps := 0; valid && steps < indexStepsMax && len(r.ahead) < aheadMax; valid, steps = it.Next(), steps+1 {
		if err := parseIndex(it.Key(), it.Value(), &e); err != nil {
			return fmt.Errorf("index of block %x: %w", it.Key(), err)
		}
		if e.last() < r.seq {
			continue
		}
		reached = e.last() + 1
		for _, q := range e.queues {
			if q == r.queue {
				r.ahead = append(r.ahead, e.first)
				break
			}
		}
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("read index of the log: %w", err)
	}
	if len(r.ahead) == 0 {
		if reached == r.seq {
			reached = max(reached, head+1) // nothing up to the head is on disk
		}
		r.seq = reached
	}
	return nil
}

// loadBlock reads one block from disk; pebble.ErrNotFound when there is none of that number.
func (l *Log) loadBlock(first uint64) (*block, error) {
	value, closer, err := l.db.Get(appendSeqKey(nil, spaceBlock, first))
	if err != nil {
		return nil, fmt.Errorf("read block %d: %w", first, err)
	}
	defer closer.Close()
	b := &block{first: first}
	if err := l.coder.parseBlock(value, b); err != nil {
		return nil, fmt.Errorf("block %d: %w", first, err)
	}
	if len(b.ends) == 0 {
		return nil, fmt.Errorf("block %d: %w", first, errDamaged)
	}
	return b, nil
}
