package freight

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"

	"edgerelay/relay/destination"
)

// archive makes one object of each batch.
type archive struct {
	settings *destination.Settings
	store    store
	name     string // of all objects, see objectName
}

// newStoreCarrier is what ships to a store.
func newStoreCarrier(plan *destination.Plan, o Options, s store) (Carrier, error) {
	if waiting, err := spooled(filepath.Join(o.Dir, exportFolder), ".index"); err != nil || plan.Settings.Of("every") == "" && len(waiting) == 0 {
		return newArchive(plan, o, s)
	}
	return newExport(plan, o, s)
}

func newArchive(plan *destination.Plan, o Options, s store) (*archive, error) {
	name, err := objectName(&o)
	if err != nil {
		return nil, err
	}
	return &archive{settings: &plan.Settings, store: s, name: name}, nil
}

// Ship compresses the batch and stores it. The same parcel makes the same object.
func (a *archive) Ship(ctx context.Context, p *Parcel) destination.Verdict {
	packed, err := pack(p.Body, a.settings.Of("compression"))
	if err != nil {
		return destination.Verdict{Outcome: destination.Retry, Reason: clip("compress the batch: " + err.Error()), Ours: true}
	}
	return a.store.put(ctx, &object{
		key:     a.key(p),
		content: bytes.NewReader(packed),
		size:    int64(len(packed)),
		kind:    contentType(a.settings),
	})
}

func (a *archive) Close() error { return a.store.close() }

// key is prefix/dt=2026-11-21/hh=05/name-first-last.ndjson.gz, the time that of the first event in UTC. Folders of this
// make are partitions to Athena, Spark and DuckDB; positions have leading zeros so that names sort as events do.
func (a *archive) key(p *Parcel) string {
	at := p.At.UTC()
	return join(a.settings.Of("prefix"), at.Format("dt=2006-01-02/hh=15"),
		fmt.Sprintf("%s-%020d-%020d%s", a.name, p.First, p.Last, ending(a.settings)))
}
