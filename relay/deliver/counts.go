package deliver

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Counts are what a webhook's senders have counted under its name, since the start of the program or since it got that
// name.
type Counts struct {
	Delivered uint64 // deliveries
	Succeeded uint64 // attempts that the receiver took, each one request of one or more events
	Failed    uint64 // attempts that it did not
	Dead      uint64 // deliveries given up on
}

// Counts reads the sender's metrics.
func (s *Sender) Counts() Counts {
	m := s.metrics
	return Counts{Delivered: read(m.delivers), Succeeded: read(m.outcomes[Delivered]), Dead: read(m.dead),
		Failed: read(m.outcomes[Retry]) + read(m.outcomes[Final]) + read(m.outcomes[Gone]) + m.rare.Load()}
}

// read is a counter's value. Prometheus has no other way to ask for it.
func read(c prometheus.Counter) uint64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		return 0
	}
	return uint64(m.GetCounter().GetValue())
}
