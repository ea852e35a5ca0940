package intake

import "sync/atomic"

// budget bounds what all requests together hold of some resource. It is safe for concurrent use.
type budget struct {
	max  int64
	used atomic.Int64
}

// take reserves n more for someone who holds held, and says whether that was possible. Who is alone gets more than there
// is, or what is larger than the whole budget could never pass.
func (b *budget) take(n, held int64) bool {
	for {
		used := b.used.Load()
		if used > held && used+n > b.max {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

func (b *budget) give(n int64) { b.used.Add(-n) }
