package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Section is a part of the log, for Read.
type Section struct {
	From, To uint64 // numbers, both included; what is not committed when Read is called is left out
	// Queue leaves out records that do not name it; 0 reads all.
	Queue uint32
	// Identity leaves out blocks without a record of this identity; other records of a block that has one are read. 0
	// reads all.
	Identity uint64
}

// Past is one record of the log, whoever it was for and whatever became of its deliveries. It is valid until the function
// that Read gave it to returns.
type Past struct {
	Seq    uint64
	Time   int64 // when the record was committed, Unix milliseconds
	Order  uint64
	Repeat bool // see Record
	Body   []byte

	raw []byte
}

// Note is what the record holds for a receiver, and whether that queue is among its receivers.
func (p *Past) Note(queue uint32) (note []byte, named bool) {
	r, err := parseRecord(p.raw, queue)
	return r.note, err == nil && r.named // an error is Read's to find: it has parsed the same bytes
}

// Queues appends the numbers of the queues that the record is for, in ascending order.
func (p *Past) Queues(dst []uint32) []uint32 {
	rest := p.raw[1:] // Read has parsed the same bytes, so there are no errors to find
	if p.raw[0]&flagOrder != 0 {
		rest = rest[8:]
	}
	n, rest, _ := takeUvarint(rest)
	at := uint64(0)
	for range n {
		step, behind, _ := takeUvarint(rest)
		_, rest, _ = takeBytes(behind)
		at += step
		dst = append(dst, uint32(at))
	}
	return dst
}

// readBlocksMax is how many blocks one Read looks through: some 1,600 events, in two milliseconds.
const readBlocksMax = 16

// Read calls f for records of a section in the order of their numbers, until f answers false. It looks through one
// stretch only, some milliseconds' worth, so that a long section neither occupies a processor nor outlasts its reader's
// patience: next is the number to go on from, and behind s.To when the section has been read. Records that were trimmed are
// left out: from is where the stretch began, behind s.From by as many numbers as are gone. Trimming goes on meanwhile, so
// nothing that is asked before or after tells that. next may be from when what lay there was trimmed a moment ago.
//
// Read takes nothing from any queue and holds on to nothing: the past is there until a limit trims it. Its memory is one
// decoded block.
func (l *Log) Read(s Section, f func(p *Past) bool) (from, next uint64, err error) {
	to := min(s.To, l.head.Load())
	from = max(s.From, l.start.Load(), 1)
	if from > to {
		return from, max(from, s.To+1), nil
	}
	blocks, next, err := l.blocksOf(&s, from, to)
	if err != nil {
		return from, from, fmt.Errorf("read index of the log: %w", err)
	}
	if l.start.Load() > from {
		return from, from, nil // was trimmed: the next Read begins behind it
	}
	var b block
	for _, b.first = range blocks {
		found, err := l.fillBlock(&b)
		if err != nil {
			return from, max(from, b.first), err
		}
		if !found {
			return from, max(from, b.first), nil // was trimmed: the next Read begins behind it
		}
		last, more, err := b.past(&s, from, to, f)
		if err != nil || !more {
			return from, last, err
		}
	}
	if next > to { // its last block may go on
		next = s.To + 1
	}
	return from, next, nil
}

// blocksOf lists blocks that may hold records of a section, from one pass over the index. What lies before next was
// looked at.
func (l *Log) blocksOf(s *Section, from, to uint64) (blocks []uint64, next uint64, err error) {
	next, err = l.walkIndex(from, to, func(e *indexEntry) bool {
		if (s.Queue == 0 || e.named(s.Queue) > 0) && (s.Identity == 0 || e.holds(s.Identity)) {
			blocks = append(blocks, e.first)
		}
		return len(blocks) < readBlocksMax
	})
	return blocks, next, err
}

// holds says whether an identity is among the block's.
func (e *indexEntry) holds(identity uint64) bool {
	var want [8]byte
	binary.LittleEndian.PutUint64(want[:], identity)
	for ids := e.identities; len(ids) >= 8; ids = ids[8:] {
		if bytes.Equal(ids[:8], want[:]) {
			return true
		}
	}
	return false
}

// past calls f for the block's records of a section between two numbers. more is false when f wants no more; next is
// then the number to go on from.
func (b *block) past(s *Section, from, to uint64, f func(p *Past) bool) (next uint64, more bool, err error) {
	begin := b.begin(max(from, b.first))
	var p Past
	for seq := max(from, b.first); seq <= min(to, b.last()); seq++ {
		end := b.ends[seq-b.first]
		raw := b.raw[begin:end:end]
		begin = end
		r, err := parseRecord(raw, s.Queue)
		if err != nil {
			return seq, false, fmt.Errorf("record %d in the log: %w", seq, err)
		}
		if s.Queue != 0 && !r.named {
			continue
		}
		p = Past{Seq: seq, Time: b.time, Order: r.order, Repeat: r.repeat, Body: r.body, raw: raw}
		if !f(&p) {
			return seq + 1, false, nil
		}
	}
	return 0, true, nil
}

// Start is the number of the first record that trimming has left: what Read finds begins here, or with the first record
// to be appended.
func (l *Log) Start() uint64 { return max(l.start.Load(), 1) }

// SeqAt is the number of the first record that was committed at or after a time (Unix milliseconds), one behind the head
// when there is none yet. Where the clock was set back, it may be off by the records of that time.
func (l *Log) SeqAt(ms int64) (uint64, error) {
	low, high := l.Start(), l.head.Load()+1
	err := l.store.iterate(appendSeqKey(nil, spaceIndex, low), appendSeqKey(nil, spaceIndex, high), func(it *pebble.Iterator) error {
		var e indexEntry
		for low < high {
			middle := low + (high-low)/2
			if !it.SeekLT(appendSeqKey(nil, spaceIndex, middle+1)) {
				low = middle + 1 // was trimmed meanwhile
				continue
			}
			if err := parseIndex(it.Key(), it.Value(), &e); err != nil {
				return fmt.Errorf("index of block %x: %w", it.Key(), err)
			}
			if e.time >= ms {
				high = max(low, e.first)
			} else {
				low = e.last() + 1
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("find the records of a time: %w", err)
	}
	return low, nil
}
