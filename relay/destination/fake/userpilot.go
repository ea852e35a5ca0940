package fake

import (
	"encoding/json"
	"net/http"
)

// Userpilot is Userpilot's endpoint for events. It knows no repeats: an event that is sent twice is there twice. It books
// what it takes by the event_id in the metadata. Its rules and words are those of docs.userpilot.com, "Track Event".
type Userpilot struct {
	Desk
	key string
}

// NewUserpilot makes the environment with this API key.
func NewUserpilot(key string) *Userpilot { return &Userpilot{key: key} }

func (u *Userpilot) ServeHTTP(w http.ResponseWriter, r *http.Request) { u.Serve(w, r, u.serve) }

func (u *Userpilot) serve(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, message string) {
		u.Broke("%d %s", status, message)
		answerJSON(w, status, `{"errors":[{"details":%q,"error":%q,"error_code":%q,"message":%q}]}`, message, http.StatusText(status), code, message)
	}
	body, err := Body(r)
	var track struct {
		UserID    string         `json:"user_id"`
		EventName string         `json:"event_name"`
		Metadata  map[string]any `json:"metadata"`
	}
	switch {
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/track":
		refuse(http.StatusNotFound, "not_found", r.Method+" "+r.URL.Path)
		return
	case r.Header.Get("Authorization") != "Token "+u.key:
		refuse(http.StatusUnauthorized, "unauthorized", "Invalid API key")
		return
	case r.Header.Get("X-API-Version") != "2020-09-22" || r.Header.Get("Content-Type") != "application/json":
		refuse(http.StatusBadRequest, "bad_request", "X-API-Version or Content-Type")
		return
	case json.Unmarshal(body, &track) != nil || lone.Match(body):
		refuse(http.StatusBadRequest, "bad_request", "no JSON")
		return
	case track.UserID == "" || track.EventName == "":
		refuse(http.StatusBadRequest, "bad_request", "user_id and event_name are required")
		return
	}
	for key, value := range track.Metadata {
		switch value.(type) {
		case string, float64, bool:
		default:
			refuse(http.StatusBadRequest, "bad_request", "metadata "+key)
			return
		}
	}
	id, _ := track.Metadata["event_id"].(string)
	u.Take(id)
	w.WriteHeader(http.StatusAccepted)
}
