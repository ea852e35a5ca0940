package receipt

import "math"

// Share picks a share of a sequence of requests: which ones follows from their numbers alone, so that two runs of the same
// requests go the same way. The zero value picks none. It is plain data, safe concurrently.
type Share struct {
	limit uint64
	all   bool
}

// NewShare picks the share of all requests, from 0 (none) to 1 (all).
func NewShare(share float64) Share {
	switch {
	case !(share > 0):
		return Share{}
	case share >= 1:
		return Share{all: true}
	}
	return Share{limit: uint64(math.Ldexp(share, 64))}
}

// golden is 2^64 divided by the golden ratio. Its multiples modulo 2^64 fill the range more evenly than anything random,
// and follow no rhythm that the requests could have too, as every tenth would with ten visitors who take turns.
const golden = 0x9E3779B97F4A7C15

// Picks says whether request number n, counted from 1, is of the share. Of any run of requests it picks within a few of
// the exact share.
func (s Share) Picks(n uint64) bool { return s.all || n*golden < s.limit }
