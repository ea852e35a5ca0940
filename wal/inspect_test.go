package wal

import (
	"encoding/binary"
	"slices"
	"testing"
)

// place is one delivery: a record on its way to a queue.
type place struct {
	queue uint32
	seq   uint64
}

// stored is one record as it lies on disk.
type stored struct {
	seq   uint64
	order uint64
	body  string
	notes map[uint32]string // by receiver
}

// copied is a delivery's own copy, parked, held or dead.
type copied struct {
	due      int64  // of a parked one
	order    uint64 // in the key of a held one, in the value of the others
	attempts int
	body     string
	note     string
}

// inspection is what a log folder holds, read without the code that recovers from it.
type inspection struct {
	head    uint64
	records map[uint64]stored // from start to head
	parked  map[place]copied
	held    map[place]copied
	dead    map[place]copied
	state   map[string]string
	gone    map[uint32]int64 // by queue: to be handed out again, and trimmed meanwhile
}

// inspect reads a log that was just opened, and checks that the records have no gap.
func inspect(t testing.TB, l *Log, queues []uint32) inspection {
	t.Helper()
	in := inspection{records: map[uint64]stored{}, parked: map[place]copied{}, held: map[place]copied{},
		dead: map[place]copied{}, state: map[string]string{}, gone: map[uint32]int64{}, head: l.Head()}
	in.readBlocks(t, l, queues)
	spaces := map[byte]map[place]copied{spaceParked: in.parked, spaceOrder: in.held, spaceDead: in.dead}
	err := l.store.scan([]byte{0}, []byte{0xff}, func(key, value []byte) (bool, error) {
		copies := spaces[key[0]]
		if copies == nil {
			return true, nil
		}
		at := place{binary.BigEndian.Uint32(key[1:]), lastNumber(key)}
		if _, twice := copies[at]; twice {
			t.Errorf("delivery %v is there twice", at)
		}
		var e Entry
		if _, err := parseCopy(at.seq, value, &e); err != nil {
			return false, err
		}
		c := copied{order: e.Order, attempts: e.Attempts, body: string(e.Body), note: string(e.Note)}
		switch key[0] {
		case spaceParked:
			c.due = parkedDue(key)
		case spaceOrder:
			c.order = orderOf(key)
		}
		copies[at] = c
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Scan(nil, nil, func(key, value []byte) bool {
		in.state[string(key)] = string(value)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func (in *inspection) readBlocks(t testing.TB, l *Log, queues []uint32) {
	t.Helper()
	next := max(l.start.Load(), 1)
	err := l.store.scan([]byte{spaceBlock}, []byte{spaceBlock + 1}, func(key, value []byte) (bool, error) {
		b := &block{first: lastNumber(key)}
		if err := l.coder.parseBlock(value, b); err != nil {
			return false, err
		}
		if b.first != next {
			t.Errorf("block %d follows number %d: there is a gap", b.first, next-1)
		}
		for seq := b.first; seq <= b.last(); seq++ {
			in.records[seq] = parseStored(t, seq, b.raw[b.begin(seq):b.ends[seq-b.first]], queues)
		}
		next = b.last() + 1
		var e indexEntry
		found, err := l.store.view(appendSeqKey(nil, spaceIndex, b.first), func(value []byte) error {
			return parseIndex(appendSeqKey(nil, spaceIndex, b.first), slices.Clone(value), &e)
		})
		if err != nil || !found || e.last() != b.last() || e.time != b.time {
			t.Errorf("index of block %d: found %v, %+v, error %v; the block is of %d records at %d", b.first, found, e, err, len(b.ends), b.time)
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if next != in.head+1 {
		t.Errorf("blocks end at %d, head is %d", next-1, in.head)
	}
}

func parseStored(t testing.TB, seq uint64, raw []byte, queues []uint32) stored {
	t.Helper()
	s := stored{seq: seq, notes: map[uint32]string{}}
	for _, q := range queues {
		r, err := parseRecord(raw, q)
		if err != nil {
			t.Fatalf("record %d: %v", seq, err)
		}
		s.body, s.order = string(r.body), r.order
		if r.named {
			s.notes[q] = string(r.note)
		}
	}
	return s
}

// standing is where a queue that is not open yet finds a delivery.
type standing uint8

const (
	ended    standing = iota // nowhere: it has ended, or a limit took it
	unread                   // the log, at or behind the queue's position
	flying                   // the log, to be handed out again
	parked                   // a parked copy
	held                     // a copy held behind another of its order key
	deadness                 // a dead letter
)

func (s standing) String() string {
	return [...]string{"ended", "unread", "flying", "parked", "held", "dead"}[s]
}

// standings says where each delivery is found, and checks that it is found in one place only.
func (in *inspection) standings(t testing.TB, l *Log) map[place]standing {
	t.Helper()
	found := map[place]standing{}
	note := func(at place, s standing) {
		if before, twice := found[at]; twice {
			t.Errorf("delivery %v is both %v and %v", at, before, s)
		}
		found[at] = s
	}
	for at := range in.parked {
		note(at, parked)
	}
	for at := range in.held {
		note(at, held)
	}
	for at := range in.dead {
		note(at, deadness)
	}
	for _, q := range l.allQueues() {
		for _, f := range q.flight {
			if _, there := in.records[f.seq]; there {
				note(place{q.id, f.seq}, flying)
			} else {
				in.gone[q.id]++
			}
		}
		backlog := int64(0)
		for seq, r := range in.records {
			if _, named := r.notes[q.id]; named && q.mark.next != 0 && seq >= max(q.read.seq, q.mark.next) {
				note(place{q.id, seq}, unread)
				backlog++
			}
		}
		if q.mark.backlog != backlog && q.mark.next != 0 {
			t.Errorf("queue %d says that %d records wait, and %d do: %+v, read %d", q.id, q.mark.backlog, backlog, q.mark.last, q.read.seq)
		}
	}
	return found
}
