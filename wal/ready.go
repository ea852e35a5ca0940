package wal

// Ready says whether Take may have something at now (Unix milliseconds): a hint that reads nothing.
func (q *Queue) Ready(now int64) bool {
	q.mark.Lock()
	backlog := q.mark.backlog > 0
	q.mark.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.hold || q.dropped {
		return false
	}
	return backlog && !q.tangled() ||
		len(q.returned) > 0 || len(q.ready) > 0 || len(q.due) > 0 || q.nextDue <= now
}
