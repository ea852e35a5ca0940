package upstream

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the counters of all upstreams that are asked live.
type Metrics struct{ asked *prometheus.CounterVec }

// NewMetrics makes them and registers them with r, which may be nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{asked: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_upstream_live_requests_total",
		Help: "Requests that wait for the upstream's answer, by what came of it: passed on; declined by a 3xx or 4xx; failed; skipped without asking. All but the first are answered that there is nothing."},
		[]string{"upstream", "outcome"})}
	if r != nil {
		r.MustRegister(m.asked)
	}
	return m
}

// outcome is what came of a request.
type outcome uint8

const (
	passed outcome = iota
	declined
	faulty
	skipped
)

// outcomes are one upstream's counters, by outcome.
type outcomes [skipped + 1]prometheus.Counter

func (m *Metrics) of(name string) (o outcomes) {
	for i, label := range [...]string{passed: "passed", declined: "declined", faulty: "failed", skipped: "skipped"} {
		o[i] = m.asked.WithLabelValues(name, label)
	}
	return o
}
