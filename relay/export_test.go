package relay

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/desk"
)

// exportConfig is a webhook of daily files; the event that it has is collected at once.
func exportConfig(folder string, enabled bool) string {
	return adminConfig + fmt.Sprintf("[[webhook]]\nname = \"daily\"\ntype = \"file\"\nevents = [\"*\"]\nbatch_age = \"1ms\"\nenabled = %v\nsettings = { path = %q, every = \"daily\" }\n", enabled, folder)
}

// exported is what the API tells of the webhook's files.
func (r *running) exported() *desk.Export {
	r.t.Helper()
	var stats desk.Stats
	r.admin(200, "GET", "/api/webhooks/daily/stats", "", &stats)
	return stats.Export
}

// page is a page of the console, its tags left out.
func (r *running) page(path string) string {
	r.t.Helper()
	resp, err := http.Get(r.console + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatal(resp.Status, err)
	}
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(text), " ")), " ")
}

// makeDue has what was collected be due since a time, as if the relay had been off for long. The relay is stopped.
func (r *running) makeDue(since time.Time) {
	r.t.Helper()
	names, err := filepath.Glob(filepath.Join(r.dir, "data", "*", "*", "export", "*.index"))
	if err != nil || len(names) != 1 {
		r.t.Fatal(names, err)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		r.t.Fatal(err)
	}
	text = regexp.MustCompile(`"due":"[^"]*"`).ReplaceAll(text, []byte(`"due":"`+since.Format(time.RFC3339)+`"`))
	if err := os.WriteFile(names[0], text, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// TestExportIsShown: the API and the page tell what an export has collected, when it ships, since when it should have and why
// it did not; of a webhook that is off as well.
func TestExportIsShown(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	r := run(t, exportConfig(folder, true))
	if e := r.exported(); e == nil || *e != (desk.Export{}) {
		t.Errorf("nothing was collected: %+v", e)
	}
	r.track("k1", "one")
	r.eventually("it is collected", func() bool { return r.exported().Files == 1 })
	e := r.exported()
	if e.Bytes == 0 || e.Overdue != nil || e.Failure != nil || e.Next == nil || e.Next.Before(time.Now()) || e.Next.After(time.Now().Add(27*time.Hour)) {
		t.Errorf("it waits for its time: %+v", e)
	}
	if text := r.page("/webhook/daily"); !strings.Contains(text, "Export Waiting 1 file, ") || !strings.Contains(text, "Next ships "+e.Next.Format("2006-01-02 15:04 UTC, in ")) {
		t.Errorf("the page says %s", text)
	}

	r.stop()
	if err := os.WriteFile(folder, nil, 0o600); err != nil { // where the folder was to be
		t.Fatal(err)
	}
	due := time.Now().UTC().Add(-5 * time.Hour).Truncate(time.Second)
	r.makeDue(due)
	r.start()
	r.eventually("it cannot be shipped", func() bool { return r.exported() != nil && r.exported().Failure != nil })
	e = r.exported()
	if e.Files != 1 || e.Overdue == nil || !e.Overdue.Equal(due) || e.Failed != 1 || e.Next == nil || !e.Next.After(e.Failure.At) ||
		e.Failure.Period == "" || !strings.Contains(e.Failure.Reason, "directory") {
		t.Errorf("it failed: %+v, %+v", e, e.Failure)
	}

	r.stop()
	r.write(exportConfig(folder, false))
	r.start()
	off := r.exported()
	if off == nil || off.Files != 1 || off.Bytes != e.Bytes || !off.Overdue.Equal(due) || off.Next != nil || *off.Failure != *e.Failure {
		t.Fatalf("it is off: %+v", off)
	}
	for _, want := range []string{"Overdue since " + due.Format("2006-01-02 15:04 UTC") + ", 5h ago", "Next ships not before it is turned on", "Last failure ", "the file of " + e.Failure.Period} {
		if text := r.page("/webhook/daily"); !strings.Contains(text, want) {
			t.Errorf("the page says %s, without %q", text, want)
		}
	}
}

// TestHeldIsNotUnderWay: what was taken to be sent when a webhook was turned off is held, and no request is told of it.
func TestHeldIsNotUnderWay(t *testing.T) {
	r := run(t, adminConfig)
	r.admin(201, "POST", "/api/webhooks", `{"name":"crm","url":"http://127.0.0.1:1/","events":["*"],"enabled":true,"in_flight":4}`, nil)
	for i := range 30 {
		r.track("k1", fmt.Sprint("event ", i))
	}
	var w desk.Webhook
	r.eventually("it is failing", func() bool {
		r.admin(200, "GET", "/api/webhooks/crm", "", &w)
		return w.Live.State == "failing"
	})
	r.admin(200, "POST", "/api/webhooks/crm/disable", "", nil)
	var stats Stats
	r.eventually("nothing is under way", func() bool {
		w = desk.Webhook{}
		r.admin(200, "GET", "/api/webhooks/crm", "", &w)
		stats = Stats{}
		r.admin(200, "GET", "/api/stats", "", &stats)
		return w.Live.InFlight == 0 && stats.Webhooks[0].InFlight == 0
	})
	l, held := w.Live, r.fleet.Sender("crm").Queue().Stats().Flight
	if held == 0 || l.Held != held || stats.Webhooks[0].Held != held || l.Backlog+l.Parked+l.Dead+int64(l.Held) != 30 {
		t.Errorf("%d were given back: %+v, %+v", held, l, stats.Webhooks[0])
	}
	text := r.page("/webhook/crm")
	if !strings.Contains(text, fmt.Sprint("Held ", held)) || strings.Contains(text, "In flight 0") {
		t.Errorf("the page says %s", text)
	}
}
