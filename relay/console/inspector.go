package console

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	deliveriesMax = 200     // kept
	keptMax       = 8 << 20 // bytes kept, bodies and headers
	bodyMax       = 4 << 20 // bytes of one delivery, as much as intake takes by default
)

// inspector keeps the last deliveries that were posted to it. Safe for concurrent use. What it hands out is not changed
// any more.
type inspector struct {
	begun int64 // Unix nanoseconds; tells a page that ids have started again

	mu       sync.Mutex
	kept     []*delivery // ascending ids
	bytes    int         // of kept
	received uint64      // since the start; the id of the newest
}

// snapshot is what an inspector holds at one moment.
type snapshot struct {
	Begun      int64
	Received   uint64
	Deliveries []*delivery // newest first
}

func newInspector(now time.Time) *inspector { return &inspector{begun: now.UnixNano()} }

// keep gives a delivery its id and the status that its plan comes to, and forgets the oldest that have no room beside it.
func (i *inspector) keep(d *delivery, p plan) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.received++
	d.ID, d.Status = i.received, http.StatusOK
	if p.status != 0 && p.share.Picks(d.ID) {
		d.Status = p.status
	}
	i.kept = append(i.kept, d)
	i.bytes += d.weight()
	drop := 0
	for len(i.kept)-drop > deliveriesMax || i.bytes > keptMax && len(i.kept)-drop > 1 {
		i.bytes -= i.kept[drop].weight()
		drop++
	}
	i.kept = slices.Delete(i.kept, 0, drop)
}

func (i *inspector) snapshot() snapshot {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := snapshot{Begun: i.begun, Received: i.received, Deliveries: append([]*delivery{}, i.kept...)}
	slices.Reverse(s.Deliveries)
	return s
}

// empty forgets all deliveries, and says how many they were. Ids go on.
func (i *inspector) empty() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := len(i.kept)
	i.kept, i.bytes = nil, 0
	return n
}
