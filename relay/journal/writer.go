package journal

import (
	"encoding/binary"
	"errors"
	"time"

	"edgerelay/wal"
)

const (
	lookEvery   = time.Minute            // for entries that have grown too old
	batchBytes  = 512 << 10              // after which a commit is not made larger: intake's commits wait for it
	retryPause  = 100 * time.Millisecond // when too much else waits for the disk
	retriesMost = 50                     // of one commit
)

// run is the one goroutine that writes, until the journal is closed.
func (j *Journal) run() {
	defer close(j.ended)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	wait := time.NewTimer(0)
	defer wait.Stop()
	<-wait.C
	for {
		select {
		case <-j.kick:
			wait.Reset(writeEvery)
			select {
			case <-wait.C:
			case <-j.enough:
				wait.Stop()
			case <-j.stop:
				wait.Stop()
			}
		case <-look.C:
		case <-j.stop:
			j.write()
			return
		}
		j.write()
	}
}

// write writes what is in the buffer, and then applies the limits.
func (j *Journal) write() {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	b, number := j.open, j.number
	j.open, j.flying = j.flying, b
	j.mu.Unlock()
	var err error
	if j.diskLow() {
		err = errDiskLow
	}
	j.sorted = append(j.sorted[:0], b.places...) // readers look at the buffer's own
	sortPlaces(j.sorted)
	for left := j.sorted; len(left) > 0; {
		if err == nil {
			left, err = j.writeSome(b, left, number)
		}
		if err != nil {
			j.lose(left, err)
			break
		}
	}
	j.mu.Lock()
	b.reset()
	j.mu.Unlock()
	j.trim()
}

// writeSome writes chunks of sorted rows in one commit, and returns the rows that are left for the next.
func (j *Journal) writeSome(b *buffer, all []place, number uint64) (left []place, err error) {
	j.batch.Reset()
	left = all
	for len(left) > 0 && j.batch.Size() < batchBytes {
		var rows []place
		rows, left = nextChunk(left)
		j.stage(b, rows)
	}
	j.batch.Put([]byte(keyNumber), binary.AppendUvarint(nil, number))
	if err := j.commit(); err != nil {
		return all, err
	}
	j.mu.Lock()
	j.stats.Entries += uint64(len(all) - len(left))
	j.mu.Unlock()
	return left, nil
}

// stage puts one chunk into the batch, and counts it. When the commit then fails the count stays too high; that is rare,
// and ends with the segment.
func (j *Journal) stage(b *buffer, rows []place) {
	s, at := rows[0].stream, rows[0].position
	j.scratch[0], j.scratch[1] = j.coder.appendChunk(j.scratch[0][:0], j.scratch[1], b, rows)
	key := s.chunkKey(nil, at)
	j.batch.Put(key, j.scratch[0])
	failed := int64(-1)
	for i := range rows {
		if outcomes[rows[i].outcome].Failed() {
			failed = rows[i].ms
			break // the newest comes first
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ledger.count(&j.batch, s, at.ms, failed, len(rows), len(key)+len(j.scratch[0]))
}

// commit appends the batch to the state. Most errors are final: the log is closed, or its disk broken.
func (j *Journal) commit() error {
	if j.broken != nil {
		return j.broken
	}
	for try := 1; ; try++ {
		_, err := j.state.Append(&j.batch)
		if !errors.Is(err, wal.ErrOverloaded) {
			j.broken = err
			return err
		}
		if try == retriesMost {
			return err
		}
		time.Sleep(retryPause)
	}
}

var errDiskLow = errors.New("the disk of the data folder is nearly full")

// diskLow says whether entries must be dropped to keep the disk from filling up.
func (j *Journal) diskLow() bool {
	low := j.state.DiskLow()
	if low != j.low {
		if j.low = low; low {
			j.logger.Warn("attempts are not logged until the disk has room again")
		} else {
			j.logger.Info("attempts are logged again")
		}
	}
	return low
}

// lose counts what was not written.
func (j *Journal) lose(rows []place, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range rows {
		j.dropLocked(rows[i].stream, 1)
	}
	if err != errDiskLow && !errors.Is(err, wal.ErrClosed) {
		j.logger.Error("attempts were not logged", "entries", len(rows), "error", err)
	}
}

// trim applies the limits. The caller holds writing.
func (j *Journal) trim() {
	j.batch.Reset()
	j.mu.Lock()
	j.ledger.dropAged(&j.batch, j.oldest())
	evicted := j.ledger.dropExcess(&j.batch)
	j.stats.Evicted += uint64(evicted)
	j.mu.Unlock()
	if j.batch.Empty() {
		return
	}
	if err := j.commit(); err != nil && !errors.Is(err, wal.ErrClosed) {
		j.logger.Error("attempt log was not trimmed", "error", err)
	}
}

// oldest is the time from which on entries are kept.
func (j *Journal) oldest() int64 { return j.opt.Now().Add(-j.opt.Retain).UnixMilli() }

// Drop forgets everything of a queue, when its webhook is deleted. What its last attempts append afterwards is kept, and
// goes with its time: it should be called once they have ended.
func (j *Journal) Drop(queue uint32) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.batch.Reset()
	j.mu.Lock()
	j.open.forget(queue)
	j.ledger.dropQueue(&j.batch, queue)
	j.mu.Unlock()
	return j.commit()
}
