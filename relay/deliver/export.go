package deliver

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"edgerelay/relay/freight"
	"edgerelay/relay/hook"
)

func (s *Sender) freightDir() string { return freightDir(s.opt.Dir, s.hook.Queue) }

// freightDir is the folder of a webhook's carriers; "" when they have none.
func freightDir(root string, queue uint32) string {
	if root == "" {
		return ""
	}
	return filepath.Join(root, strconv.FormatUint(uint64(queue), 10))
}

// forsake discards what the carriers of a deleted webhook kept, at the latest when the last of them has closed. The senders
// are those that had its queue, and are retired.
func forsake(senders []*Sender) error {
	dir := senders[0].freightDir()
	if dir == "" {
		return nil
	}
	if err := freight.Forsake(dir); err != nil {
		return err
	}
	atWork := false
	for _, s := range senders {
		s.forsaken.Store(true)
		atWork = atWork || s.berth != nil && s.berth.begun && !isClosed(s.berth.closed)
	}
	if atWork {
		return nil // leaveBerth sees to it
	}
	return freight.Discard(dir)
}

// Drop discards what the deleted webhook of a queue that no sender has had collected and not shipped. What cannot be removed
// is marked for Sweep and logged: a folder that is in nobody's way must not keep a relay from starting.
func (f *Fleet) Drop(queue uint32) {
	o := f.opt.Load()
	dir := freightDir(o.Dir, queue)
	if dir == "" {
		return
	}
	err := freight.Discard(dir)
	if err != nil {
		err = errors.Join(err, freight.Forsake(dir))
		o.Logger.Error("what a deleted webhook had collected is still there", "error", err,
			"next", "see that the relay's user may write there; the next start tries again")
	}
}

// Sweep discards what is left of webhooks that were deleted by a process that died. No sender was started yet.
func (f *Fleet) Sweep() error {
	if root := f.opt.Load().Dir; root != "" {
		return freight.Sweep(root)
	}
	return nil
}

// Stranded are the folders with collected files that none of these webhooks ships: theirs is not among them, or is of
// another type now. They wait for it to come back.
func (f *Fleet) Stranded(webhooks []*hook.Webhook) (folders []string, err error) {
	root := f.opt.Load().Dir
	entries, err := os.ReadDir(root)
	if root == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var shipped []string
	for _, w := range webhooks { // senders there are also of webhooks that a reload took away
		if w.Plan != nil && w.Plan.Archive {
			shipped = append(shipped, freightDir(root, w.Queue))
		}
	}
	for _, entry := range entries {
		dir := filepath.Join(root, entry.Name())
		if b, _ := freight.Waiting(dir); b.Files > 0 && !slices.Contains(shipped, dir) { // what cannot be read, nobody ships either
			folders = append(folders, dir)
		}
	}
	return folders, err
}

// tellStranded warns of what the webhook has collected, when its type is one now that ships no files.
func (s *Sender) tellStranded(old *Sender) {
	dir := s.freightDir()
	if dir == "" || old.archive == nil || s.archive != nil {
		return
	}
	if b, _ := freight.Waiting(dir); b.Files > 0 { // what cannot be read, its carrier has told
		s.logger.Warn("files were collected for the webhook, and its type is another now; nobody ships them", "folder", dir, "files", b.Files,
			"next", "set the earlier type again until they are shipped, or leave it: they go when the webhook is deleted")
	}
}

// Export is what the webhook has collected in files and not shipped; ok is false when it collects nothing and nothing is
// left. Of one that is turned off, or whose carrier is not open yet, it is read from the disk.
func (s *Sender) Export() (b freight.Backlog, ok bool) {
	if s.berth == nil || !s.hook.Plan.Archive {
		return b, false
	}
	if c := s.berth.carrier.Load(); c != nil && !isClosed(s.berth.closed) {
		x, ok := (*c).(freight.Exporter)
		if ok {
			b = x.Backlog()
		}
		return b, ok
	}
	if dir := s.freightDir(); dir != "" {
		b, _ = freight.Waiting(dir) // the next carrier says what it cannot read
	}
	return b, b.Files > 0 || s.hook.Plan.Settings.Of("every") != ""
}

var (
	exportFilesDesc = prometheus.NewDesc("edge_export_files",
		"Files of webhooks with every that are collected on this disk and not shipped yet, those of the present period included.", []string{"webhook"}, nil)
	exportBytesDesc = prometheus.NewDesc("edge_export_bytes",
		"Bytes of these files.", []string{"webhook"}, nil)
	exportOverdueDesc = prometheus.NewDesc("edge_export_overdue_seconds",
		"How long the first of these files should have been shipped; 0 while none is due. One that grows says that the webhook is off, or that its destination takes nothing.", []string{"webhook"}, nil)
	exportShippedDesc = prometheus.NewDesc("edge_export_shipped_total",
		"Files that the destination has.", []string{"webhook"}, nil)
	exportFailedDesc = prometheus.NewDesc("edge_export_failed_total",
		"Attempts to ship a file that came to nothing; the log says why, and when the next one is made.", []string{"webhook"}, nil)
)

// collectExports tells of a webhook that collects files; others have no such series.
func collectExports(ch chan<- prometheus.Metric, s *Sender, now time.Time) {
	b, ok := s.Export()
	if !ok {
		return
	}
	overdue := 0.0
	if !b.Due.IsZero() {
		overdue = max(now.Sub(b.Due), 0).Seconds()
	}
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, v float64) {
		ch <- prometheus.MustNewConstMetric(d, kind, v, s.hook.Name)
	}
	tell(exportFilesDesc, prometheus.GaugeValue, float64(b.Files))
	tell(exportBytesDesc, prometheus.GaugeValue, float64(b.Bytes))
	tell(exportOverdueDesc, prometheus.GaugeValue, overdue)
	tell(exportShippedDesc, prometheus.CounterValue, float64(b.Shipped))
	tell(exportFailedDesc, prometheus.CounterValue, float64(b.Failed))
}
