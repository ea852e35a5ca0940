package wal

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// program is one random user of the log.
type program struct {
	t      testing.TB
	rng    *rand.Rand
	clock  *clock
	disk   *crasher
	opt    Options
	log    *Log
	model  *model
	queues map[uint32]*Queue // open ones
	hands  map[uint32][]Entry
	serial int
	sizes  int // of bodies, at most
}

// crashModes are the queues, and which of them are ordered.
var crashModes = map[uint32]bool{1: false, 2: true, 3: false, 900: true}

var crashQueues = []uint32{1, 2, 3, 900}

// step does one random thing and tells the model.
func (p *program) step() {
	p.t.Helper()
	p.model.step++
	switch n := p.rng.IntN(100); {
	case n < 30:
		p.append()
	case n < 55:
		p.take()
	case n < 70:
		p.end(func(q *Queue, e *Entry) (standing, int64, error) {
			if p.rng.IntN(2) == 0 {
				return ended, 0, q.End([]Ending{{Entry: e}})
			}
			return ended, 0, q.Settle(e)
		})
	case n < 78:
		p.end(func(q *Queue, e *Entry) (standing, int64, error) {
			due := p.clock.ms() + int64(p.rng.IntN(5000))
			e.Attempts++
			if p.rng.IntN(2) == 0 {
				return parked, due, q.End([]Ending{{Entry: e, Due: due}})
			}
			return parked, due, q.Park(e, due)
		})
	case n < 82:
		p.end(func(q *Queue, e *Entry) (standing, int64, error) {
			d := Death{Time: p.clock.ms(), Status: 500, Reason: "no"}
			if p.rng.IntN(2) == 0 {
				return deadness, 0, q.End([]Ending{{Entry: e, Death: &d}})
			}
			return deadness, 0, q.Bury(e, d)
		})
	case n < 84:
		p.giveBack()
	case n < 87:
		p.revive()
	case n < 91:
		p.must(p.log.saveCursors(pebble.NoSync))
		p.model.savesAll()
	case n < 93:
		p.trim()
	case n < 94:
		p.must(p.log.store.flush())
	case n < 96:
		p.clock.forward(time.Duration(p.rng.IntN(4000)) * time.Millisecond)
	case n < 97:
		p.restart()
	case n < 98:
		p.sync()
	case n < 99:
		p.remember()
	case p.rng.IntN(4) == 0:
		p.drop()
	default:
		if id := crashQueues[p.rng.IntN(len(crashQueues))]; p.queues[id] == nil {
			p.openQueue(id)
		}
	}
	if !p.t.Failed() {
		p.checkStats()
	}
}

