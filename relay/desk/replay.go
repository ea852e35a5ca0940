package desk

import (
	"context"
	"errors"
	"fmt"

	"edgerelay/relay/hook"
	"edgerelay/relay/replay"
)

// Replay sends past events to a webhook again, in the background. The request's To is the name.
func (d *Desk) Replay(name string, q replay.Request) (replay.Job, error) {
	if err := d.aim(name, &q); err != nil {
		return replay.Job{}, err
	}
	w, err := d.Get(name)
	switch {
	case err != nil:
		return replay.Job{}, err
	case !w.Enabled:
		return replay.Job{}, refuse(Off, "", "webhook %q is off; turn it on first", name)
	case w.Disabled != nil:
		return replay.Job{}, refuse(Off, "", "webhook %q was turned off (%s); turn it on first", name, w.Disabled.Reason)
	}
	job, err := d.opt.Replays.Start(q)
	return job, replayRefusal(err)
}

// CountReplay says what Replay would send.
func (d *Desk) CountReplay(ctx context.Context, name string, q replay.Request) (replay.Count, error) {
	if err := d.aim(name, &q); err != nil {
		return replay.Count{}, err
	}
	count, err := d.opt.Replays.Count(ctx, q)
	return count, replayRefusal(err)
}

// aim fills in where a replay goes to.
func (d *Desk) aim(name string, q *replay.Request) error {
	if _, err := d.opt.Hooks.Compiled(name); err != nil {
		return refusal(err)
	}
	if q.To != "" && q.To != name {
		return refuse(Invalid, "to", "is another webhook than that of the path; leave it out")
	}
	q.To = name
	return nil
}

// Replays are those that wait, run, or ended not long ago; the one that was started last comes first.
func (d *Desk) Replays() []replay.Job { return d.opt.Replays.Jobs() }

// ReplayOf is the replay of an ID.
func (d *Desk) ReplayOf(id string) (replay.Job, error) {
	job, err := d.opt.Replays.Job(id)
	return job, replayRefusal(err)
}

// CancelReplay ends a replay, and waits until it has stopped.
func (d *Desk) CancelReplay(ctx context.Context, id string) (replay.Job, error) {
	job, err := d.opt.Replays.Cancel(ctx, id)
	return job, replayRefusal(err)
}

// replayRefusal turns the refusals of replays into the desk's.
func replayRefusal(err error) error {
	var fault hook.Fault
	switch {
	case errors.As(err, &fault):
		return &Error{Code: Invalid, Field: fault.Field, Message: fault.Text}
	case errors.Is(err, replay.ErrUnknown):
		return refuse(NotFound, "", "there is no such replay, or it ended more than %s ago", fmt.Sprintf("%.0f hours", replay.Kept.Hours()))
	case errors.Is(err, replay.ErrBusy):
		return refuse(Busy, "", "%d replays wait already; try again when one has ended, or cancel one", replay.JobsMax)
	case errors.Is(err, replay.ErrClosed):
		return refuse(Busy, "", "the relay is stopping")
	}
	return err
}
