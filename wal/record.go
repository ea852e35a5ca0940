package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Receiver names one queue that a record is for.
type Receiver struct {
	Queue uint32 // 1 to QueueMax
	Note  []byte // what this receiver needs beyond the body; may be empty
}

// Record is what a batch takes in. Nothing of it is kept: Add copies.
type Record struct {
	Body      []byte
	Receivers []Receiver // ascending by Queue, each once
	Order     uint64     // records of one order key keep their order in ordered queues; 0 = none
	Identity  uint64     // records of one identity are stored once within the dedupe window; 0 = always stored
	Repeat    bool       // a copy of a record that was appended before: of no account to the log, Read tells it
}

// Appended is what became of a batch.
type Appended struct {
	First      uint64 // sequence number of its first stored record, 0 when none was stored
	Stored     int
	Duplicates int
}

// Batch collects records and state writes that become durable together. It is reusable after Wait has returned, and
// not safe for concurrent use.
type Batch struct {
	buf    []byte // encoded records, back to back
	recs   []pendingRecord
	queues []uint32 // receivers of all records, in record order
	kv     []byte   // keys and values of writes
	writes []stateWrite

	largest int // bytes of the largest record

	group  *group
	result Appended
}

const (
	// RecordMax bounds one record, in bytes: it must fit into memory a few times.
	RecordMax = 32 << 20
	// QueueMax bounds the numbers of queues: the committer keeps four bytes for each, up to the highest.
	QueueMax = 1 << 24
)

type pendingRecord struct {
	end       int // in buf
	queuesEnd int // in queues
	identity  uint64
	repeat    bool // of an identity that is remembered: not stored again
}

type stateWrite struct {
	keyEnd, valueEnd int // in kv; each key starts where the previous value ended
	kind             writeKind
}

type writeKind uint8

const (
	writePut writeKind = iota
	writeDelete
	writeErase // the key is the first of a range, the value its end
)

// Reset empties the batch and keeps its memory, unless one giant batch made that large.
func (b *Batch) Reset() {
	const keep, keepRecords = 1 << 20, 1 << 14
	if cap(b.buf) > keep || cap(b.kv) > keep {
		b.buf, b.kv = nil, nil
	}
	if cap(b.recs) > keepRecords || cap(b.queues) > keepRecords || cap(b.writes) > keepRecords {
		b.recs, b.queues, b.writes = nil, nil, nil
	}
	b.largest = 0
	b.buf, b.recs, b.queues = b.buf[:0], b.recs[:0], b.queues[:0]
	b.kv, b.writes = b.kv[:0], b.writes[:0]
	b.group, b.result = nil, Appended{}
}

// Len is the number of records in the batch.
func (b *Batch) Len() int { return len(b.recs) }

// Empty says whether committing the batch would write nothing.
func (b *Batch) Empty() bool { return len(b.recs) == 0 && len(b.writes) == 0 }

// Duplicate says whether record i of the batch, in the order in which they were added, was recognised as one that was
// appended before, and not stored. It may be asked when Wait has returned.
func (b *Batch) Duplicate(i int) bool { return b.recs[i].repeat }

// Size is the number of bytes that the batch holds.
func (b *Batch) Size() int { return len(b.buf) + len(b.kv) }

// A record's bytes, inside a block. Do not change without a new format number.
//
//	flags 1 │ order 8, if flag 1 │ receivers uvarint │ receiver… │ body length uvarint │ body
//	receiver: queue, as uvarint difference to the one before │ note length uvarint │ note
//
// Flag 2 marks a repeat and adds nothing. Flags that a version does not know are left alone, so one that adds nothing
// needs no new format number.
const (
	flagOrder  = 1
	flagRepeat = 2
)

