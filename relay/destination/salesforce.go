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

// salesforce publishes platform events, or makes records of a custom object, through sObject Collections (Salesforce's REST
// API guide). Package freight makes the requests, because they need a token of the OAuth client credentials flow, which an
// org gives out at its My Domain host only.
var salesforce = Type{
	Name: "salesforce", Title: "Salesforce",
	Address: `the org's My Domain, such as "https://acme.my.salesforce.com"`,
	Settings: []Setting{
		{Name: "client_id", Text: "the consumer key of an external client app, or connected app, with the client credentials flow", Required: true},
		{Name: "client_secret", Text: "its consumer secret", Required: true, Secret: true},
		{Name: "object", Text: "the platform event (__e) or custom object (__c)", Default: "Pendo_Event__e"},
		{Name: "event_id_field", Text: `its field for the uniqueId, 40 characters; "none" leaves a field out`, Default: "Event_Id__c"},
		{Name: "event_field", Text: "its field for the event's name", Default: "Event__c"},
		{Name: "visitor_field", Text: "its field for the visitor's ID", Default: "Visitor_Id__c"},
		{Name: "account_field", Text: "its field for the account's ID", Default: "Account_Id__c"},
		{Name: "time_field", Text: "its Date/Time field for when it happened", Default: "Occurred_At__c"},
		{Name: "payload_field", Text: "its Long Text Area for the event as JSON", Default: "Payload__c"},
		{Name: "api_version", Text: "the version of Salesforce's API", Default: "63.0"},
		onTimeout("retry"),
	},
	Plan: planSalesforce,
}

