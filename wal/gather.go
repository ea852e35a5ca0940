package wal

import "time"

// gatherBatches and gatherTime: under load, when the last group had that many batches, the next one gathers a little
// longer than the disk took. A commit costs some 150 µs of CPU whatever its size; at 50,000 events a second this halves
// their number, and the callers, who wait for each other's CPU anyway, are answered no later. It ends early when as many
// batches have come as there are callers: those of the last group, and those who came while it was written.
const (
	gatherBatches = 16
	gatherTime    = time.Millisecond
)

func (l *Log) gather(t *time.Timer) {
	if l.committer.batches < gatherBatches || !l.awaitBatches(l.committer.callers) {
		return
	}
	t.Reset(gatherTime)
	select {
	case <-t.C:
	case <-l.gathered:
	case <-l.stop:
	}
	l.awaitBatches(0)
}

// awaitBatches asks Submit to tell when the open group has n batches; false says that it has.
func (l *Log) awaitBatches(n int) bool {
	l.intake.Lock()
	defer l.intake.Unlock()
	select {
	case <-l.gathered:
	default:
	}
	if l.intake.awaited = n; l.intake.open != nil && len(l.intake.open.batches) >= n {
		l.intake.awaited = 0
		return false
	}
	return true
}
