package wal

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// model is what the log should hold: every record that was appended, and for each of its receivers where the delivery
// stands. It is told of every step after the fact, and checks what the log answers. Steps are numbered, so that after a
// crash it knows what had reached the disk.
type model struct {
	t       testing.TB
	modes   map[uint32]bool // ordered, by queue
	step    int             // of the program
	synced  int             // last step whose writes had all reached the disk, and those of all steps before
	head    uint64
	start   uint64 // largest cut of a trim
	records map[uint64]*record
	state   map[string]string
	places  map[place]*delivery
	saved   map[uint32][]int // steps that saved a queue's cursor, ascending
	dropped map[uint32]bool
	marks   map[uint64]int // identities known without a record, and since which step

	lost      int64 // undelivered, trimmed in this life of the log
	lostLater map[uint32]int64

	trail []string // what was done, for the reader of a failure

	// pending are the batches that may not be on disk yet, before what state was without them.
	pending []*batchModel
	before  map[string]string
}

// batchModel is one batch that was appended.
type batchModel struct {
	records []*record
	puts    map[string]string // "" removes
}

type record struct {
	seq      uint64
	body     string
	order    uint64
	identity uint64
	notes    map[uint32]string
	step     int
}

// delivery is one record's way to one queue.
type delivery struct {
	place
	order    uint64
	stand    standing
	inHand   bool
	given    bool // back, unattempted: handed out next
	due      int64
	attempts int
	tries    int // the most attempts it ever had
	revived  bool
	step     int // that changed it last
	handed   bool
	copied   int  // step that made a copy of it, 0: its only copy is in the log
	firm     bool // that copy was there after the last crash
}

func newModel(t testing.TB, modes map[uint32]bool) *model {
	return &model{t: t, modes: modes, records: map[uint64]*record{}, state: map[string]string{},
		places: map[place]*delivery{}, saved: map[uint32][]int{}, lostLater: map[uint32]int64{}, dropped: map[uint32]bool{}, marks: map[uint64]int{}, before: map[string]string{}}
}

// note adds to the trail.
func (m *model) note(format string, args ...any) {
	m.trail = append(m.trail, fmt.Sprintf("%d: %s", m.step, fmt.Sprintf(format, args...)))
}

func (m *model) fault(format string, args ...any) {
	m.t.Helper()
	m.t.Errorf("step %d: %s", m.step, fmt.Sprintf(format, args...))
}

// appended tells of a batch that was answered, or is on its way.
func (m *model) appended(b *batchModel) {
	for _, r := range b.records {
		m.head++
		r.seq, r.step = m.head, m.step
		m.records[r.seq] = r
		for q := range r.notes {
			if m.dropped[q] {
				continue // the record is nobody's
			}
			d := &delivery{place: place{q, r.seq}, stand: unread, step: m.step}
			if m.modes[q] {
				d.order = r.order
			}
			m.places[d.place] = d
		}
	}
	m.note("%d records up to %d, state %v", len(b.records), m.head, b.puts)
	b.applyTo(m.state)
	m.pending = append(m.pending, b)
}

func (b *batchModel) applyTo(state map[string]string) {
	for k, v := range b.puts {
		if v == "" {
			delete(state, k)
		} else {
			state[k] = v
		}
	}
}

// allSynced tells that everything up to now is on disk.
func (m *model) allSynced() {
	m.note("synced")
	m.synced, m.pending, m.before = m.step, nil, maps.Clone(m.state)
}

// known says whether a record of an identity was stored, or it was remembered without one.
func (m *model) known(identity uint64) bool {
	if m.marks[identity] != 0 {
		return true
	}
	for _, r := range m.records {
		if r.identity == identity {
			return true
		}
	}
	return false
}

// saves tells that a step wrote a queue's cursor.
func (m *model) saves(queue uint32) {
	m.note("cursor of %d saved", queue)
	m.saved[queue] = append(m.saved[queue], m.step)
}

func (m *model) savesAll() {
	for q := range m.modes {
		m.saves(q)
	}
}

// took checks an entry that was handed out.
func (m *model) took(queue uint32, e *Entry, now int64) {
	m.t.Helper()
	d, r := m.places[place{queue, e.Seq}], m.records[e.Seq]
	switch {
	case d == nil:
		m.fault("queue %d hands out %d %.20q, which was never for it", queue, e.Seq, e.Body)
		return
	case d.inHand:
		m.fault("queue %d hands %d out twice", queue, e.Seq)
	case d.stand == ended || d.stand == deadness:
		m.fault("queue %d hands %d out, which is %v", queue, e.Seq, d.stand)
	case d.stand == parked && !d.given && d.due > now:
		m.fault("queue %d hands %d out %d ms before it is due", queue, e.Seq, d.due-now)
	}
	if string(e.Body) != r.body || string(e.Note) != r.notes[queue] || e.Attempts != d.attempts {
		m.fault("queue %d hands out %d as %.20q, %q, attempts %d; want %.20q, %q, %d",
			queue, e.Seq, e.Body, e.Note, e.Attempts, r.body, r.notes[queue], d.attempts)
	}
	m.checkOrder(d)
	m.note("queue %d hands out %d", queue, e.Seq)
	d.inHand, d.given, d.handed, d.step = true, false, true, m.step
}

