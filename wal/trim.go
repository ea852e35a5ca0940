package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// metaStart is the key of the first sequence number that trimming has left, with the bytes of log before it.
var metaStart = []byte("mstart")

type startMark struct {
	seq   uint64
	begin uint64
}

func (l *Log) readMeta(key []byte) (m startMark, err error) {
	value, found, err := l.get(nil, key)
	if err != nil || !found {
		return m, err
	}
	if len(value) != 16 {
		return m, errDamaged
	}
	return startMark{binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])}, nil
}

// trimLoop keeps the log within its limits. Three rules, looked at every TrimInterval:
//
//   - age: what is older than Retain goes, delivered or not.
//   - size: near SizeMax, what every queue has ended goes; and when queues on hold are what keeps it, their part too.
//   - when that is not enough, or the disk is nearly full, appends are refused until it is.
func (l *Log) trimLoop() {
	defer l.loops.Done()
	tick := time.NewTicker(l.opt.TrimInterval)
	defer tick.Stop()
	lastDead := time.Time{}
	for {
		select {
		case <-l.stop:
			return
		case <-l.broken:
			return
		case <-tick.C:
		}
		if err := l.trim(); err != nil {
			l.logger.Error("log was not trimmed", "error", err)
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

// Bytes is the size of the log's records on disk, without what waits to be compacted away.
func (l *Log) Bytes() int64 { return int64(l.counters.bytes.Load() - l.startBytes.Load()) }

// trim applies the rules once.
func (l *Log) trim() error {
	cut, err := l.findCut()
	if err != nil || cut.seq <= l.start.Load() {
		return err
	}
	if err := l.passQueues(cut.seq); err != nil {
		return err
	}
	begin := l.start.Swap(cut.seq)
	l.startBytes.Store(cut.begin)
	pb := l.db.NewBatch()
	defer pb.Close()
	value := binary.BigEndian.AppendUint64(nil, cut.seq)
	value = binary.BigEndian.AppendUint64(value, cut.begin)
	err = errors.Join(
		pb.DeleteRange(appendSeqKey(nil, spaceBlock, begin), appendSeqKey(nil, spaceBlock, cut.seq), nil),
		pb.DeleteRange(appendSeqKey(nil, spaceIndex, begin), appendSeqKey(nil, spaceIndex, cut.seq), nil),
		pb.Set(metaStart, value, nil))
	if err != nil {
		return err
	}
	if err := l.apply(pb, pebble.NoSync); err != nil {
		return err
	}
	l.counters.trims.Add(1)
	_, err = l.db.AsyncFlush() // disk is given back once the range deletes are flushed
	return err
}

// Size rules begin at nine tenths of the limit and go down to eight: a trim then comes once per tenth of the log, not
// with every commit.
func (l *Log) findCut() (cut startMark, err error) {
	oldest := l.now() - l.opt.Retain.Milliseconds()
	target := uint64(0)
	if size := l.Bytes(); size > l.opt.SizeMax/10*9 {
		target = uint64(size - l.opt.SizeMax/10*8)
	}
	ended, endedByActive := l.lowestNeeded()
	begin := l.startBytes.Load()
	var e indexEntry
	err = l.scan(appendSeqKey(nil, spaceIndex, l.start.Load()), []byte{spaceIndex + 1}, func(key, value []byte) (bool, error) {
		if err := parseIndex(key, value, &e); err != nil {
			return false, fmt.Errorf("index of block %x: %w", key, err)
		}
		old := e.time < oldest
		large := e.begin-begin < target && (e.last() < ended || e.last() < endedByActive)
		if !old && !large {
			return false, nil
		}
		cut = startMark{e.last() + 1, e.begin + uint64(e.bytes)}
		return true, nil
	})
	return cut, err
}

// lowestNeeded is the lowest sequence number that some queue still needs, and the same over the queues not on hold.
func (l *Log) lowestNeeded() (all, active uint64) {
	all = l.head.Load() + 1
	active = all
	for _, q := range l.openQueues() {
		needs, held := q.needs()
		all = min(all, needs)
		if !held {
			active = min(active, needs)
		}
	}
	return all, active
}

// needs is the lowest record that the queue has not ended.
func (q *Queue) needs() (seq uint64, held bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stateLocked()
	seq = s.head + 1
	if s.next != 0 {
		seq = max(s.read, s.next)
	}
	for _, flying := range s.flight {
		seq = min(seq, flying)
	}
	return seq, q.held
}

// passQueues moves queues over what is about to be trimmed, and counts what they lose. What is in flight is not lost:
// its lane has it in memory.
func (l *Log) passQueues(cut uint64) error {
	for _, q := range l.openQueues() {
		lost, err := q.pass(cut)
		if err != nil {
			return err
		}
		if lost > 0 {
			l.counters.trimmed.Add(uint64(lost))
			l.logger.Warn("undelivered records are trimmed by the log's limits", "queue", q.id, "records", lost,
				"next", "raise [log] retain or size_max, or mend the receiver")
		}
	}
	return nil
}

func (q *Queue) pass(cut uint64) (lost int64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		q.mark.Lock()
		behind := q.mark.next != 0 && max(q.read.seq, q.mark.next) < cut && q.mark.last >= q.read.seq
		limit := min(q.mark.last, cut-1)
		q.read.skip(q.mark.next)
		q.mark.Unlock()
		if !behind || q.read.seq > limit {
			return lost, nil
		}
		_, ok, err := q.read.next(limit)
		if err != nil {
			return lost, err
		}
		if !ok || q.read.seq > cut {
			return lost, nil
		}
		lost++
		q.trimmed++
		q.mark.Lock()
		q.mark.backlog--
		q.mark.Unlock()
	}
}

// trimDead removes dead letters over their age, and counts them.
func (l *Log) trimDead() error {
	oldest := l.now() - l.opt.DeadRetain.Milliseconds()
	for _, q := range l.openQueues() {
		letters, err := q.Dead(0, 10_000)
		if err != nil {
			return err
		}
		for _, d := range letters {
			if d.Death.Time >= oldest {
				continue
			}
			if err := q.forget(d.Seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget removes one dead letter that a limit took.
func (q *Queue) forget(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	pb := q.log.db.NewBatch()
	defer pb.Close()
	q.dead--
	q.trimmed++
	q.log.counters.trimmed.Add(1)
	if err := errors.Join(pb.Delete(appendDeadKey(nil, q.id, seq), nil), q.saveCursor(pb)); err != nil {
		return err
	}
	return q.log.apply(pb, pebble.NoSync)
}

// watchLimits refuses appends or takes them again.
func (l *Log) watchLimits() {
	reason := ""
	if size := l.Bytes(); size >= l.opt.SizeMax {
		reason = fmt.Sprintf("the log holds %d bytes of undelivered records, its limit is %d: mend the slow receivers or raise [log] size_max", size, l.opt.SizeMax)
	} else if free, err := l.diskFree(); err == nil && free < l.opt.DiskReserve {
		reason = fmt.Sprintf("the disk has %d bytes free, %d must stay free: make room on the disk of %q", free, l.opt.DiskReserve, l.opt.Dir)
	}
	was := l.full.Load()
	switch {
	case reason != "" && was == nil:
		l.full.Store(&reason)
		l.logger.Error("log is full, new events are refused until there is room", "reason", reason)
	case reason == "" && was != nil:
		l.full.Store(nil)
		l.logger.Info("log has room again, events are taken")
	case reason != "":
		l.full.Store(&reason)
	}
}

func (l *Log) diskFree() (int64, error) {
	usage, err := l.opt.FS.GetDiskUsage(l.opt.Dir)
	if err != nil {
		return 0, err // a file system that cannot tell is not watched
	}
	return int64(min(usage.AvailBytes, 1<<62)), nil
}

// Full is why appends are refused; "" when they are taken.
func (l *Log) Full() string {
	if reason := l.full.Load(); reason != nil {
		return *reason
	}
	return ""
}
