package relay

import (
	"cmp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/wal"
)

// Stats is what GET /api/stats answers.
type Stats struct {
	Version  string      `json:"version"`
	Uptime   float64     `json:"uptime_seconds"`
	Log      LogStats    `json:"log"`
	Webhooks []HookStats `json:"webhooks"`
}

// LogStats is the log's part.
type LogStats struct {
	Head      uint64 `json:"head"`
	Start     uint64 `json:"start"`
	Records   uint64 `json:"records"` // since the start of the program
	Commits   uint64 `json:"commits"`
	Bytes     int64  `json:"bytes"`
	DiskBytes uint64 `json:"disk_bytes"`
	Trimmed   uint64 `json:"trimmed"`
	Full      string `json:"full,omitempty"` // why events are refused
}

// HookStats is one webhook's part.
type HookStats struct {
	Name      string  `json:"name"`
	State     string  `json:"state"` // off, idle, delivering, retrying, failing or disabled
	Reason    string  `json:"reason,omitempty"`
	Lanes     int     `json:"lanes"`
	Backlog   int64   `json:"backlog"`
	InFlight  int     `json:"in_flight"`
	Held      int     `json:"held,omitempty"` // taken to be sent before it was turned off
	Parked    int64   `json:"parked"`
	Dead      int64   `json:"dead"`
	Trimmed   int64   `json:"trimmed"`
	OldestAge float64 `json:"oldest_seconds"` // age of the oldest event that has not ended
}

func (r *Relay) stats() Stats {
	l := r.log.Stats()
	s := Stats{Version: Version, Uptime: time.Since(r.started).Seconds(), Webhooks: []HookStats{}, Log: LogStats{
		Head: l.Head, Start: l.Start, Records: l.Records, Commits: l.Commits, Bytes: l.Bytes, DiskBytes: l.DiskBytes,
		Trimmed: l.Trimmed, Full: r.log.Full()}}
	for _, sender := range r.fleet.Senders() {
		p := pulse(sender)
		h := HookStats{Name: sender.Hook().Name, State: p.State, Reason: p.Reason, Lanes: p.Lanes,
			Backlog: p.Backlog, InFlight: p.InFlight, Held: p.Held, Parked: p.Parked, Dead: p.Dead, Trimmed: p.Trimmed}
		if !p.Oldest.IsZero() {
			h.OldestAge = time.Since(p.Oldest).Seconds()
		}
		s.Webhooks = append(s.Webhooks, h)
	}
	slices.SortFunc(s.Webhooks, func(a, b HookStats) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// logCollector reads the log when it is scraped.
type logCollector struct {
	log     *wal.Log
	sizeMax int64
	descs   []*prometheus.Desc
}

// logMetrics are the log's metrics, in the order in which values gives them.
var logMetrics = []struct {
	name, help string
	kind       prometheus.ValueType
}{
	{"edge_log_commits_total", "Group commits, each one synced; events divided by commits is how well intake groups.", prometheus.CounterValue},
	{"edge_log_events_total", "Events and raw requests that were made durable.", prometheus.CounterValue},
	{"edge_log_trimmed_total", "Undelivered events and dead letters that a limit took: more than 0 means that something was lost to retain or size_max.", prometheus.CounterValue},
	{"edge_log_bytes", "Bytes of events in the log.", prometheus.GaugeValue},
	{"edge_log_copy_bytes", "Bytes of parked and held deliveries' own copies; when these and the events reach the limit, events are refused.", prometheus.GaugeValue},
	{"edge_log_limit_bytes", "[log] size_max. Above nine tenths of it, delivered events are taken away.", prometheus.GaugeValue},
	{"edge_log_disk_bytes", "Bytes of the data folder, with what waits to be compacted away.", prometheus.GaugeValue},
	{"edge_log_memory_bytes", "Bytes of the newest events that are held in memory.", prometheus.GaugeValue},
	{"edge_log_identities", "Identities remembered to recognise duplicates.", prometheus.GaugeValue},
	{"edge_log_full", "1 while events are refused because the log or the disk is full.", prometheus.GaugeValue},
}

func newLogCollector(l *wal.Log, sizeMax int64) *logCollector {
	c := &logCollector{log: l, sizeMax: sizeMax}
	for _, m := range logMetrics {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, nil, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *logCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *logCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.log.Stats()
	full := 0.0
	if s.Full {
		full = 1
	}
	values := []float64{float64(s.Commits), float64(s.Records), float64(s.Trimmed), float64(s.Bytes),
		float64(max(s.CopyBytes, 0)), float64(c.sizeMax), float64(s.DiskBytes), float64(s.TailBytes), float64(s.Identities), full}
	for i, v := range values {
		ch <- prometheus.MustNewConstMetric(c.descs[i], logMetrics[i].kind, v)
	}
}
