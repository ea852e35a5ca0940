package fake

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Segment is Segment's batch endpoint. Like the real one it answers 200 to what it drops: calls that name nobody or have no
// type or event, batches that are too long, and wrong keys. It takes a messageId once. Its rules are those of
// segmentio/segment-docs, src/connections/sources/catalog/libraries/server/http-api/index.md.
type Segment struct {
	Desk
	key string
}

// NewSegment makes the endpoint of a source with this write key.
func NewSegment(key string) *Segment { return &Segment{key: key} }

func (s *Segment) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.serve) }

func (s *Segment) serve(w http.ResponseWriter, r *http.Request) {
	refuse := func(message string) {
		s.Broke("%s", message)
		answerJSON(w, http.StatusBadRequest, `{"success":false,"code":"invalid_request","message":%q}`, message)
	}
	body, err := Body(r)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/batch" {
		s.Broke("%s %s: %v", r.Method, r.URL.Path, err)
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var batch struct{ Batch []json.RawMessage }
	switch {
	case r.Header.Get("Content-Type") != "application/json":
		refuse("Content-Type")
		return
	case len(body) > 500_000:
		refuse("Exceeded payload limit")
		return
	case json.Unmarshal(body, &batch) != nil:
		refuse("Malformed JSON")
		return
	}
	for _, call := range batch.Batch {
		if len(call) > 32_000 {
			refuse("Exceeded message limit")
			return
		}
	}
	if key, password, ok := r.BasicAuth(); !ok || key != s.key || password != "" {
		s.Broke("the write key is %q", key)
	} else if len(batch.Batch) > 2500 {
		s.Broke("%d calls in a batch", len(batch.Batch))
	} else {
		for _, call := range batch.Batch {
			s.call(call)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"success": true}`)
}

func (s *Segment) call(text []byte) {
	var call struct {
		Type, Event, UserID, AnonymousID, MessageID, Timestamp string
	}
	err := json.Unmarshal(text, &call)
	_, late := time.Parse(time.RFC3339, call.Timestamp)
	switch {
	case err != nil || late != nil || lone.Match(text):
		s.Broke("%v, %v, or half a character: %s", err, late, text)
	case call.Type != "track" || call.Event == "":
		s.Broke("no track call: %s", text)
	case call.UserID == "" && call.AnonymousID == "":
		s.Broke("no_user_anon_id: %s", text)
	case call.MessageID == "" || len(call.MessageID) >= 100:
		s.Broke("the messageId: %s", text)
	case !s.Has(call.MessageID):
		s.Take(call.MessageID)
	}
}
