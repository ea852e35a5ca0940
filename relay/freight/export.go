package freight

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/format"
)

// exportFolder is where exports wait, in the webhook's folder.
const exportFolder = "export"

const (
	// exportPart is how large a period's file becomes before the rest goes into another; less than the 5 GiB that S3 takes
	// in one request.
	exportPart = 4 << 30
	// exportAll bounds what waits on this machine's disk, of all periods. Beyond it parcels stay in the log.
	exportAll = 32 << 30
	// exportSpare is what exports leave free of the disk: the log is on the same one as a rule, and refuses events where it
	// has a quarter of this left. Beyond it parcels stay in the log as well, which bounds itself.
	exportSpare = 1 << 30
	// doneKeep is how long the parcels of a shipped file are remembered. One comes again only when the relay crashed before
	// it wrote the delivery down, or while its log still has it.
	doneKeep = 8 * 24 * time.Hour

	pauseFirst = time.Minute // after an export's first failed attempt; then twice as long each time
	pauseMost  = time.Hour
	lookAround = time.Minute // at most between two looks at the clock, which may be set
)

// export collects batches in files on this machine's disk and ships a file when its period is over. A batch is delivered
// once it is on the disk here.
type export struct {
	settings *destination.Settings
	store    store
	direct   *archive // where batches go when there is no schedule any more, and only what is left is shipped
	schedule schedule
	name     string // of all objects
	folder   string
	shape    string // of new files
	part     int64
	free     func(folder string) (bytes uint64, known bool) // of its disk
	now      func() time.Time
	logger   *slog.Logger
	scrub    func(text string) string

	wake  chan struct{} // holds a token when there may be something to ship
	stop  context.CancelFunc
	ended chan struct{} // closed when the goroutine has

	mu struct {
		sync.Mutex
		spools  []*spool
		held    map[span]bool // parcels, those of shipped files too
		refused string        // why an export was refused, for the next Ship to tell
		shipped uint64        // files
		failed  uint64        // attempts to ship one
	}
}

