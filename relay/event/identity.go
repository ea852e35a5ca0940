package event

import (
	"crypto/sha1"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// identityStack is the room UniqueID has without allocating: the parts of a usual event, with some to spare.
const identityStack = 1024

// UniqueID is the identity that parts make together: SHA-1 over each part behind its length, so that ("ab", "c") and
// ("a", "bc") differ. A nil part is an empty part. Receivers deduplicate by it and it must come out the same after a
// restart and an update: do not change it.
func UniqueID(parts ...[]byte) [20]byte {
	size := 0
	for _, p := range parts {
		size += binary.MaxVarintLen64 + len(p)
	}
	if size > identityStack {
		return uniqueIDLarge(parts)
	}
	var room [identityStack]byte
	b := room[:0]
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return sha1.Sum(b)
}

// uniqueIDLarge hashes part by part: one small allocation instead of a copy of everything.
func uniqueIDLarge(parts [][]byte) (id [20]byte) {
	h := sha1.New()
	var room [binary.MaxVarintLen64]byte
	for _, p := range parts {
		h.Write(binary.AppendUvarint(room[:0], uint64(len(p))))
		h.Write(p)
	}
	h.Sum(id[:0])
	return id
}

// Identity is what the log recognises an event's repeats by, and where to look for it: its uniqueId, folded. All of it
// counts, for those of other people's webhooks may be numbers in a row. It is never 0, which would ask the log not to. Logs
// on disk hold it: do not change it.
func Identity(uniqueID [20]byte) uint64 {
	folded := binary.BigEndian.Uint64(uniqueID[:8]) ^ binary.BigEndian.Uint64(uniqueID[8:16]) ^ uint64(binary.BigEndian.Uint32(uniqueID[16:]))
	return max(folded, 1)
}

// OrderKey is what the events of one visitor of one app have in common and those of others do not: the log keeps it
// with each record, and webhooks with order "visitor" keep records of equal keys in sequence. app is the app's
// configured name, visitor a JSON string. It is 0, which asks for no order, only when there is no visitor (absent or
// empty). Records on disk hold it: do not change it.
func OrderKey(app, visitor []byte) uint64 {
	if len(visitor) <= len(`""`) {
		return 0
	}
	var d xxhash.Digest
	d.Reset()
	d.Write(app)
	d.Write([]byte{0}) // no app name holds it, so app and visitor cannot run into each other
	d.Write(visitor)
	return max(d.Sum64(), 1)
}
