package relay

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/journal"
)

// logged waits until the attempt log of a webhook has n entries.
func (r *running) logged(webhook string, n int) []journal.Attempt {
	r.t.Helper()
	queue := r.fleet.Sender(webhook).Hook().Queue
	for range 12000 {
		list, _, err := r.journal.List(queue, journal.Query{})
		if err != nil {
			r.t.Fatal(err)
		}
		if len(list) >= n {
			return list
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.t.Fatalf("the attempt log of %s has no %d entries", webhook, n)
	return nil
}

// TestAttemptLog follows attempts from a running relay into the log, over a restart and a reload.
func TestAttemptLog(t *testing.T) {
	well := newTarget(t)
	config := func(share string) string {
		return "[delivery]\nretries = 0\nlog_successes = " + share + "\n" + reloadApp +
			reloadHook("well", well.URL, "*") + "headers = { Authorization = \"Bearer hunter2-hunter2\" }\n" +
			reloadHook("ill", "http://127.0.0.1:1/", "*")
	}
	r := run(t, config("1"))
	r.track("k1", "first")
	first := r.logged("well", 1)[0]
	if first.Outcome != journal.Delivered || first.Status != 200 || first.Event != "trackEventReceived" || first.Number != 1 || !first.Sampled {
		t.Errorf("a success is logged as %+v", first)
	}
	if text := fmt.Sprint(first.Request); strings.Contains(text, "hunter2") || !strings.Contains(text, "{Authorization (not shown)}") {
		t.Errorf("its headers are %s", text)
	}
	failed := r.logged("ill", 1)[0]
	if failed.Outcome != journal.Dead || failed.UniqueID != first.UniqueID || !strings.Contains(failed.Reason, "connection refused") {
		t.Errorf("a failure is logged as %+v", failed)
	}
	if all, _, err := r.journal.Errors(journal.Query{}); err != nil || len(all) != 1 || all[0].ID != failed.ID {
		t.Errorf("all errors are %+v, error %v", all, err)
	}

	r.stop()
	r.start()
	if again := r.logged("well", 1); len(again) != 1 || again[0].ID != first.ID {
		t.Errorf("after a restart: %+v", again)
	}
	r.write(config("0"))
	r.reload("delivery.log_successes")
	r.track("k1", "second")
	well.wait(`"second"`)
	if r.logged("ill", 2); len(r.logged("well", 1)) != 1 {
		t.Error("a success is logged though the share is 0")
	}
	resp, err := http.Get(r.console + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for _, line := range []string{`edge_attempt_log_dropped_total{kind="failed"} 0`, `edge_attempt_log_dropped_total{kind="sampled"} 0`, "edge_attempt_log_bytes "} {
		if !strings.Contains(string(text), "\n"+line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}
