package journal

import (
	"container/heap"
	"time"
)

// reader walks over the entries of several streams, the newest first. It holds sources in a heap: streams on disk, of
// which the next chunk is not opened yet, and rows that are open. The source that may have the newest entry goes on by
// one step, so no more is read and opened than what is asked for. It belongs to one goroutine.
type reader struct {
	journal *Journal
	filter  *filter
	sources sources
	found   []Attempt
	last    position // of the entry that was met last; number 0: none was
	below   uint64   // entries on disk from this number on are not looked at: they are among the sources already, or too new
	work    int      // bytes that may still be looked at
}

// Work, in bytes, after which a query ends with a cursor whether or not it has found what it wants: some 30 ms.
const (
	workMax   = 16 << 20
	workFetch = 4 << 10 // of a look into the state
	workChunk = 256     // of a chunk that is passed over, beside its length
)

// source is something that entries come from.
type source interface {
	// bound is a position that no entry to come is newer than.
	bound() position
	// step goes on by one step, which may meet an entry or open another source. more is false when nothing is left.
	step(r *reader) (opened source, more bool, err error)
}

type sources []source

// Len implements heap.Interface, as do the others.
func (s sources) Len() int           { return len(s) }
func (s sources) Less(i, j int) bool { return s[i].bound().newerThan(s[j].bound()) }
func (s sources) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *sources) Push(x any)        { *s = append(*s, x.(source)) }
func (s *sources) Pop() any {
	last := len(*s) - 1
	x := (*s)[last]
	*s = (*s)[:last]
	return x
}

// run collects the entries that are wanted. next is "" when there are no more.
func (r *reader) run() (next string, err error) {
	heap.Init(&r.sources)
	for len(r.sources) > 0 {
		top := r.sources[0]
		at := top.bound()
		if at.ms < r.filter.from {
			return "", nil
		}
		if len(r.found) == r.filter.limit || r.work <= 0 && !at.newerThan(r.filter.upper) {
			return r.resume(at).cursor(), nil
		}
		opened, more, err := top.step(r)
		if err != nil {
			return "", err
		}
		if more {
			heap.Fix(&r.sources, 0)
		} else {
			heap.Pop(&r.sources)
		}
		if opened != nil {
			heap.Push(&r.sources, opened)
		}
	}
	return "", nil
}

// resume is where a next query goes on: with what comes behind the entry that was met last.
func (r *reader) resume(at position) position {
	if r.last.number > 0 && !r.last.newerThan(at) {
		return position{r.last.ms, r.last.number - 1}
	}
	return at
}

// meet takes an entry if it is wanted.
func (r *reader) meet(queue uint32, at position, row []byte) {
	r.last = at
	h, err := parseHead(row)
	if err == nil && !r.filter.takes(&h) {
		return
	}
	var a Attempt
	if err == nil {
		a, err = h.attempt()
	}
	if err != nil {
		r.journal.damaged(at.append(nil), err)
		return
	}
	a.ID, a.Queue, a.Time = at.cursor(), queue, time.UnixMilli(at.ms).UTC()
	r.found = append(r.found, a)
}

// openRows are the rows of a queue that are open.
type openRows struct {
	*rows
	queue uint32
}

func (o *openRows) bound() position { return o.at }

func (o *openRows) step(r *reader) (opened source, more bool, err error) {
	r.meet(o.queue, o.at, o.row)
	r.work -= len(o.row) / 4 // looking at it again costs less than opening it did
	if more, err = o.next(); err != nil {
		r.journal.damaged(o.at.append(nil), err)
	}
	return nil, more, nil
}

// since stands on the first row that is not newer than a position; nil when there is none.
func (o *openRows) since(upper position) (*openRows, error) {
	for o.at.newerThan(upper) {
		if more, err := o.next(); !more {
			return nil, err
		}
	}
	return o, nil
}

// diskStream is a stream in the state.
type diskStream struct {
	stream
	at      position
	from    []byte  // key to read on from; nil: there is nothing more
	fetched []chunk // read, not opened
	amount  int     // of chunks in the next fetch
}

// newDiskStream stands before the chunks that may hold what a filter wants. newest is the time of the stream's newest
// entry. A chunk that is newer than the filter's upper end may begin before it, but not by more than chunkSpan.
func newDiskStream(s stream, newestMs int64, f *filter) *diskStream {
	at := newest(f.upper.ms)
	if at.ms+chunkSpan > at.ms {
		at.ms += chunkSpan
	}
	from := s.chunkKey(nil, at)
	if newestMs < at.ms {
		at = newest(newestMs)
	}
	return &diskStream{stream: s, at: at, from: from, amount: 1}
}

func (d *diskStream) bound() position { return d.at }

func (d *diskStream) step(r *reader) (opened source, more bool, err error) {
	if len(d.fetched) == 0 {
		if err := d.fetch(r); err != nil {
			return nil, false, err
		}
		if len(d.fetched) > 0 {
			d.at = d.fetched[0].at
		}
		return nil, len(d.fetched) > 0 || d.from != nil, nil
	}
	k := d.fetched[0]
	if d.fetched = d.fetched[1:]; len(d.fetched) > 0 {
		d.at = d.fetched[0].at
	}
	more = len(d.fetched) > 0 || d.from != nil
	r.work -= k.raw
	rows, err := r.journal.coder.open(&k)
	if err != nil {
		r.journal.damaged(d.chunkKey(nil, k.at), err)
		return nil, more, nil
	}
	o, err := (&openRows{rows, d.queue}).since(r.filter.upper)
	if err != nil {
		r.journal.damaged(d.chunkKey(nil, k.at), err)
	}
	if o == nil {
		return nil, more, nil
	}
	return o, more, nil
}

// Limits of one fetch: twice as many chunks as in the one before, up to these.
const (
	fetchChunks = 64
	fetchBytes  = 1 << 20
)

// fetch reads chunks from the state, and passes over those that cannot hold what is wanted.
func (d *diskStream) fetch(r *reader) error {
	r.work -= workFetch
	from, size := d.from, 0
	d.from = nil
	d.fetched = d.fetched[:0]
	err := r.journal.state.Scan(d.prefix(nil, spaceChunk), from, func(key, value []byte) bool {
		if len(d.fetched) == d.amount || size > fetchBytes || r.work <= 0 && len(d.fetched) == 0 && !d.at.newerThan(r.filter.upper) {
			d.from = append([]byte(nil), key...)
			return false
		}
		_, rest, _ := parseKey(key, spaceChunk)
		at, ok := parsePosition(rest)
		if !ok {
			r.journal.damaged(key, errDamaged)
			return true
		}
		if at.number >= r.below { // then all of the chunk is: it was one buffer's
			return true
		}
		if d.at = at; at.ms < r.filter.from {
			return false
		}
		k, err := parseChunk(at, value)
		if err != nil {
			r.journal.damaged(key, err)
			return true
		}
		if !r.filter.mayTake(&k) {
			r.work -= workChunk + len(value)
			return true
		}
		k.packed = append([]byte(nil), k.packed...)
		d.fetched, size = append(d.fetched, k), size+len(k.packed)
		return true
	})
	d.amount = min(2*d.amount, fetchChunks)
	return err
}
