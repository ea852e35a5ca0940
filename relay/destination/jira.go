package destination

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// jira makes an issue of each event, up to 50 in one request (Jira Cloud's REST API, version 3). Jira knows no repeats, so
// that by default a request which was never answered is not sent again.
var jira = Type{
	Name: "jira", Title: "Jira",
	Access: "an API token, together with settings.email, or an OAuth access token",
	Settings: []Setting{
		{Name: "site", Text: `the "acme" of acme.atlassian.net`},
		{Name: "email", Text: "whose API token it is; empty when access_token is an OAuth token"},
		{Name: "project", Text: "the project's key, or its ID", Required: true},
		{Name: "issue_type", Text: "the type of the issues, or its ID", Default: "Task"},
		{Name: "labels", Text: "labels of the issues, with commas between"},
		onTimeout("drop"),
	},
	Plan: planJira,
}

func planJira(s *Settings, fault func(field, text string, args ...any)) *Plan {
	site := strings.TrimSuffix(s.Of("site"), ".atlassian.net")
	switch {
	case site == "" && s.URL == "":
		fault("settings.site", `is missing; it is the "acme" of acme.atlassian.net`)
	case site != "" && !subdomain.MatchString(site):
		fault("settings.site", `%q is no site; it is the "acme" of acme.atlassian.net`, s.Of("site"))
	}
	o := format.JiraOptions{Project: s.Of("project"), IssueType: s.Of("issue_type"), Labels: list(s.Of("labels"))}
	for _, label := range o.Labels {
		if strings.ContainsAny(label, " \t") || len(label) > 255 {
			fault("settings.labels", "%q is no label; Jira's have no spaces and at most 255 characters", label)
		}
	}
	return &Plan{
		URL: endpoint("https://"+site+".atlassian.net/rest/api/3/issue/bulk", s, fault),
		Header: []Header{
			{"Authorization", tokenOf(s, "", fault)},
			{"Content-Type", "application/json"},
			{"Accept", "application/json"},
		},
		Body: Body{Open: `{"issueUpdates":[`, Between: ",", Close: "]}", Item: format.Jira(o)},
		// 50 issues are the documented limit; none is documented in bytes.
		Batch: Batch{Count: 50, Bytes: 1 << 20, Item: 64 << 10, Age: time.Second},
		Once:  once(s),
		Judge: onlyOnce(once(s), judgeJira(once(s))),
	}
}

// jiraReply is the answer to a bulk request: errors is a list there, and an object by field where the request as a whole
// is wrong.
type jiraReply struct {
	Issues        []json.RawMessage `json:"issues"`
	Errors        json.RawMessage   `json:"errors"`
	ErrorMessages []string          `json:"errorMessages"`
}

type jiraErrors struct {
	ErrorMessages []string          `json:"errorMessages"`
	Errors        map[string]string `json:"errors"`
}

func (e *jiraErrors) said() string {
	said := slices.Clone(e.ErrorMessages)
	for _, field := range slices.Sorted(maps.Keys(e.Errors)) {
		said = append(said, field+": "+e.Errors[field])
	}
	return strings.Join(said, " ")
}

// jiraElement is an issue that was not made.
type jiraElement struct {
	Status  int        `json:"status"`
	Errors  jiraErrors `json:"elementErrors"`
	Element *int       `json:"failedElementNumber"` // from 0
}

// judgeJira makes a judge. drop says that an issue of which nobody knows whether it was made is not made again.
func judgeJira(drop bool) func(a *Answer) Verdict {
	return func(a *Answer) Verdict {
		switch {
		case a.fine() && allMade(a):
			return Verdict{Outcome: Delivered, Status: a.Status}
		case a.fine() || a.Status == 400:
			return judgeIssues(a, drop)
		case a.Status == 429:
			return judgeJiraLimit(a)
		}
		v := JudgeStatus(a)
		v.Reason = because(a.Status, saidByJira(a.Body))
		return v
	}
}

// allMade says that the reply lists as many issues as were asked for, and no errors. It reads no reply with spaces in it,
// which Jira prints for people only.
func allMade(a *Answer) bool {
	made := 0
	err := event.Elements(event.Lookup(a.Body, "issues"), func(issue []byte) bool {
		if issue[0] == '{' {
			made++
		}
		return true
	})
	return err == nil && made == a.Count && string(event.Lookup(a.Body, "errors")) == "[]" && json.Valid(a.Body)
}

