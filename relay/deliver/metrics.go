package deliver

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the counters of all senders, labelled by webhook.
type metrics struct {
	attempts  *prometheus.CounterVec
	delivered *prometheus.CounterVec
	retried   *prometheus.CounterVec
	dead      *prometheus.CounterVec
	disabled  *prometheus.GaugeVec
	attempt   *prometheus.HistogramVec
	latency   *prometheus.HistogramVec
	rare      sync.Map // webhook → *atomic.Uint64, see hookMetrics
}

// Buckets in seconds, from a loopback receiver to the longest timeout; latency reaches on to retries of a long schedule. They
// are few, because each webhook has all of them in every scrape: close together where receivers answer, and at 1 and 30 s,
// where a receiver is slow and the default timeout ends.
var (
	attemptBuckets = []float64{.005, .025, .1, .25, 1, 5, 30, 300}
	latencyBuckets = []float64{.01, .05, .25, 1, 5, 30, 300, 3600, 24 * 3600}
)

func newMetrics(r prometheus.Registerer, f *Fleet) *metrics {
	byHook := []string{"webhook"}
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_delivery_attempts_total",
			Help: "Attempts by what they came to: delivered, retry, final, gone, split (a batch that is tried in parts) or off (the destination refuses the key); a share of retry that grows says that a receiver is in trouble."},
			[]string{"webhook", "outcome"}),
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_delivery_delivered_total",
			Help: "Deliveries that the receiver took with a 2xx."}, byHook),
		retried: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_delivery_retried_total",
			Help: "Times that a delivery was parked until a next attempt."}, byHook),
		dead: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_delivery_dead_total",
			Help: "Deliveries that were given up on; each is kept as a dead letter."}, byHook),
		disabled: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "edge_delivery_disabled",
			Help: "1 while the webhook is turned off because its deliveries kept failing; its events are held in the log."}, byHook),
		attempt: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "edge_delivery_attempt_seconds",
			Help: "How long the receiver took to answer one attempt.", Buckets: attemptBuckets}, byHook),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "edge_delivery_latency_seconds",
			Help: "From the commit of an event to the receiver's 2xx, retries and waiting included.", Buckets: latencyBuckets}, byHook),
	}
	r.MustRegister(m.attempts, m.delivered, m.retried, m.dead, m.disabled, m.attempt, m.latency, queueCollector{f})
	return m
}

// hookMetrics are one webhook's, looked up once.
type hookMetrics struct {
	outcomes  [Gone + 1]prometheus.Counter
	attempts  *prometheus.CounterVec // of the webhook's, for outcomes that few webhooks have
	rare      *atomic.Uint64         // of these outcomes, all of which are failures
	delivers  prometheus.Counter
	retried   prometheus.Counter
	dead      prometheus.Counter
	disabled  prometheus.Gauge
	answering prometheus.Observer
	latency   prometheus.Observer
}

func (m *metrics) of(webhook string) *hookMetrics {
	h := &hookMetrics{
		attempts: m.attempts.MustCurryWith(prometheus.Labels{"webhook": webhook}),
		delivers: m.delivered.WithLabelValues(webhook), retried: m.retried.WithLabelValues(webhook),
		dead: m.dead.WithLabelValues(webhook), disabled: m.disabled.WithLabelValues(webhook),
		answering: m.attempt.WithLabelValues(webhook), latency: m.latency.WithLabelValues(webhook),
	}
	rare, _ := m.rare.LoadOrStore(webhook, new(atomic.Uint64))
	h.rare = rare.(*atomic.Uint64)
	for outcome := range h.outcomes {
		h.outcomes[outcome] = m.attempts.WithLabelValues(webhook, Outcome(outcome).String())
	}
	return h
}

// forget ends the series of a webhook that is no more.
func (m *metrics) forget(webhook string) {
	which := prometheus.Labels{"webhook": webhook}
	for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{m.attempts, m.delivered, m.retried, m.dead, m.disabled, m.attempt, m.latency} {
		v.DeletePartialMatch(which)
	}
	m.rare.Delete(webhook)
}

func (h *hookMetrics) attempt(v Verdict, took time.Duration) {
	if int(v.Outcome) < len(h.outcomes) {
		h.outcomes[v.Outcome].Inc()
	} else {
		h.attempts.WithLabelValues(v.Outcome.String()).Inc()
		h.rare.Add(1)
	}
	h.answering.Observe(took.Seconds())
}

func (h *hookMetrics) delivered(since time.Duration) {
	h.delivers.Inc()
	h.latency.Observe(max(since, 0).Seconds())
}

// queueCollector reads the queues when it is scraped.
type queueCollector struct{ fleet *Fleet }

var (
	backlogDesc = prometheus.NewDesc("edge_queue_backlog",
		"Events in the log that were not handed to a lane yet.", []string{"webhook"}, nil)
	flightDesc = prometheus.NewDesc("edge_queue_in_flight",
		"Deliveries in a lane's hands.", []string{"webhook"}, nil)
	parkedDesc = prometheus.NewDesc("edge_queue_parked",
		"Deliveries that wait for their next attempt, or behind an earlier one of their visitor.", []string{"webhook"}, nil)
	deadDesc = prometheus.NewDesc("edge_queue_dead_letters",
		"Dead letters that are kept.", []string{"webhook"}, nil)
	trimmedDesc = prometheus.NewDesc("edge_queue_trimmed_total",
		"Undelivered events and dead letters that a limit of the log took.", []string{"webhook"}, nil)
	ageDesc = prometheus.NewDesc("edge_queue_oldest_seconds",
		"Age of the oldest event that has not ended, those that wait for their next attempt included; the webhook's lag.", []string{"webhook"}, nil)
	faultsDesc = prometheus.NewDesc("edge_filter_faults_total",
		"Events that were not sent because the webhook's where failed on them: a value of the wrong type, or too many steps.", []string{"webhook"}, nil)
	lanesDesc = prometheus.NewDesc("edge_queue_lanes",
		"Goroutines that deliver now.", []string{"webhook"}, nil)
)

func (c queueCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{backlogDesc, flightDesc, parkedDesc, deadDesc, trimmedDesc, ageDesc, lanesDesc, faultsDesc,
		exportFilesDesc, exportBytesDesc, exportOverdueDesc, exportShippedDesc, exportFailedDesc} {
		ch <- d
	}
}

func (c queueCollector) Collect(ch chan<- prometheus.Metric) {
	now := c.fleet.opt.Load().now()
	for _, s := range c.fleet.Senders() {
		q, name := s.queue.Stats(), s.hook.Name
		gauge := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, name)
		}
		gauge(backlogDesc, float64(q.Backlog))
		gauge(flightDesc, float64(q.Flight))
		gauge(parkedDesc, float64(q.Parked))
		gauge(deadDesc, float64(q.Dead))
		gauge(lanesDesc, float64(s.crew.running.Load()))
		if c := s.hook.Condition; c != nil {
			ch <- prometheus.MustNewConstMetric(faultsDesc, prometheus.CounterValue, float64(c.Faults()), name)
		}
		age := 0.0
		if q.Oldest > 0 {
			age = max(now.Sub(time.UnixMilli(q.Oldest)), 0).Seconds()
		}
		gauge(ageDesc, age)
		ch <- prometheus.MustNewConstMetric(trimmedDesc, prometheus.CounterValue, float64(q.Trimmed), name)
		collectExports(ch, s, now)
	}
}
