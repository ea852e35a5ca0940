package event

import (
	"encoding/binary"
	"fmt"
)

// Note is what one webhook selected of one event, and what its body needs beyond the event. It is stored in the log with
// each receiver, so that a body is the same on every attempt, whatever changes meanwhile. Its bytes are drawn in the
// package comment.
type Note struct {
	All   bool   // every ID of the event is selected; Bits counts for nothing
	Bits  []byte // bit i%8 of byte i/8: IDs[i] is selected
	Extra []byte // what the format wants to have kept, in its own form
}

// Append appends n. All IDs and no extra, the common case, is no byte.
func (n Note) Append(dst []byte) []byte {
	if n.All {
		if len(n.Extra) == 0 {
			return dst
		}
		dst = append(dst, 0)
		return append(dst, n.Extra...)
	}
	bits := n.Bits
	for len(bits) > 0 && bits[len(bits)-1] == 0 {
		bits = bits[:len(bits)-1]
	}
	dst = binary.AppendUvarint(dst, uint64(len(bits))+1)
	dst = append(dst, bits...)
	return append(dst, n.Extra...)
}

// ParseNote reads what Append wrote. The note aliases b. Extra is nil when there is none.
func ParseNote(b []byte) (Note, error) {
	if len(b) == 0 {
		return Note{All: true}, nil
	}
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(len(b)-n)+1 {
		return Note{}, fmt.Errorf("parse note: %d bytes hold no whole selection", len(b))
	}
	note := Note{All: count == 0}
	rest := b[n:]
	if count > 1 {
		note.Bits, rest = rest[:count-1:count-1], rest[count-1:]
	}
	if len(rest) > 0 {
		note.Extra = rest
	}
	return note, nil
}

// Has says whether the event's IDs[i] is selected.
func (n Note) Has(i int) bool {
	if n.All {
		return i >= 0
	}
	return i >= 0 && i/8 < len(n.Bits) && n.Bits[i/8]>>(i%8)&1 != 0
}

// Select marks the event's IDs[i], which is not negative. It appends to Bits where they are too short; to reuse their
// room, start from Bits[:0].
func (n *Note) Select(i int) {
	for len(n.Bits) <= i/8 {
		n.Bits = append(n.Bits, 0)
	}
	n.Bits[i/8] |= 1 << (i % 8)
}