// judgeIssues judges by the lists of issues that were made and that were not.
func judgeIssues(a *Answer, drop bool) Verdict {
	var r jiraReply
	var failed []jiraElement
	err := json.Unmarshal(a.Body, &r)
	if err == nil && len(r.Errors) > 0 && r.Errors[0] == '[' {
		err = json.Unmarshal(r.Errors, &failed)
	}
	made := 0
	for _, issue := range r.Issues {
		if issue[0] == '{' {
			made++
		}
	}
	named, sure := rulingsOf(failed, a.Count)
	switch {
	case err == nil && a.fine() && made == a.Count && len(failed) == 0:
		return Verdict{Outcome: Delivered, Status: a.Status}
	case !a.fine() && (err != nil || made == 0 && (!sure || len(named) == 0)): // nothing was made
		v := JudgeStatus(a)
		v.Reason = because(a.Status, saidByJira(a.Body))
		return v
	case err != nil:
		return Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, doubtKnown)}
	}
	others := Ruling{Outcome: Retry, Reason: because(a.Status, "Jira does not say whether it made the issue")}
	switch {
	case sure && a.fine() && made+len(named) == a.Count:
		others = Ruling{Outcome: Delivered}
	case sure && made == 0 && len(named) > 0:
		others = Ruling{Outcome: Split, Reason: because(a.Status, "another issue of the batch was refused")}
	case drop:
		others.Outcome, others.Reason = Final, others.Reason+"; look before you replay"
	}
	v := Verdict{Outcome: Final, Status: a.Status, Reason: because(a.Status, "Jira made no issue of the batch"), Each: rulings(a.Count, others)}
	for i, ruling := range named {
		v.Each[i] = ruling
	}
	if made > 0 {
		v.Outcome, v.Reason = Delivered, ""
	}
	return v
}

// rulingsOf are the rulings on the issues of a batch of so many that were not made, by their places. sure says that each
// error names another issue of the batch.
func rulingsOf(failed []jiraElement, count int) (named map[int]Ruling, sure bool) {
	named, sure = map[int]Ruling{}, true
	for i := range failed {
		at := failed[i].Element
		if at == nil || *at < 0 || *at >= count {
			sure = false
			continue
		}
		if _, twice := named[*at]; twice {
			sure = false
			continue
		}
		named[*at] = ruleIssue(&failed[i])
	}
	return named, sure
}

// ruleIssue is the ruling on an issue that was not made.
func ruleIssue(one *jiraElement) Ruling {
	ruling := Ruling{Outcome: Final, Reason: because(one.Status, one.Errors.said())}
	if one.Status == 408 || one.Status == 429 || one.Status >= 500 && one.Status < 600 {
		ruling.Outcome = Retry
	}
	return ruling
}

// judgeJiraLimit obeys the three limiters of Jira: each says in RateLimit-Reason who it is, and when it ends by seconds or,
// the hourly quota, by a date.
func judgeJiraLimit(a *Answer) Verdict {
	why := a.Header("RateLimit-Reason")
	after := RetryAfter(a.Header("Retry-After"), a.Now)
	if after == 0 {
		after = untilISO(a.Header("X-RateLimit-Reset"), a.Now)
	}
	if after == 0 && strings.Contains(why, "quota") {
		after = a.Now.Truncate(time.Hour).Add(time.Hour).Sub(a.Now)
	}
	return Verdict{Outcome: Retry, Status: a.Status, After: after, Reason: because(a.Status, why)}
}

// untilISO is how long it is until a date in ISO 8601, with or without seconds.
func untilISO(value string, now time.Time) time.Duration {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, value); err == nil {
			return min(max(at.Sub(now), 0), retryAfterMax)
		}
	}
	return 0
}

// saidByJira is what an error says for people: messages, and what is wrong with single fields.
func saidByJira(body []byte) string {
	var e jiraErrors
	_ = json.Unmarshal(body, &e) // what cannot be read says nothing
	return e.said()
}