func (p *program) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// pick is a random open queue, nil when there is none.
func (p *program) pick() *Queue {
	if len(p.queues) == 0 {
		return nil
	}
	ids := make([]uint32, 0, len(p.queues))
	for id := range p.queues {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return p.queues[ids[p.rng.IntN(len(ids))]]
}

func (p *program) take() {
	p.t.Helper()
	q := p.pick()
	if q == nil {
		return
	}
	for range 1 + p.rng.IntN(6) {
		e, ok, err := q.Take(p.clock.ms())
		p.must(err)
		if !ok {
			p.model.gotNothing(q.id, p.clock.ms())
			return
		}
		p.model.took(q.id, &e, p.clock.ms())
		p.hands[q.id] = append(p.hands[q.id], e)
	}
}

// end ends some of what is in hand; f says how, and where the model then finds it.
func (p *program) end(f func(q *Queue, e *Entry) (standing, int64, error)) {
	p.t.Helper()
	q := p.pick()
	if q == nil {
		return
	}
	for range 1 + p.rng.IntN(6) {
		e, ok := p.fromHand(q)
		if !ok {
			return
		}
		to, due, err := f(q, &e)
		p.must(err)
		p.model.move(q.id, &e, to, due)
	}
}

func (p *program) fromHand(q *Queue) (Entry, bool) {
	all := p.hands[q.id]
	if len(all) == 0 {
		return Entry{}, false
	}
	i := p.rng.IntN(len(all))
	e := all[i]
	p.hands[q.id] = slices.Delete(all, i, i+1)
	return e, true
}

func (p *program) giveBack() {
	if q := p.pick(); q != nil {
		if e, ok := p.fromHand(q); ok {
			q.Return(&e)
			d := p.model.places[place{q.id, e.Seq}]
			d.inHand, d.given = false, true
		}
	}
}

func (p *program) revive() {
	p.t.Helper()
	q := p.pick()
	if q == nil {
		return
	}
	letters, err := q.Dead(0, 10)
	p.must(err)
	if len(letters) == 0 {
		return
	}
	seq, due := letters[p.rng.IntN(len(letters))].Seq, p.clock.ms()+int64(p.rng.IntN(3000))
	found, err := q.Revive(seq, due)
	p.must(err)
	d := p.model.places[place{q.id, seq}]
	if !found || d == nil || d.stand != deadness {
		p.model.fault("queue %d revives %d: found %v, model %+v", q.id, seq, found, d)
		return
	}
	p.model.saves(q.id)
	d.stand, d.due, d.attempts, d.revived, d.step = parked, due, 0, true, p.model.step
}

// trim cuts the log at a random block.
func (p *program) trim() {
	p.t.Helper()
	var cuts []startMark
	var e indexEntry
	err := p.log.store.scan(appendSeqKey(nil, spaceIndex, p.log.start.Load()), []byte{spaceIndex + 1}, func(key, value []byte) (bool, error) {
		err := parseIndex(key, value, &e)
		cuts = append(cuts, startMark{e.last() + 1, e.begin + uint64(e.bytes)})
		return err == nil, err
	})
	p.must(err)
	if len(cuts) == 0 {
		return
	}
	cut := cuts[min(p.rng.IntN(len(cuts)), p.rng.IntN(len(cuts)))]
	p.model.trimmed(cut.seq, func(queue uint32) (uint64, bool) {
		q := p.log.queues.byID[queue]
		if q == nil {
			return 0, false // nothing ever named it
		}
		return max(q.read.seq, q.mark.next), p.queues[queue] != nil
	})
	p.must(p.log.cutAt(cut))
}

// restart ends the process as it should and starts it again, on a disk that works.
func (p *program) restart() {
	p.t.Helper()
	p.must(p.log.Close())
	if p.disk.crashed() {
		return // the log is closed: the power failed meanwhile
	}
	p.model.savesAll()
	p.model.allSynced()
	p.open()
}

func (p *program) sync() {
	p.log.unsynced.Store(true)
	p.log.syncNow()
	if !p.disk.crashed() {
		p.model.allSynced()
	}
}

// remember makes an identity known without a record.
func (p *program) remember() {
	id := uint64(1 + p.rng.IntN(p.serial+5))
	p.log.Remember(id)
	if !p.model.known(id) {
		p.model.marks[id] = p.model.step
	}
}

// drop forgets a queue, with what is in hand.
func (p *program) drop() {
	p.t.Helper()
	q := p.pick()
	if q == nil {
		return
	}
	trimmed := q.Stats().Trimmed
	p.must(p.log.Drop(q))
	p.model.drop(q.id, trimmed)
	delete(p.queues, q.id)
	delete(p.hands, q.id)
}

// checkStats compares what the queues say of themselves with the model.
func (p *program) checkStats() {
	p.t.Helper()
	trimmed := int64(0)
	for id, q := range p.queues {
		var open, dead int64
		for at, d := range p.model.places {
			if at.queue == id && d.stand == deadness {
				dead++
			} else if at.queue == id && d.stand != ended {
				open++
			}
		}
		s := q.Stats()
		if got := s.Backlog + int64(s.Flight) + s.Parked; got != open || s.Dead != dead {
			p.model.fault("queue %d says %+v, together %d; want %d open, %d dead", id, s, got, open, dead)
		}
	}
	for _, q := range p.log.allQueues() {
		trimmed += q.Stats().Trimmed
	}
	if trimmed != p.model.lost {
		p.model.fault("%d records are counted as trimmed, want %d", trimmed, p.model.lost)
	}
}

// finish opens all queues and delivers everything.
func (p *program) finish() {
	p.t.Helper()
	p.model.step++
	p.clock.forward(time.Hour)
	for _, id := range crashQueues {
		if p.queues[id] == nil {
			p.openQueue(id)
		}
		q := p.queues[id]
		for {
			e, ok, err := q.Take(p.clock.ms())
			p.must(err)
			if !ok {
				p.model.gotNothing(id, p.clock.ms())
				break
			}
			p.model.took(id, &e, p.clock.ms())
			p.must(q.Settle(&e))
			p.model.move(id, &e, ended, 0)
		}
		if s := q.Stats(); s.Backlog != 0 || s.Flight != 0 || s.Parked != 0 {
			p.model.fault("queue %d has delivered everything and says %+v", id, s)
		}
	}
	p.checkStats()
	for at, d := range p.model.places {
		if d.stand != ended && d.stand != deadness {
			p.model.fault("delivery %v is still %v", at, d.stand)
		}
	}
}
