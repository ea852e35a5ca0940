package desk

import "time"

// Pulse is one webhook's sender and queue at a moment, with what the sender has counted since its start.
type Pulse struct {
	Queue  uint32 // the webhook's number in the log
	State  string // off, idle, delivering, retrying, failing or disabled
	Reason string // why it is failing or disabled
	Lanes  int    // requests that can be under way now

	Backlog  int64 // events that were not begun yet
	InFlight int
	Held     int       // events that were taken to be sent before the webhook was turned off, and wait until it is on
	Parked   int64     // deliveries that wait for their next attempt
	Dead     int64     // dead letters
	Trimmed  int64     // undelivered events that a limit of the log took
	Oldest   time.Time // when the oldest event was taken that has not ended; zero: there is none

	Counts Counts
}

// Counts are deliveries and attempts, by what they came to. They only grow; when they are less than they were, they began
// anew.
type Counts struct {
	Delivered uint64 // deliveries, of which one attempt makes several where events go out in batches
	Succeeded uint64 // attempts
	Failed    uint64 // attempts, retried later or not
	Dead      uint64 // deliveries given up
}

// since is what was counted after c.
func (c Counts) since(before Counts) Counts {
	if c.Delivered < before.Delivered || c.Succeeded < before.Succeeded || c.Failed < before.Failed || c.Dead < before.Dead {
		return c
	}
	return Counts{c.Delivered - before.Delivered, c.Succeeded - before.Succeeded, c.Failed - before.Failed, c.Dead - before.Dead}
}
