package wal

import (
	"encoding/binary"
	"math"
	"slices"
)

// indexEntry stands beside each block under a key of its own. It is small, so a reader that is far behind finds the
// blocks that name its queue without touching the others, and a start rebuilds the dedupe memory without reading events.
type indexEntry struct {
	first      uint64 // from the key
	count      int
	time       int64  // of the commit, Unix milliseconds
	begin      uint64 // bytes of log ever written before this block: the difference of two of them is a size on disk
	bytes      int    // of this block and this entry on disk
	queues     []uint32
	counts     []uint32 // records per queue
	identities []byte   // 8 bytes each, little endian
}

func (e *indexEntry) last() uint64 { return e.first + uint64(e.count) - 1 }

// named is the number of records for a queue.
func (e *indexEntry) named(queue uint32) int64 {
	if i, ok := slices.BinarySearch(e.queues, queue); ok {
		return int64(e.counts[i])
	}
	return 0
}

// An index entry's value. Do not change without a new format number.
//
//	records uvarint │ time ms uvarint │ begin uvarint │ bytes uvarint │
//	queues uvarint │ (queue as uvarint difference │ records uvarint)… │ identities, 8 bytes each, to the end
func (e *indexEntry) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(e.count))
	dst = binary.AppendUvarint(dst, uint64(e.time))
	dst = binary.AppendUvarint(dst, e.begin)
	dst = binary.AppendUvarint(dst, uint64(e.bytes))
	dst = binary.AppendUvarint(dst, uint64(len(e.queues)))
	before := uint32(0)
	for i, q := range e.queues {
		dst = binary.AppendUvarint(dst, uint64(q-before))
		dst = binary.AppendUvarint(dst, uint64(e.counts[i]))
		before = q
	}
	return append(dst, e.identities...)
}

// parseIndex fills e from a key and its value. It reuses e's slices and keeps nothing of value but identities, which
// alias it.
func parseIndex(key, value []byte, e *indexEntry) error {
	if len(key) != 9 {
		return errDamaged
	}
	e.first = lastNumber(key)
	var head [5]uint64
	var err error
	for i := range head {
		if head[i], value, err = takeUvarint(value); err != nil {
			return err
		}
	}
	if head[0] == 0 || head[0] > math.MaxInt32 || head[3] > math.MaxInt32 {
		return errDamaged
	}
	e.count, e.time, e.begin, e.bytes = int(head[0]), int64(head[1]), head[2], int(head[3])
	e.queues, e.counts = e.queues[:0], e.counts[:0]
	at := uint64(0)
	for range head[4] {
		var step, n uint64
		if step, value, err = takeUvarint(value); err != nil {
			return err
		}
		if n, value, err = takeUvarint(value); err != nil {
			return err
		}
		if at += step; step == 0 || step > QueueMax || at > QueueMax || n > uint64(e.count) {
			return errDamaged
		}
		e.queues, e.counts = append(e.queues, uint32(at)), append(e.counts, uint32(n))
	}
	if len(value)%8 != 0 {
		return errDamaged
	}
	e.identities = value
	return nil
}