// checkOrder checks that a delivery overtakes none of its order key.
func (m *model) checkOrder(d *delivery) {
	m.t.Helper()
	if d.order == 0 || d.revived {
		return
	}
	for _, other := range m.places {
		if other.queue != d.queue || other.order != d.order || other == d || other.revived {
			continue
		}
		switch open := other.stand != ended && other.stand != deadness; {
		case open && other.inHand:
			m.fault("queue %d hands out %d while %d of the same order key is in hand", d.queue, d.seq, other.seq)
		case open && other.seq < d.seq:
			m.fault("queue %d hands out %d before %d of the same order key has ended (%v)", d.queue, d.seq, other.seq, other.stand)
		}
	}
}

// gotNothing checks that a queue had nothing to hand out.
func (m *model) gotNothing(queue uint32, now int64) {
	m.t.Helper()
	for _, d := range m.places {
		if d.queue != queue || d.inHand || d.stand == ended || d.stand == deadness {
			continue
		}
		if d.stand == parked && !d.given && d.due > now || m.blocked(d) {
			continue
		}
		m.fault("queue %d hands nothing out, but %d is %v (due %d, now %d)", queue, d.seq, d.stand, d.due, now)
	}
}

// blocked says that an earlier delivery of the same order key has not ended.
func (m *model) blocked(d *delivery) bool {
	if d.order == 0 || d.revived {
		return false
	}
	for _, other := range m.places {
		if other.queue == d.queue && other.order == d.order && other.seq < d.seq && !other.revived &&
			other.stand != ended && other.stand != deadness {
			return true
		}
	}
	return false
}

// move tells that an entry in hand has gone somewhere.
func (m *model) move(queue uint32, e *Entry, to standing, due int64) {
	m.step++ // one cursor may be saved between two ends
	d := m.places[place{queue, e.Seq}]
	m.note("queue %d: %d is now %v, due %d", queue, e.Seq, to, due)
	if to != ended || d.stand == parked || d.stand == held {
		m.saves(queue) // only the end of what came from the log costs no write
	}
	d.inHand, d.stand, d.due, d.attempts, d.step = false, to, due, e.Attempts, m.step
	d.tries = max(d.tries, e.Attempts)
	if to != ended && d.copied == 0 {
		d.copied = m.step
	}
}

// trimmed tells of a trim: what was not read is lost. Deliveries that an open queue has read are not.
func (m *model) trimmed(cut uint64, reached func(queue uint32) (read uint64, open bool)) {
	m.note("trimmed up to %d", cut)
	m.start = max(m.start, cut)
	m.savesAll()
	for at, d := range m.places {
		if at.seq >= cut {
			continue
		}
		read, open := reached(at.queue)
		switch {
		case d.stand == unread && !d.handed && at.seq >= read:
			m.lost++
		case d.stand == flying && !open:
			m.lostLater[at.queue]++
		default:
			continue
		}
		d.stand, d.step = ended, m.step
	}
}

// drop tells that a queue was forgotten, whose trimmed records were counted.
func (m *model) drop(queue uint32, trimmed int64) {
	m.note("queue %d is dropped", queue)
	m.saves(queue)
	m.dropped[queue] = true
	m.lost -= trimmed
	delete(m.lostLater, queue)
	for at, d := range m.places {
		if at.queue == queue && d.stand != ended {
			// Until that is durable a crash may bring back whatever it was, a dead letter too.
			d.stand, d.step, d.inHand, d.given, d.revived = ended, m.step, false, false, true
		}
	}
}

// opened tells that a queue was opened: what was to fly again and was trimmed meanwhile is lost.
func (m *model) opened(queue uint32) {
	m.lost += m.lostLater[queue]
	delete(m.lostLater, queue)
	if m.dropped[queue] {
		m.saves(queue)
		m.dropped[queue] = false
	}
}

// durable says that what a step did to a queue had reached the disk: a cursor was saved at or after it, and synced.
func (m *model) durable(queue uint32, step int) bool {
	i, _ := slices.BinarySearch(m.saved[queue], step)
	return i < len(m.saved[queue]) && m.saved[queue][i] <= m.synced
}
