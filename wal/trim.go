package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// metaStart is the key of the first sequence number that trimming has left, with the bytes of log before it.
var metaStart = []byte("mstart")

type startMark struct {
	seq   uint64
	begin uint64
}

func (l *Log) readStart() (m startMark, err error) {
	_, err = l.store.view(metaStart, func(value []byte) error {
		if len(value) != 16 {
			return errDamaged
		}
		m = startMark{binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])}
		return nil
	})
	return m, err
}

// trimLoop keeps the log within its limits. Four rules, looked at every TrimInterval:
//
//   - age: what is older than Retain goes, delivered or not.
//   - size: near SizeMax, what every queue has ended goes, and what only queues on hold, not open or yielding still need.
//   - disk: with less than twice DiskReserve free, the same; but what some queue still needs goes only when appends would
//     be refused next.
//   - when that is not enough, appends are refused until it is.
func (l *Log) trimLoop() {
	defer l.loops.Done()
	tick := time.NewTicker(l.opt.TrimInterval)
	defer tick.Stop()
	lastDead := time.Time{}
	var reclaim reclaimer
	for {
		select {
		case <-l.stop:
			return
		case <-l.failure.done:
			return
		case <-tick.C:
		}
		if _, err := l.opt.FS.Stat(l.opt.FS.PathJoin(l.opt.Dir, formatFile)); errors.Is(err, os.ErrNotExist) {
			l.failure.set(fmt.Errorf("the folder of the log %q is gone: nothing written to it is kept; restore it and start again", l.opt.Dir))
			return
		}
		if err := l.trim(); err != nil {
			l.logger.Error("log was not trimmed", "error", err)
		}
		if err := reclaim.look(l); err != nil {
			l.logger.Error("disk was not given back", "error", err)
		}
		if err := l.limitDead(); err != nil {
			l.logger.Error("dead letters were not trimmed", "error", err)
		}
		if now := l.opt.Now(); now.Sub(lastDead) > time.Hour {
			lastDead = now
			if err := l.trimDead(); err != nil {
				l.logger.Error("dead letters were not trimmed", "error", err)
			}
		}
		l.watchLimits()
	}
}

// trim applies the rules once.
func (l *Log) trim() error {
	cut, err := l.findCut()
	if err != nil || cut.seq <= l.start.Load() {
		return err
	}
	return l.cutAt(cut)
}

// cutAt trims the log up to where a block begins. The cursors go into the same write: queues have moved over what is
// trimmed.
func (l *Log) cutAt(cut startMark) error {
	if err := l.passQueues(cut.seq); err != nil {
		return err
	}
	indexCut, err := l.identitiesBegin(cut.seq)
	if err != nil {
		return err
	}
	begin := l.start.Swap(cut.seq) // first: whoever misses a block on disk then finds that it was trimmed
	l.startBytes.Store(cut.begin)
	pb := l.store.db.NewBatch()
	l.cursors.saving.Lock()
	defer l.cursors.saving.Unlock()
	value := binary.BigEndian.AppendUint64(nil, cut.seq)
	value = binary.BigEndian.AppendUint64(value, cut.begin)
	err = errors.Join(
		pb.DeleteRange(appendSeqKey(nil, spaceBlock, begin), appendSeqKey(nil, spaceBlock, cut.seq), nil),
		pb.DeleteRange([]byte{spaceIndex}, appendSeqKey(nil, spaceIndex, indexCut), nil),
		pb.Set(metaStart, value, nil),
		l.snapshot(pb))
	if err != nil {
		return errors.Join(err, pb.Close())
	}
	if err := l.store.write(pb, pebble.NoSync); err != nil {
		return err
	}
	l.counters.trims.Add(1)
	return l.store.flush() // disk is given back once the range deletes are flushed
}

// identitiesBegin is up to where index entries may go with a cut: those that a start still needs to rebuild the dedupe
// memory outlive their blocks. They are small, and no more than that memory holds.
func (l *Log) identitiesBegin(cut uint64) (begin uint64, err error) {
	if l.opt.DedupeWindow <= 0 {
		return cut, nil
	}
	head, most := l.head.Load(), uint64(l.committer.seen.most())
	oldest := l.now() - l.opt.DedupeWindow.Milliseconds()
	var e indexEntry
	err = l.store.scan([]byte{spaceIndex}, appendSeqKey(nil, spaceIndex, cut), func(key, value []byte) (bool, error) {
		if err := parseIndex(key, value, &e); err != nil {
			return false, fmt.Errorf("index of block %x: %w", key, err)
		}
		if e.time >= oldest && e.last()+most > head {
			return false, nil
		}
		begin = e.last() + 1
		return true, nil
	})
	return begin, err
}

