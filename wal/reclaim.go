package wal

import (
	"context"
	"errors"
)

// reclaimer gives disk back that trimming should have freed and did not. Pebble drops tables that a range delete covers
// as soon as that is flushed, unless a compaction was rewriting them at that moment; then they stay until there is new
// traffic to compact, which a log at rest never gets. Only the trimming goroutine uses it.
type reclaimer struct {
	start uint64 // of the log when it was last looked at
	done  uint64 // start up to which everything was compacted
}

// look compacts the trimmed part of the log when two looks in a row found the same trim and far more on disk than the
// log holds.
func (r *reclaimer) look(l *Log) error {
	start := l.start.Load()
	settled := start == r.start
	r.start = start
	if !settled || start <= r.done {
		return nil
	}
	// Twice the live bytes are usual between compactions; the memtables' worth is what may wait for its first flush.
	usual := 2*(l.Bytes()+l.copyBytes.Load()) + 4*l.opt.memtableBytes()
	if int64(l.store.diskBytes()) <= usual {
		return nil
	}
	r.done = start
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-l.stop:
		case <-l.failure.done:
		case <-ctx.Done():
		}
		cancel()
	}()
	err := l.store.compact(ctx, []byte{spaceBlock}, appendSeqKey(nil, spaceBlock, start))
	if errors.Is(err, context.Canceled) {
		return nil // the log closes; the next run looks again
	}
	return err
}
