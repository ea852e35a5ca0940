package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Zendesk is the endpoint of user events: fields, limits and the reserved source are those of Zendesk's references of the
// Events API and the Profiles API. It knows no repeats, and books an event by the property event_id.
type Zendesk struct {
	Desk
	authorization  string
	client, secret string

	mu     sync.Mutex
	tokens int
}

// NewZendesk makes an account that takes this API token of this person; without an address, this OAuth token.
func NewZendesk(email, token string) *Zendesk {
	return &Zendesk{authorization: authorizationOf(email, "/token", token)}
}

// NewZendeskClient makes an account with a confidential OAuth client, that takes the newest token that the client got.
func NewZendeskClient(client, secret string) *Zendesk {
	return &Zendesk{client: client, secret: secret}
}

// Tokens is how many tokens were given out.
func (z *Zendesk) Tokens() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.tokens
}

// Expire ends the newest token.
func (z *Zendesk) Expire() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.authorization = ""
}

// knows says whether it takes this Authorization.
func (z *Zendesk) knows(authorization string) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.authorization != "" && authorization == z.authorization
}

// grant gives out tokens of an hour for client credentials (Zendesk's reference of tokens for grant types).
func (z *Zendesk) grant(w http.ResponseWriter, r *http.Request) {
	body, err := Body(r)
	var in struct {
		GrantType string `json:"grant_type"`
		ID        string `json:"client_id"`
		Secret    string `json:"client_secret"`
		Scope     string `json:"scope"`
	}
	switch {
	case err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || strictJSON(body, &in) != nil:
		z.refuse(w, 400, "InvalidJSON", string(body))
		return
	case in.GrantType != "client_credentials":
		z.Broke("grant_type %q", in.GrantType)
		answerJSON(w, 400, `{"error":"unsupported_grant_type","error_description":"The authorization grant type is not supported by the authorization server."}`)
		return
	case in.ID != z.client || in.Secret != z.secret:
		answerJSON(w, 401, `{"error":"invalid_client","error_description":"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."}`)
		return
	case in.Scope != "users:write":
		answerJSON(w, 400, `{"error":"invalid_scope","error_description":"The requested scope is invalid, unknown, or malformed."}`)
		return
	}
	z.mu.Lock()
	z.tokens++
	text := fmt.Sprintf("gErypPlm4dOVgGRvA1ZzMH5MQ3nLo8bo%d", z.tokens)
	z.authorization = "Bearer " + text
	z.mu.Unlock()
	answerJSON(w, 200, `{"access_token":"%s","token_type":"bearer","scope":"users:write","expires_in":3600}`, text)
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

func (z *Zendesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if z.client != "" && r.URL.Path == "/oauth/tokens" {
		z.Serve(w, r, z.grant)
		return
	}
	z.Serve(w, r, z.create)
}

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
	case !z.knows(r.Header.Get("Authorization")):
		if z.client == "" { // tokens of clients end, which breaks no rule
			z.Broke("authorization %q", r.Header.Get("Authorization"))
		}
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
