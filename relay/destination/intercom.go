package destination

import (
	"encoding/json"
	"strconv"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// intercom makes events of contacts in Intercom (seed 000). Pendo sends frustration signals there; this type takes whatever
// a visitor did. Intercom drops repeats, which it knows by user, name and second.
var intercom = Type{
	Name: "intercom", Title: "Intercom",
	Single:  true,
	Regions: []string{"us", "eu", "au"},
	Access:  "an access token of an app in the workspace",
	Takes:   ofContact,
	Plan:    planIntercom,
}

// ofContact: Intercom takes no event of nobody. What administrators do is no contact's, and a change of an account is often
// made where there is no visitor.
func ofContact(k event.Kind) bool {
	return k != event.AccountMetadataUpdated && (k < event.PageTagged || k >= event.FlowSeen)
}

var intercomEndpoints = map[string]string{
	"us": "https://api.intercom.io/events",
	"eu": "https://api.eu.intercom.io/events",
	"au": "https://api.au.intercom.io/events",
}

func planIntercom(s *Settings, fault func(field, text string, args ...any)) *Plan {
	return &Plan{
		URL: endpoint(intercomEndpoints[s.Region], s, fault),
		Header: []Header{
			{"Content-Type", "application/json"},
			{"Accept", "application/json"},
			{"Authorization", "Bearer " + s.AccessToken},
			{"Intercom-Version", "2.14"}, // without it, whatever version the app is set to
		},
		Body:  Body{Item: format.Intercom, Lacks: lacksContact},
		Judge: judgeIntercom,
		Rate:  150, Burst: 150, // 10 000 a minute, counted in windows of 10 seconds: 1666, of which a burst is one part
	}
}

// lacksContact: Intercom would be asked for a contact that there never is.
func lacksContact(e *event.Event) string {
	if format.Known(e.Visitor) {
		return ""
	}
	return "Intercom takes events of contacts, and this visitor is anonymous or nobody; leave such events out with where"
}

// judgeIntercom judges by the status. A 404 may heal: the contact is not there yet, and Intercom finds a new one only after a
// while. In a product with users whom Intercom does not know that is how most attempts end, and nothing is wrong with the
// webhook.
func judgeIntercom(a *Answer) Verdict {
	v := judgeReply(a)
	if a.fine() {
		return v
	}
	code, message := intercomSays(a.Body)
	if a.Status == 404 {
		v.Outcome, v.After = Retry, RetryAfter(a.Header("Retry-After"), a.Now)
		v.Well = code == "not_found"
	}
	if v.Outcome == Retry && v.After == 0 {
		v.After = until(a.Header("X-RateLimit-Reset"), a.Now)
	}
	switch {
	case v.Outcome == Off && code != "":
		v.Reason = because(a.Status, code+": set access_token to one that Intercom takes in this region")
	case v.Outcome == Off:
	case code != "" && message != "":
		v.Reason = because(a.Status, code+": "+message)
	default:
		v.Reason = because(a.Status, code+message)
	}
	return v
}

// intercomSays is the first error of a reply.
func intercomSays(body []byte) (code, message string) {
	var reply struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(body, &reply) != nil || len(reply.Errors) == 0 {
		return "", ""
	}
	return reply.Errors[0].Code, reply.Errors[0].Message
}

// until is how long it is until the time that a header gives in Unix seconds; 0 when it gives none, or one that is past.
func until(value string, now time.Time) time.Duration {
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds > now.Add(retryAfterMax).Unix() {
		return 0
	}
	return max(time.Unix(seconds, 0).Sub(now), 0)
}
