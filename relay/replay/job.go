package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"edgerelay/wal"
)

// State is where a job stands.
type State string

const (
	Waiting   State = "waiting"   // for its turn
	Running   State = "running"   // or held up: the reason then says by what
	Done      State = "done"      // came to its end
	Cancelled State = "cancelled" // by Cancel
	Failed    State = "failed"    // ended before its end: see the reason
)

// Ended says that nothing more will happen.
func (s State) Ended() bool { return s == Done || s == Cancelled || s == Failed }

// Job is a picture of one replay.
type Job struct {
	ID      string    `json:"id"`
	Request Request   `json:"request"` // with the defaults in place of what was left empty
	State   State     `json:"state"`
	Reason  string    `json:"reason,omitempty"` // why it failed, or what it waits for
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`

	Events int64     `json:"events"`         // sent again so far: appended to the webhook's queue, or parked anew
	Bytes  int64     `json:"bytes"`          // of their records
	Lost   int64     `json:"lost,omitempty"` // records of the range that limits took before the job came to them
	At     time.Time `json:"at,omitzero"`    // when the relay took the event that was looked at last
	Share  float64   `json:"share"`          // of the way, 0 to 1
}

// job is one replay. at and waits are guarded by mu; cancel is the runner's lock's.
type job struct {
	runner *Runner
	id     string
	task   *task
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when it will not change any more

	mu    sync.Mutex
	at    progress
	waits string
}

// progress is how far a job has come.
type progress struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
	Next   uint64 `json:"next"` // number to go on from
	Events int64  `json:"events"`
	Bytes  int64  `json:"bytes"`
	Lost   int64  `json:"lost,omitempty"`
	Time   int64  `json:"time,omitempty"`  // of the record that was looked at last, Unix milliseconds
	Ended  int64  `json:"ended,omitempty"` // Unix milliseconds
}

// errCancelled is why a job stops that Cancel ended.
var errCancelled = errors.New("cancelled")

// Start begins a replay in the background. An error is a hook.Fault when something is wrong with the request, or ErrBusy.
func (r *Runner) Start(q Request) (Job, error) {
	t, err := r.check(q)
	if err != nil {
		return Job{}, err
	}
	if why := r.closedTo(r.hook(t.To)); why != "" {
		return Job{}, fault("to", "%s; turn it on first", why)
	}
	j := &job{runner: r, task: t, done: make(chan struct{}), at: progress{State: Waiting, Next: t.First}}
	r.starting.Lock()
	defer r.starting.Unlock()
	if err := r.admit(j); err != nil {
		return Job{}, err
	}
	if err := j.create(); err != nil {
		return Job{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs[j.id] = j
	r.launch(j)
	return j.picture(), nil
}

// admit makes room for a job and gives it an ID that no other has. IDs sort by the time of the start.
func (r *Runner) admit(j *job) error {
	if err := r.prune(JobsMax - 1); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return ErrClosed
	case len(r.jobs) >= JobsMax:
		return ErrBusy
	}
	for n := j.task.Started; j.id == "" || r.jobs[j.id] != nil; n++ {
		j.id = strconv.FormatInt(n, 36)
	}
	return nil
}

// Jobs lists the jobs that wait, run, or ended not long ago; the one that was started last comes first.
func (r *Runner) Jobs() []Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	jobs := make([]Job, 0, len(r.jobs))
	for _, j := range r.jobs {
		if !j.outdated(now) {
			jobs = append(jobs, j.picture())
		}
	}
	slices.SortFunc(jobs, func(a, b Job) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID)) })
	return jobs
}

// Job is the job of an ID, or ErrUnknown.
func (r *Runner) Job(id string) (Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j := r.jobs[id]; j != nil && !j.outdated(time.Now()) {
		return j.picture(), nil
	}
	return Job{}, ErrUnknown
}

// Cancel ends a job and returns what became of it, once it has stopped. What it has sent again is delivered all the same.
// One that has ended stays as it is.
func (r *Runner) Cancel(ctx context.Context, id string) (Job, error) {
	r.mu.Lock()
	j := r.jobs[id]
	if j == nil {
		r.mu.Unlock()
		return Job{}, ErrUnknown
	}
	if j.cancel != nil {
		j.cancel(errCancelled)
	}
	r.mu.Unlock()
	select {
	case <-j.done:
		return j.picture(), nil
	case <-ctx.Done():
		return j.picture(), fmt.Errorf("wait for replay %s to stop: %w", id, ctx.Err())
	}
}

// progress is how far the job has come.
func (j *job) progress() progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.at
}

// picture is the job of the moment.
func (j *job) picture() Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := Job{ID: j.id, Request: j.task.Request, State: j.at.State, Reason: cmp.Or(j.at.Reason, j.waits),
		Started: time.UnixMilli(j.task.Started).UTC(), Events: j.at.Events, Bytes: j.at.Bytes, Lost: j.at.Lost, Share: j.share()}
	if j.at.Ended != 0 {
		p.Ended = time.UnixMilli(j.at.Ended).UTC()
	}
	if j.at.Time != 0 {
		p.At = time.UnixMilli(j.at.Time).UTC()
	}
	return p
}

// share is how much of the way the job has behind it. Its lock is held.
func (j *job) share() float64 {
	if j.at.State == Done {
		return 1
	}
	return j.task.share(j.at.Next)
}

// share is how much of the task lies before a number.
func (t *task) share(next uint64) float64 {
	if seqs := t.Request.Seqs; len(seqs) > 0 {
		i, _ := slices.BinarySearch(seqs, next)
		return float64(i) / float64(len(seqs))
	}
	if next <= t.First || t.Last < t.First {
		return 0
	}
	return float64(min(next, t.Last+1)-t.First) / float64(t.Last+1-t.First)
}

// conclude notes how a run ended: err is nil when it came to its end. A job that stops with the relay, or with its log,
// stays as it is and goes on after the next start.
func (j *job) conclude(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, errClosing) || errors.Is(err, wal.ErrClosed) {
		return
	}
	j.mu.Lock()
	j.waits = ""
	j.at.State, j.at.Ended = Done, time.Now().UnixMilli()
	switch {
	case errors.Is(err, errCancelled):
		j.at.State = Cancelled
	case err != nil:
		j.at.State, j.at.Reason = Failed, err.Error()
	}
	at := j.at
	j.mu.Unlock()
	j.runner.opt.Logger.Info("replay ended", "replay", j.id, "webhook", j.task.Request.To, "state", string(at.State),
		"reason", at.Reason, "events", at.Events)
	if err := j.save(at); err != nil && !errors.Is(err, wal.ErrClosed) {
		j.runner.opt.Logger.Error("the end of a replay was not saved, it goes on after the next start", "replay", j.id, "error", err)
	}
}
