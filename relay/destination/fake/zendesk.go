package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Zendesk is the endpoint of user events: fields, limits and the reserved source are those of Zendesk's references of the
// Events API and the Profiles API. It knows no repeats, and books an event by the property event_id.
type Zendesk struct {
	Desk
	authorization string
}

// NewZendesk makes an account that takes this API token of this person; without an address, this OAuth token.
func NewZendesk(email, token string) *Zendesk {
	return &Zendesk{authorization: authorizationOf(email, "/token", token)}
}

// authorizationOf is the header that a person's API token comes in, or an OAuth token.
func authorizationOf(email, suffix, token string) string {
	r := http.Request{Header: http.Header{}}
	if email == "" {
		return "Bearer " + token
	}
	r.SetBasicAuth(email+suffix, token)
	return r.Header.Get("Authorization")
}

func (z *Zendesk) ServeHTTP(w http.ResponseWriter, r *http.Request) { z.Serve(w, r, z.create) }

type zendeskEvent struct {
	Profile struct {
		Source, Type string
		Identifiers  []struct{ Type, Value string }
	}
	Event struct {
		Source, Type, Description string
		CreatedAt                 time.Time `json:"created_at"`
		Properties                map[string]any
	}
}

func (z *Zendesk) create(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r)
	switch {
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/api/v2/user_profiles/events":
		z.refuse(w, 404, "NotFound", r.Method+" "+r.URL.Path)
		return
	case r.Header.Get("Authorization") != z.authorization:
		z.Broke("authorization %q", r.Header.Get("Authorization"))
		answerJSON(w, 401, `{"error":"Couldn't authenticate you"}`)
		return
	case r.Header.Get("Content-Type") != "application/json":
		z.refuse(w, 415, "UnsupportedMediaType", r.Header.Get("Content-Type"))
		return
	}
	var in zendeskEvent
	if err := strictJSON(body, &in); err != nil || !utf8.Valid(body) {
		z.refuse(w, 400, "InvalidJSON", fmt.Sprint("no UTF-8, or ", err))
		return
	}
	id, _ := in.Event.Properties["event_id"].(string)
	if fault := in.fault(); fault != "" || id == "" {
		z.refuse(w, 400, "InvalidAttribute", fault)
		return
	}
	z.Take(id)
	answerJSON(w, 202, `{"profile_id":"01","status":"received","user_id":"7"}`)
}

// fault is what is wrong with an event.
func (in *zendeskEvent) fault() string {
	for _, name := range []string{in.Profile.Source, in.Profile.Type, in.Event.Source, in.Event.Type} {
		if name == "" || utf8.RuneCountInString(name) > 40 || strings.Contains(name, ":") { // which divides identifier queries
			return "source or type " + name
		}
	}
	switch {
	case strings.EqualFold(in.Profile.Source, "zendesk"):
		return "the source zendesk is reserved"
	case in.Event.Properties == nil:
		return "properties are mandatory"
	}
	if n := len(in.Profile.Identifiers); n == 0 || n > 20 {
		return "identifiers"
	}
	for _, one := range in.Profile.Identifiers {
		standard := slices.Contains([]string{"email", "external_id", "phone_number", "facebook", "twitter"}, one.Type)
		if !standard || one.Value == "" || one.Type == "email" && !strings.Contains(one.Value, "@") {
			return "identifier " + one.Type + " " + one.Value
		}
	}
	return ""
}

func (z *Zendesk) refuse(w http.ResponseWriter, status int, code, title string) {
	z.Broke("%d %s %s", status, code, title)
	text, _ := json.Marshal(title)
	answerJSON(w, status, `{"errors":[{"code":"%s","id":"0b1c","title":%s}]}`, code, text)
}
