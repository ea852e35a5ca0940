package replay

import (
	"cmp"
	"context"
	"errors"
	"time"

	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// run is a job at work: look → pace → make room → commit, until there is nothing left. It is its goroutine's own.
type run struct {
	job    *job
	log    *wal.Log
	scan   *scan
	people hook.People
	pace   *pace
	batch  wal.Batch
	alive  []uint64 // dead letters to be delivered again
	at     progress // the job's, once the batch is committed
	saved  time.Time
}

const (
	// batchBytes is the size at which a batch of copies is committed: live events share its commit.
	batchBytes = 256 << 10
	// saveTime is how often a job saves where it is while it finds nothing to send.
	saveTime = time.Second
	// restFactor is how many times as long as it has read a job rests.
	restFactor = 4
)

// run carries the job out. An error says why it ended before its end.
func (j *job) run(ctx context.Context) error {
	r := &run{job: j, log: j.runner.opt.Log, pace: newPace(j.task.Request.Rate), saved: time.Now()}
	r.scan = &scan{log: r.log, task: j.task}
	if j.runner.opt.People != nil {
		r.people = j.runner.opt.People()
	}
	r.begin()
	j.runner.opt.Logger.Info("replay runs", "replay", j.id, "webhook", j.task.Request.To, "from", r.at.Next, "to", j.task.Last)
	for end := false; !end; {
		var err error
		if end, err = r.step(ctx); err != nil {
			return errors.Join(err, r.leave())
		}
	}
	return nil
}

// step does one batch, or looks through one stretch without finding any.
func (r *run) step(ctx context.Context) (end bool, err error) {
	if _, err = r.target(); err != nil {
		return false, err
	}
	began := time.Now()
	if end, err = r.look(); err != nil {
		return false, err
	}
	read := time.Since(began)
	if r.picked() > 0 {
		if err = r.pace.wait(ctx, r.picked()); err == nil {
			err = r.makeRoom(ctx)
		}
		if err == nil && r.picked() > r.pace.batch {
			r.at = r.job.progress() // the webhook is slow: this is too much at once, gather less
			return false, nil
		}
	}
	if err == nil {
		err = r.commit(ctx)
	}
	if err == nil && !end {
		err = sleep(ctx, restFactor*read)
	}
	return end, err
}

func (r *run) begin() {
	j := r.job
	j.mu.Lock()
	defer j.mu.Unlock()
	j.at.State = Running
	r.at = j.at
}

// look gathers what is to be sent next, at most a batch.
func (r *run) look() (end bool, err error) {
	r.batch.Reset()
	r.alive = r.alive[:0]
	s, revives := r.scan, r.job.task.revives()
	r.at.Next, end, err = s.look(r.at.Next, func(p *pick) bool {
		r.at.Events++
		r.at.Bytes += int64(len(p.body))
		if revives {
			r.alive = append(r.alive, p.seq)
		} else {
			r.batch.Add(wal.Record{Body: p.body, Order: p.order, Repeat: true,
				Receivers: []wal.Receiver{{Queue: r.job.task.To, Note: p.note}}})
		}
		return r.picked() < r.pace.batch && r.batch.Size() < batchBytes
	})
	if err == nil && r.people != nil {
		err = r.people.Err()
	}
	r.at.Lost, s.lost = r.at.Lost+s.lost, 0
	if s.time != 0 {
		r.at.Time = s.time
	}
	return end, err
}

// revives says that dead letters go back to their own webhook.
func (t *task) revives() bool { return t.Request.Dead && t.Of == t.To }

// picked is how many events the run has in hand.
func (r *run) picked() int { return r.batch.Len() + len(r.alive) }

// commit appends the copies and where the job is now, in one commit, or revives dead letters.
func (r *run) commit(ctx context.Context) error {
	if err := r.revive(); err != nil {
		return err
	}
	if r.picked() == 0 && time.Since(r.saved) < saveTime {
		r.show()
		return nil
	}
	if err := r.job.put(&r.batch, r.at); err != nil {
		return err
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		_, err := r.log.Append(&r.batch)
		switch {
		case err == nil:
			r.saved = time.Now()
			r.show()
			return nil
		case !errors.Is(err, wal.ErrFull) && !errors.Is(err, wal.ErrOverloaded):
			return err
		}
		r.job.waitFor(cmp.Or(r.full(), "the log takes nothing at present: "+err.Error()))
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// revive parks dead letters again, due now.
func (r *run) revive() error {
	if len(r.alive) == 0 {
		return nil
	}
	queue := r.log.Find(r.job.task.To)
	if queue == nil {
		return r.gone()
	}
	for _, seq := range r.alive {
		found, err := queue.Revive(seq, time.Now().UnixMilli())
		if err != nil {
			return err
		}
		if !found {
			r.at.Events-- // somebody was faster
		}
	}
	return nil
}

// show lets others see how far the job has come.
func (r *run) show() {
	r.job.mu.Lock()
	defer r.job.mu.Unlock()
	r.job.at, r.job.waits = r.at, ""
}

// leave saves where the job is when it stops before its end. What was looked at and not committed is looked at again.
func (r *run) leave() error { return r.job.save(r.job.progress()) }

// waitFor tells what the job waits for.
func (j *job) waitFor(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waits = what
}

// sleep waits for d or the end of ctx, which it returns.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
