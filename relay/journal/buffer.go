package journal

import (
	"cmp"
	"slices"
)

// buffer holds entries until they are written: their rows, back to back, and where each belongs. Not safe concurrently.
type buffer struct {
	bytes  []byte
	places []place
	names  maskNames
}

func newBuffer() *buffer { return &buffer{names: maskNames{}} }

// place is one row of a buffer.
type place struct {
	stream
	position
	begin, end int
	outcome    byte
	class      byte
}

func (b *buffer) add(s stream, at position, a *Attempt) {
	begin := len(b.bytes)
	b.bytes = appendRow(b.bytes, a, b.names)
	b.places = append(b.places, place{stream: s, position: at, begin: begin, end: len(b.bytes),
		outcome: b.bytes[begin], class: byte(classOf(max(a.Status, 0)))})
}

// reset empties the buffer and keeps its room.
func (b *buffer) reset() { b.bytes, b.places = b.bytes[:0], b.places[:0] }

// sortPlaces brings the rows of each stream together, the newest first.
func sortPlaces(all []place) {
	slices.SortFunc(all, func(x, y place) int {
		return cmp.Or(cmp.Compare(x.queue, y.queue), cmp.Compare(x.kind, y.kind),
			cmp.Compare(y.ms, x.ms), cmp.Compare(y.number, x.number))
	})
}

// nextChunk splits the rows of the next chunk off sorted ones.
func nextChunk(all []place) (rows, rest []place) {
	n, size := 0, 0
	for n < len(all) && n < chunkRows && size < chunkRaw && all[n].stream == all[0].stream && all[0].ms-all[n].ms <= chunkSpan {
		size += all[n].end - all[n].begin
		n++
	}
	return all[:n], all[n:]
}

// copyOf copies the rows of some streams.
func (b *buffer) copyOf(wants func(stream) bool) *buffer {
	own := &buffer{}
	for _, p := range b.places {
		if wants(p.stream) {
			row := b.bytes[p.begin:p.end]
			p.begin, p.end = len(own.bytes), len(own.bytes)+len(row)
			own.bytes = append(own.bytes, row...)
			own.places = append(own.places, p)
		}
	}
	return own
}

// split makes of a copy its streams' rows.
func (b *buffer) split() (all []*openRows) {
	sortPlaces(b.places)
	for left := b.places; len(left) > 0; {
		n := 1
		for n < len(left) && left[n].stream == left[0].stream {
			n++
		}
		r, err := newRows(left[0].position, appendRows(nil, b, left[:n]))
		if err != nil {
			panic("journal: rows of the buffer: " + err.Error())
		}
		all = append(all, &openRows{r, left[0].queue})
		left = left[n:]
	}
	return all
}

// forget takes a queue's rows out of the buffer. Their bytes stay until it is reset.
func (b *buffer) forget(queue uint32) {
	b.places = slices.DeleteFunc(b.places, func(p place) bool { return p.queue == queue })
}
