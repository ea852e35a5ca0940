package deliver

import (
	"time"

	"edgerelay/wal"
)

const (
	// batchLanes bounds the requests of a webhook at once whose requests hold many events each: each lane holds a whole batch.
	batchLanes = 4
	// batchKeep is the largest buffer, in bytes, that a lane of batches keeps for its next one.
	batchKeep = 4 << 20
)

// batches says that requests hold more than one event.
func (s *Sender) batches() bool {
	return s.hook.Plan != nil && (s.hook.Plan.Batch.Count > 1 || s.hook.Plan.Carrier)
}

// runBatches is run for batches: gather → encode → sign → attempt → end each. One lane at a time gathers, so that batches
// are as large as can be; it passes that on before it makes its attempt.
func (l *lane) runBatches() {
	s := l.sender
	defer l.hangUp()
	for {
		select {
		case s.gathering <- struct{}{}:
		case <-s.soft.Done():
		}
		if s.soft.Err() != nil {
			s.crew.leave()
			s.bell.ring() // whoever has the queue now may not know of what this lane put back or let go
			return
		}
		came := l.gatherAny()
		<-s.gathering
		switch {
		case came && s.archive != nil:
			l.handleArchive()
		case came:
			s.encourage(s.opt.now())
			l.handleBatch()
		case s.soft.Err() == nil && s.crew.leave():
			return
		}
	}
}

func (l *lane) gatherAny() bool {
	if l.sender.archive != nil {
		return l.gatherArchive()
	}
	return l.gather()
}

// gather takes entries and adds them to the body, until the batch is full or its first entry has waited long enough for
// others. It answers false when there was nothing for a while, or the sender halts.
func (l *lane) gather() bool {
	s := l.sender
	plan := s.hook.Plan
	l.batch = l.batch[:0]
	l.store.reset()
	l.beginBody(batchKeep)
	most := max(plan.Batch.Count, 1)
	if n := int(s.batchMost.Load()); n > 0 {
		most = min(most, n)
	}
	var until time.Time
	for len(l.batch) < most && s.soft.Err() == nil {
		var ok bool
		var err error
		l.entry, ok, err = s.queue.Take(s.opt.now().UnixMilli())
		switch {
		case err != nil:
			l.puzzled(err)
			return l.gathered()
		case ok:
			if !l.join(&l.entry) {
				return l.gathered()
			}
			if len(l.batch) == 1 {
				until = time.Now().Add(plan.Batch.Age)
			}
		case len(l.batch) == 0:
			if !l.rest() {
				return false
			}
		default:
			if wait := time.Until(until); wait <= 0 || !l.await(wait) {
				return l.gathered()
			}
		}
	}
	return l.gathered()
}

// gathered says whether there is a batch, and lets go of it when the sender halts.
func (l *lane) gathered() bool {
	if l.sender.soft.Err() != nil {
		l.giveBack()
		return false
	}
	return len(l.batch) > 0
}

// await waits for more work, at most for so long; it answers false when none came.
func (l *lane) await(wait time.Duration) bool {
	s := l.sender
	s.alarm.set()
	l.linger.Reset(wait)
	defer l.linger.Stop()
	return s.crew.rest(s.soft, l.linger)
}

// join adds an entry to the batch. It answers false when there is no room: the entry is given back for the next one. An
// entry that no body can be made of is buried.
func (l *lane) join(e *wal.Entry) bool {
	s := l.sender
	plan := s.hook.Plan
	before := len(l.body)
	if err := l.addItem(e); err != nil {
		l.course = course{number: e.Attempts + 1}
		l.bury(e, Verdict{Outcome: Final, Reason: err.Error()}, s.opt.now())
		return true
	}
	begun := s.archive != nil && s.archive.last != 0 // then the batch has what it had before
	if most := plan.Batch.Bytes; most > 0 && !begun && len(l.batch) > 0 && len(l.body)+len(plan.Body.Close) > most {
		l.body = l.body[:before]
		l.items--
		s.queue.Return(e)
		return false
	}
	if plan.Batch.Age > 0 && !e.Copied {
		l.store.keep(e)
	}
	l.batch = append(l.batch, *e)
	return true
}

// giveBack puts the whole batch back, unattempted.
func (l *lane) giveBack() {
	for i := range l.batch {
		l.sender.queue.Return(&l.batch[i])
	}
	l.store.forget() // what was given back aliases it
	clear(l.batch)
	l.batch = l.batch[:0]
}

// handleBatch takes the batch in hand to its end, or puts it back when the sender halts before its turn has come.
func (l *lane) handleBatch() {
	s := l.sender
	if s.berth != nil && !awaitClosed(s.soft, s.berth.ready) || !l.waitTurn(len(l.batch)) {
		l.giveBack()
		return
	}
	l.endBody()
	l.deliverBatch()
	clear(l.batch) // lets go of the log's memory
	l.batch = l.batch[:0]
}

// split halves what goes into a batch after one was not taken as a whole; grow lets it double again after one was.
func (s *Sender) split(n int) { s.batchMost.Store(int32(max(n/2, 1))) }

func (s *Sender) grow(n int) {
	if most := s.batchMost.Load(); most > 0 && n >= int(most) {
		if next := int(most) * 2; next < s.hook.Plan.Batch.Count {
			s.batchMost.Store(int32(next))
			return
		}
		s.batchMost.Store(0)
	}
}

// arena holds the bytes of entries that wait in a batch: the log's blocks, which they alias else, may be much larger than
// what one webhook wants of them.
type arena struct{ chunk []byte }

const arenaChunk = 64 << 10

func (a *arena) keep(e *wal.Entry) {
	n := len(e.Body) + len(e.Note)
	if n > cap(a.chunk)-len(a.chunk) {
		a.chunk = make([]byte, 0, max(n, arenaChunk))
	}
	start := len(a.chunk)
	a.chunk = append(append(a.chunk, e.Body...), e.Note...)
	e.Body, e.Note = a.chunk[start:start+len(e.Body):start+len(e.Body)], a.chunk[start+len(e.Body):len(a.chunk):len(a.chunk)]
}

// reset lets the last chunk be used again: nothing of the batch before is in anybody's hands.
func (a *arena) reset() { a.chunk = a.chunk[:0] }

func (a *arena) forget() { a.chunk = nil }
