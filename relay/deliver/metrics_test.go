package deliver

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"edgerelay/relay/hook"
)

// TestMetricsAfterAScript has one outcome of each kind, takes exact times for them, and compares the whole page.
func TestMetricsAfterAScript(t *testing.T) {
	answer := func(n int, h http.Header) int {
		time.Sleep(time.Duration(n) * 100 * time.Millisecond)
		switch n {
		case 2:
			return 503
		case 3:
			return 404
		case 5:
			return 500
		case 6:
			return 500
		case 8:
			return 410
		}
		return 200
	}
	registry := prometheus.NewRegistry()
	change := func(o *Options, w *hook.Webhook) {
		o.Registerer = registry
		w.InFlight, w.Schedule = 1, []time.Duration{time.Minute}
	}
	inBubble(t, change, answer, func(b *bubble) {
		b.queue.add(5) // 200, 503, 404, 200, 500; a minute later 500 for the second and 200 for the fifth
		b.sleep(time.Hour)
		b.queue.add(3) // 410, held, held
		b.sleep(time.Minute)
		want := `
# HELP edge_delivery_attempts_total Attempts by what they came to: delivered, retry, final, gone, split (a batch that is tried in parts) or off (the destination refuses the key); a share of retry that grows says that a receiver is in trouble.
# TYPE edge_delivery_attempts_total counter
edge_delivery_attempts_total{outcome="delivered",webhook="crm"} 3
edge_delivery_attempts_total{outcome="final",webhook="crm"} 1
edge_delivery_attempts_total{outcome="gone",webhook="crm"} 1
edge_delivery_attempts_total{outcome="retry",webhook="crm"} 3
# HELP edge_delivery_dead_total Deliveries that were given up on; each is kept as a dead letter.
# TYPE edge_delivery_dead_total counter
edge_delivery_dead_total{webhook="crm"} 3
# HELP edge_delivery_delivered_total Deliveries that the receiver took with a 2xx.
# TYPE edge_delivery_delivered_total counter
edge_delivery_delivered_total{webhook="crm"} 3
# HELP edge_delivery_disabled 1 while the webhook is turned off because its deliveries kept failing; its events are held in the log.
# TYPE edge_delivery_disabled gauge
edge_delivery_disabled{webhook="crm"} 1
# HELP edge_delivery_retried_total Times that a delivery was parked until a next attempt.
# TYPE edge_delivery_retried_total counter
edge_delivery_retried_total{webhook="crm"} 2
# HELP edge_queue_backlog Events in the log that were not handed to a lane yet.
# TYPE edge_queue_backlog gauge
edge_queue_backlog{webhook="crm"} 2
# HELP edge_queue_dead_letters Dead letters that are kept.
# TYPE edge_queue_dead_letters gauge
edge_queue_dead_letters{webhook="crm"} 3
# HELP edge_queue_in_flight Deliveries in a lane's hands.
# TYPE edge_queue_in_flight gauge
edge_queue_in_flight{webhook="crm"} 0
# HELP edge_queue_lanes Goroutines that deliver now.
# TYPE edge_queue_lanes gauge
edge_queue_lanes{webhook="crm"} 0
# HELP edge_queue_parked Deliveries that wait for their next attempt, or behind an earlier one of their visitor.
# TYPE edge_queue_parked gauge
edge_queue_parked{webhook="crm"} 0
`
		var names []string
		for line := range strings.SplitSeq(want, "\n") {
			if name, found := strings.CutPrefix(line, "# TYPE "); found {
				names = append(names, strings.Fields(name)[0])
			}
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
			t.Error(err)
		}
		f := func(name string, count uint64, sum float64) {
			t.Helper()
			gotCount, gotSum := histogram(t, registry, name)
			if gotCount != count || gotSum < sum-1e-9 || gotSum > sum+1e-9 {
				t.Errorf("%s has %d values and the sum %v, want %d and %v", name, gotCount, gotSum, count, sum)
			}
		}
		f("edge_delivery_attempt_seconds", 8, 0.1+0.2+0.3+0.4+0.5+0.6+0.7+0.8)
		f("edge_delivery_latency_seconds", 3, 0.1+1.0+(1.5+60+0.7))
		if got := b.sender.Counts(); got != (Counts{Delivered: 3, Succeeded: 3, Failed: 5, Dead: 3}) {
			t.Errorf("counted %+v", got)
		}
	})
}

func histogram(t *testing.T, from prometheus.Gatherer, name string) (count uint64, sum float64) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			h := f.GetMetric()[0].GetHistogram()
			return h.GetSampleCount(), h.GetSampleSum()
		}
	}
	return 0, 0
}

// TestMetricsOfTheQueue reads what the log knows.
func TestMetricsOfTheQueue(t *testing.T) {
	r := newReceiver(t, nil)
	g := newRig(t, r.url, func(_ *Options, w *hook.Webhook) { w.Enabled = false })
	g.send(t, "v", "1")
	g.send(t, "v", "2")
	families, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	if got["edge_queue_backlog"] != 2 || got["edge_queue_trimmed_total"] != 0 {
		t.Errorf("backlog %v, trimmed %v", got["edge_queue_backlog"], got["edge_queue_trimmed_total"])
	}
	if age, found := got["edge_queue_oldest_seconds"]; !found || age < 0 || age > time.Hour.Seconds() {
		t.Errorf("the oldest is %v seconds old", age)
	}
	if problems, err := testutil.GatherAndLint(g.registry); err != nil || len(problems) != 0 {
		t.Errorf("lint: %v, error %v", problems, err)
	}
}

// TestTwoFleetsShareNothing: metrics are of a registry, not of the program.
func TestTwoFleetsShareNothing(t *testing.T) {
	for range 2 {
		f := NewFleet(Options{Registerer: prometheus.NewRegistry(), Open: func(*hook.Webhook, func()) (Queue, error) { return newMemQueue(t), nil }})
		if err := f.Start(newWebhook(t, 1, "crm", "http://127.0.0.1/")); err != nil {
			t.Error(err)
		}
		f.Stop(context.Background())
	}
}
