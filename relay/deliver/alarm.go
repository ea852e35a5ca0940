package deliver

import (
	"math"
	"sync"
	"time"
)

// alarm is the timer that wakes a sender when its next parked delivery comes due. Safe for concurrent use.
type alarm struct {
	next func() int64 // when that is, Unix milliseconds; math.MaxInt64 for never
	now  func() time.Time
	ring func()

	mu    sync.Mutex // held while next is asked, or an older answer could replace a newer one
	timer *time.Timer
	ended bool
}

// set sets the timer anew. It may wait for the queue, so the committer, which wakes senders, must not come here.
func (a *alarm) set() {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := a.next()
	if a.ended || due == math.MaxInt64 {
		return
	}
	wait := max(time.Duration(due-a.now().UnixMilli())*time.Millisecond, time.Millisecond)
	if a.timer == nil {
		a.timer = time.AfterFunc(wait, a.ring)
		return
	}
	a.timer.Reset(wait)
}

// end stops the timer for good.
func (a *alarm) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	if a.timer != nil {
		a.timer.Stop()
	}
}
