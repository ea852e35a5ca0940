package upstream

import (
	"sync"
	"time"
)

// circuit remembers whether the upstream answers. After a number of failures in a row it lets nobody through for a
// while, then one at a time, until one comes back well. Safe for concurrent use.
type circuit struct {
	limit int           // failures in a row
	rest  time.Duration // how long nobody is let through

	mu       sync.Mutex
	failures int // in a row
	until    time.Time
	probing  bool // somebody is finding out whether it answers again
}

// enter says whether to ask the upstream at now. Who is let through says by leave what came of it.
func (c *circuit) enter(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures < c.limit {
		return true
	}
	if c.probing || now.Before(c.until) {
		return false
	}
	c.probing = true
	return true
}

// result is what came of asking, as far as it tells whether the upstream answers.
type result uint8

const (
	unknown result = iota // it was not found out
	well
	failed
)

// leave notes what came of it, and says whether the circuit has opened or closed by that.
func (c *circuit) leave(r result, now time.Time) (opened, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probing = false
	switch r {
	case well:
		closed = c.failures >= c.limit
		c.failures = 0
	case failed:
		c.failures++
		opened = c.failures == c.limit
		c.until = now.Add(c.rest)
	}
	return opened, closed
}
