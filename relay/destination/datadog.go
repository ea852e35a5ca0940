package destination

import (
	"encoding/json"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// datadog is the logs API of Datadog, version 2 (docs.datadoghq.com/api/latest/logs). It has nothing to recognise repeats by,
// and answers before it has looked at the logs: event_id is there to find repeats by.
var datadog = Type{
	Name: "datadog", Title: "Datadog",
	Regions: []string{"us1", "us3", "us5", "eu", "ap1", "ap2", "uk1", "gov", "gov2"},
	Write:   "an API key of the organization",
	Settings: []Setting{
		{Name: "source", Text: "ddsource, by which Datadog chooses a pipeline", Default: "edgerelay"},
		{Name: "service", Text: "the service that logs are of", Default: "edgerelay"},
		{Name: "hostname", Text: "the host that logs are of"},
		{Name: "tags", Text: `ddtags, with commas between: "env:prod,team:growth"`},
	},
	Plan: planDatadog,
}

// datadogSites are the sites by the names that Datadog's documents give the regions.
var datadogSites = map[string]string{
	"us1": "datadoghq.com", "us3": "us3.datadoghq.com", "us5": "us5.datadoghq.com", "eu": "datadoghq.eu", "ap1": "ap1.datadoghq.com",
	"ap2": "ap2.datadoghq.com", "uk1": "uk1.datadoghq.com", "gov": "ddog-gov.com", "gov2": "us2.ddog-gov.com",
}

// planDatadog stays below 1000 logs and 5 MB a request. A log of more than 1 MB would be cut there without a word; such an
// event becomes a dead letter here.
func planDatadog(s *Settings, fault func(field, text string, args ...any)) *Plan {
	static := members("ddsource", s.Of("source"), "ddtags", s.Of("tags"), "hostname", s.Of("hostname"), "service", s.Of("service"))
	return &Plan{
		URL: endpoint("https://http-intake.logs."+datadogSites[s.Region]+"/api/v2/logs", s, fault),
		Header: []Header{
			{"Content-Type", "application/json"},
			{"DD-API-KEY", s.WriteKey},
		},
		Gzip:  true,
		Body:  Body{Open: "[", Between: ",", Close: "]", Item: format.Datadog(static)},
		Batch: Batch{Count: 1000, Bytes: 4_250_000, Item: 950_000, Age: 2 * time.Second},
		Judge: judgeDatadog,
	}
}

// judgeDatadog judges by the status, and says what Datadog says.
func judgeDatadog(a *Answer) Verdict {
	v := judgeReply(a)
	if a.fine() || v.Outcome == Off {
		return v
	}
	var r struct {
		Errors []struct{ Title, Detail string }
	}
	if json.Unmarshal(a.Body, &r) == nil && len(r.Errors) > 0 {
		v.Reason = because(a.Status, strings.TrimSpace(r.Errors[0].Title+" "+r.Errors[0].Detail))
	}
	return v
}

// members are those of an object, in JSON, without braces: names and texts in turn. One without a text is left out.
func members(named ...string) string {
	var dst []byte
	for i := 0; i+1 < len(named); i += 2 {
		if named[i+1] == "" {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = append(event.AppendString(dst, named[i]), ':')
		dst = event.AppendString(dst, named[i+1])
	}
	return string(dst)
}
