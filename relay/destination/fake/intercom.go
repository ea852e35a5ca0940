package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Intercom is Intercom's endpoint for events. Of the same user, name and second it takes one event, and answers 202 to the
// others as well. It books events by these three, as Key makes of them. Its rules are those of intercom/Intercom-OpenAPI,
// descriptions/2.14, and of Intercom's help, "Set up event tracking in Intercom".
type Intercom struct {
	Desk
	token string
	// Unknown are the users that are no contacts.
	Unknown func(user string) bool
}

// NewIntercom makes the workspace of an app with this token. It knows all users.
func NewIntercom(token string) *Intercom {
	return &Intercom{token: token, Unknown: func(string) bool { return false }}
}

// Key is what Intercom knows an event by.
func (i *Intercom) Key(user, name string, created int64) string {
	return fmt.Sprintf("%s %s %d", user, name, created)
}

func (i *Intercom) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.Serve(w, r, i.serve) }

func (i *Intercom) serve(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, message string) {
		answerJSON(w, status, `{"type":"error.list","request_id":"b2","errors":[{"code":%q,"message":%q}]}`, code, message)
	}
	body, err := Body(r)
	var e struct {
		Name     string         `json:"event_name"`
		Created  int64          `json:"created_at"`
		User     string         `json:"user_id"`
		Metadata map[string]any `json:"metadata"`
	}
	switch {
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/events":
		i.Broke("%s %s", r.Method, r.URL.Path)
		refuse(http.StatusNotFound, "not_found", "The requested resource was not found")
	case r.Header.Get("Authorization") != "Bearer "+i.token:
		refuse(http.StatusUnauthorized, "unauthorized", "Access Token Invalid")
	case r.Header.Get("Intercom-Version") != "2.14" || r.Header.Get("Accept") != "application/json" || r.Header.Get("Content-Type") != "application/json":
		i.Broke("headers %v", r.Header)
		refuse(http.StatusBadRequest, "intercom_version_invalid", "The requested version could not be found")
	case json.Unmarshal(body, &e) != nil || lone.Match(body):
		i.Broke("no event: %s", body)
		refuse(http.StatusBadRequest, "bad_request", "bad 'JSON'")
	case e.Name == "" || e.User == "" || e.Created <= 0 || e.Created > time.Now().Unix()+86400:
		if e.Name == "" || e.Created <= 0 || e.Created > time.Now().Unix()+86400 {
			i.Broke("event_name or created_at: %s", body)
		}
		refuse(http.StatusBadRequest, "parameter_invalid", "event_name, created_at and one of id, user_id and email are required")
	case i.fault(e.Metadata) != "":
		i.Broke("metadata %s: %s", i.fault(e.Metadata), body)
		refuse(http.StatusBadRequest, "bad_request", "Invalid metadata")
	case i.Unknown(e.User):
		refuse(http.StatusNotFound, "not_found", "User Not Found")
	default:
		if key := i.Key(e.User, e.Name, e.Created); !i.Has(key) {
			i.Take(key)
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// fault is the key of a member that Intercom does not take, or would ignore.
func (i *Intercom) fault(metadata map[string]any) string {
	if len(metadata) > 10 {
		return "has more than 10 keys"
	}
	keys := map[string]bool{}
	for key, value := range metadata {
		text, isText := value.(string)
		_, isNumber := value.(float64)
		if !isText && !isNumber || utf8.RuneCountInString(text) > 255 || strings.ContainsAny(key, ".$~`!@#%^&*'{}|\\\"\x00") || keys[strings.ToLower(key)] {
			return key
		}
		keys[strings.ToLower(key)] = true
	}
	return ""
}
