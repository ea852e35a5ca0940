package journal

import (
	"fmt"
	"slices"
	"time"
)

// List is a queue's entries that a query wants, the newest first. With next as its Cursor the same query goes on where
// this one ended; "" says that there is nothing more. A query that finds little ends after some 30 ms with what it has,
// which may be nothing, and a cursor.
//
// The error is a *QueryError when the query is at fault, else the state's.
func (j *Journal) List(queue uint32, q Query) (list []Attempt, next string, err error) {
	f, err := q.compile(j.oldest())
	if err != nil {
		return nil, "", err
	}
	kinds := f.kinds()
	return j.read(f, func(s stream) bool { return s.queue == queue && slices.Contains(kinds, s.kind) })
}

// Errors is the failed attempts and the notes of all queues that a query wants, in the way of List.
func (j *Journal) Errors(q Query) (list []Attempt, next string, err error) {
	f, err := q.compile(j.oldest())
	if err != nil {
		return nil, "", err
	}
	f.outcomes &^= outcomeBit(Delivered)
	return j.read(f, func(s stream) bool { return s.kind == failures })
}

// read runs a query over some of the streams, as they are at one moment: what is in the buffers then is copied, and what
// is on disk is looked at up to where the buffers begin, though it goes on growing.
func (j *Journal) read(f *filter, wants func(stream) bool) (list []Attempt, next string, err error) {
	r := &reader{journal: j, filter: f, work: workMax}
	j.mu.Lock()
	open, flying := j.open.copyOf(wants), j.flying.copyOf(wants)
	r.below = j.number
	for _, b := range []*buffer{j.open, j.flying} {
		if len(b.places) > 0 {
			r.below = min(r.below, b.places[0].number)
		}
	}
	for s, a := range j.ledger.accounts {
		if wants(s) {
			r.sources = append(r.sources, newDiskStream(s, a.newest(), f))
		}
	}
	j.mu.Unlock()
	for _, b := range []*buffer{open, flying} {
		for _, o := range b.split() {
			o, err := o.since(f.upper)
			if err != nil {
				return nil, "", fmt.Errorf("read the buffer of the attempt log: %w", err)
			}
			if o != nil {
				r.sources = append(r.sources, o)
			}
		}
	}
	if next, err = r.run(); err != nil {
		return nil, "", fmt.Errorf("read attempt log: %w", err)
	}
	return r.found, next, nil
}

// HasErrors says whether an attempt of a queue has failed since a time, as far back as entries are kept.
func (j *Journal) HasErrors(queue uint32, since time.Time) bool {
	from := max(since.Add(time.Millisecond-1).UnixMilli(), j.oldest())
	j.mu.Lock()
	defer j.mu.Unlock()
	if a := j.ledger.accounts[stream{queue, failures}]; a.failed() >= from {
		return true
	}
	return j.buffered(func(p *place) bool { return p.queue == queue && outcomes[p.outcome].Failed() && p.ms >= from })
}

// Any says whether there is any entry of a queue.
func (j *Journal) Any(queue uint32) bool {
	from := j.oldest()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, kind := range []byte{failures, successes} {
		if j.ledger.accounts[stream{queue, kind}].newest() >= from {
			return true
		}
	}
	return j.buffered(func(p *place) bool { return p.queue == queue && p.ms >= from })
}

// buffered says whether an entry of a kind is in the buffers.
func (j *Journal) buffered(is func(p *place) bool) bool {
	for _, b := range []*buffer{j.open, j.flying} {
		for i := range b.places {
			if is(&b.places[i]) {
				return true
			}
		}
	}
	return false
}

func (j *Journal) damaged(key []byte, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.damagedLocked(key, err)
}
