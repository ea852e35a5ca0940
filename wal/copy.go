package wal

import "encoding/binary"

// The value of a parked, held or dead delivery: its own copy of the record, so that trimming the log never waits for
// it. Do not change without a new format number.
//
//	attempts uvarint │ committed ms uvarint │ order 8 │ note length uvarint │ note │ body length uvarint │ body
//	and, when dead:  │ died ms uvarint │ status uvarint │ reason length uvarint │ reason
func appendCopy(dst []byte, e *Entry) []byte {
	dst = binary.AppendUvarint(dst, uint64(e.Attempts))
	dst = binary.AppendUvarint(dst, uint64(e.Time))
	dst = binary.LittleEndian.AppendUint64(dst, e.Order)
	dst = appendBytes(dst, e.Note)
	return appendBytes(dst, e.Body)
}

// parseCopy fills e, whose slices then alias value, and returns what follows.
func parseCopy(seq uint64, value []byte, e *Entry) (rest []byte, err error) {
	attempts, value, err := takeUvarint(value)
	if err != nil {
		return nil, err
	}
	committed, value, err := takeUvarint(value)
	if err != nil {
		return nil, err
	}
	if len(value) < 8 {
		return nil, errDamaged
	}
	*e = Entry{Seq: seq, Time: int64(committed), Attempts: int(attempts), Order: binary.LittleEndian.Uint64(value), Copied: true}
	if e.Note, value, err = takeBytes(value[8:]); err != nil {
		return nil, err
	}
	e.Body, rest, err = takeBytes(value)
	return rest, err
}
