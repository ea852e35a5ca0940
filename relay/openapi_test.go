package relay

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestStatsAsDescribed: a running relay's numbers are what its own openapi.json says. The rest of the document is held
// against the console by the console's tests; the numbers are the relay's.
func TestStatsAsDescribed(t *testing.T) {
	r := run(t, "[[app]]\nname = \"web\"\nkey = \"web-key-0123456789\"\n[[webhook]]\nname = \"crm\"\nurl = \"https://example.com/\"\nenabled = false\n")
	doc, err := openapi3.NewLoader().LoadFromData(get(t, r.console+"/api/openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	stats := r.stats()
	stats.Log.Full, stats.Webhooks[0].Reason = "the disk is full", "503 again and again"
	full, err := json.Marshal(stats)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{full, get(t, r.console+"/api/stats")} {
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas["Stats"].Value.VisitJSON(value); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// get is what is at a URL.
func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		t.Fatalf("%s: %s %s %v", url, resp.Status, text, err)
	}
	return text
}
