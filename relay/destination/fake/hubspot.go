package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"
)

// HubSpot is HubSpot's endpoint for batches of custom event occurrences, in all its versions: the fields, the 204 and the
// shape of errors are those of HubSpot/HubSpot-public-api-spec-collection, "Send Event Completions". It books an occurrence
// by its uuid, where the words for a repeat are made up, and knows contacts by mail address, by record ID (digits) and by
// the event property visitor_id, which its event definitions have as their matching ID, where MatchingID says so.
type HubSpot struct {
	Desk
	token, hub string
	MatchingID bool
}

// NewHubSpot makes the account with this Hub ID.
func NewHubSpot(token, hub string) *HubSpot {
	return &HubSpot{token: token, hub: hub, MatchingID: true}
}

var (
	hubSpotPath     = regexp.MustCompile(`^/events/(v3|2026-03|2026-09)/send/batch$`)
	hubSpotProperty = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	uuidForm        = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

type hubSpotInput struct {
	EventName  string            `json:"eventName"`
	Email      string            `json:"email"`
	ObjectID   string            `json:"objectId"`
	UTK        string            `json:"utk"`
	OccurredAt string            `json:"occurredAt"`
	UUID       string            `json:"uuid"`
	Properties map[string]string `json:"properties"`
}

func (h *HubSpot) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.Serve(w, r, h.send) }

func (h *HubSpot) send(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r)
	switch {
	case err != nil || r.Method != http.MethodPost || !hubSpotPath.MatchString(r.URL.Path):
		h.refuse(w, 404, "OBJECT_NOT_FOUND", "resource not found: %s %s", r.Method, r.URL.Path)
		return
	case r.Header.Get("Authorization") != "Bearer "+h.token:
		h.refuse(w, 401, "INVALID_AUTHENTICATION", "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview")
		return
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		h.refuse(w, 415, "VALIDATION_ERROR", "Unsupported Media Type")
		return
	}
	var batch struct {
		Inputs []hubSpotInput `json:"inputs"`
	}
	if err := strictJSON(body, &batch); err != nil {
		h.refuse(w, 400, "VALIDATION_ERROR", "Invalid input JSON: %v", err)
		return
	}
	if len(batch.Inputs) == 0 || len(batch.Inputs) > 500 {
		h.refuse(w, 400, "VALIDATION_ERROR", "%d inputs, must be 1 to 500", len(batch.Inputs))
		return
	}
	for i := range batch.Inputs { // one bad input refuses all
		in := &batch.Inputs[i]
		if fault := h.fault(in); fault != "" {
			h.refuse(w, 400, "VALIDATION_ERROR", "input %d: %s", i, fault)
			return
		}
	}
	for _, in := range batch.Inputs {
		if h.Has(in.UUID) {
			answerJSON(w, 400, `{"status":"error","message":"Duplicate event completion: uuid %s was already used","correlationId":"aeb5f871-7f07-4993-9211-075dc63e7cbf","category":"VALIDATION_ERROR"}`, in.UUID)
			return
		}
	}
	for _, in := range batch.Inputs {
		h.Take(in.UUID)
	}
	w.WriteHeader(http.StatusNoContent)
}

// fault is what is wrong with one occurrence.
func (h *HubSpot) fault(in *hubSpotInput) string {
	_, err := time.Parse(time.RFC3339Nano, in.OccurredAt)
	name, own := strings.CutPrefix(in.EventName, "pe"+h.hub+"_")
	switch {
	case !own || !hubSpotProperty.MatchString(name):
		return fmt.Sprintf("unknown event %q", in.EventName)
	case in.OccurredAt != "" && err != nil:
		return err.Error()
	case !uuidForm.MatchString(in.UUID):
		return fmt.Sprintf("no UUID: %q", in.UUID)
	case in.Properties == nil:
		return "no properties"
	case in.Email == "" && in.ObjectID == "" && in.UTK == "" && (!h.MatchingID || in.Properties["visitor_id"] == ""):
		return "no identifier of a record"
	case len(in.Properties) > 50:
		return fmt.Sprintf("%d properties", len(in.Properties))
	}
	for name, value := range in.Properties {
		if !hubSpotProperty.MatchString(name) || len(name) > 50 || len(utf16.Encode([]rune(value))) > 256 {
			return fmt.Sprintf("property %q does not fit", name)
		}
	}
	return ""
}

func (h *HubSpot) refuse(w http.ResponseWriter, status int, category, message string, args ...any) {
	message = fmt.Sprintf(message, args...)
	h.Broke("%d %s", status, message)
	text, _ := json.Marshal(message)
	answerJSON(w, status, `{"status":"error","message":%s,"correlationId":"aeb5f871-7f07-4993-9211-075dc63e7cbf","category":"%s"}`, text, category)
}
