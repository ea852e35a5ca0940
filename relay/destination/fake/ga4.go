package fake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"
)

// GA4 is a fake of Google Analytics' Measurement Protocol. It answers 204 to everything, as Google does; what Google would
// throw away is in Broken. It counts repeats, for Google does.
type GA4 struct {
	Desk
	secret string
}

// NewGA4 is a fake whose stream has this API secret.
func NewGA4(secret string) *GA4 { return &GA4{secret: secret} }

// ServeHTTP implements http.Handler.
func (g *GA4) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.Serve(w, r, g.collect) }

type ga4Request struct {
	Client   string                         `json:"client_id"`
	Instance string                         `json:"app_instance_id"`
	Time     int64                          `json:"timestamp_micros"`
	Users    map[string]struct{ Value any } `json:"user_properties"`
	Events   []struct {
		Name   string
		Params map[string]any
	}
}

var ga4Name = regexp.MustCompile(`^\p{L}[\p{L}\p{Nd}_]{0,39}$`)

func (g *GA4) collect(w http.ResponseWriter, r *http.Request) {
	defer w.WriteHeader(http.StatusNoContent)
	query := r.URL.Query()
	web, app := strings.HasPrefix(query.Get("measurement_id"), "G-"), query.Get("firebase_app_id") != ""
	if r.Method != http.MethodPost || r.URL.Path != "/mp/collect" || web == app {
		g.Broke("%s %s with a stream: %t, %t", r.Method, r.URL.Path, web, app)
	}
	if query.Get("api_secret") != g.secret {
		g.Broke("another secret")
		return
	}
	body, err := Body(r)
	var q ga4Request
	if err != nil || len(body) > 130_000 || json.Unmarshal(body, &q) != nil {
		g.Broke("body of %d bytes: %v", len(body), err)
		return
	}
	if web && q.Client == "" || app && q.Instance == "" || len(q.Events) == 0 || len(q.Events) > 25 || len(q.Users) > 25 || q.Time < 1e15 {
		g.Broke("request: %s", body)
		return
	}
	for _, e := range q.Events {
		if !ga4Name.MatchString(e.Name) || len(e.Params) > 25 || e.Params["session_id"] == nil || e.Params["engagement_time_msec"] == nil {
			g.Broke("event: %s", body)
			return
		}
		for name, value := range e.Params {
			text, isText := value.(string)
			_, isNumber := value.(float64)
			if !ga4Name.MatchString(name) || strings.HasPrefix(name, "ga_") || !isText && !isNumber || name != "page_location" && utf8.RuneCountInString(text) > 100 {
				g.Broke("parameter %s: %s", name, body)
				return
			}
		}
		id, _ := e.Params["event_id"].(string)
		g.Take(id)
	}
}
