package wal

import "fmt"

// group is the batches of one commit. Its fields are the intake lock's until the committer fetches it.
type group struct {
	batches []*Batch
	done    chan struct{} // closed after the commit, when err and every batch's result are set
	err     error
}

// Append submits b and waits for its commit.
func (l *Log) Append(b *Batch) (Appended, error) {
	if err := l.Submit(b); err != nil {
		return Appended{}, err
	}
	return b.Wait()
}

// Submit hands b to the committer and returns at once: ErrFull, ErrOverloaded, ErrClosed or an error that names a record
// over RecordMax when it was not taken.
// Batches are committed in the order of their submits. Wait must follow; until it returns, b is the log's.
func (l *Log) Submit(b *Batch) error {
	if l.closing.Load() || l.failure.get() != nil {
		return ErrClosed // also when it is full: nobody should try again
	}
	if l.full.Load() != nil && b.Len() > 0 {
		return ErrFull
	}
	if b.largest > RecordMax {
		return fmt.Errorf("append: a record of %d bytes is over the limit of %d", b.largest, RecordMax)
	}
	l.intake.Lock()
	defer l.intake.Unlock()
	if l.intake.closed {
		return ErrClosed
	}
	// A batch over the bound still passes when nothing else waits, or it could never be taken.
	if size := b.Size(); l.intake.bytes > 0 && int64(l.intake.bytes+size) > l.opt.pendingBytes() {
		return ErrOverloaded
	}
	if l.intake.open == nil {
		l.intake.open = &group{done: make(chan struct{})}
		select {
		case l.kick <- struct{}{}:
		default:
		}
	}
	b.group, b.result = l.intake.open, Appended{}
	l.recognise(b)
	l.intake.open.batches = append(l.intake.open.batches, b)
	l.intake.bytes += b.Size()
	if n := l.intake.awaited; n > 0 && len(l.intake.open.batches) >= n {
		l.intake.awaited = 0
		l.gathered <- struct{}{} // has room: it is sent once for each time it is asked for
	}
	return nil
}

// recognise marks the records of a batch whose identity is remembered, and remembers the others. That it happens at the
// submit, under the intake lock, lets a caller that orders its submits ask Seen first. A commit that fails breaks the
// log, so nothing is remembered that was refused.
func (l *Log) recognise(b *Batch) {
	now := l.now()
	for i := range b.recs {
		if r := &b.recs[i]; r.identity != 0 {
			r.repeat = !l.committer.seen.add(r.identity, now)
		}
	}
	l.identityCount.Store(int64(l.committer.seen.len()))
}

// Seen says whether a record of this identity would be recognised as a repeat: what it says of other state was taken in
// with the first one. It knows of what was submitted, committed or not.
func (l *Log) Seen(identity uint64) bool {
	l.intake.Lock()
	defer l.intake.Unlock()
	return l.committer.seen.has(identity, l.now())
}

// Remember makes a record of this identity a repeat although none is stored: what it said was known already. The next
// block to be written keeps it for later runs.
func (l *Log) Remember(identity uint64) {
	l.intake.Lock()
	defer l.intake.Unlock()
	if l.committer.seen.add(identity, l.now()) && len(l.intake.marks) < marksMax {
		l.intake.marks = append(l.intake.marks, identity)
	}
}

// marksMax bounds the identities that wait for a block; those beyond are remembered by this run alone.
const marksMax = 1 << 14
