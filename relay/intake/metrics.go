package intake

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"
)

// dialect is who speaks: the label of accepted events.
type dialect uint8

const (
	dialectTrack dialect = iota
	dialectSegment
	dialectPendo
	dialectUserpilot
	dialectFromPendo
	dialectFromUserpilot
	dialectUnsubscribe
	dialectAdmin
	dialectMetadata
	dialects
)

func (d dialect) String() string {
	return [dialects]string{"track", "segment", "pendo", "userpilot", "pendo_webhook", "userpilot_webhook",
		"unsubscribe", "admin", "metadata"}[d]
}

// omission is why a message was left out of a body whose other messages were taken.
type omission uint8

const (
	omitNotObject omission = iota
	omitTooLarge
	omitTooMany
	omitType
	omitNoUser
	omitNoEvent
	omitNoGroup
	omitWrongType
	omitLongID
	omitTrackOff
	omitMetadata
	omitNoGuide
	omissions
)

func (o omission) String() string {
	return [omissions]string{"not_an_object", "too_large", "too_many", "unknown_type", "no_user", "no_event", "no_group",
		"wrong_type", "long_id", "track_off", "metadata", "no_guide"}[o]
}

// withholding is why a request did not go on to the app's upstream.
type withholding uint8

const (
	withheldRepeat withholding = iota
	withheldUnreadable
	withheldPeople
	withheldLoop
	withholdings
)

func (w withholding) String() string {
	return [withholdings]string{"repeat", "unreadable", "people", "loop"}[w]
}

// metrics are the Server's counters. Those that the usual request counts are looked up once.
type metrics struct {
	requests   *prometheus.CounterVec
	answered   []prometheus.Counter // by endpoint: those answered with success
	accepted   *prometheus.CounterVec
	matched    prometheus.Counter
	forwarded  *prometheus.CounterVec
	withheld   [withholdings]prometheus.Counter
	duplicates prometheus.Counter
	excluded   prometheus.Counter
	leftOut    [omissions]prometheus.Counter
	unnamed    [agentTypes]prometheus.Counter
	refused    *prometheus.CounterVec
	panics     prometheus.Counter
	seconds    prometheus.Histogram
}

// requestBuckets reach from a commit on a fast disk to the longest wait of an SDK.
var requestBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

func newMetrics(r prometheus.Registerer, server *fasthttp.Server) (*metrics, error) {
	var faults []error
	add := func(c prometheus.Collector) { faults = append(faults, r.Register(c)) }
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "edge_intake_" + name, Help: help})
		add(c)
		return c
	}
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_intake_" + name, Help: help}, labels)
		add(c)
		return c
	}
	m := &metrics{
		requests: vector("requests_total", "Requests by endpoint and status; a status of 429 or 503 says that the log or the memory was full.",
			"endpoint", "status"),
		accepted: vector("accepted_events_total", "Events that were stored; each is delivered, dead or trimmed in the end.", "app", "dialect"),
		matched: counter("matched_deliveries_total",
			"Deliveries that accepted events were matched to, before duplicates were dropped; none at all says that no webhook wants what comes."),
		duplicates: counter("duplicate_events_total", "Events that were answered with success and not stored, because they were stored within the dedupe window."),
		forwarded: vector("forwarded_requests_total",
			"Requests that were stored on their way to the app's upstream; each is delivered there, dead or trimmed in the end.", "app"),
		excluded: counter("excluded_events_total", "Events left out because their visitor or account is excluded or marked do-not-process."),
		refused:  vector("refused_requests_total", "Requests of which nothing was stored, by reason; wrong keys and bad bodies show here.", "reason"),
		panics:   counter("panics_total", "Requests that met a fault of the program itself; the log has the trace."),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "edge_intake_request_seconds",
			Help: "From a request's header to its answer, the write to disk included.", Buckets: requestBuckets}),
	}
	add(m.seconds)
	add(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "edge_intake_connections",
		Help: "Connections that are open; at the limit new ones are refused."},
		func() float64 { return float64(server.GetOpenConnectionsCount()) }))
	leftOut := vector("left_out_messages_total", "Messages left out of bodies whose other messages were taken, by reason.", "reason")
	for o := range m.leftOut {
		m.leftOut[o] = leftOut.WithLabelValues(omission(o).String())
	}
	withheld := vector("withheld_requests_total",
		"Requests of apps with an upstream that did not go on to it, by reason: they came before, cannot be read, tell only of people who are excluded or marked do-not-process, or came from this relay.", "reason")
	for w := range m.withheld {
		m.withheld[w] = withheld.WithLabelValues(withholding(w).String())
	}
	unnamed := vector("unnamed_agent_events_total",
		"Events of the Pendo agent that no webhook can select, such as a change of focus, by type; they only show that their visitor was there.", "type")
	for t := range m.unnamed {
		m.unnamed[t] = unnamed.WithLabelValues(agentType(t).String())
	}
	for _, e := range endpoints {
		m.answered = append(m.answered, m.requests.WithLabelValues(e.name, strconv.Itoa(e.success)))
	}
	return m, errors.Join(faults...)
}

// answer counts one reply. e is nil when no endpoint was found.
func (m *metrics) answer(e *endpoint, status int, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	if e != nil && status == e.success {
		m.answered[e.number].Inc()
		return
	}
	m.requests.WithLabelValues(e.label(), strconv.Itoa(status)).Inc()
}
