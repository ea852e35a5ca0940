package replay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"edgerelay/wal"
)

// Keys of the log's state, each before a job's ID. What is under them is JSON, to which later versions may add.
const (
	jobKey = "replay/job/" // task
	atKey  = "replay/at/"  // progress
)

// create stores a new job.
func (j *job) create() error {
	text, err := json.Marshal(j.task)
	if err != nil {
		return fmt.Errorf("store replay: %w", err)
	}
	var b wal.Batch
	b.Put([]byte(jobKey+j.id), text)
	if err := j.put(&b, j.at); err != nil {
		return err
	}
	if _, err := j.runner.opt.Log.Append(&b); err != nil {
		return fmt.Errorf("store replay: %w", err)
	}
	return nil
}

// put stages a job's progress.
func (j *job) put(b *wal.Batch, at progress) error {
	text, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("store progress of replay %s: %w", j.id, err)
	}
	b.Put([]byte(atKey+j.id), text)
	return nil
}

// save stores a job's progress by itself.
func (j *job) save(at progress) error {
	var b wal.Batch
	if err := j.put(&b, at); err != nil {
		return err
	}
	if _, err := j.runner.opt.Log.Append(&b); err != nil {
		return fmt.Errorf("store progress of replay %s: %w", j.id, err)
	}
	return nil
}

// load reads the jobs of the last run, the one that was started first first. One that cannot be read is told of and left
// alone: no replay is worth a relay that does not start.
func (r *Runner) load() (jobs []*job, err error) {
	err = r.opt.Log.Scan([]byte(jobKey), nil, func(key, value []byte) bool {
		j := &job{runner: r, id: string(bytes.TrimPrefix(key, []byte(jobKey))), task: &task{}, done: make(chan struct{})}
		if err := j.parse(value); err != nil {
			r.opt.Logger.Error("a replay of the last run cannot be read and is left alone", "replay", j.id, "error", err,
				"next", "start it again")
			return true
		}
		jobs = append(jobs, j)
		return true
	})
	slices.SortFunc(jobs, func(a, b *job) int {
		return cmp.Or(cmp.Compare(a.task.Started, b.task.Started), cmp.Compare(a.id, b.id))
	})
	return jobs, err
}

// parse fills a job from its stored task, and from its progress in the log.
func (j *job) parse(value []byte) error {
	if err := json.Unmarshal(value, j.task); err != nil {
		return err
	}
	if err := j.task.parse(); err != nil {
		return err
	}
	text, _, err := j.runner.opt.Log.Get(nil, []byte(atKey+j.id))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &j.at); err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	if j.at.State.Ended() {
		close(j.done)
	} else {
		j.at.State = Waiting
	}
	return nil
}

// outdated says that an ended job is no longer listed.
func (j *job) outdated(now time.Time) bool {
	return j.over() && now.Sub(time.UnixMilli(j.at.Ended)) > Kept
}

// over says that the job will not change any more; its progress may then be read without its lock.
func (j *job) over() bool {
	select {
	case <-j.done:
		return j.at.State.Ended()
	default:
		return false
	}
}

// prune forgets ended jobs: the outdated ones, and those that ended first while there are more than most.
func (r *Runner) prune(most int) error {
	r.mu.Lock()
	var ended []*job
	for _, j := range r.jobs {
		if j.over() {
			ended = append(ended, j)
		}
	}
	slices.SortFunc(ended, func(a, b *job) int { return cmp.Compare(a.at.Ended, b.at.Ended) })
	left, now := len(r.jobs), time.Now()
	var b wal.Batch
	for _, j := range ended {
		if j.outdated(now) || left > most {
			b.Delete([]byte(jobKey + j.id))
			b.Delete([]byte(atKey + j.id))
			delete(r.jobs, j.id)
			left--
		}
	}
	r.mu.Unlock()
	if b.Empty() {
		return nil
	}
	if _, err := r.opt.Log.Append(&b); err != nil {
		return fmt.Errorf("forget old replays: %w", err) // they are found again after the next start
	}
	return nil
}
