package fake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// GA4 is a fake of Google Analytics' Measurement Protocol. It answers 204 to everything, as Google does; what Google would
// throw away is in Broken. It counts repeats, for Google does. Its rules are those of Google's pages "Measurement Protocol
// reference", "Send Measurement Protocol events" (limitations) and "Event naming rules".
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
	User     *string                        `json:"user_id"`
	Time     int64                          `json:"timestamp_micros"`
	Users    map[string]struct{ Value any } `json:"user_properties"`
	Events   []struct {
		Name   string
		Params map[string]any
	}
}

var (
	ga4Name     = regexp.MustCompile(`^\p{L}[\p{L}\p{Nd}_]{0,39}$`)
	ga4UserName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,23}$`)
	ga4Prefix   = regexp.MustCompile(`^(_|firebase_|ga_|google_|gtag\.|query_id)`)
	ga4Event    = regexp.MustCompile(`^(ad_activeview|ad_click|ad_exposure|ad_query|ad_reward|adunit_exposure|app_clear_data|app_exception|app_install|` +
		`app_remove|app_store_refund|app_store_subscription_cancel|app_store_subscription_renew|app_update|app_upgrade|dynamic_link_app_open|` +
		`dynamic_link_app_update|dynamic_link_first_open|error|first_open|first_visit|notification_dismiss|notification_foreground|` +
		`notification_open|notification_receive|notification_send|os_update|session_start|user_engagement)$`)
	ga4WebEvent = regexp.MustCompile(`^(ad_impression|in_app_purchase|screen_view|click|file_download|form_start|form_submit|page_view|scroll|` +
		`view_complete|video_progress|video_start|view_search_results)$`)
	ga4Param = regexp.MustCompile(`^(firebase_conversion|cid|customer_id|customerid|dclid|gclid|sessionid|sfmc_id|sid|srsltid|uid|user_id|userid)$`)
	ga4User  = regexp.MustCompile(`^(first_open_time|first_visit_time|last_deep_link_referrer|user_id|first_open_after_install|session_id)$`)
)

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
	if web && q.Client == "" || app && q.Instance == "" || len(q.Events) == 0 || len(q.Events) > 25 || len(q.Users) > 25 ||
		q.Time < 1e15 || q.Time > time.Now().UnixMicro() || q.User != nil && (*q.User == "" || utf8.RuneCountInString(*q.User) > 256) || lone.Match(body) {
		g.Broke("request: %s", body)
		return
	}
	for name, property := range q.Users {
		text, isText := property.Value.(string)
		if !ga4UserName.MatchString(name) || ga4User.MatchString(name) || ga4Prefix.MatchString(name) || !isText || utf8.RuneCountInString(text) > 36 {
			g.Broke("user property %s: %s", name, body)
			return
		}
	}
	for _, e := range q.Events {
		if ga4Prefix.MatchString(e.Name) || ga4Event.MatchString(e.Name) || web && ga4WebEvent.MatchString(e.Name) {
			g.Broke("reserved: %s", body)
			return
		}
		if !ga4Name.MatchString(e.Name) || len(e.Params) > 25 || e.Params["session_id"] == nil || e.Params["engagement_time_msec"] == nil {
			g.Broke("event: %s", body)
			return
		}
		for name, value := range e.Params {
			text, isText := value.(string)
			_, isNumber := value.(float64)
			if !ga4Name.MatchString(name) || ga4Prefix.MatchString(name) || ga4Param.MatchString(name) || !isText && !isNumber || utf8.RuneCountInString(text) > ga4Longest(name) {
				g.Broke("parameter %s: %s", name, body)
				return
			}
		}
		id, _ := e.Params["event_id"].(string)
		g.Take(id)
	}
}

// ga4Longest is how long a parameter's text may be.
func ga4Longest(name string) int {
	if name == "page_location" {
		return 1000
	}
	return 100
}
