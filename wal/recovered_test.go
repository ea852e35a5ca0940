package wal

import "maps"

// recovered checks a log that was opened again against what it may have lost, and takes over where things stand.
func (m *model) recovered(in *inspection, found map[place]standing, seen func(identity uint64) bool) {
	m.t.Helper()
	m.note("opened at head %d, start %d", in.head, m.start)
	m.checkRecords(in)
	m.checkIdentities(seen)
	for at, d := range m.places {
		m.checkRecovered(d, found[at], in)
		m.settleDown(d, found[at], in)
	}
	for at, s := range found {
		if m.places[at] == nil {
			m.fault("delivery %v is %v and was never appended", at, s)
		}
	}
	m.lost = 0
	m.lostLater = in.gone
	m.allSynced()
}

// checkRecords finds out how many of the pending batches had reached the disk, each of them wholly, and forgets the
// others.
func (m *model) checkRecords(in *inspection) {
	m.t.Helper()
	head := m.head
	for _, b := range m.pending {
		head -= uint64(len(b.records))
	}
	m.state = m.before
	kept, matches := 0, false
	for n := 0; ; n++ {
		if head == in.head && maps.Equal(in.state, m.state) {
			kept, matches = n, true
		}
		if n == len(m.pending) {
			break
		}
		head += uint64(len(m.pending[n].records))
		m.pending[n].applyTo(m.state)
	}
	if !matches {
		m.fault("no number of the %d pending batches leads to head %d (it was %d) and state %v", len(m.pending), in.head, m.head, in.state)
	}
	m.state = maps.Clone(in.state)
	for _, b := range m.pending[kept:] {
		for _, r := range b.records {
			for q := range r.notes {
				delete(m.places, place{q, r.seq})
			}
			delete(m.records, r.seq)
		}
	}
	m.head = in.head
	for seq, s := range in.records {
		r := m.records[seq]
		if r == nil || r.body != s.body || r.order != s.order || !maps.Equal(r.notes, s.notes) {
			m.fault("record %d on disk is %.20q, %d, %v; want %+v", seq, s.body, s.order, s.notes, r)
		}
	}
	for seq := range m.records {
		if _, there := in.records[seq]; !there && seq >= m.start {
			m.fault("record %d was answered and is not on disk", seq)
		}
	}
}

// checkIdentities checks that what was stored is recognised, and so is what was remembered before a block that is on
// disk; the rest of what was remembered may be forgotten.
func (m *model) checkIdentities(seen func(identity uint64) bool) {
	m.t.Helper()
	last := 0 // step of the newest record
	for _, r := range m.records {
		last = max(last, r.step)
		if r.identity != 0 && !seen(r.identity) {
			m.fault("identity %d of record %d is forgotten", r.identity, r.seq)
		}
	}
	for id, step := range m.marks {
		if !seen(id) {
			if step < last {
				m.fault("identity %d, remembered before the last record, is forgotten", id)
			}
			delete(m.marks, id)
		}
	}
}

func (m *model) checkRecovered(d *delivery, now standing, in *inspection) {
	m.t.Helper()
	_, onDisk := in.records[d.seq]
	durable := m.durable(d.queue, d.step)
	was := d.stand
	switch {
	case was == deadness && durable, was == parked && durable && !d.inHand && !d.given:
		if now != was || now == parked && in.parked[d.place].due != d.due {
			m.fault("queue %d: %d was %v, due %d, on disk; it is %v, due %d", d.queue, d.seq, was, d.due, now, in.parked[d.place].due)
		}
	case was == ended && durable:
		if now != ended {
			m.fault("queue %d: %d had ended in step %d, before the last saved cursor, and is %v", d.queue, d.seq, d.step, now)
		}
	case now == ended && was != ended:
		if onDisk || d.seq >= m.start || d.firm || d.copied != 0 && m.durable(d.queue, d.copied) {
			m.fault("queue %d: %d was %v since step %d and is lost", d.queue, d.seq, was, d.step)
		}
	case now == deadness && was != deadness && !d.revived:
		m.fault("queue %d: %d is a dead letter, and was %v", d.queue, d.seq, was)
	}
	if now == held && in.held[d.place].order != d.order {
		m.fault("queue %d: %d is held under order key %d, want %d", d.queue, d.seq, in.held[d.place].order, d.order)
	}
	for _, copies := range [...]map[place]copied{in.parked, in.held, in.dead} {
		r, c := m.records[d.seq], copies[d.place]
		if c.body != "" && (c.body != r.body || c.note != r.notes[d.queue]) {
			m.fault("queue %d: the copy of %d is %.20q, %q; want %.20q, %q", d.queue, d.seq, c.body, c.note, r.body, r.notes[d.queue])
		}
	}
}

// settleDown makes what was found after a crash the truth.
func (m *model) settleDown(d *delivery, now standing, in *inspection) {
	c := copied{order: d.order}
	switch now {
	case parked:
		c = in.parked[d.place]
	case held:
		c = in.held[d.place]
	}
	if c.attempts > d.tries {
		m.fault("queue %d: %d has %d attempts on disk and had %d", d.queue, d.seq, c.attempts, d.tries)
	}
	*d = delivery{place: d.place, order: d.order, stand: now, due: c.due, attempts: c.attempts, tries: d.tries,
		revived: now == parked && c.order == 0 && d.order != 0, step: m.step, firm: now == parked || now == held}
}
