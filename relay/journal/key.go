package journal

import (
	"bytes"
	"encoding/binary"
	"math"
)

// The log's state, all below "journal/". Numbers are big endian. Do not change a line: entries are found by it.
//
//	journal/c <queue 4> <kind 1> <^ms 8> <^number 8>    chunk: entries that were written together  (chunk.go)
//	journal/n <queue 4> <kind 1> <ms 8>                 segment: what the chunks from there on take (segment.go)
//	journal/q                                           the number that the next entry gets
//
// A chunk's key holds the position of its newest entry, inverted, so that a scan meets the newest first.
const (
	spaceChunk   = "journal/c"
	spaceSegment = "journal/n"
	keyNumber    = "journal/q"
)

// stream is one of the two sequences in which a queue's entries are kept. Failures are apart so that they are found, and
// outlive, however many successes stand between them.
type stream struct {
	queue uint32
	kind  byte
}

const (
	failures  = 'f' // failed attempts and notes
	successes = 's'
)

// position is an entry's place: when it was, and its number among all entries, which breaks ties.
type position struct {
	ms     int64 // Unix milliseconds, not negative
	number uint64
}

// newest is at or behind every entry of the millisecond.
func newest(ms int64) position { return position{max(ms, 0), math.MaxUint64} }

func (p position) newerThan(o position) bool {
	return p.ms > o.ms || p.ms == o.ms && p.number > o.number
}

func (p position) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, ^uint64(p.ms))
	return binary.BigEndian.AppendUint64(dst, ^p.number)
}

const positionSize = 16

func parsePosition(b []byte) (p position, ok bool) {
	if len(b) != positionSize {
		return p, false
	}
	p = position{int64(^binary.BigEndian.Uint64(b)), ^binary.BigEndian.Uint64(b[8:])}
	return p, p.ms >= 0
}

func (s stream) prefix(dst []byte, space string) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, space...), s.queue)
	return append(dst, s.kind)
}

// end is the first key of a space behind all of the stream's.
func (s stream) end(dst []byte, space string) []byte {
	return stream{s.queue, s.kind + 1}.prefix(dst, space)
}

func (s stream) chunkKey(dst []byte, p position) []byte { return p.append(s.prefix(dst, spaceChunk)) }

func (s stream) segmentKey(dst []byte, ms int64) []byte {
	return binary.BigEndian.AppendUint64(s.prefix(dst, spaceSegment), uint64(max(ms, 0)))
}

// parseKey reads what stands behind a space's name.
func parseKey(key []byte, space string) (s stream, rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(key, []byte(space))
	if !ok || len(rest) < 5 {
		return s, nil, false
	}
	return stream{binary.BigEndian.Uint32(rest), rest[4]}, rest[5:], true
}
