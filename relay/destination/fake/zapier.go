package fake

import (
	"encoding/json"
	"net/http"
	"unicode/utf8"
)

// Zapier is a catch hook. Every request starts its Zap once more. Its limits are those of Zapier's pages; what it answers to
// a hook that is no more is written nowhere.
type Zapier struct {
	Desk
	path string
}

// NewZapier makes the hook at the path, "/hooks/catch/123/abc/".
func NewZapier(path string) *Zapier { return &Zapier{path: path} }

func (z *Zapier) ServeHTTP(w http.ResponseWriter, r *http.Request) { z.Serve(w, r, z.serve) }

func (z *Zapier) serve(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r)
	var flat map[string]any
	switch {
	case r.URL.Path != z.path:
		answerJSON(w, http.StatusNotFound, `{"status":"error","message":"no such hook"}`)
		return
	case len(body) > 10_000_000:
		z.Broke("%d bytes", len(body))
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	case err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &flat) != nil || !utf8.Valid(body):
		z.Broke("%s of %q: %v", r.Method, r.Header.Get("Content-Type"), err)
		answerJSON(w, http.StatusBadRequest, `{"status":"error"}`)
		return
	}
	for _, name := range []string{"event", "event_type", "timestamp", "unique_id", "app", "visitor_id", "account_id", "url"} {
		if _, ok := flat[name].(string); !ok {
			z.Broke("no text %s: %s", name, body)
		}
	}
	id, _ := flat["unique_id"].(string)
	z.Take(id)
	answerJSON(w, http.StatusOK, `{"status":"success","attempt":"0192f0c4","id":"0192f0c4","request_id":"0192f0c4"}`)
}
