package journal

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// A chunk is the value of a key: the entries of one stream that were written together, compressed as one. Do not change
// it without a new version.
//
//	version 1 │ count │ span │ outcomes 1 │ classes 1 │ raw length │ zstd frame of rows, the newest first
//	row:        length │ ms before the chunk's newest │ number before its number, signed │ row (row.go)
//
// span is how many milliseconds the newest is ahead of the oldest, outcomes and classes are what occurs in the chunk:
// with these most chunks that a query has no use for are passed over unopened.
const chunkVersion = 1

// Limits of a chunk. 128 KiB take a quarter of a millisecond to open, of which a list of 100 needs a few.
const (
	chunkRows = 256
	chunkRaw  = 128 << 10         // bytes, after which no further row is added
	chunkSpan = 10_000            // milliseconds
	rawMax    = chunkRaw + 32<<10 // what a chunk may hold with its last row
)

// chunk is one that was read, not opened yet.
type chunk struct {
	at       position // of its newest entry
	count    int
	span     int64
	outcomes byte // bit n: there is an outcome n
	classes  byte // bit n: there is a status of class n
	raw      int
	packed   []byte
}

func classOf(status int) int { return min(status/100, 7) }

// coder compresses and opens chunks. Safe for concurrent use.
type coder struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// newCoder prepares zstd. It makes chunks of a few hundred entries half as large as S2 does, because hashes and the
// digits of signatures, which make up most of them, need entropy coding; and it takes a dictionary, without which an
// entry that stands alone in its chunk would hardly shrink.
func newCoder() (*coder, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false),
		zstd.WithEncoderDictRaw(dictionaryID, []byte(dictionary)))
	if err != nil {
		return nil, fmt.Errorf("prepare zstd: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(rawMax),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderDictRaw(dictionaryID, []byte(dictionary)))
	if err != nil {
		return nil, fmt.Errorf("prepare zstd: %w", err)
	}
	return &coder{enc, dec}, nil
}

// appendRows appends entries as they stand in a chunk; rows are of one stream, the newest first.
func appendRows(dst []byte, b *buffer, rows []place) []byte {
	at := rows[0].position
	var room [2 * binary.MaxVarintLen64]byte
	for i := range rows {
		r := &rows[i]
		head := binary.AppendUvarint(room[:0], uint64(at.ms-r.ms))
		head = binary.AppendVarint(head, int64(at.number-r.number))
		dst = binary.AppendUvarint(dst, uint64(len(head)+r.end-r.begin))
		dst = append(append(dst, head...), b.bytes[r.begin:r.end]...)
	}
	return dst
}

// appendChunk appends the value of a chunk. scratch is reused and returned.
func (c *coder) appendChunk(dst, scratch []byte, b *buffer, rows []place) (value, scratchOut []byte) {
	outcomes, classes := byte(0), byte(0)
	for i := range rows {
		outcomes |= 1 << rows[i].outcome
		classes |= 1 << rows[i].class
	}
	raw := appendRows(scratch[:0], b, rows)
	dst = append(dst, chunkVersion)
	dst = appendInt(dst, len(rows))
	dst = appendInt(dst, int(rows[0].ms-rows[len(rows)-1].ms))
	dst = append(dst, outcomes, classes)
	dst = appendInt(dst, len(raw))
	return c.enc.EncodeAll(raw, dst), raw
}

// parseChunk reads what stands in front of the rows. The chunk aliases value.
func parseChunk(at position, value []byte) (k chunk, err error) {
	if len(value) == 0 {
		return k, errDamaged
	}
	if value[0] != chunkVersion {
		return k, fmt.Errorf("it is of version %d, which this program does not know", value[0])
	}
	t := taker{rest: value[1:]}
	k = chunk{at: at, count: t.int(), span: int64(t.int())}
	if len(t.rest) < 2 {
		return k, errDamaged
	}
	k.outcomes, k.classes, t.rest = t.rest[0], t.rest[1], t.rest[2:]
	k.raw, k.packed = t.int(), t.rest
	if t.err == nil && (k.count == 0 || k.count > k.raw || k.raw > rawMax || k.span > at.ms) {
		return k, errDamaged
	}
	return k, t.err
}

// open unpacks the rows.
func (c *coder) open(k *chunk) (*rows, error) {
	raw, err := c.dec.DecodeAll(k.packed, make([]byte, 0, k.raw))
	if err != nil {
		return nil, err
	}
	if len(raw) != k.raw {
		return nil, errDamaged
	}
	return newRows(k.at, raw)
}

// rows are the entries of an opened chunk, or of the buffer, from the newest on.
type rows struct {
	first position
	rest  []byte
	at    position // of row
	row   []byte
}

// newRows stands on the first row.
func newRows(first position, raw []byte) (*rows, error) {
	r := &rows{first: first, rest: raw}
	if more, err := r.next(); err != nil || !more {
		return nil, errDamaged
	}
	return r, nil
}

// next goes on to the next row. Each row must be older than the one before.
func (r *rows) next() (more bool, err error) {
	if len(r.rest) == 0 {
		return false, nil
	}
	t := taker{rest: r.rest}
	row := taker{rest: t.bytes()}
	before := row.uint()
	number, w := binary.Varint(row.rest)
	if t.err != nil || row.err != nil || w <= 0 || before > uint64(r.first.ms) {
		return false, errDamaged
	}
	at := position{r.first.ms - int64(before), r.first.number - uint64(number)}
	if r.row != nil && !r.at.newerThan(at) || at.newerThan(r.first) {
		return false, errDamaged
	}
	r.at, r.row, r.rest = at, row.rest[w:], t.rest
	return true, nil
}
