package deliver

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"edgerelay/relay/journal"
	"edgerelay/wal"
)

// Memory is where a sender remembers which objects it has made: the log's state.
type Memory interface {
	// Get appends the value of a key to dst and says whether there is one.
	Get(dst, key []byte) ([]byte, bool, error)
	// Set stores a value; it is durable when Set returns.
	Set(key, value []byte) error
}

// archive is how far a webhook's objects go. An object is named by the positions of its first and last event, and made of
// all events between them that the webhook is to get. Which object comes next is on disk before it is begun, so that a
// crash repeats it under the same name and with the same events, and the destination keeps one.
//
// Nothing in an archive's queue is ever parked: a batch stays in its lane's hands until it is through, so that entries come
// in the order of the log. Those that do not are copies from elsewhere (dead letters that were revived, what was parked
// when the webhook was of another type); each of them becomes an object of its own.
type archive struct {
	state  Memory
	key    []byte
	loaded bool

	done        uint64 // every event up to here is in an object
	first, last uint64 // of the object that was begun; 0: none
}

const archiveKey = "deliver/archive/" // + number of the queue → done, first, last, each a uvarint

func newArchive(state Memory, queue uint32) *archive {
	return &archive{state: state, key: strconv.AppendUint([]byte(archiveKey), uint64(queue), 10)}
}

func (a *archive) load() error {
	value, found, err := a.state.Get(nil, a.key)
	if err != nil {
		return fmt.Errorf("read how far the archive goes: %w", err)
	}
	var n [3]uint64
	for i := range n {
		if !found {
			break
		}
		size := 0
		if n[i], size = binary.Uvarint(value); size <= 0 {
			return fmt.Errorf("read how far the archive goes: %q is damaged; restore the data folder", a.key)
		}
		value = value[size:]
	}
	a.done, a.first, a.last, a.loaded = n[0], n[1], n[2], true
	return nil
}

// begin notes that an object of these events is being made. It does not when that is under way already.
func (a *archive) begin(first, last uint64) error {
	if a.last != 0 {
		return nil
	}
	return a.put(a.done, first, last)
}

// finish notes that the object is there. When that cannot be kept, a crash makes the same object once more.
func (a *archive) finish() error {
	err := a.put(a.last, 0, 0)
	if err != nil {
		a.done, a.first, a.last = a.last, 0, 0
	}
	return err
}

func (a *archive) put(done, first, last uint64) error {
	value := binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(nil, done), first), last)
	if err := a.state.Set(a.key, value); err != nil {
		return fmt.Errorf("note how far the archive goes: %w", err)
	}
	a.done, a.first, a.last = done, first, last
	return nil
}

// gatherArchive is gather for an archive: the object that was begun before, or the next one.
func (l *lane) gatherArchive() bool {
	s, a := l.sender, l.sender.archive
	if !awaitClosed(s.soft, s.berth.ready) { // the sender before has let go of the queue by then
		return false
	}
	if !a.loaded {
		if err := a.load(); err != nil {
			l.puzzled(err)
			return false
		}
	}
	l.batch, l.aside = l.batch[:0], l.aside[:0]
	l.store.reset()
	l.beginBody(max(batchKeep, 2*l.plan.Batch.Bytes)) // or each object would grow its body anew
	var until time.Time
	for s.soft.Err() == nil && !l.archiveFull() {
		var ok bool
		var err error
		l.entry, ok, err = s.queue.Take(s.opt.now().UnixMilli())
		if err != nil {
			l.puzzled(err)
			if a.last != 0 {
				continue // a part of what was begun is not the object of that name
			}
			break
		}
		if ok {
			if !l.joinArchive(&l.entry) {
				break
			}
			if len(l.batch) == 1 {
				until = time.Now().Add(s.hook.Plan.Batch.Age)
			}
			continue
		}
		if !l.awaitArchive(until) {
			break
		}
	}
	return l.gatheredArchive()
}

// archiveFull says that the batch has as many events as one may have. One that was begun before is full with its last.
func (l *lane) archiveFull() bool {
	a, n := l.sender.archive, len(l.batch)
	if a.last != 0 {
		return n > 0 && l.batch[n-1].Seq >= a.last
	}
	return n >= l.sender.hook.Plan.Batch.Count
}

