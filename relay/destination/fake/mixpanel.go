package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"sync"
	"time"
	"unicode/utf8"
)

// Mixpanel is a fake of Mixpanel's import API in its strict way: it takes the events that are right and answers 400 with
// the list of the others, and counts what it has seen once. What it drops without a word, and what is a command to it, is in
// Broken. Its rules are those of mixpanel/docs: reference/import-events.mdx, openapi/ingestion.openapi.yaml,
// docs/data-structure/property-reference/reserved-properties.mdx.
type Mixpanel struct {
	Desk
	user, password string

	refused sync.Map // $insert_id → true
	seen    sync.Map // event, time, distinct_id, $insert_id → true
}

// NewMixpanel is a fake that takes this token.
func NewMixpanel(token string) *Mixpanel { return &Mixpanel{user: token} }

// NewMixpanelService is a fake that takes a service account.
func NewMixpanelService(account, secret string) *Mixpanel {
	return &Mixpanel{user: account, password: secret}
}

// Refuse has an event be wrong, by its $insert_id.
func (m *Mixpanel) Refuse(id string) { m.refused.Store(id, true) }

// ServeHTTP implements http.Handler.
func (m *Mixpanel) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.Serve(w, r, m.imports) }

type mixpanelEvent struct {
	Event      string         `json:"event"`
	Properties map[string]any `json:"properties"`
}

func (m *Mixpanel) imports(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/import" || r.URL.Query().Get("strict") != "1" {
		m.Broke("%s %s", r.Method, r.URL)
	}
	user, password, _ := r.BasicAuth()
	if user != m.user || password != m.password || password != "" && r.URL.Query().Get("project_id") == "" {
		answerJSON(w, 401, `{"code":401,"error":"Invalid credentials","status":"Unauthorized"}`)
		return
	}
	body, err := Body(r)
	if err != nil || r.Header.Get("Content-Type") != "application/x-ndjson" {
		m.Broke("%v, content type %q", err, r.Header.Get("Content-Type"))
	}
	lines := bytes.Split(body, []byte("\n"))
	if len(body) > 2<<20 || len(lines) > 2000 {
		m.Broke("%d bytes, %d events", len(body), len(lines))
		answerJSON(w, 413, `{"code":413,"error":"request exceeds max limit of 2097152 bytes","status":"Request Entity Too Large"}`)
		return
	}
	var failed []map[string]any
	for i, line := range lines {
		var e mixpanelEvent
		if err := json.Unmarshal(line, &e); err != nil {
			m.Broke("event %d: %v", i, err)
		}
		id, _ := e.Properties["$insert_id"].(string)
		field, message := e.wrong()
		if len(line) >= 1_000_000 {
			field, message = "event", "is too large"
		} else if lone.Match(line) {
			field, message = "properties", "string should be valid utf8"
		}
		if message != "" {
			m.Broke("event %d: %s %s: %s", i, field, message, line)
		} else if _, refused := m.refused.Load(id); refused {
			field, message = "properties.time", "'properties.time' is invalid: must be specified as seconds since epoch"
		}
		if message != "" {
			failed = append(failed, map[string]any{"index": i, "insert_id": id, "field": field, "message": message})
			continue
		}
		tuple := fmt.Sprint(e.Event, "\n", e.Properties["time"], "\n", e.Properties["distinct_id"], "\n", id)
		if _, again := m.seen.LoadOrStore(tuple, true); !again {
			m.Take(id)
		}
	}
	reply := map[string]any{"code": 200, "num_records_imported": len(lines) - len(failed), "status": "OK"}
	status := 200
	if len(failed) > 0 {
		status = 400
		reply["code"], reply["status"] = 400, "Bad Request"
		reply["error"], reply["failed_records"] = "some data points in the request failed validation", failed
	}
	text, _ := json.Marshal(reply)
	answerJSON(w, status, string(text))
}

var (
	mixpanelID          = regexp.MustCompile(`^[0-9A-Za-z-]{1,36}$`)
	mixpanelReserved    = regexp.MustCompile(`^(\$?bucket|\$distinct_id|\$device_id|\$user_id|\$event_name|\$time|\$identified_id|\$anon_id|\$distinct_ids|\$ignore|token)$`)
	mixpanelPlaceholder = regexp.MustCompile(`^(00000000-0000-0000-0000-000000000000|anon|anonymous|nil|none|null|n/a|na|undefined|unknown|<nil>|0|-1|true|false|\[\]|\{\})$`)
)

// wrong is what Mixpanel would not take, or would not take for what it is meant to be, "" when it is fine.
func (e *mixpanelEvent) wrong() (field, message string) {
	at, _ := e.Properties["time"].(float64)
	user, isText := e.Properties["distinct_id"].(string)
	id, _ := e.Properties["$insert_id"].(string)
	for name := range e.Properties {
		if mixpanelReserved.MatchString(name) {
			return "properties." + name, "is read as something else than a property"
		}
	}
	switch {
	case e.Event == "":
		return "event", "is missing"
	case e.Event == "$identify" || e.Event == "$create_alias" || e.Event == "$merge":
		return "event", "joins people"
	case at < 31536000000 || at > float64(time.Now().Add(time.Hour).UnixMilli()) || at != math.Trunc(at):
		return "properties.time", "is invalid"
	case !isText || mixpanelPlaceholder.MatchString(user):
		return "properties.distinct_id", "is invalid"
	case !mixpanelID.MatchString(id) || mixpanelPlaceholder.MatchString(id):
		return "properties.$insert_id", "is invalid"
	case e.Properties["ip"] == nil:
		return "properties.ip", "is missing, the relay's own would be used"
	case !within(e.Properties, 3):
		return "properties", "nest too deeply or are too many or too long"
	}
	return "", ""
}

// within says that a value is within Mixpanel's limits.
func within(value any, depth int) bool {
	switch v := value.(type) {
	case string:
		return utf8.RuneCountInString(v) <= 255 && utf8.ValidString(v)
	case map[string]any:
		for _, one := range v {
			if !within(one, depth-1) {
				return false
			}
		}
		return len(v) < 255 && depth > 0
	case []any:
		for _, one := range v {
			if !within(one, depth-1) {
				return false
			}
		}
		return len(v) < 255 && depth > 0
	}
	return true
}
