package destination

import (
	"encoding/json"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func salesforceSettings(more ...string) Settings {
	s := Settings{Webhook: "crm", URL: "https://acme.my.salesforce.com", More: map[string]string{"client_id": "3MVG9", "client_secret": "SECRET"}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestSalesforcePlan(t *testing.T) {
	plan := planOf(t, "salesforce", salesforceSettings())
	holdPlan(t, plan, "https://acme.my.salesforce.com/services/data/v63.0/composite/sobjects", "Content-Type: application/json", "Accept: application/json")
	if !plan.Carrier || plan.Once {
		t.Errorf("carrier %t, once %t", plan.Carrier, plan.Once)
	}
	plan = planOf(t, "salesforce", salesforceSettings("object", "Usage__c", "api_version", "65.0", "payload_field", "none", "account_field", "none", "visitor_field", "User__c"))
	e := event.Sample(event.PageLoaded)
	want := `{"allOrNone":false,"records":[{"attributes":{"type":"Usage__c"},"Event_Id__c":"a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0","Event__c":"pageLoaded",` +
		`"User__c":"Webhook Visitor","Occurred_At__c":"2021-07-20T17:57:55.000Z"}]}`
	if got := string(bodyOf(plan, []event.Event{e})); got != want || plan.URL.Path != "/services/data/v65.0/composite/sobjects" {
		t.Errorf("%s\ngot  %s\nwant %s", plan.URL, got, want)
	}
	e.Visitor, e.Account = []byte(`"`+strings.Repeat("é", 254)+`😀"`), []byte(`"\ud800"`)
	body := string(bodyOf(planOf(t, "salesforce", salesforceSettings()), []event.Event{e}))
	if !strings.Contains(body, `"Visitor_Id__c":"`+strings.Repeat("é", 254)+`…","Account_Id__c":"`+"\ufffd"+`"`) || strings.Contains(body, "ud800") {
		t.Errorf("IDs that do not fit: %s", body)
	}
	if secret, ok := findSetting(&salesforce, "client_secret"); !ok || !secret.Secret {
		t.Error("client_secret is no secret")
	}
}

func findSetting(kind *Type, name string) (Setting, bool) {
	for _, one := range kind.Settings {
		if one.Name == name {
			return one, true
		}
	}
	return Setting{}, false
}

func TestSalesforceFaults(t *testing.T) {
	holdFaults(t, "salesforce", Settings{}, "url: My Domain", "settings.client_id: is missing", "settings.client_secret: is missing")
	holdFaults(t, "salesforce", salesforceSettings("object", "Pendo Event"), "settings.object: no API name")
	holdFaults(t, "salesforce", salesforceSettings("event_field", "1"), "settings.event_field: no API name")
	holdFaults(t, "salesforce", salesforceSettings("event_field", "event_id__C"), "settings.event_field: field of another setting")
	holdFaults(t, "salesforce", salesforceSettings("api_version", "v63"), "settings.api_version: no version")
	s := salesforceSettings()
	s.URL = "https://login.salesforce.com"
	holdFaults(t, "salesforce", s, "url: My Domain")
}

func TestSalesforceJudge(t *testing.T) {
	f := func(r reply, want string) {
		t.Helper()
		holdVerdict(t, judgeSalesforce("Event_Id__c"), r, want)
	}
	const (
		queued = `{"id":"e01","success":true,"errors":[{"statusCode":"OPERATION_ENQUEUED","message":"b4a3","fields":[]}]}`
		saved  = `{"id":"a0B","success":true,"errors":[]}`
	)
	failed := func(code, message string) string {
		return `{"success":false,"errors":[{"statusCode":"` + code + `","message":"` + message + `","fields":[]}]}`
	}
	f(reply{status: 200, count: 2, body: "[" + queued + "," + saved + "]"}, "delivered")
	f(reply{status: 201, count: 1, body: "[ " + saved + " ]"}, "delivered [delivered]")
	f(reply{status: 200, count: 3, body: "[" + queued + "," + failed("UNABLE_TO_LOCK_ROW", "locked") + "," + failed("STRING_TOO_LONG", "long") + "]"},
		"delivered [delivered] [retry: 200 OK: UNABLE_TO_LOCK_ROW locked] [final: 200 OK: STRING_TOO_LONG long]")
	f(reply{status: 200, count: 1, body: "[" + failed("LIMIT_EXCEEDED", "hourly") + "]"},
		"retry after 10m0s [retry after 10m0s: 200 OK: LIMIT_EXCEEDED hourly] | 200 OK: no record was taken")
	f(reply{status: 200, count: 1, body: "[" + failed("PLATFORM_EVENT_ENCRYPTION_ERROR", "no key") + "]"},
		"retry [retry: 200 OK: PLATFORM_EVENT_ENCRYPTION_ERROR no key] | 200 OK: no record was taken")
	f(reply{status: 200, count: 1, body: "[" + failed("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Too many SOQL queries: 101") + "]"},
		"retry [retry: 200 OK: CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY Too many SOQL queries: 101] | 200 OK: no record was taken")
	f(reply{status: 200, count: 2, body: "[" + failed("DUPLICATE_VALUE", "duplicate value found: Event_Id__c duplicates") + "," + failed("DUPLICATE_VALUE", "duplicate value found: Other__c") + "]"},
		"delivered [delivered] [final: 200 OK: DUPLICATE_VALUE duplicate value found: Other__c]")
	f(reply{status: 200, count: 1, body: `[{"success":false}]`}, "final [final: 200 OK: Salesforce did not take the record and does not say why] | 200 OK: no record was taken")
	f(reply{status: 200, count: 1, body: `[{}]`}, "final [final: 200 OK: Salesforce did not take the record and does not say why] | 200 OK: no record was taken")
	unknown := "200 OK: the reply is not the one that is documented, nobody knows what was taken"
	f(reply{status: 200, count: 2, body: "[" + queued + "]"}, "retry | "+unknown)
	f(reply{status: 200, count: 1, body: "[" + queued + "," + queued + "]"}, "retry | "+unknown)
	f(reply{status: 200, count: 1, body: "[" + queued + `,{"success":false}]`}, "retry | "+unknown)
	f(reply{status: 200, count: 1, body: "[" + queued}, "retry | "+unknown)
	f(reply{status: 200, count: 1, body: `{"success":true}`}, "retry | "+unknown)
	holdVerdict(t, onlyOnce(true, judgeSalesforce("")), reply{status: 200, count: 1, body: "<html>"}, "final | "+unknown+`; it may have been taken: look before you replay, or set settings.on_timeout = "retry"`)

	f(reply{status: 401, count: 2, body: `[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]`}, "off | 401 Unauthorized: INVALID_SESSION_ID Session expired")
	f(reply{status: 403, count: 2, body: `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`},
		"retry after 1h0m0s | 403 Forbidden: REQUEST_LIMIT_EXCEEDED TotalRequests Limit exceeded.")
	f(reply{status: 403, count: 2, body: `[{"message":"No access","errorCode":"INSUFFICIENT_ACCESS"}]`}, "off | 403 Forbidden: INSUFFICIENT_ACCESS No access")
	f(reply{status: 400, count: 2, body: `[{"message":"unable","errorCode":"UNABLE_TO_LOCK_ROW"}]`}, "retry | 400 Bad Request: UNABLE_TO_LOCK_ROW unable")
	f(reply{status: 400, count: 2, body: `[{"message":"No such column 'X__c'","errorCode":"INVALID_FIELD"}]`},
		"off | 400 Bad Request: check settings.object, its fields and settings.api_version. INVALID_FIELD No such column 'X__c'")
	f(reply{status: 404, count: 2, body: `[{"message":"gone","errorCode":"NOT_FOUND"}]`}, "off | 404 Not Found: check settings.object, its fields and settings.api_version. NOT_FOUND gone")
	f(reply{status: 400, count: 2, body: `[{"message":"bad","errorCode":"JSON_PARSER_ERROR"}]`}, "split | 400 Bad Request: JSON_PARSER_ERROR bad")
	f(reply{status: 400, count: 1, body: `<html>`}, "final | 400 Bad Request")
	f(reply{status: 503, count: 2, body: `[{"message":"busy","errorCode":"SERVER_UNAVAILABLE"}]`}, "retry | 503 Service Unavailable: SERVER_UNAVAILABLE busy")
	f(reply{status: 504, count: 2}, "retry | 504 Gateway Timeout")
	holdVerdict(t, onlyOnce(true, judgeSalesforce("")), reply{status: 504, count: 2}, `final | 504 Gateway Timeout; it may have been taken: look before you replay, or set settings.on_timeout = "retry"`)
}

func FuzzSalesforceJudge(f *testing.F) {
	f.Add(200, 1, `[{"success":true,"errors":[]}]`, true)
	f.Add(200, 2, `[{"success":true},{"errors":[{"statusCode":"DUPLICATE_VALUE","fields":["E"]}]}]`, false)
	f.Add(400, 1, `[{"errorCode":"INVALID_FIELD","fields":7}]`, false)
	f.Fuzz(func(t *testing.T, status, count int, body string, drop bool) {
		r := reply{status: status, count: max(count%210, 1), body: body}
		v := holdSane(t, onlyOnce(drop, judgeSalesforce("E")), r.answer())
		if v.Outcome != Delivered || v.Each != nil {
			return
		}
		var results []saveResult
		if err := json.Unmarshal([]byte(body), &results); err != nil || len(results) != r.count || strings.Count(body, "true") < r.count {
			t.Fatalf("%d %s is delivered: %v", status, body, err)
		}
	})
}