// joinArchive adds an entry to the batch. It answers false when the batch ends before it.
func (l *lane) joinArchive(e *wal.Entry) bool {
	s, a := l.sender, l.sender.archive
	switch {
	case e.Copied:
		l.store.keep(e)
		l.aside = append(l.aside, *e)
		return len(l.aside) < asideMax || a.last != 0 // what was begun is gathered whole
	case e.Seq <= a.done: // it was delivered, and the cursor did not survive
		if err := s.queue.Settle(e); err != nil {
			s.logger.Error("end of a delivery was not kept, it will be repeated", "record", e.Seq, "error", err)
		}
		return true
	case a.last != 0 && e.Seq > a.last:
		s.queue.Return(e)
		if len(l.batch) == 0 { // what was begun went another way, when the webhook was of another type
			if err := a.finish(); err != nil {
				l.puzzled(err)
			}
		}
		return false
	}
	return l.join(e)
}

// asideMax bounds the copies that wait aside while a batch is gathered. They come by turns with the log's own, so that of
// one that was begun there are at most as many more as it has events.
const asideMax = 100

// awaitArchive waits for more. It answers false when the batch is to go as it is, or there was nothing for a while.
func (l *lane) awaitArchive(until time.Time) bool {
	s := l.sender
	switch {
	case s.archive.last != 0 && s.queue.Stats().Backlog > 0:
		l.await(time.Second) // it is on hold, and the rest of what was begun is behind that
		return s.soft.Err() == nil
	case s.archive.last != 0 && len(l.batch) > 0:
		return false // a limit of the log took the rest
	case len(l.batch) > 0:
		wait := time.Until(until)
		return wait > 0 && l.await(wait)
	case len(l.aside) > 0:
		return false
	}
	return l.rest()
}

// gatheredArchive notes which object is to be made, and says whether there is one.
func (l *lane) gatheredArchive() bool {
	s, a := l.sender, l.sender.archive
	l.alone = len(l.batch) == 0 && len(l.aside) > 0 && s.soft.Err() == nil
	if l.alone {
		if !l.join(&l.aside[0]) || len(l.batch) == 0 {
			l.alone = false // it was buried
		}
		l.aside = l.aside[1:]
	}
	for i := range l.aside {
		s.queue.Return(&l.aside[i])
		l.store.forget()
	}
	switch {
	case s.soft.Err() != nil:
		l.giveBack()
		return false
	case len(l.batch) == 0 || l.alone:
		return len(l.batch) > 0
	}
	if err := a.begin(l.batch[0].Seq, l.batch[len(l.batch)-1].Seq); err != nil {
		l.giveBack()
		l.puzzled(err)
		return false
	}
	return true
}

// handleArchive makes attempts for the batch in hand until it is through, or the sender halts.
func (l *lane) handleArchive() {
	s := l.sender
	l.endBody()
	for n := 1; ; n++ {
		if !l.waitTurn(len(l.batch)) {
			l.giveBack()
			return
		}
		begin := time.Now()
		l.course = course{number: n}
		v := l.ship()
		end := time.Now()
		l.course.timing.Total = end.Sub(begin)
		wall := s.opt.wall(end)
		if v.Outcome != Delivered && s.hard.Err() != nil {
			s.health.leave(l.turn)
			s.cutOff.Add(1)
			l.giveBack()
			return
		}
		s.metrics.attempt(v, end.Sub(begin))
		streak := l.report(v, wall)
		if v.Outcome == Delivered {
			l.finishArchive(v, wall)
			return
		}
		l.tellBatch(journal.Retry, v, wall)
		s.metrics.retried.Inc()
		pause := max(backoff(n, s.opt.Backoff, s.opt.BackoffMax), v.After)
		if v.Outcome == Off {
			pause = time.Duration(streak) * s.opt.offPause
		}
		sleep(s.soft, pause)
	}
}

// finishArchive ends the batch, whose object is there.
func (l *lane) finishArchive(v Verdict, now time.Time) {
	s := l.sender
	if !l.alone {
		if err := s.archive.finish(); err != nil {
			s.logger.Error("an object that was delivered may be made once more", "error", err)
		}
	}
	l.tellBatch(journal.Delivered, v, now)
	l.endings = l.endings[:0]
	for i := range l.batch {
		l.endings = append(l.endings, wal.Ending{Entry: &l.batch[i]})
		s.metrics.delivered(now.Sub(time.UnixMilli(l.batch[i].Time)))
	}
	if err := s.queue.End(l.endings); err != nil {
		s.logger.Error("end of a batch was not kept", "record", l.batch[0].Seq, "events", len(l.batch), "error", err)
	}
	clear(l.endings)
	clear(l.batch)
	l.batch = l.batch[:0]
}