// findCut is up to where the rules take the log. Size rules begin at nine tenths of the limit and go down to eight, the
// age rule waits until something is a sixty-fourth older than Retain: a trim costs a flush, and so comes now and then,
// not with every look.
func (l *Log) findCut() (cut startMark, err error) {
	now, retain := l.now(), l.opt.Retain.Milliseconds()
	oldest := now - retain - retain/64
	target := uint64(0)
	if size := l.heldBytes(); size > l.opt.SizeMax/10*9 {
		target = uint64(size - l.opt.SizeMax/10*8)
	}
	endedTarget, diskTarget := l.diskTargets()
	target, endedTarget = max(target, diskTarget), max(target, endedTarget)
	head, begin := l.head.Load(), l.startBytes.Load()
	all, active := l.lowestNeeded()
	var e indexEntry
	lower := appendSeqKey(nil, spaceIndex, l.start.Load())
	err = l.store.scan(lower, []byte{spaceIndex + 1}, func(key, value []byte) (bool, error) {
		if err := parseIndex(key, value, &e); err != nil {
			return false, fmt.Errorf("index of block %x: %w", key, err)
		}
		old := e.time < oldest
		large := e.begin-begin < target && e.last() < active || e.begin-begin < endedTarget && e.last() < all
		if !old && !large || e.first > head { // behind the head: not published yet
			return false, nil
		}
		if old {
			oldest = now - retain
		}
		cut = startMark{e.last() + 1, e.begin + uint64(e.bytes)}
		return true, nil
	})
	return cut, err
}

// diskTargets are how many bytes of log should go because the disk fills up: of what every queue has ended, and of what
// queues on hold still need too. A disk takes a while to give back what was trimmed, so the second kind rests in
// between: what it takes is lost to somebody.
func (l *Log) diskTargets() (ended, needed uint64) {
	const rest = 10 * time.Second
	free, known := l.diskFree()
	reserve := l.opt.DiskReserve
	if !known || free >= 2*reserve {
		return 0, 0
	}
	short := uint64(2*reserve - free)
	if now := l.opt.Now(); free < reserve+reserve/4 && now.Sub(l.diskCut) >= rest {
		l.diskCut = now
		return short, short
	}
	return short, 0
}

// lowestNeeded is the lowest sequence number that some queue still needs, and the same over those that are open and not
// on hold.
func (l *Log) lowestNeeded() (all, active uint64) {
	all = l.head.Load() + 1
	active = all
	for _, q := range l.allQueues() {
		needs, isActive := q.needs()
		all = min(all, needs)
		if isActive {
			active = min(active, needs)
		}
	}
	return all, active
}

// needs is the lowest record that the queue has not ended and has no copy of. active is false when nothing is handed
// out at present, or when the queue makes room for others.
func (q *Queue) needs() (seq uint64, active bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stateLocked()
	seq = s.head + 1
	if s.next != 0 {
		seq = max(s.read, s.next)
	}
	if len(s.flight) > 0 {
		seq = min(seq, s.flight[0])
	}
	return seq, q.awake && !q.hold && !q.dropped && !q.opt.Yields
}

// passQueues moves queues over what is about to be trimmed, and counts what they lose. What is in flight is not lost:
// its lane has it in memory.
func (l *Log) passQueues(cut uint64) error {
	for _, q := range l.allQueues() {
		lost, err := q.pass(cut)
		if err != nil {
			return fmt.Errorf("count what queue %d loses: %w", q.id, err)
		}
		if lost > 0 {
			l.logger.Warn("undelivered records are trimmed by the log's limits", "queue", l.opt.Name(q.id), "records", lost,
				"next", "raise [log] retain or size_max, or mend the receiver")
		}
	}
	return nil
}

func (q *Queue) pass(cut uint64) (lost int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mark.Lock()
	from := max(q.read.seq, q.mark.next)
	behind := q.mark.next != 0 && from < cut
	q.mark.Unlock()
	if !behind || q.dropped {
		return 0, nil
	}
	if lost, err = q.log.countNamed(q.id, from, cut); err != nil {
		return 0, err
	}
	q.read.skip(cut)
	q.mark.Lock()
	q.mark.backlog -= lost
	if q.mark.last < cut {
		q.mark.next, q.mark.backlog = 0, 0
	}
	q.mark.Unlock()
	q.lose(lost)
	return lost, nil
}

// countNamed counts the records for a queue from from up to cut, where a block begins. It reads the index, and of the
// blocks only the one that from lies inside of.
func (l *Log) countNamed(queue uint32, from, cut uint64) (n int64, err error) {
	partly := uint64(0)
	for at := from; at < cut; {
		reached, err := l.walkIndex(at, cut-1, func(e *indexEntry) bool {
			if e.first < from {
				partly = e.first
			} else {
				n += e.named(queue)
			}
			return true
		})
		if err != nil {
			return 0, err
		}
		at = reached
	}
	if partly == 0 {
		return n, nil
	}
	b, err := l.loadBlock(partly)
	if err != nil || b == nil {
		return n, err
	}
	for seq := from; seq <= b.last(); seq++ {
		r, err := parseRecord(b.raw[b.begin(seq):b.ends[seq-b.first]], queue)
		if err != nil {
			return 0, fmt.Errorf("record %d in the log: %w", seq, err)
		}
		if r.named {
			n++
		}
	}
	return n, nil
}
