package relay

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/hook"
)

// thousand is a config with 999 webhooks that want nothing of what comes, so that one made by hand is the thousandth.
func thousand(url string) string {
	var b strings.Builder
	b.WriteString("[delivery]\nallow_private = true\nallow_http = true\n" + reloadApp)
	for i := range 999 {
		b.WriteString(reloadHook(fmt.Sprintf("other %d", i), url, fmt.Sprintf("trackEventReceived:other %d", i)))
	}
	return b.String()
}

func document(t testing.TB, settings map[string]any) hook.Document {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	d, err := hook.ParseDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEditsAmongAThousandWebhooks edits one of a thousand webhooks, back and forth between two receivers, while its events
// flow: each is delivered once, and what comes after an edit goes where the edit says.
func TestEditsAmongAThousandWebhooks(t *testing.T) {
	one, two := newTarget(t), newTarget(t)
	r := run(t, thousand(one.URL))
	if _, err := r.hooks.Create(document(t, map[string]any{"name": "crm", "url": one.URL, "events": []string{"trackEventReceived"}, "enabled": true})); err != nil {
		t.Fatal(err)
	}
	const edits, between = 12, 20
	sent := 0
	for edit := range edits {
		for range between {
			r.track("k1", fmt.Sprintf("event %d.", sent))
			sent++
		}
		to := []*target{two, one}[edit%2]
		if _, err := r.hooks.Edit("crm", document(t, map[string]any{"url": to.URL}), 0); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("behind edit %d.", edit)
		r.track("k1", text)
		to.wait(text)
	}
	for i := range sent {
		text := fmt.Sprintf(`"event %d."`, i)
		for deadline := time.Now().Add(time.Minute); one.count(text)+two.count(text) == 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if n := one.count(text) + two.count(text); n != 1 {
			t.Errorf("%s was delivered %d times", text, n)
		}
	}
}

// BenchmarkEditAmongAThousandWebhooks is the time from an edit's request to its being in force.
func BenchmarkEditAmongAThousandWebhooks(b *testing.B) {
	r := run(b, thousand("http://127.0.0.1:9/"))
	if _, err := r.hooks.Create(document(b, map[string]any{"name": "crm", "url": "http://127.0.0.1:9/", "events": []string{"trackEventReceived"}, "enabled": true})); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := r.hooks.Edit("crm", document(b, map[string]any{"url": fmt.Sprintf("http://127.0.0.1:9/%d", i)}), 0); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReloadOfAThousandWebhooks is a reload of a file in which one of them has changed.
func BenchmarkReloadOfAThousandWebhooks(b *testing.B) {
	config := thousand("http://127.0.0.1:9/")
	r := run(b, config)
	for i := 0; b.Loop(); i++ {
		r.write(strings.Replace(config, "127.0.0.1:9/", fmt.Sprintf("127.0.0.1:9/%d", i), 1))
		if _, err := r.Reload(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScrapeOfAThousandWebhooks is one GET /metrics, with the bytes and the lines of its answer.
func BenchmarkScrapeOfAThousandWebhooks(b *testing.B) {
	r := run(b, thousand("http://127.0.0.1:9/"))
	size, lines := 0, 0
	for b.Loop() {
		text := r.scrape()
		size, lines = len(text), strings.Count(text, "\n")
	}
	b.ReportMetric(float64(size), "bytes")
	b.ReportMetric(float64(lines), "lines")
}

// seriesMax bounds what one webhook adds to a scrape: a thousand of them are scraped every few seconds.
const seriesMax = 40

// TestSeriesOfAWebhook counts what two webhooks more add to a scrape.
func TestSeriesOfAWebhook(t *testing.T) {
	config := reloadApp + reloadHook("one", "http://127.0.0.1:9/", "trackEventReceived")
	few := run(t, config).scrape()
	more := run(t, config+reloadHook("two", "http://127.0.0.1:9/", "trackEventReceived")+reloadHook("three", "http://127.0.0.1:9/", "trackEventReceived")).scrape()
	added := strings.Count(more, `webhook="two"`)
	if added == 0 || added > seriesMax || strings.Count(few, `webhook="one"`) != added || strings.Count(more, `webhook="three"`) != added {
		t.Errorf("a webhook has %d series, at most %d are wanted", added, seriesMax)
	}
}

func (r *running) scrape() string {
	r.t.Helper()
	resp, err := http.Get(r.console + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatal(resp.Status, err)
	}
	return string(text)
}
