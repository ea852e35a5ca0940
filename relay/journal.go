package relay

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/desk"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
	"edgerelay/relay/registry"
)

// openJournal opens the attempt log, which is kept in the log's state.
func (r *Relay) openJournal() (err error) {
	d := &r.config.Delivery
	r.journal, err = journal.Open(journal.Options{State: r.log, Share: d.LogSuccesses, SizeMax: d.LogSize, Logger: r.logger})
	if err != nil {
		return err
	}
	r.tap = desk.NewTap(r.journal)
	r.registry.MustRegister(newJournalCollector(r.journal))
	return nil
}

// logbook is the attempt log as the registry knows it.
type logbook struct{ *journal.Journal }

// HasErrors says whether attempts of a queue have failed since a time.
func (l logbook) HasErrors(queue uint32, since time.Time) (bool, error) {
	return l.Journal.HasErrors(queue, since), nil
}

// Any says whether anything is left of a queue.
func (l logbook) Any(queue uint32) (bool, error) { return l.Journal.Any(queue), nil }

// Note takes in what happened to a webhook.
func (l logbook) Note(w *hook.Webhook, text string) {
	l.Journal.Note(w.Queue, journal.Attempt{Time: time.Now(), Webhook: w.Name, Reason: text})
}

var _ registry.Journal = logbook{}

// journalCollector reads the attempt log when it is scraped.
type journalCollector struct {
	journal                                   *journal.Journal
	entries, dropped, evicted, damaged, bytes *prometheus.Desc
}

func newJournalCollector(j *journal.Journal) *journalCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("edge_attempt_log_"+name, help, labels, nil)
	}
	return &journalCollector{journal: j,
		entries: desc("entries_total", "Attempts and notes that were written to the attempt log."),
		dropped: desc("dropped_total", "Attempts that the attempt log did not keep because too much was waiting to be written, or the disk was low: of failed ones, each is a gap for whoever looks for a reason.", "kind"),
		evicted: desc("evicted_total", "Entries of the attempt log that [delivery] log_size took before their time."),
		damaged: desc("damaged_total", "Times that a part of the attempt log could not be read: more than 0 means that the disk should be checked."),
		bytes:   desc("bytes", "Bytes that the attempt log takes on disk; at [delivery] log_size the oldest entries of whoever has most go."),
	}
}

// Describe implements prometheus.Collector.
func (c *journalCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.entries, c.dropped, c.evicted, c.damaged, c.bytes} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *journalCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.journal.Stats()
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	count(c.entries, s.Entries)
	count(c.dropped, s.DroppedFailed, "failed")
	count(c.dropped, s.DroppedSampled, "sampled")
	count(c.evicted, s.Evicted)
	count(c.damaged, s.Damaged)
	ch <- prometheus.MustNewConstMetric(c.bytes, prometheus.GaugeValue, float64(s.Bytes))
}
