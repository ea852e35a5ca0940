package wal

import (
	"sync/atomic"
	"time"
)

type counters struct {
	commits atomic.Uint64
	records atomic.Uint64
	bytes   atomic.Uint64 // of log ever written
	trims   atomic.Uint64
	trimmed atomic.Uint64
}

// Stats is what a log has done since it was opened, and what it holds now.
type Stats struct {
	Commits    uint64 // group commits
	Records    uint64 // records stored
	Trimmed    uint64 // undelivered records and dead letters that a limit took
	Bytes      int64  // of records on disk, between the first and the last
	CopyBytes  int64  // of parked and held deliveries on disk
	DeadBytes  int64  // of dead letters on disk
	DiskBytes  uint64 // of the folder, as Pebble counts its files
	TailBytes  int64  // of records in memory
	Head       uint64
	Start      uint64
	Identities int
	Full       bool
}

// Stats is cheap enough for every scrape. It may be called after Close.
func (l *Log) Stats() Stats {
	return Stats{
		Commits: l.counters.commits.Load(), Records: l.counters.records.Load(), Trimmed: l.counters.trimmed.Load(),
		Bytes: l.Bytes(), CopyBytes: l.copyBytes.Load(), DeadBytes: l.deadBytes.Load(), DiskBytes: l.store.diskBytes(), TailBytes: l.tail.size(),
		Head: l.head.Load(), Start: l.start.Load(), Identities: int(l.identityCount.Load()), Full: l.full.Load() != nil,
	}
}

// QueueStats is what a queue holds now.
type QueueStats struct {
	Backlog int64 // records that were not handed out yet
	Flight  int   // in lanes' hands, or given back
	Parked  int64 // waiting for their next attempt, or behind one in their order
	Dead    int64
	Trimmed int64 // undelivered, taken by a limit, since the log was opened
	Skipped int64 // given up by Skip, since the log was opened
	Oldest  int64 // commit time of the oldest record that has not ended, Unix milliseconds; 0 when there is none. See ages
	Stale   bool  // all but Backlog are those of an earlier look, or 0 when there was none
}

// Stats of one queue. When a lane keeps the queue busy for long, because the disk is slow or full, they are those of the
// last look: figures are wanted most when something is stuck.
func (q *Queue) Stats() QueueStats {
	const looks, pause = 10, time.Millisecond
	for range looks {
		if q.mu.TryLock() {
			s := q.statsLocked()
			q.mu.Unlock()
			q.lastStats.Store(&s)
			return s
		}
		time.Sleep(pause)
	}
	var s QueueStats
	if last := q.lastStats.Load(); last != nil {
		s = *last
	}
	s.Stale = true
	q.mark.Lock()
	s.Backlog = max(q.mark.backlog, 0)
	q.mark.Unlock()
	return s
}

func (q *Queue) statsLocked() QueueStats {
	s := QueueStats{Parked: q.parked + int64(q.heldCount), Dead: q.dead, Trimmed: q.trimmed, Skipped: q.skipped}
	q.mark.Lock()
	s.Backlog = max(q.mark.backlog, 0)
	if s.Backlog > 0 {
		s.Oldest = q.mark.time
	}
	q.mark.Unlock()
	if parked := q.ages.oldest(); parked > 0 && (s.Oldest == 0 || parked < s.Oldest) {
		s.Oldest = parked
	}
	for _, f := range q.flight {
		if !f.held {
			s.Flight++
		}
		if f.key != nil {
			s.Parked-- // its copy stays until it has ended
		}
		if s.Oldest == 0 || f.time < s.Oldest {
			s.Oldest = f.time
		}
	}
	return s
}
