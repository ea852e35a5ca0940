package deliver

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"edgerelay/relay/destination"
	"edgerelay/relay/freight"
	"edgerelay/relay/hook"
)

// exports makes a webhook's plan that of daily files in a folder, from which an event is collected at once.
func exports(t testing.TB, dir string) func(o *Options, w *hook.Webhook) {
	return func(o *Options, w *hook.Webhook) {
		kind, _ := destination.ByName("file")
		plan, faults := kind.Make(destination.Settings{Webhook: w.Name, More: map[string]string{"path": t.TempDir(), "every": "daily"}})
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		plan.Batch.Age = time.Millisecond
		w.Plan, w.Target, o.Dir = plan, plan.URL, dir
	}
}

// collected says whether anything is left in a folder.
func collected(t testing.TB, dir string) bool {
	t.Helper()
	b, err := freight.Waiting(dir)
	if err != nil {
		t.Fatal(err)
	}
	return b.Files > 0
}

// What a webhook that is deleted had collected goes with it, also when it was replaced or turned off before; until then it
// is counted.
func TestExportOfDeletedWebhookGoes(t *testing.T) {
	for name, before := range map[string]func(g *rig){
		"at work":  func(*rig) {},
		"replaced": func(g *rig) { g.replace(t, *g.hooks[0]) },
		"off": func(g *rig) {
			w := *g.hooks[0]
			w.Enabled = false
			g.replace(t, w)
		},
		"of another type": func(g *rig) {
			w := *g.hooks[0]
			w.Plan, w.Target = urlPlan(g.hooks[0].Target), g.hooks[0].Target
			g.replace(t, w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "1")
			g := newRig(t, "http://127.0.0.1:1/", exports(t, root))
			g.send(t, "v", "1")
			g.drained(t)
			if !collected(t, dir) {
				t.Fatal("nothing was collected")
			}
			before(g)
			series := testutil.CollectAndCount(queueCollector{g.fleet}, "edge_export_files", "edge_export_bytes", "edge_export_overdue_seconds")
			if want := 3; name != "of another type" && series != want {
				t.Errorf("%d series tell of it, want %d", series, want)
			}
			stranded, err := g.fleet.Stranded([]*hook.Webhook{g.sender("crm").Hook()})
			if want := name == "of another type"; err != nil || slices.Contains(stranded, dir) != want {
				t.Errorf("stranded: %q, %v, want it there: %t", stranded, err, want)
			}
			if stranded, err := g.fleet.Stranded(nil); err != nil || !slices.Contains(stranded, dir) {
				t.Errorf("with the webhook out of the config: stranded %q, %v", stranded, err)
			}
			if _, err := g.fleet.Remove("crm"); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) }, func() string { return "the folder is still there" })
		})
	}
}

// A process that dies between a deletion and its end leaves a mark, by which the next one goes on.
func TestExportOfDeletedWebhookGoesAtTheNextStart(t *testing.T) {
	root := t.TempDir()
	g := newRig(t, "http://127.0.0.1:1/", exports(t, root))
	g.send(t, "v", "1")
	g.drained(t)
	if err := freight.Forsake(filepath.Join(root, "1")); err != nil {
		t.Fatal(err)
	}
	next := NewFleet(Options{Dir: root})
	if err := next.Sweep(); err != nil {
		t.Fatal(err)
	}
	if collected(t, filepath.Join(root, "1")) {
		t.Error("it is still there")
	}
	if err := NewFleet(Options{Dir: filepath.Join(root, "none")}).Sweep(); err != nil {
		t.Error(err)
	}
}

// The same below a folder whose name is a pattern, and of what could not be removed the first time.
func TestExportThatCannotBeRemovedYet(t *testing.T) {
	root := filepath.Join(t.TempDir(), "[data")
	dir := filepath.Join(root, "1")
	g := newRig(t, "http://127.0.0.1:1/", exports(t, root))
	g.send(t, "v", "1")
	g.drained(t)
	g.fleet.Stop(t.Context())
	origin := filepath.Join(dir, "origin")
	if err := errors.Join(os.Remove(origin), os.Mkdir(origin, 0o750), os.WriteFile(filepath.Join(origin, "x"), nil, 0o640)); err != nil {
		t.Fatal(err)
	}
	next := NewFleet(Options{Dir: root, Logger: slog.New(slog.DiscardHandler)})
	next.Drop(1)
	if err := next.Sweep(); err == nil {
		t.Error("a folder that is full was removed")
	}
	if err := os.Remove(filepath.Join(origin, "x")); err != nil {
		t.Fatal(err)
	}
	if err := next.Sweep(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("it is still there")
	}
}

// A change of type leaves behind what was collected, which is said at once.
func TestExportOfAnotherTypeIsTold(t *testing.T) {
	var lines bytes.Buffer
	root := t.TempDir()
	g := newRig(t, "http://127.0.0.1:1/", exports(t, root))
	g.send(t, "v", "1")
	g.drained(t)
	g.fleet.Configure(func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&lines, nil)) })
	same := *g.hooks[0]
	same.Enabled = false // its carrier is not opened, and writes nothing to the log
	g.replace(t, same)
	if lines.Len() > 0 {
		t.Errorf("of a webhook whose type is the same the log says %q", lines.String())
	}
	other := same
	other.Plan = urlPlan(same.Target)
	g.replace(t, other)
	if text := lines.String(); !strings.Contains(text, "nobody ships them") || !strings.Contains(text, "files=1") || !strings.Contains(text, "folder="+filepath.Join(root, "1")) {
		t.Errorf("the log says %q", text)
	}
}

// What was collected is told as it is, and how long it should have been shipped.
func TestExportMetrics(t *testing.T) {
	g := newRig(t, "http://127.0.0.1:1/", exports(t, t.TempDir()))
	g.send(t, "v", "1")
	g.drained(t)
	b, _ := g.sender("crm").Export()
	g.fleet.Configure(func(o *Options) { o.Now = func() time.Time { return b.Due.Add(time.Hour) } })
	for name, want := range map[string]string{"edge_export_files": "1", "edge_export_overdue_seconds": "3600", "edge_export_shipped_total": "0", "edge_export_failed_total": "0"} {
		text, err := testutil.CollectAndFormat(queueCollector{g.fleet}, expfmt.TypeTextPlain, name)
		if err != nil || !strings.Contains(string(text), name+`{webhook="crm"} `+want+"\n") {
			t.Errorf("%v, want %s:\n%s", err, want, text)
		}
	}
}

// A carrier that has nothing to do costs no goroutine.
func TestIdleCarriersAreNoGoroutines(t *testing.T) {
	s := &shelf{objects: map[string]string{}}
	g := newRig(t, "http://shelf.test/", archives(s, 10, time.Millisecond))
	g.send(t, "v", "1")
	g.drained(t)
	idle := func() bool { return g.sender("crm").crew.running.Load() == 0 }
	eventually(t, idle, func() string { return "its lane stays" })
	before := runtime.NumGoroutine()
	for i := range 50 {
		w := *g.hooks[0]
		w.Name, w.Queue = "archive"+string(rune('A'+i)), uint32(i+2)
		g.start(t, &w)
	}
	open := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.open == 51 }
	eventually(t, open, func() string { return "not all carriers were opened" })
	eventually(t, func() bool { return runtime.NumGoroutine() <= before }, func() string { return "goroutines wait while nothing is to do" })
}
