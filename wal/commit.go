package wal

import (
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// commitLoop is the one goroutine that gives out sequence numbers and writes records. While it waits for the disk, the
// next group gathers; that is what makes the fsync cheap under load, and costs no delay when there is none.
func (l *Log) commitLoop() {
	defer l.loops.Done()
	gather := time.NewTimer(0)
	defer gather.Stop()
	for {
		select {
		case <-l.kick:
			l.gather(gather)
		case <-l.stop:
			l.commitOpen() // what was submitted before the close is answered
			return
		}
		l.commitOpen()
	}
}

func (l *Log) commitOpen() {
	l.intake.Lock()
	g := l.intake.open
	l.intake.open = nil
	if g != nil {
		for _, identity := range l.intake.marks {
			l.committer.index.identities = appendUint64(l.committer.index.identities, identity)
		}
		l.intake.marks = l.intake.marks[:0]
	}
	l.intake.Unlock()
	if g == nil {
		return
	}
	size := 0
	for _, b := range g.batches {
		size += b.Size()
	}
	l.committer.batches = len(g.batches)
	if g.err = l.commit(g); g.err != nil {
		l.failure.set(g.err) // numbers were given out that are not on disk: no later group may follow
	}
	l.intake.Lock()
	l.intake.bytes -= size
	l.committer.callers = len(g.batches)
	if l.intake.open != nil {
		l.committer.callers += len(l.intake.open.batches)
	}
	l.intake.Unlock()
	close(g.done)
}

// committer is the state of the committing goroutine.
type committer struct {
	next    uint64      // sequence number of the next record
	batches int         // in the last group
	callers int         // who waited when it was written
	written uint64      // bytes of log ever written
	seen    *identities // the intake lock's

	blocks  []*block // of the group being built
	index   indexEntry
	queueAt []uint32 // by queue number: count in the block being built
	value   []byte
	scratch []byte
	key     []byte
}

// commit writes one group and makes it visible: on disk first, then in the tail, then to the queues it names.
func (l *Log) commit(g *group) error {
	c := &l.committer
	now := l.now()
	pb := l.store.db.NewBatch()
	c.blocks = c.blocks[:0]
	if err := l.build(pb, g, now); err != nil || pb.Empty() {
		return errors.Join(err, pb.Close())
	}
	if err := l.store.write(pb, l.syncing()); err != nil {
		return err
	}
	l.unsynced.Store(l.opt.SyncInterval > 0)
	l.counters.commits.Add(1)
	l.publish()
	return nil
}

func (l *Log) syncing() *pebble.WriteOptions {
	if l.opt.SyncInterval > 0 {
		return pebble.NoSync
	}
	return pebble.Sync
}

// build turns a group into the writes of one Pebble batch, and fills the blocks to publish.
func (l *Log) build(pb *pebble.Batch, g *group, now int64) error {
	c := &l.committer
	var left remainder
	for _, batch := range g.batches {
		left.bytes += len(batch.buf)
		left.records += len(batch.recs)
	}
	b := l.newBlock(now, left)
	for _, batch := range g.batches {
		begin, queuesBegin := 0, 0
		for _, r := range batch.recs {
			rec, queues := batch.buf[begin:r.end], batch.queues[queuesBegin:r.queuesEnd]
			begin, queuesBegin = r.end, r.queuesEnd
			if r.repeat {
				batch.result.Duplicates++
				left.take(rec)
				continue
			}
			if len(b.ends) > 0 && len(b.raw)+len(rec) > blockBytesMax {
				if err := l.closeBlock(pb, b); err != nil {
					return err
				}
				b = l.newBlock(now, left)
			}
			left.take(rec)
			if batch.result.Stored++; batch.result.Stored == 1 {
				batch.result.First = b.first + uint64(len(b.ends))
			}
			c.add(b, rec, queues, r.identity)
		}
		if err := c.putState(pb, batch); err != nil {
			return err
		}
	}
	return l.closeBlock(pb, b)
}

// remainder is what of a group is not in a block yet, at most.
type remainder struct{ bytes, records int }

func (r *remainder) take(rec []byte) {
	r.bytes -= len(rec)
	r.records--
}

// newBlock starts a block behind the last one, with room for what is left or for what a block takes of it.
func (l *Log) newBlock(now int64, left remainder) *block {
	size, records := left.bytes, left.records
	if size > blockBytesMax {
		size, records = blockBytesMax, records*blockBytesMax/size+1
	}
	return &block{first: l.committer.next, time: now, raw: make([]byte, 0, size), ends: make([]uint32, 0, records)}
}

func (c *committer) add(b *block, rec []byte, queues []uint32, identity uint64) {
	b.raw = append(b.raw, rec...)
	b.ends = append(b.ends, uint32(len(b.raw)))
	for _, q := range queues {
		if int(q) >= len(c.queueAt) {
			c.queueAt = append(c.queueAt, make([]uint32, int(q)+1-len(c.queueAt))...)
		}
		if c.queueAt[q]++; c.queueAt[q] == 1 {
			b.queues = append(b.queues, q)
		}
	}
	if identity != 0 {
		c.index.identities = appendUint64(c.index.identities, identity)
	}
}

// closeBlock adds a finished block and its index entry to the batch.
func (l *Log) closeBlock(pb *pebble.Batch, b *block) error {
	c := &l.committer
	if len(b.ends) == 0 {
		return nil
	}
	slices.Sort(b.queues)
	b.clip()
	c.value, c.scratch = l.coder.appendBlock(c.value[:0], c.scratch, b)
	e := &c.index
	e.first, e.count, e.time, e.begin = b.first, len(b.ends), b.time, c.written
	e.queues, e.counts = b.queues, e.counts[:0]
	for _, q := range b.queues {
		e.counts = append(e.counts, c.queueAt[q])
		c.queueAt[q] = 0
	}
	e.bytes = len(c.value) + len(e.identities) + 3*len(b.queues) + 32
	if err := pb.Set(c.seqKey(spaceBlock, b.first), c.value, nil); err != nil {
		return err
	}
	c.value = e.append(c.value[:0])
	if err := pb.Set(c.seqKey(spaceIndex, b.first), c.value, nil); err != nil {
		return err
	}
	b.counts = append([]uint32(nil), e.counts...)
	e.identities = e.identities[:0]
	c.next += uint64(len(b.ends))
	c.written += uint64(e.bytes)
	c.blocks = append(c.blocks, b)
	return nil
}

func (c *committer) seqKey(space byte, seq uint64) []byte {
	c.key = appendSeqKey(c.key[:0], space, seq)
	return c.key
}

func (c *committer) putState(pb *pebble.Batch, b *Batch) error {
	begin := 0
	for _, w := range b.writes {
		c.key = appendStateKey(c.key[:0], b.kv[begin:w.keyEnd])
		value := b.kv[w.keyEnd:w.valueEnd]
		var err error
		switch w.kind {
		case writePut:
			err = pb.Set(c.key, value, nil)
		case writeDelete:
			err = pb.Delete(c.key, nil)
		case writeErase:
			c.scratch = appendStateKey(c.scratch[:0], value)
			err = pb.DeleteRange(c.key, c.scratch, nil)
		}
		if err != nil {
			return err
		}
		begin = w.valueEnd
	}
	return nil
}

// publish makes committed blocks visible and wakes the queues they name, and only those. The head moves last, so
// whoever reads it finds every queue marked up to it.
func (l *Log) publish() {
	c := &l.committer
	for _, b := range c.blocks {
		l.tail.push(b)
		l.counters.records.Add(uint64(len(b.ends)))
	}
	var unknown map[uint32]bool
	l.queues.RLock()
	for _, b := range c.blocks {
		for i, id := range b.queues {
			if q := l.queues.byID[id]; q != nil {
				q.named(b.first, b.last(), b.time, int64(b.counts[i]))
			} else if _, dropped := l.queues.dropped[id]; !dropped {
				if unknown == nil {
					unknown = map[uint32]bool{}
				}
				unknown[id] = true
			}
		}
	}
	l.queues.RUnlock()
	if unknown != nil {
		l.publishTo(unknown)
	}
	l.counters.bytes.Store(c.written)
	l.head.Store(c.next - 1)
}

// publishTo makes the queues that are named before they were ever opened, so that their records wait for them. It is
// apart because it needs the lock under which everybody else reads.
func (l *Log) publishTo(unknown map[uint32]bool) {
	l.queues.Lock()
	defer l.queues.Unlock()
	for _, b := range l.committer.blocks {
		for i, id := range b.queues {
			if !unknown[id] {
				continue
			}
			q := l.queues.byID[id] // may have been opened a moment ago
			if q == nil {
				q = l.newQueue(cursorState{queue: id, read: b.first})
				l.queues.byID[id] = q
			}
			q.named(b.first, b.last(), b.time, int64(b.counts[i]))
		}
	}
}
