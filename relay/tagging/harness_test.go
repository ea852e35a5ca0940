package tagging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"edgerelay/relay/catalog"
	"edgerelay/relay/event"
	"edgerelay/relay/intake"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// theTime is when everything happens.
var theTime = time.Date(2026, 11, 21, 6, 12, 0, 0, time.UTC)

// rig is a store on a real log in memory, behind a real intake.
type rig struct {
	*Store
	t       testing.TB
	fs      vfs.FS
	log     *wal.Log
	queue   *wal.Queue
	traffic *intake.Server
	catalog *catalog.Learned
	logged  *lines
	now     time.Time
	closed  bool
}

// everybody wants everything: all events go to queue 1.
type everybody struct{}

func (everybody) Receivers(dst []wal.Receiver, notes []byte, _ *event.Event, _ string, _ *people.View) ([]wal.Receiver, []byte) {
	return append(dst, wal.Receiver{Queue: 1}), notes
}

// lines is what was logged.
type lines struct {
	sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(p)
}

// theFile is the config file of most tests.
func theFile() *File {
	return &File{Apps: []string{"web", "ios"},
		Pages:    []Settings{{App: "web", ID: "file-home", Name: "Home", Rules: []string{"//*/home"}}, {ID: "file-all", Name: "Everywhere", Rules: []string{"//*/all/**"}}},
		Features: []Settings{{App: "web", ID: "file-save", Name: "Save", Selectors: []string{"#save"}, Page: "file-home"}},
		Tracks:   []Settings{{App: "web", ID: "file-track", Name: "Signed Up"}},
		Guides:   []Settings{{App: "web", ID: "file-guide", Name: "Welcome", Kind: "nps"}},
	}
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return rigOn(t, vfs.NewMem(), theFile())
}

// rigOn starts on a data folder.
func rigOn(t testing.TB, fs vfs.FS, file *File) *rig {
	t.Helper()
	r := &rig{t: t, fs: fs, now: theTime, logged: &lines{}, catalog: catalog.NewLearned(0)}
	var err error
	r.log, err = wal.Open(wal.Options{Dir: "data", FS: fs, DedupeWindow: time.Hour, DiskReserve: -1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.end)
	if r.queue, err = r.log.Queue(1, wal.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	var apps []intake.App
	for _, name := range file.Apps {
		id := fmt.Sprintf("%q", name)
		apps = append(apps, intake.App{Name: name, Keys: []string{"KEY-" + name}, ID: id, Platform: "web", SubscriptionID: id, SubscriptionName: "S"})
	}
	r.traffic, err = intake.New(intake.Options{Apps: apps, Log: r.log, Selector: everybody{}, Logger: slog.New(slog.DiscardHandler),
		People: people.Open(people.Options{State: r.log}), Now: func() time.Time { return r.now }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Store, err = Open(r.options(r.traffic)); err != nil {
		t.Fatal(err)
	}
	if err := r.Load(file); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) options(traffic Traffic) Options {
	return Options{State: r.log, Traffic: traffic, Learned: r.catalog, Logger: slog.New(slog.NewTextHandler(r.logged, nil)),
		Now: func() time.Time { return r.now }}
}

// end is the end of the program.
func (r *rig) end() {
	if r.closed {
		return
	}
	r.closed = true
	if r.Store != nil {
		r.Store.Close()
	}
	if err := r.log.Close(); err != nil {
		r.t.Error(err)
	}
}

// again is the next start of the program.
func (r *rig) again(file *File) *rig {
	r.t.Helper()
	r.end()
	return rigOn(r.t, r.fs, file)
}

// doc is a document, written in JSON.
func doc(t testing.TB, text string) Document {
	t.Helper()
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (r *rig) create(list List, text string) Entry {
	r.t.Helper()
	made, err := r.Create(list, doc(r.t, text))
	if err != nil {
		r.t.Fatalf("%s %s: %v", list, text, err)
	}
	return made[0]
}

func (r *rig) edit(list List, id, patch string, etags ...string) Entry {
	r.t.Helper()
	e, err := r.Edit(Ref{List: list, ID: id}, doc(r.t, patch), etags...)
	if err != nil {
		r.t.Fatalf("%s %s %s: %v", list, id, patch, err)
	}
	return e
}

func (r *rig) delete(list List, id string) {
	r.t.Helper()
	if err := r.Delete(Ref{List: list, ID: id}); err != nil {
		r.t.Fatalf("%s %s: %v", list, id, err)
	}
}

// refused checks that an error is a refusal.
func refused(t testing.TB, err error, code Code, field, message string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code || e.Field != field || !strings.Contains(e.Message, message) {
		t.Errorf("got %v, want %s of %q: %s", err, code, field, message)
	}
}

// events takes the events that were stored since the last call, a line each.
func (r *rig) events() (all []string) {
	r.t.Helper()
	for {
		entry, ok, err := r.queue.Take(time.Now().UnixMilli())
		if err != nil {
			r.t.Fatal(err)
		}
		if !ok {
			return all
		}
		var e event.Event
		if err := event.ParseRecord(entry.Body, &e); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s %s %s", e.Kind, e.AppName, e.IDs, e.Properties))
		if err := r.queue.Settle(&entry); err != nil {
			r.t.Fatal(err)
		}
	}
}

// told compares the events since the last call.
func (r *rig) told(want ...string) {
	r.t.Helper()
	if got := strings.Join(r.events(), "\n"); got != strings.Join(want, "\n") {
		r.t.Errorf("told\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// touches compares the pages that a URL of an app touches.
func (r *rig) touches(app, url, want string) {
	r.t.Helper()
	view := r.Catalog().App(app)
	var s catalog.Scratch
	if got := fmt.Sprintf("%s", view.AppendPageIDs(nil, view.Pages(nil, &s, event.AppendString(nil, url)))); got != want {
		r.t.Errorf("%s of %s touches %s, want %s", url, app, got, want)
	}
}

// shown is an entry as JSON.
func shown(t testing.TB, e Entry) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
