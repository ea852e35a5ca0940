package destination

import (
	"encoding/json"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// userpilot tracks events in Userpilot through its HTTP API. Userpilot knows no repeats, and wants users identified before
// their events. An account with a host of its own sets url.
var userpilot = Type{
	Name: "userpilot", Title: "Userpilot",
	Single:  true,
	Regions: []string{"us", "eu"},
	Access:  "the environment's API key",
	// What Userpilot told us itself is there already, and what administrators do is no user's.
	Takes: func(k event.Kind) bool { return k < event.PageTagged },
	Plan:  planUserpilot,
}

var userpilotEndpoints = map[string]string{
	"us": "https://analytex.userpilot.io/v1/track",
	"eu": "https://analytex-eu.userpilot.io/v1/track",
}

func planUserpilot(s *Settings, fault func(field, text string, args ...any)) *Plan {
	return &Plan{
		URL: endpoint(userpilotEndpoints[s.Region], s, fault),
		Header: []Header{
			{"Content-Type", "application/json"},
			{"Accept", "application/json"},
			{"Authorization", "Token " + s.AccessToken},
			{"X-API-Version", "2020-09-22"},
		},
		Body:  Body{Item: format.UserpilotTrack},
		Judge: judgeUserpilot,
		Rate:  9, Burst: 9, // 600 requests a minute, of which a burst is one part
	}
}

// judgeUserpilot judges by the status. A 404 may heal: the user is not identified yet.
func judgeUserpilot(a *Answer) Verdict {
	v := judgeReply(a)
	if a.fine() {
		return v
	}
	if a.Status == 404 {
		v.Outcome, v.After = Retry, RetryAfter(a.Header("Retry-After"), a.Now)
		v.Well = userpilotSays(a.Body) != "" // a user who is not there, not a wrong address
	}
	if v.Outcome != Off {
		v.Reason = because(a.Status, userpilotSays(a.Body))
	}
	return v
}

// userpilotSays is what the first error of a reply says.
func userpilotSays(body []byte) string {
	var reply struct {
		Errors []struct {
			Message, Details, Error string
			Code                    string `json:"error_code"`
		}
	}
	if json.Unmarshal(body, &reply) != nil || len(reply.Errors) == 0 {
		return ""
	}
	first := reply.Errors[0]
	for _, text := range []string{first.Message, first.Details, first.Error, first.Code} {
		if text != "" {
			return text
		}
	}
	return ""
}
