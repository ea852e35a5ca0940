package replay

import (
	"errors"
	"fmt"

	"edgerelay/relay/hook"
)

// target is the webhook as it is now. The error says why nothing may be sent to it.
func (r *run) target() (*hook.Webhook, error) {
	w := r.job.runner.hook(r.job.task.To)
	if w == nil {
		return nil, r.gone()
	}
	if why := r.job.runner.closedTo(w); why != "" {
		return nil, errors.New(why)
	}
	if r.scan.sieve == nil || r.scan.sieve.hook != w {
		r.scan.sieve = r.job.runner.opt.newSieve(r.job.task, w)
		r.scan.sieve.people = r.people
	}
	return w, nil
}

func (r *run) gone() error {
	return fmt.Errorf("the webhook %q is no more", r.job.task.Request.To)
}

// hook is the webhook of a queue, nil when there is none.
func (r *Runner) hook(queue uint32) *hook.Webhook {
	for _, w := range r.opt.Hooks().All() {
		if w.Queue == queue {
			return w
		}
	}
	return nil
}

// closedTo says why a webhook gets nothing, "" when it does.
func (r *Runner) closedTo(w *hook.Webhook) string {
	switch {
	case w == nil:
		return "the webhook is no more"
	case !w.Enabled:
		return fmt.Sprintf("the webhook %q is off", w.Name)
	}
	if why := r.opt.Off(w); why != "" {
		return fmt.Sprintf("the webhook %q is off: %s", w.Name, why)
	}
	return ""
}
