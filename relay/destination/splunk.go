package destination

import (
	"encoding/json"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// splunk is Splunk's HTTP Event Collector (help.splunk.com: "Format events for HTTP Event Collector", "Troubleshoot HTTP
// Event Collector"). A reply says that events look right, not that they are indexed. Indexer acknowledgment would say that;
// the relay does not ask for it, but sends the channel that a token with it insists on.
var splunk = Type{
	Name: "splunk", Title: "Splunk",
	Access:  "the collector's token",
	Address: `the collector's address, such as "https://splunk.example.com:8088"`,
	Settings: []Setting{
		{Name: "index", Text: "the index; by default the token's"},
		{Name: "source", Text: "the source of events", Default: "edgerelay"},
		{Name: "sourcetype", Text: "the source type of events", Default: "_json"},
		{Name: "host", Text: "the host of events; by default the relay's address"},
		{Name: "channel", Text: "a GUID, which tokens with indexer acknowledgment want to have"},
	},
	Plan: planSplunk,
}

// planSplunk stays below 1 MB a request, which every version's max_content_length lets through.
func planSplunk(s *Settings, fault func(field, text string, args ...any)) *Plan {
	header := []Header{
		{"Content-Type", "application/json"},
		{"Authorization", "Splunk " + s.AccessToken},
	}
	if channel := s.Of("channel"); channel != "" {
		if !isGUID(channel) {
			fault("settings.channel", `%q is no GUID; write it like "5f4f1c2e-0d3b-4a59-9f0a-6c2f0e8f7a11", any will do`, channel)
		}
		header = append(header, Header{"X-Splunk-Request-Channel", channel})
	}
	static := members("host", s.Of("host"), "source", s.Of("source"), "sourcetype", s.Of("sourcetype"), "index", s.Of("index"))
	return &Plan{
		URL:    endpoint("https://localhost:8088/services/collector/event", s, fault),
		Header: header,
		Gzip:   true,
		Body:   Body{Between: "\n", Item: format.Splunk(static)},
		Batch:  Batch{Count: 500, Bytes: 900_000, Item: 900_000, Age: time.Second},
		Judge:  judgeSplunk,
	}
}

// The codes of replies.
const (
	splunkTokenDisabled  = 1
	splunkTokenRequired  = 2
	splunkAuthorization  = 3
	splunkTokenInvalid   = 4
	splunkNoData         = 5
	splunkFormat         = 6
	splunkIndex          = 7
	splunkServerError    = 8
	splunkBusy           = 9
	splunkChannelMissing = 10
	splunkChannelInvalid = 11
	splunkEventRequired  = 12
	splunkEventBlank     = 13
	splunkFields         = 15
)

// splunkReply is the text of a reply.
type splunkReply struct {
	Text  string `json:"text"`
	Code  *int   `json:"code"`
	Event *int   `json:"invalid-event-number"`
}

// judgeSplunk judges by the code where there is one. Events are looked at one after the other, up to the first that is wrong:
// that one is given up, and all others are sent again. Those before it may be indexed already; losing them would be worse
// than having them twice, and fields.unique_id tells repeats.
func judgeSplunk(a *Answer) Verdict {
	v := judgeReply(a)
	if v.Outcome == Delivered && (len(a.Body) == 0 || string(event.Lookup(a.Body, "code")) == "0") {
		return v
	}
	var r splunkReply
	if json.Unmarshal(a.Body, &r) != nil || r.Code == nil || *r.Code == 0 && v.Outcome == Delivered {
		return v
	}
	v.Reason = because(a.Status, r.Text)
	switch *r.Code {
	case splunkTokenDisabled, splunkTokenRequired, splunkAuthorization, splunkTokenInvalid, splunkIndex:
		v.Outcome = Off
	case splunkChannelMissing, splunkChannelInvalid:
		v.Outcome, v.Reason = Off, v.Reason+"; set settings.channel to a GUID"
	case splunkServerError, splunkBusy:
		v.Outcome = Retry
	case splunkNoData, splunkFormat, splunkEventRequired, splunkEventBlank, splunkFields:
		return r.refuse(a, v)
	default:
		if v.Outcome == Delivered { // the status says so, and the code that it is not
			v.Outcome = Retry
		}
	}
	return v
}

// refuse is the verdict when one event is wrong.
func (r *splunkReply) refuse(a *Answer, v Verdict) Verdict {
	switch {
	case a.Count == 1:
		v.Outcome = Final
	case r.Event == nil || *r.Event < 0 || *r.Event >= a.Count:
		v.Outcome = Split
	default:
		v.Outcome = Delivered // it answers well and takes the others at once
		v.Each = rulings(a.Count, Ruling{Outcome: Split, Reason: "sent again without one that Splunk refuses"})
		v.Each[*r.Event] = Ruling{Outcome: Final, Reason: v.Reason}
	}
	return v
}

// isGUID says that text is one, without braces: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
func isGUID(text string) bool {
	groups := strings.Split(text, "-")
	if len(groups) != 5 {
		return false
	}
	for i, digits := range []int{8, 4, 4, 4, 12} {
		if len(groups[i]) != digits || strings.Trim(groups[i], "0123456789abcdefABCDEF") != "" {
			return false
		}
	}
	return true
}
