package mail

import "github.com/prometheus/client_golang/prometheus"

// metrics count what the Mailer does. Recipients are no labels: there may be many, and they are people.
type metrics struct {
	sent     prometheus.Counter
	attempts *prometheus.CounterVec
	dropped  *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer, waiting func() float64) *metrics {
	m := &metrics{
		sent: prometheus.NewCounter(prometheus.CounterOpts{Name: "edge_mail_sent_total",
			Help: "Mails that the mail server took; one may sum up several messages."}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_mail_attempts_total",
			Help: "Attempts by what they came to: sent, put_off, refused or server_fault; the last says that no mail goes out at all."},
			[]string{"outcome"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_mail_dropped_total",
			Help: "Messages that will never be sent, by why: refused by the server, expired after hours of attempts, full when too " +
				"many waited, summed when a mail gave only their number, address when they had none, closed when the relay was stopping."},
			[]string{"reason"}),
	}
	for _, o := range []outcome{sent, putOff, refused, serverFault} {
		m.attempts.WithLabelValues(o.String()) // a counter that begins with its first fault hides that one from alerts
	}
	for _, reason := range []string{"refused", "expired", "full", "summed", "address", "closed"} {
		m.dropped.WithLabelValues(reason)
	}
	r.MustRegister(m.sent, m.attempts, m.dropped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "edge_mail_waiting",
		Help: "Messages that wait to be sent."}, waiting))
	return m
}
