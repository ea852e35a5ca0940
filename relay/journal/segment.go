package journal

import (
	"encoding/binary"
	"fmt"
	"slices"

	"edgerelay/wal"
)

// segment counts what a stretch of a stream takes: the chunks whose newest entry lies from start up to the start of the
// segment behind it. Limits take whole segments, by one range delete each.
type segment struct {
	start   int64 // Unix milliseconds, as are the others
	newest  int64
	failed  int64 // newest failed attempt; -1 when there is none
	entries int64
	bytes   int64 // of keys and values
}

// A segment ends when it has grown to segmentBytes, or to segmentShare of its stream where that is more, or covers
// segmentTime of the time that entries are kept. So a stream has some fifty segments, and losing one is no great loss.
const (
	segmentBytes = 64 << 10
	segmentShare = 1.0 / 16
	segmentTime  = 1.0 / 28
)

// entryOverhead is about what Pebble takes for a key beside its bytes.
const entryOverhead = 16

// account is what one stream takes, by segments from the oldest to the newest. There is at least one.
type account struct {
	segments []segment
	bytes    int64
}

// ledger is the accounts of all streams. It is kept in the log's state with the chunks it counts, so a start reads some
// counts and not the entries. The journal's lock guards it.
type ledger struct {
	accounts    map[stream]*account
	bytes       int64
	bytesMax    int64
	segmentSpan int64 // milliseconds
}

func newLedger(retain int64) *ledger {
	return &ledger{accounts: map[stream]*account{}, segmentSpan: max(int64(float64(retain)*segmentTime), 1)}
}

// load reads the counts that the last run left. damaged is told of those that cannot be read; what they counted goes when
// its time is over.
func (l *ledger) load(state State, damaged func(key []byte, err error)) error {
	err := state.Scan([]byte(spaceSegment), nil, func(key, value []byte) bool {
		s, g, err := parseSegment(key, value)
		if err != nil {
			damaged(key, err)
			return true
		}
		a := l.accounts[s]
		if a == nil {
			a = &account{}
			l.accounts[s] = a
		}
		a.segments = append(a.segments, g)
		a.bytes += g.bytes
		l.bytes += g.bytes
		return true
	})
	if err != nil {
		return fmt.Errorf("read counts: %w", err)
	}
	return nil
}

// count adds a chunk to its stream's account, and the segment's new count to the batch that holds the chunk.
func (l *ledger) count(b *wal.Batch, s stream, ms, failed int64, entries, bytes int) {
	a := l.accounts[s]
	if a == nil {
		a = &account{}
		l.accounts[s] = a
	}
	g := a.segment(ms, l)
	g.newest, g.failed = max(g.newest, ms), max(g.failed, failed)
	g.entries += int64(entries)
	n := int64(bytes + entryOverhead)
	g.bytes += n
	a.bytes += n
	l.bytes += n
	b.Put(s.segmentKey(nil, g.start), g.append(nil))
}

// segment is the one that a chunk belongs to, which may be a new one.
func (a *account) segment(ms int64, l *ledger) *segment {
	i, found := slices.BinarySearchFunc(a.segments, ms, func(g segment, ms int64) int { return int(min(max(g.start-ms, -1), 1)) })
	if !found {
		i--
	}
	if i == len(a.segments)-1 && i >= 0 {
		last := &a.segments[i]
		large := max(min(segmentBytes, l.bytesMax/64), int64(float64(a.bytes)*segmentShare))
		if ms > last.newest && (last.bytes >= large || ms-last.start >= l.segmentSpan) {
			i = -2
		}
	}
	switch i {
	case -1: // older than all
		a.segments = slices.Insert(a.segments, 0, segment{start: ms, newest: ms, failed: -1})
		return &a.segments[0]
	case -2:
		a.segments = append(a.segments, segment{start: ms, newest: ms, failed: -1})
		return &a.segments[len(a.segments)-1]
	}
	return &a.segments[i]
}