var (
	salesforceName    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}$`)
	salesforceVersion = regexp.MustCompile(`^[1-9][0-9]{1,2}\.0$`)
)

func planSalesforce(s *Settings, fault func(field, text string, args ...any)) *Plan {
	var used []string
	field := func(setting string) string {
		name := s.Of(setting)
		switch {
		case name == "none":
			return ""
		case !salesforceName.MatchString(name):
			fault("settings."+setting, `%q is no API name of a field; write it like "Event_Id__c", or "none"`, name)
		case slices.Contains(used, strings.ToLower(name)):
			fault("settings."+setting, "%q is the field of another setting already", name)
		}
		used = append(used, strings.ToLower(name))
		return name
	}
	o := format.SalesforceOptions{
		Object: s.Of("object"), EventID: field("event_id_field"), Event: field("event_field"), Visitor: field("visitor_field"),
		Account: field("account_field"), Time: field("time_field"), Payload: field("payload_field"),
	}
	if !salesforceName.MatchString(o.Object) {
		fault("settings.object", `%q is no API name of an object; write it like "Pendo_Event__e"`, o.Object)
	}
	if !salesforceVersion.MatchString(s.Of("api_version")) {
		fault("settings.api_version", `%q is no version; write it like "63.0"`, s.Of("api_version"))
	}
	u := endpoint("https://my.salesforce.com/services/data/v"+s.Of("api_version")+"/composite/sobjects", s, fault)
	if host := strings.ToLower(u.Hostname()); host == "login.salesforce.com" || host == "test.salesforce.com" {
		fault("url", "%s gives no tokens to client credentials; use the org's My Domain, such as https://acme.my.salesforce.com", host)
	}
	return &Plan{
		URL:    u,
		Header: []Header{{"Content-Type", "application/json"}, {"Accept", "application/json"}},
		Body:   Body{Open: `{"allOrNone":false,"records":[`, Between: ",", Close: "]}", Item: format.Salesforce(o)},
		// 200 records are the documented limit, and a platform event takes up to 1 MB.
		Batch:   Batch{Count: 200, Bytes: 4 << 20, Item: 900 << 10, Age: 2 * time.Second},
		Once:    once(s),
		Judge:   onlyOnce(once(s), judgeSalesforce(o.EventID)),
		Carrier: true,
	}
}

// How long Salesforce wants to be left alone. It says nothing of that itself.
const (
	salesforceBudget = time.Hour        // the org's API requests of 24 hours are used up
	salesforceHourly = 10 * time.Minute // the platform events of an hour are
)

// salesforceError is one error of a request, which has errorCode, or of a record, which has statusCode.
type salesforceError struct {
	ErrorCode  string   `json:"errorCode"`
	StatusCode string   `json:"statusCode"`
	Message    string   `json:"message"`
	Fields     []string `json:"fields"`
}

// code is whichever code it has.
func (e *salesforceError) code() string { return e.ErrorCode + e.StatusCode }

// passes says whether an error goes away by itself: rows that somebody else has locked, triggers that took more than their
// share, limits, outages (Salesforce's pages on status codes, and on those of platform events).
func (e *salesforceError) passes() (bool, time.Duration) {
	switch e.code() {
	case "REQUEST_LIMIT_EXCEEDED", "STORAGE_LIMIT_EXCEEDED":
		return true, salesforceBudget
	case "LIMIT_EXCEEDED":
		return true, salesforceHourly
	case "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "PLATFORM_EVENT_PUBLISHING_UNAVAILABLE", "PLATFORM_EVENT_PUBLISH_FAILED",
		"PLATFORM_EVENT_ENCRYPTION_ERROR", "QUERY_TIMEOUT", "ALL_OR_NONE_OPERATION_ROLLED_BACK":
		return true, 0
	}
	return strings.Contains(e.Message, "UNABLE_TO_LOCK_ROW") || strings.Contains(e.Message, "Too many SOQL queries"), 0
}

// saveResult is what became of one record. Of a platform event that was taken, errors is not empty: it says
// OPERATION_ENQUEUED.
type saveResult struct {
	Success *bool             `json:"success"`
	Errors  []salesforceError `json:"errors"`
}

// judgeSalesforce makes a judge. idField is the field that holds an event's identity: where an object has it as a unique
// field, a repeat is refused, and the event is there.
func judgeSalesforce(idField string) func(a *Answer) Verdict {
	return func(a *Answer) Verdict {
		if a.fine() {
			return judgeRecords(a, idField)
		}
		v := JudgeStatus(a)
		var all []salesforceError
		_ = json.Unmarshal(a.Body, &all) // what cannot be read says nothing
		e := salesforceError{}
		if len(all) > 0 {
			e = all[0]
		}
		said := strings.TrimSpace(e.code() + " " + e.Message)
		passes, after := e.passes()
		switch {
		case (a.Status == 400 || a.Status == 403) && passes:
			v.Outcome, v.After = Retry, after
		case a.Status == 404 || a.Status == 400 && (e.code() == "INVALID_FIELD" || e.code() == "INVALID_TYPE" || e.code() == "NOT_FOUND"):
			// All records have the same fields: it is not about one of them.
			v.Outcome, said = Off, "check settings.object, its fields and settings.api_version. "+said
		}
		v.Reason = because(a.Status, said)
		return v
	}
}

// judgeRecords judges a reply that has a result for each record, in their order.
func judgeRecords(a *Answer, idField string) Verdict {
	if allSaved(a) {
		return Verdict{Outcome: Delivered, Status: a.Status}
	}
	var results []saveResult
	if err := json.Unmarshal(a.Body, &results); err != nil || len(results) != a.Count {
		return Verdict{Outcome: Retry, Status: a.Status, Reason: because(a.Status, doubtKnown)}
	}
	v := Verdict{Outcome: Final, Status: a.Status, Reason: because(a.Status, "no record was taken"), Each: make([]Ruling, a.Count)}
	for i := range results {
		v.Each[i] = ruleRecord(a.Status, &results[i], idField)
		switch one := &v.Each[i]; {
		case one.Outcome == Delivered:
			v.Outcome, v.Reason, v.After = Delivered, "", 0
		case one.Outcome == Retry && v.Outcome != Delivered:
			v.Outcome, v.After = Retry, max(v.After, one.After)
		}
	}
	return v
}

// allSaved says that the reply tells of nothing but success. It reads no reply with spaces in it, which Salesforce prints
// for people only.
func allSaved(a *Answer) bool {
	saved, all := 0, 0
	err := event.Elements(a.Body, func(result []byte) bool {
		all++
		if string(event.Lookup(result, "success")) == "true" {
			saved++
		}
		return true
	})
	return err == nil && saved == a.Count && all == a.Count && json.Valid(a.Body)
}

// ruleRecord is the ruling on one record.
func ruleRecord(status int, r *saveResult, idField string) Ruling {
	if r.Success != nil && *r.Success {
		return Ruling{Outcome: Delivered}
	}
	ruling := Ruling{Outcome: Final, Reason: because(status, "Salesforce did not take the record and does not say why")}
	for i := range r.Errors {
		e := &r.Errors[i]
		if e.code() == "DUPLICATE_VALUE" && idField != "" && (slices.Contains(e.Fields, idField) || strings.Contains(e.Message, idField)) {
			return Ruling{Outcome: Delivered}
		}
		if i > 0 {
			continue
		}
		ruling.Reason = because(status, e.code()+" "+e.Message)
		if passes, after := e.passes(); passes {
			ruling.Outcome, ruling.After = Retry, after
		}
	}
	return ruling
}