// Add copies r into the batch.
func (b *Batch) Add(r Record) {
	begin, flags := len(b.buf), byte(0)
	if r.Repeat {
		flags |= flagRepeat
	}
	if r.Order != 0 {
		b.buf = append(b.buf, flags|flagOrder)
		b.buf = binary.LittleEndian.AppendUint64(b.buf, r.Order)
	} else {
		b.buf = append(b.buf, flags)
	}
	b.buf = binary.AppendUvarint(b.buf, uint64(len(r.Receivers)))
	before := uint32(0)
	for _, rc := range r.Receivers {
		if rc.Queue <= before || rc.Queue > QueueMax {
			panic(fmt.Sprintf("wal: receiver %d follows %d: queue numbers ascend and end at %d", rc.Queue, before, QueueMax))
		}
		b.buf = binary.AppendUvarint(b.buf, uint64(rc.Queue-before))
		b.buf = appendBytes(b.buf, rc.Note)
		b.queues = append(b.queues, rc.Queue)
		before = rc.Queue
	}
	b.buf = appendBytes(b.buf, r.Body)
	b.largest = max(b.largest, len(b.buf)-begin)
	b.recs = append(b.recs, pendingRecord{end: len(b.buf), queuesEnd: len(b.queues), identity: r.Identity})
}

// Put stages a write of state (see Log.Get) that becomes durable in the commit of the batch's records.
func (b *Batch) Put(key, value []byte) {
	b.kv = append(b.kv, key...)
	keyEnd := len(b.kv)
	b.kv = append(b.kv, value...)
	b.writes = append(b.writes, stateWrite{keyEnd: keyEnd, valueEnd: len(b.kv)})
}

// Delete stages the removal of a key of state.
func (b *Batch) Delete(key []byte) {
	b.kv = append(b.kv, key...)
	b.writes = append(b.writes, stateWrite{keyEnd: len(b.kv), valueEnd: len(b.kv), kind: writeDelete})
}

// Erase stages the removal of all keys of state from from up to, but without, to. It costs the same however many there
// are. What the batch puts there afterwards stays.
func (b *Batch) Erase(from, to []byte) {
	if bytes.Compare(from, to) < 0 {
		b.Put(from, to)
		b.writes[len(b.writes)-1].kind = writeErase
	}
}

// Wait blocks until the commit that took the batch is on disk, and says what became of it. It must follow each
// successful Submit, once; the batch is the caller's again when it returns.
func (b *Batch) Wait() (Appended, error) {
	<-b.group.done
	return b.result, b.group.err
}

func appendUint64(dst []byte, n uint64) []byte { return binary.LittleEndian.AppendUint64(dst, n) }

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

var errDamaged = errors.New("bytes are cut short or damaged")

// takeBytes splits a length-prefixed field off b.
func takeBytes(b []byte) (field, rest []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, errDamaged
	}
	return b[w : w+int(n) : w+int(n)], b[w+int(n):], nil
}

func takeUvarint(b []byte) (uint64, []byte, error) {
	n, w := binary.Uvarint(b)
	if w <= 0 {
		return 0, nil, errDamaged
	}
	return n, b[w:], nil
}

// storedRecord is one record as a queue sees it. Its slices alias the block.
type storedRecord struct {
	order  uint64
	note   []byte
	body   []byte
	repeat bool
	named  bool // the queue is among the receivers
}

func parseRecord(b []byte, queue uint32) (r storedRecord, err error) {
	if len(b) == 0 {
		return r, errDamaged
	}
	flags := b[0]
	b = b[1:]
	r.repeat = flags&flagRepeat != 0
	if flags&flagOrder != 0 {
		if len(b) < 8 {
			return r, errDamaged
		}
		r.order, b = binary.LittleEndian.Uint64(b), b[8:]
	}
	n, b, err := takeUvarint(b)
	if err != nil {
		return r, err
	}
	at := uint64(0)
	for range n {
		step, rest, err := takeUvarint(b)
		if err != nil {
			return r, err
		}
		note, rest, err := takeBytes(rest)
		if err != nil {
			return r, err
		}
		if at += step; at == uint64(queue) {
			r.note, r.named = note, true
		}
		b = rest
	}
	r.body, b, err = takeBytes(b)
	if err == nil && len(b) > 0 {
		err = errDamaged
	}
	return r, err
}
