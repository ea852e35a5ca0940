// Package replay sends past events again: one event, a time range, a selection, dead letters, to the webhook that had
// them or to another one.
//
//	runner, err := replay.New(replay.Options{Log: log, Hooks: hooks})
//	count, err := runner.Count(ctx, request) // the dry run
//	job, err := runner.Start(request)        // goes on in the background, and after a restart
//	jobs := runner.Jobs()
//	job, err = runner.Cancel(ctx, job.ID)
//	runner.Close()                           // before the log's
//
// A job goes over the log in the order of its records and appends a copy of each event that it wants, with the one
// receiver. From there a copy takes the usual way: durable, paced, signed, retried. It has the uniqueId of its original,
// and the same body where the webhook had that before. Dead letters that go back to their own webhook are not copied but
// delivered again.
//
// The package knows the log, events and what webhooks select. It knows no HTTP, no sender and no configuration. A Runner
// is safe for concurrent use.
//
// # Each event once
//
// A job's position is written in the commit that writes the copies: a job that goes on after a crash repeats none and
// leaves none out. What it goes over ends where the log ended when it was started, and copies are marked in the log as
// repeats, which no replay reads: neither its own nor those of a later one.
//
// # What keeps live traffic fast
//
// Copies are appended at the job's own rate, a twentieth of a second's worth at once, and only while the webhook has
// caught up with what is waiting for it: a live event finds fewer of them before it than the webhook takes at once. Between
// stretches of the log a job rests four times as long as it has read, so that looking for few events among many takes a
// fifth of one processor at most. A log that is full or overloaded makes it wait.
//
// # State
//
//	replay/job/<id>   what was asked for, JSON (task)
//	replay/at/<id>    how far it has come, JSON (progress)
package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

// Options say what a Runner works on. Log and Hooks must be given. The functions are called by several goroutines at once.
type Options struct {
	Log *wal.Log
	// Hooks are the webhooks of the moment. It is asked all the time and must be fast.
	Hooks func() *hook.Set
	// Off says why an enabled webhook is sent nothing at present: a job to it ends with that. "" is that it is sent what
	// is for it, which is the default.
	Off func(w *hook.Webhook) string
	// Exclude says that an event must not be sent to anybody any more, such as one of a visitor who has asked for that.
	// The event is valid until it returns. By default none is.
	Exclude func(e *event.Event) bool
	// People makes a view of visitors and accounts, for one goroutine: events that a webhook gets for the first time are sent
	// with the properties that it chose as they are now. By default they have none.
	People func() hook.People
	// CountTime is how long one Count may take. Default 5 s.
	CountTime time.Duration
	// Running is how many jobs run at once; others wait for their turn. Default 2.
	Running int
	Logger  *slog.Logger // default slog.Default
}

func (o *Options) ensureDefaults() {
	if o.Off == nil {
		o.Off = func(*hook.Webhook) string { return "" }
	}
	if o.Exclude == nil {
		o.Exclude = func(*event.Event) bool { return false }
	}
	if o.CountTime == 0 {
		o.CountTime = 5 * time.Second
	}
	if o.Running == 0 {
		o.Running = 2
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

const (
	// JobsMax bounds the jobs that are kept, ended ones included; the one that ended first goes when another is started.
	JobsMax = 100
	// Kept is how long a job is listed after its end.
	Kept = 24 * time.Hour
)

var (
	// ErrUnknown: there is no job of that ID, or it ended long ago.
	ErrUnknown = errors.New("replay: no such job")
	// ErrBusy: JobsMax jobs wait or run. Wait for one to end, or cancel one.
	ErrBusy = errors.New("replay: too many jobs wait already")
	// ErrClosed: the runner was closed.
	ErrClosed = errors.New("replay: runner is closed")
)

// errClosing is why a job stops that goes on after the next start.
var errClosing = errors.New("the relay stops")

// Runner counts and runs replays. It is safe for concurrent use.
type Runner struct {
	opt      Options
	ctx      context.Context
	stop     context.CancelCauseFunc
	turns    chan struct{} // holds one token for each running job
	counting chan struct{} // held by the Count that runs
	running  sync.WaitGroup

	starting sync.Mutex // held while a job is checked for room and stored
	mu       sync.Mutex
	jobs     map[string]*job
	closed   bool
}

// New makes a runner, and goes on with the jobs that the last one left.
func New(o Options) (*Runner, error) {
	o.ensureDefaults()
	r := &Runner{opt: o, turns: make(chan struct{}, o.Running), counting: make(chan struct{}, 1), jobs: map[string]*job{}}
	r.ctx, r.stop = context.WithCancelCause(context.Background())
	left, err := r.load()
	if err != nil {
		return nil, fmt.Errorf("read replays of the last run: %w", err)
	}
	for _, j := range left {
		r.jobs[j.id] = j
	}
	if err := r.prune(JobsMax); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range left {
		if !j.over() {
			r.launch(j)
		}
	}
	return r, nil
}

// Close stops the jobs and returns when they have saved where they are; they go on with the next New. The log must still
// be open.
func (r *Runner) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop(errClosing)
	r.running.Wait()
}

// launch begins to run a job, once it has its turn. The runner's lock is held.
func (r *Runner) launch(j *job) {
	if r.closed {
		return // after the next start
	}
	ctx, cancel := context.WithCancelCause(r.ctx)
	j.cancel = cancel
	r.running.Go(func() {
		defer close(j.done)
		defer cancel(nil)
		select {
		case r.turns <- struct{}{}:
			defer func() { <-r.turns }()
			j.conclude(ctx, j.run(ctx))
		case <-ctx.Done():
			j.conclude(ctx, context.Cause(ctx))
		}
	})
}
