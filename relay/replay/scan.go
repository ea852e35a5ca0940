package replay

import (
	"fmt"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// pick is an event that is to be sent again. Its slices are valid until the function that it is given to returns.
type pick struct {
	seq   uint64 // of the record, or the dead letter
	time  int64  // when the relay took it, Unix milliseconds
	order uint64
	body  []byte
	note  []byte
}

// scan goes over what a task covers, one stretch at a time. It is not safe for concurrent use.
type scan struct {
	log   *wal.Log
	task  *task
	sieve *sieve
	pick  pick

	time int64 // of the record that was looked at last, Unix milliseconds
	lost int64 // records that limits had taken before they were looked at
}

const (
	// seqsAtOnce bounds the named records that one look reads: each costs a block.
	seqsAtOnce = 16
	// lettersAtOnce bounds the dead letters that are in memory at once.
	lettersAtOnce = 64
)

// look goes over one stretch from a number on, which takes some milliseconds, and calls f for the events that are taken,
// until f answers false. It returns the number to go on from, and whether that is the end.
func (s *scan) look(next uint64, f func(p *pick) bool) (after uint64, end bool, err error) {
	for range seqsAtOnce {
		from, to, ok := s.task.section(next)
		if !ok {
			return next, true, nil
		}
		more := true
		f := func(p *pick) bool {
			more = f(p) && !s.task.one
			return more
		}
		if s.task.Request.Dead {
			next, err = s.lookDead(from, to, f)
		} else {
			next, err = s.lookLog(from, to, f)
		}
		if err != nil {
			return next, false, err
		}
		if !more && s.task.one {
			return next, true, nil
		}
		if !more || len(s.task.Request.Seqs) == 0 {
			break
		}
	}
	_, _, left := s.task.section(next)
	return next, !left, nil
}

func (s *scan) lookLog(from, to uint64, f func(p *pick) bool) (next uint64, err error) {
	section := wal.Section{From: from, To: to, Queue: s.task.Of}
	if s.task.one {
		section.Identity = event.Identity(s.task.id)
	}
	began, next, err := s.log.Read(section, func(p *wal.Past) bool {
		s.time = p.Time
		note, ok := s.sieve.record(p)
		s.pick = pick{seq: p.Seq, order: p.Order, time: p.Time, body: p.Body, note: note}
		return !ok || f(&s.pick)
	})
	s.lost += int64(min(began, to+1) - from)
	return min(next, to+1), err
}

func (s *scan) lookDead(from, to uint64, f func(p *pick) bool) (next uint64, err error) {
	queue := s.log.Find(s.task.Of)
	if queue == nil {
		return to + 1, nil // it was dropped with everything it held
	}
	letters, err := queue.Dead(from, int(min(lettersAtOnce, to-from+1)))
	if err != nil {
		return from, fmt.Errorf("read dead letters: %w", err)
	}
	for i := range letters {
		d := &letters[i]
		if d.Seq > to {
			return to + 1, nil
		}
		s.time = d.Entry.Time
		note, ok := s.sieve.letter(d)
		s.pick = pick{seq: d.Seq, order: d.Order, time: d.Entry.Time, body: d.Body, note: note}
		if ok && !f(&s.pick) {
			return d.Seq + 1, nil
		}
	}
	if len(letters) < lettersAtOnce {
		return to + 1, nil
	}
	return letters[len(letters)-1].Seq + 1, nil
}
