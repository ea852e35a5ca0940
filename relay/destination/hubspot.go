package destination

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// hubspot takes custom event occurrences in batches (HubSpot's guide to sending event data). It needs an Enterprise hub in
// which each event is defined under the name that format.HubSpot gives it.
var hubspot = Type{
	Name: "hubspot", Title: "HubSpot",
	Access: "a private app's token or a service key, with the scope analytics.behavioral_events.send",
	Settings: []Setting{
		{Name: "hub_id", Text: "the account's Hub ID, the digits in pe12345_name", Required: true},
		{Name: "event_prefix", Text: `what the names of events begin with, such as "pendo_"`},
		{Name: "identify", Text: "what visitors are called by: their mail address, or the ID of their HubSpot record", Default: "email", Choices: []string{"email", "object_id"}},
		{Name: "properties", Text: "the event properties that are defined in HubSpot, with commas between; all when empty"},
		{Name: "api", Text: "the version of HubSpot's API", Default: "v3", Choices: []string{"v3", "2026-03", "2026-09"}},
	},
	Takes: ofPeople,
	Plan:  planHubSpot,
}

// ofPeople says whether somebody did it: what administrators do to pages and guides concerns no contact and no customer.
func ofPeople(k event.Kind) bool { return k < event.PageTagged || k >= event.FlowSeen }

// hubSpotPaths are the batch endpoint's paths: HubSpot moves from numbers of versions to dates, and supports v3 until
// September 2027 (its guide to the move). They are those of HubSpot/HubSpot-public-api-spec-collection, "Send Event
// Completions"; an early draft of 2026-09 had /events/custom/2026-09.
var hubSpotPaths = map[string]string{
	"v3":      "/events/v3/send/batch",
	"2026-03": "/events/2026-03/send/batch",
	"2026-09": "/events/2026-09/send/batch",
}

var (
	digitsOnly   = regexp.MustCompile(`^[0-9]{1,20}$`)
	hubSpotNamed = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
)

func planHubSpot(s *Settings, fault func(field, text string, args ...any)) *Plan {
	o := format.HubSpotOptions{
		HubID: s.Of("hub_id"), Prefix: s.Of("event_prefix"), ObjectID: s.Of("identify") == "object_id", Properties: list(s.Of("properties")),
	}
	if !digitsOnly.MatchString(o.HubID) {
		fault("settings.hub_id", "%q is no Hub ID; it is the digits that HubSpot shows beside the account's name", o.HubID)
	}
	if o.Prefix != "" && (!hubSpotNamed.MatchString(o.Prefix) || len(o.Prefix) > 20) {
		fault("settings.event_prefix", `%q cannot begin an event's name; use at most 20 lower case letters, digits and "_", a letter first`, o.Prefix)
	}
	for _, name := range o.Properties {
		if !hubSpotNamed.MatchString(name) {
			fault("settings.properties", `%q cannot be a property's name; use at most 50 lower case letters, digits and "_", a letter first`, name)
		}
	}
	return &Plan{
		URL: endpoint("https://api.hubapi.com"+hubSpotPaths[s.Of("api")], s, fault),
		Header: []Header{
			{"Authorization", "Bearer " + s.AccessToken},
			{"Content-Type", "application/json"},
		},
		Body: Body{Open: `{"inputs":[`, Between: ",", Close: "]}", Item: format.HubSpot(o)},
		// 500 occurrences are the documented limit. None is documented in bytes; 50 properties of 256 characters make 60 KiB.
		Batch: Batch{Count: 500, Bytes: 2 << 20, Item: 256 << 10, Age: time.Second},
		Judge: judgeHubSpot,
	}
}

// list are the parts of a text between commas, without the empty ones.
func list(text string) []string {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	return slices.DeleteFunc(parts, func(part string) bool { return part == "" })
}

// hubSpotError is the body of HubSpot's errors; a 207 has those of single inputs in it.
type hubSpotError struct {
	Status     string `json:"status"`
	Message    string `json:"message"`
	Category   string `json:"category"`
	PolicyName string `json:"policyName"`
	Errors     []struct {
		Message string `json:"message"`
	} `json:"errors"`
}

// said is all that the error says, for people.
func (e *hubSpotError) said() string {
	said := e.Message
	for _, one := range e.Errors {
		said += " " + one.Message
	}
	return said
}

// judgeHubSpot: which inputs of a batch were refused is not documented, and an occurrence whose uuid HubSpot has is refused
// for a year. So a batch that was refused, or taken in part, can be taken apart and sent again: the parts that were taken
// come back as repeats, which is what delivered means then.
func judgeHubSpot(a *Answer) Verdict {
	v := judgeReply(a)
	if v.Outcome == Delivered && len(a.Body) == 0 && a.Status != 207 {
		return v
	}
	var e hubSpotError
	unread := json.Unmarshal(a.Body, &e) != nil // what cannot be read says nothing
	partly := a.Status == 207 || a.fine() && (e.Status == "error" || len(e.Errors) > 0)
	switch {
	case a.fine() && !partly:
		return v
	case a.Status == 423 || a.Status == 477: // locked; the account is moving to another data centre
		v.Outcome, v.After = Retry, max(RetryAfter(a.Header("Retry-After"), a.Now), 2*time.Second)
	case a.Status == 429:
		v.After = max(v.After, hubSpotPause(e.PolicyName))
	case a.Count == 1 && (partly || v.Outcome == Final && a.Status >= 400) && repeated(e.said()):
		return Verdict{Outcome: Delivered, Status: a.Status}
	case a.Count > 1 && (partly || v.Outcome == Final && a.Status >= 400 && a.Status < 500):
		v.Outcome = Split
	case partly && unread:
		return Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, doubtKnown)}
	case partly:
		v.Outcome = Final
	}
	v.Reason = because(a.Status, e.said())
	return v
}

// repeated says whether an error says that the uuid was seen before. HubSpot's specification says that of occurrences with
// the same ID within a year "the first will be accepted and all others will be rejected"; the words of the rejection stand
// nowhere, nor whether it is one of the request or silent.
func repeated(said string) bool {
	said = strings.ToLower(said)
	return strings.Contains(said, "uuid") && (strings.Contains(said, "duplicate") || strings.Contains(said, "already"))
}

// hubSpotPause is how long a limit lasts that was exceeded: HubSpot counts in seconds, in ten seconds and in days. The
// specification exempts this endpoint from the last two, which leaves them to accounts where that is otherwise.
func hubSpotPause(policy string) time.Duration {
	switch policy = strings.ToUpper(policy); {
	case strings.Contains(policy, "DAILY"):
		return time.Hour // the day is the account's own
	case strings.Contains(policy, "TEN_SECONDLY"):
		return 10 * time.Second
	}
	return time.Second
}
