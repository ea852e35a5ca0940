package replay

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Count is what a dry run has found.
type Count struct {
	Events int64     `json:"events"`
	Bytes  int64     `json:"bytes"`          // of their records
	First  time.Time `json:"first,omitzero"` // when the relay took the first and the last of them
	Last   time.Time `json:"last,omitzero"`
	// Truncated says that the time for counting was up: there may be more events. Share is how much was looked through,
	// 0 to 1.
	Truncated bool    `json:"truncated,omitempty"`
	Share     float64 `json:"share"`
}

// Count says what a replay would send, and sends nothing. It takes at most Options.CountTime, and one Count runs at a
// time. An error is a hook.Fault when something is wrong with the request, or that of ctx.
func (r *Runner) Count(ctx context.Context, q Request) (Count, error) {
	t, err := r.check(q)
	if err != nil {
		return Count{}, err
	}
	w := r.hook(t.To)
	if w == nil {
		return Count{}, fault("to", "there is no webhook %q", q.To)
	}
	select {
	case r.counting <- struct{}{}:
		defer func() { <-r.counting }()
	case <-ctx.Done():
		return Count{}, fmt.Errorf("wait for another count: %w", ctx.Err())
	}
	s := &scan{log: r.opt.Log, task: t, sieve: r.opt.newSieve(t, w)}
	limited, cancel := context.WithTimeout(ctx, r.opt.CountTime)
	defer cancel()
	c, err := s.count(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		c.Truncated, err = true, nil
	}
	return c, err
}

// countWork is how long a dry run reads before it rests as long: somebody waits for it, but so does live traffic.
const countWork = 5 * time.Millisecond

// count goes over the whole task, until ctx ends.
func (s *scan) count(ctx context.Context) (c Count, err error) {
	next, began := s.task.First, time.Now()
	for end := false; !end; {
		next, end, err = s.look(next, func(p *pick) bool {
			c.add(p)
			return true
		})
		if err != nil {
			return c, fmt.Errorf("count events: %w", err)
		}
		c.Share = s.task.share(next)
		if err := ctx.Err(); err != nil {
			return c, err
		}
		if worked := time.Since(began); worked > countWork {
			if err := sleep(ctx, worked); err != nil {
				return c, err
			}
			began = time.Now()
		}
	}
	c.Share = 1
	return c, nil
}

func (c *Count) add(p *pick) {
	c.Events++
	c.Bytes += int64(len(p.body))
	c.Last = time.UnixMilli(p.time).UTC()
	if c.Events == 1 {
		c.First = c.Last
	}
}
