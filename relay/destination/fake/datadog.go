package fake

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Datadog is a fake of Datadog's logs API. It counts repeats, for Datadog does.
type Datadog struct {
	Desk
	key string
}

// NewDatadog is a fake that takes this API key.
func NewDatadog(key string) *Datadog { return &Datadog{key: key} }

// ServeHTTP implements http.Handler.
func (d *Datadog) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.Serve(w, r, d.logs) }

func (d *Datadog) logs(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/api/v2/logs" || r.Header.Get("Content-Type") != "application/json" {
		d.Broke("%s %s with content type %q", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	body, err := Body(r)
	var logs []map[string]json.RawMessage
	switch {
	case r.Header.Get("DD-API-KEY") != d.key:
		answerJSON(w, 403, `{"errors":[{"status":"403","title":"Forbidden","detail":"Invalid API key"}]}`)
		return
	case err != nil || json.Unmarshal(body, &logs) != nil:
		d.Broke("body is no array: %v, %.100s", err, body)
		answerJSON(w, 400, `{"errors":[{"status":"400","title":"Bad Request","detail":"Invalid JSON"}]}`)
		return
	case len(body) > 5_000_000 || len(logs) > 1000:
		d.Broke("%d bytes, %d logs", len(body), len(logs))
		answerJSON(w, 413, `{"errors":[{"status":"413","title":"Request Entity Too Large"}]}`)
		return
	}
	var sizes []json.RawMessage
	_ = json.Unmarshal(body, &sizes) // it was an array before
	for i, log := range logs {
		if len(sizes[i]) > 1_000_000 {
			d.Broke("log %d has %d bytes, and is cut", i, len(sizes[i]))
		}
		for _, name := range []string{"ddsource", "service", "message"} {
			if strings.TrimSpace(stringOf(log[name])) == "" {
				d.Broke("log %d has no %s", i, name)
			}
		}
		for _, name := range []string{"ddtags", "hostname"} { // texts, as the others are
			if _, has := log[name]; has && stringOf(log[name]) == "" {
				d.Broke("log %d has %s for its %s", i, log[name], name)
			}
		}
		d.Take(stringOf(log["event_id"]))
	}
	answerJSON(w, 202, `{}`)
}
