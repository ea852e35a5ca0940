package destination

import (
	"encoding/json"
	"regexp"
	"strings"

	"edgerelay/relay/format"
)

// zendesk takes user events one by one (Zendesk's Events API, Suite Team or higher). An event that is new to it by all its
// identifiers makes a user. Zendesk gives out no API tokens any more, and those that there are end on 2027-04-30; its OAuth
// tokens live for two days at most (its guide to the move from API tokens). Package freight fetches them for an OAuth client.
var zendesk = Type{
	Name: "zendesk", Title: "Zendesk",
	Single: true,
	Access: "an OAuth client's secret, together with settings.client_id; or an API token, together with settings.email",
	Settings: []Setting{
		{Name: "subdomain", Text: `the "acme" of acme.zendesk.com`},
		{Name: "client_id", Text: "the identifier of the confidential OAuth client whose secret it is"},
		{Name: "scope", Text: "what the client's tokens are for", Default: "users:write"},
		{Name: "email", Text: "whose API token it is; without client_id and email access_token is an OAuth access token"},
		{Name: "source", Text: "what profiles and events are filed under", Default: "edgerelay"},
		{Name: "profile_type", Text: "the type of profiles", Default: "customer"},
		onTimeout("retry"),
	},
	Takes: ofPeople,
	Plan:  planZendesk,
}

var (
	subdomain   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	zendeskName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
)

func planZendesk(s *Settings, fault func(field, text string, args ...any)) *Plan {
	host := s.Of("subdomain")
	switch {
	case host == "" && s.URL == "":
		fault("settings.subdomain", `is missing; it is the "acme" of acme.zendesk.com`)
	case host != "" && !subdomain.MatchString(host):
		fault("settings.subdomain", `%q is no subdomain; it is the "acme" of acme.zendesk.com`, host)
	}
	for _, name := range []string{"source", "profile_type"} {
		if !zendeskName.MatchString(s.Of(name)) {
			fault("settings."+name, `%q does not fit; use at most 40 letters, digits, "_" and "-"`, s.Of(name))
		}
	}
	client := s.Of("client_id") != ""
	if client && s.Of("email") != "" {
		fault("settings.email", "is of no use beside settings.client_id; leave out one of them")
	}
	if strings.EqualFold(s.Of("source"), "zendesk") {
		fault("settings.source", `"zendesk" is reserved by Zendesk; name it after your product`)
	}
	header := []Header{{"Content-Type", "application/json"}}
	if !client {
		header = append([]Header{{"Authorization", tokenOf(s, "/token", fault)}}, header...)
	}
	return &Plan{
		URL:    endpoint("https://"+host+".zendesk.com/api/v2/user_profiles/events", s, fault),
		Header: header,
		Body:   Body{Item: format.Zendesk(format.ZendeskOptions{Source: s.Of("source"), Profile: s.Of("profile_type")})},
		// Suite Team has 200 requests a minute. Who has more sets the webhook's rate.
		Rate: 3, Burst: 10,
		Once:    once(s),
		Judge:   onlyOnce(once(s), judgeZendesk),
		Carrier: client,
	}
}

// judgeZendesk: any 2xx is delivered, the documented one is 202. 409 is two writes at once, which Zendesk asks to repeat. A
// limit's end may stand in ratelimit-reset only, in seconds (Zendesk's page on avoiding rate limiting).
func judgeZendesk(a *Answer) Verdict {
	v := judgeReply(a)
	if a.fine() {
		return v
	}
	switch {
	case a.Status == 409:
		v.Outcome, v.After = Retry, RetryAfter(a.Header("Retry-After"), a.Now)
	case a.Status == 429 && v.After == 0:
		v.After = RetryAfter(a.Header("ratelimit-reset"), a.Now)
	}
	v.Reason = because(a.Status, saidByZendesk(a.Body))
	return v
}

// saidByZendesk reads both shapes of errors: {"errors":[{"code","id","title"}]} and {"error":{"message","title"}}; also
// {"error":"RecordInvalid","description":"…"}, which other parts of Zendesk answer.
func saidByZendesk(body []byte) string {
	var e struct {
		Errors []struct {
			Code  string `json:"code"`
			Title string `json:"title"`
		} `json:"errors"`
		Error       json.RawMessage `json:"error"`
		Description string          `json:"description"`
	}
	_ = json.Unmarshal(body, &e) // what cannot be read says nothing
	var said []string
	for _, one := range e.Errors {
		said = append(said, one.Code, one.Title)
	}
	var one struct{ Title, Message string }
	var name string
	if json.Unmarshal(e.Error, &one) == nil {
		said = append(said, one.Title, one.Message)
	} else if json.Unmarshal(e.Error, &name) == nil {
		said = append(said, name, e.Description)
	}
	return strings.Join(said, " ")
}