func newExport(plan *destination.Plan, o Options, s store) (*export, error) {
	x := &export{settings: &plan.Settings, store: s, folder: filepath.Join(o.Dir, exportFolder), part: exportPart, free: freeBytes, now: o.Now, scrub: o.Scrub,
		logger: o.Logger, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if plan.Type == "mail" {
		x.part = mailPart
	}
	at, _ := time.Parse("15:04", x.settings.Of("at")) // checked by the type
	x.schedule = schedule{x.settings.Of("every"), time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute}
	x.shape = fmt.Sprintf("%s %s %s %s", x.settings.Of("every"), ending(x.settings), x.settings.Of("columns"), x.settings.Of("csv_guard"))
	direct, err := newArchive(plan, o, s)
	if err != nil {
		return nil, err
	}
	x.name = direct.name
	if x.schedule.every == "" {
		x.direct = direct
	}
	if err := x.load(); err != nil {
		return nil, fmt.Errorf("open the exports of webhook %q: %w", o.Webhook, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	x.stop = stop
	go x.run(ctx)
	return x, nil
}

// load opens what waits in the folder.
func (x *export) load() error {
	x.mu.held = map[span]bool{}
	if err := makeFolders(x.folder); err != nil {
		return err
	}
	if err := x.loadDone(); err != nil {
		return err
	}
	waiting, err := spooled(x.folder, ".index")
	if err != nil {
		return err
	}
	for _, path := range waiting {
		s, err := openSpool(path)
		if err != nil {
			x.logger.Error("an export cannot be read and is left where it is", "file", path+".data", "error", err)
			continue
		}
		x.remember(s.spans)
		x.mu.spools = append(x.mu.spools, s)
	}
	for _, ending := range []string{".data", failedEnding} {
		leftovers, err := spooled(x.folder, ending) // of a crash before or after the index was there
		if err != nil {
			return err
		}
		for _, path := range leftovers {
			if _, missing := os.Stat(path + ".index"); os.IsNotExist(missing) {
				_ = os.Remove(path + ending) // it holds nothing that was delivered, or all of it was shipped
			}
		}
	}
	return nil
}

// loadDone remembers what was shipped, and forgets what can no longer come again. The last is kept for a relay that was
// off for longer.
func (x *export) loadDone() error {
	done, err := spooled(x.folder, ".done")
	if err != nil {
		return err
	}
	ages := map[string]time.Time{}
	for _, path := range done {
		if info, err := os.Stat(path + ".done"); err == nil {
			ages[path] = info.ModTime()
		}
	}
	slices.SortFunc(done, func(a, b string) int { return ages[a].Compare(ages[b]) })
	for i, path := range done {
		if i < len(done)-1 && x.now().Sub(ages[path]) > doneKeep {
			_ = os.Remove(path + ".done") // the next start tries again
			continue
		}
		spans, err := doneSpans(path)
		if err != nil {
			x.logger.Error("the parcels of a shipped export are not known any more", "file", path+".done", "error", err)
		}
		x.remember(spans)
	}
	return nil
}

func (x *export) remember(spans []span) {
	for _, one := range spans {
		x.mu.held[one] = true
	}
}

// Ship puts the batch on this machine's disk. A batch that is there already is delivered, however often it comes.
func (x *export) Ship(ctx context.Context, p *Parcel) destination.Verdict {
	if v, told := x.known(p); told {
		return v
	}
	if x.direct != nil {
		return x.direct.Ship(ctx, p)
	}
	rows, err := pack(p.Body, x.settings.Of("compression"))
	if err != nil {
		return judgeSpool(err)
	}
	if err := x.keep(p, rows); err != nil {
		return judgeSpool(err)
	}
	return destination.Verdict{Outcome: destination.Delivered}
}

// known is the verdict on a batch that is not to be kept: it is there already, or an export was refused.
func (x *export) known(p *Parcel) (v destination.Verdict, told bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.mu.held[span{p.First, p.Last}]:
		return destination.Verdict{Outcome: destination.Delivered}, true
	case x.mu.refused != "":
		v = refused(0, x.mu.refused)
		x.mu.refused = ""
		return v, true
	}
	return v, false
}

// keep puts rows into their period's file.
func (x *export) keep(p *Parcel, rows []byte) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	waiting := int64(len(rows))
	for _, s := range x.mu.spools {
		waiting += s.end
	}
	if waiting > exportAll {
		return fmt.Errorf("%d GiB wait to be shipped; see the log for why they are not", exportAll>>30)
	}
	if free, known := x.free(x.folder); known && free < exportSpare+uint64(len(rows)) {
		return fmt.Errorf("less than %d GiB is free on the disk of %s, which the log needs; make room there", exportSpare>>30, x.folder)
	}
	s, err := x.spoolLocked(p, int64(len(rows)))
	if err != nil {
		return err
	}
	if err := s.add(p, rows); err != nil {
		return err
	}
	x.mu.held[span{p.First, p.Last}] = true
	return nil
}

// judgeSpool says what writing to the webhook's own folder came to: whatever it is, this machine is to blame.
func judgeSpool(err error) destination.Verdict {
	return destination.Verdict{Outcome: destination.Retry, Reason: clip("keep rows for the export: " + err.Error()), Ours: true}
}

// spoolLocked is the file that a parcel's rows go to: that of the period in which its first event was accepted.
func (x *export) spoolLocked(p *Parcel, size int64) (*spool, error) {
	if err := x.mendLocked(); err != nil {
		return nil, err
	}
	label, now := x.schedule.label(p.At), x.now()
	for _, s := range x.mu.spools {
		if s.sealed || s.head.Label != label || s.head.Shape != x.shape || !s.head.Due.After(now) {
			continue
		}
		if s.end+size <= x.part || len(s.spans) == 0 {
			return s, nil
		}
		if err := s.seal(); err != nil {
			return nil, err
		}
		x.poke()
	}
	return x.newSpoolLocked(p, label)
}

// mendLocked opens files anew after an error that left them in a state which is not known.
func (x *export) mendLocked() error {
	for i, s := range x.mu.spools {
		if !s.broken {
			continue
		}
		s.close()
		again, err := openSpool(s.path)
		if err != nil {
			return err
		}
		again.again, again.pause, again.failure = s.again, s.pause, s.failure
		x.mu.spools[i] = again
	}
	return nil
}

func (x *export) newSpoolLocked(p *Parcel, label string) (*spool, error) {
	var row []byte
	if x.settings.Of("format") == "csv" {
		_, header, err := format.CSV(x.settings.Of("columns"), x.settings.Of("csv_guard") == "yes")
		if err != nil {
			return nil, err
		}
		if row, err = pack([]byte(header+"\r\n"), x.settings.Of("compression")); err != nil {
			return nil, err
		}
	}
	head := spoolHead{Label: label, Due: x.schedule.due(p.At, x.now()), Ending: ending(x.settings), Kind: contentType(x.settings), Shape: x.shape}
	s, err := newSpool(filepath.Join(x.folder, fmt.Sprintf("%s-%020d", label, p.First)), head, row)
	if err != nil {
		return nil, err
	}
	x.mu.spools = append(x.mu.spools, s)
	x.logger.Info("an export begins to collect", "period", label, "ships", head.Due)
	return s, nil
}

// Close ends the attempt that is under way. What was not shipped is when a carrier is made again.
func (x *export) Close() error {
	x.stop()
	<-x.ended
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.mu.spools {
		s.close()
	}
	return x.store.close()
}
