package fake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Amplitude is a fake of Amplitude's HTTP V2 API and Batch Event Upload. A request with a wrong event is refused as a
// whole, with the indexes of the wrong ones; a repeat of an insert_id by the same user or device is taken and counts for
// nothing. Its rules and words are those of Amplitude's page "HTTP V2 API".
type Amplitude struct {
	Desk
	key string

	refused sync.Map // insert_id → true
	seen    sync.Map // insert_id and who did it → true
}

// NewAmplitude is a fake that takes this API key.
func NewAmplitude(key string) *Amplitude { return &Amplitude{key: key} }

// Refuse has an event be one with an invalid time, by its insert_id.
func (a *Amplitude) Refuse(id string) { a.refused.Store(id, true) }

// ServeHTTP implements http.Handler.
func (a *Amplitude) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.Serve(w, r, a.upload) }

type amplitudeUpload struct {
	Key     string                       `json:"api_key"`
	Events  []map[string]json.RawMessage `json:"events"`
	Options struct {
		Min int `json:"min_id_length"`
	} `json:"options"`
}

func (a *Amplitude) upload(w http.ResponseWriter, r *http.Request) {
	most := 1 << 20
	switch {
	case r.URL.Path == "/batch":
		most = 20 << 20
	case r.URL.Path != "/2/httpapi":
		a.Broke("path %s", r.URL.Path)
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		a.Broke("%s with content type %q", r.Method, r.Header.Get("Content-Type"))
	}
	body, err := Body(r)
	if lone.Match(body) {
		a.Broke("half a character: %.300s", body)
	}
	up := amplitudeUpload{}
	up.Options.Min = 5
	switch {
	case err != nil || json.Unmarshal(body, &up) != nil:
		a.Broke("body is no JSON: %.100s", body)
		answerJSON(w, 400, `{"code":400,"error":"Invalid JSON request body","missing_field":null}`)
	case len(body) >= most || len(up.Events) > 2000:
		a.Broke("%d bytes, %d events", len(body), len(up.Events))
		answerJSON(w, 413, `{"code":413,"error":"Payload too large"}`)
	case up.Key != a.key:
		answerJSON(w, 400, `{"code":400,"error":%q,"missing_field":null}`, "Invalid API key: "+up.Key)
	case len(up.Events) == 0:
		a.Broke("no events")
		answerJSON(w, 400, `{"code":400,"error":"Request missing required field","missing_field":"events"}`)
	default:
		a.take(w, &up, len(body))
	}
}

func (a *Amplitude) take(w http.ResponseWriter, up *amplitudeUpload, size int) {
	invalid, missing, lengths := map[string][]int{}, map[string][]int{}, map[string][]int{}
	for i, e := range up.Events {
		user, device, kind, id := stringOf(e["user_id"]), stringOf(e["device_id"]), stringOf(e["event_type"]), stringOf(e["insert_id"])
		var at int64
		switch {
		case kind == "":
			missing["event_type"] = append(missing["event_type"], i)
		case user == "" && device == "":
			missing["user_id"] = append(missing["user_id"], i)
		case amplitudeInvalid.MatchString(user):
			invalid["user_id"] = append(invalid["user_id"], i)
		case amplitudeInvalid.MatchString(device):
			invalid["device_id"] = append(invalid["device_id"], i)
		case amplitudeReserved.MatchString(kind) || amplitudeProfile(kind) && e["user_properties"] == nil && e["group_properties"] == nil:
			invalid["event_type"] = append(invalid["event_type"], i)
		case deeper(e["event_properties"], 40) || deeper(e["user_properties"], 40) || deeper(e["group_properties"], 40):
			invalid["event_properties"] = append(invalid["event_properties"], i)
		case user != "" && len(user) < up.Options.Min, device != "" && len(device) < up.Options.Min:
			lengths["user_id"] = append(lengths["user_id"], i)
		case json.Unmarshal(e["time"], &at) != nil || at < 0 || at > time.Now().AddDate(1, 0, 0).UnixMilli():
			invalid["time"] = append(invalid["time"], i)
		default:
			if _, refused := a.refused.Load(id); refused {
				invalid["time"] = append(invalid["time"], i)
			} else if len(id) != 40 {
				a.Broke("insert_id %q", id)
			}
			continue
		}
		a.Broke("event %d: %s", i, e)
	}
	if len(invalid)+len(missing)+len(lengths) > 0 {
		text := "Invalid field values on some events"
		if len(missing) > 0 {
			text = "Request missing required field"
		} else if len(invalid) == 0 {
			text = "Invalid id length for user_id or device_id"
		}
		reply, _ := json.Marshal(map[string]any{"code": 400, "error": text,
			"events_with_invalid_fields": invalid, "events_with_missing_fields": missing, "events_with_invalid_id_lengths": lengths})
		answerJSON(w, 400, string(reply))
		return
	}
	for _, e := range up.Events {
		id := stringOf(e["insert_id"])
		if _, again := a.seen.LoadOrStore(id+" "+stringOf(e["user_id"])+" "+stringOf(e["device_id"]), true); !again {
			a.Take(id)
		}
	}
	answerJSON(w, 200, `{"code":200,"events_ingested":%d,"payload_size_bytes":%d,"server_upload_time":1626804144123}`, len(up.Events), size)
}

var (
	amplitudeReserved = regexp.MustCompile(`^\[Amplitude\] (Start Session|End Session|Revenue|Revenue \(Verified\)|Revenue \(Unverified\)|Merged User)$`)
	amplitudeInvalid  = regexp.MustCompile(`^(anonymous|nil|none|null|n/a|na|undefined|unknown|""|00000000-0000-0000-0000-000000000000|\{\}|lmy47d|0|-1)$`)
)

// amplitudeProfile says that an event is a call that sets properties.
func amplitudeProfile(kind string) bool { return kind == "$identify" || kind == "$groupidentify" }

// deeper says that objects and arrays nest deeper than most.
func deeper(raw json.RawMessage, most int) bool {
	deep, in := 0, json.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := in.Token()
		if err != nil {
			return false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			deep++
		case json.Delim('}'), json.Delim(']'):
			deep--
		}
		if deep > most {
			return true
		}
	}
}

// stringOf is a JSON string's text; "" of anything else.
func stringOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