// newest is the time of the stream's newest entry, -1 when there is none.
func (a *account) newest() int64 {
	at := int64(-1)
	if a != nil {
		for i := range a.segments {
			at = max(at, a.segments[i].newest)
		}
	}
	return at
}

// failed is the time of the stream's newest failed attempt, -1 when there is none.
func (a *account) failed() int64 {
	at := int64(-1)
	if a != nil {
		for i := range a.segments {
			at = max(at, a.segments[i].failed)
		}
	}
	return at
}

// drop takes a stream's oldest segment: out of its account, and by range out of the state.
func (l *ledger) drop(b *wal.Batch, s stream) segment {
	a := l.accounts[s]
	g := a.segments[0]
	fromChunk, toSegment := s.prefix(nil, spaceChunk), s.end(nil, spaceSegment)
	if len(a.segments) > 1 {
		next := a.segments[1].start
		fromChunk, toSegment = s.chunkKey(nil, newest(next-1)), s.segmentKey(nil, next)
	}
	b.Erase(fromChunk, s.end(nil, spaceChunk))
	b.Erase(s.prefix(nil, spaceSegment), toSegment)
	a.segments = slices.Delete(a.segments, 0, 1)
	a.bytes -= g.bytes
	l.bytes -= g.bytes
	if len(a.segments) == 0 {
		delete(l.accounts, s)
	}
	return g
}

// dropAged takes what ended before a time.
func (l *ledger) dropAged(b *wal.Batch, before int64) {
	for s, a := range l.accounts {
		for len(a.segments) > 0 && a.segments[0].newest < before {
			l.drop(b, s)
		}
	}
}

// dropExcess brings the log below its limit. The stream that takes most loses its oldest, again and again: what takes
// less than an even share is never touched while another takes more.
func (l *ledger) dropExcess(b *wal.Batch) (entries int64) {
	if l.bytes <= l.bytesMax {
		return 0
	}
	for enough := l.bytesMax - l.bytesMax/32; l.bytes > enough; {
		var worst stream
		most := int64(0)
		for s, a := range l.accounts {
			if a.bytes > most {
				worst, most = s, a.bytes
			}
		}
		entries += l.drop(b, worst).entries
	}
	return entries
}

// dropQueue takes all that a queue has.
func (l *ledger) dropQueue(b *wal.Batch, queue uint32) {
	for _, kind := range []byte{failures, successes} {
		if a := l.accounts[stream{queue, kind}]; a != nil {
			l.bytes -= a.bytes
			delete(l.accounts, stream{queue, kind})
		}
	}
	for _, space := range []string{spaceChunk, spaceSegment} {
		b.Erase(stream{queue, 0}.prefix(nil, space), stream{queue, 0xff}.prefix(nil, space))
	}
}

// A segment's value is uvarints: newest - start │ 1 + failed - start, 0 for none │ entries │ bytes.
func (g *segment) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(g.newest-g.start))
	failed := uint64(0)
	if g.failed >= 0 {
		failed = uint64(1 + max(g.failed-g.start, 0))
	}
	dst = binary.AppendUvarint(dst, failed)
	dst = binary.AppendUvarint(dst, uint64(g.entries))
	return binary.AppendUvarint(dst, uint64(g.bytes))
}

func parseSegment(key, value []byte) (s stream, g segment, err error) {
	s, rest, ok := parseKey(key, spaceSegment)
	if !ok || len(rest) != 8 {
		return s, g, errDamaged
	}
	g.start = int64(binary.BigEndian.Uint64(rest))
	t := taker{rest: value}
	g.newest = g.start + int64(t.int())
	g.failed = g.start + int64(t.int()) - 1
	if g.failed < g.start {
		g.failed = -1
	}
	g.entries, g.bytes = int64(t.int()), int64(t.int())
	if t.err != nil || len(t.rest) > 0 || g.start < 0 || g.newest < g.start {
		return s, g, errDamaged
	}
	return s, g, nil
}
