package freight

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/destination/fake"
)

// newOrg starts a fake org, and returns a plan that leads to it.
func newOrg(t *testing.T, object string, settings ...string) (*fake.Salesforce, *destination.Plan) {
	t.Helper()
	org := fake.NewSalesforce("3MVG9", "SECRET", object)
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	all := map[string]string{"client_id": "3MVG9", "client_secret": "SECRET", "object": object}
	for i := 0; i+1 < len(settings); i += 2 {
		all[settings[i]] = settings[i+1]
	}
	return org, newPlan(t, "salesforce", server.URL, all)
}

// checkOrg holds that so many records were taken, each once, and no rule broken.
func checkOrg(t *testing.T, org *fake.Salesforce, records int) {
	t.Helper()
	if taken := org.Taken(); len(taken) != records {
		t.Errorf("%d records were taken, want %d", len(taken), records)
	}
	for id, times := range org.Taken() {
		if times != 1 {
			t.Errorf("%s was taken %d times", id, times)
		}
	}
	if broken := org.Broken(); len(broken) > 0 {
		t.Errorf("broken rules: %q", broken)
	}
}

func TestSalesforce(t *testing.T) {
	for _, object := range []string{"Pendo_Event__e", "Usage__c"} {
		org, plan := newOrg(t, object)
		c := newCarrier(t, plan, Options{UserAgent: "edgerelay/test"})
		if v := ship(t, c, newParcel(plan, 1, 200, noon), destination.Delivered); v.Each != nil {
			t.Errorf("%s: rulings %v", object, v.Each)
		}
		ship(t, c, newParcel(plan, 5001, 1, noon), destination.Delivered)
		checkOrg(t, org, 201)
		if n := org.Tokens(); n != 1 {
			t.Errorf("%d tokens for two parcels", n)
		}
	}
}

// TestSalesforceSessions: a session that has ended costs one request more, and many parcels fetch one token.
func TestSalesforceSessions(t *testing.T) {
	org, plan := newOrg(t, "Pendo_Event__e")
	clock := newWatch()
	c := newCarrier(t, plan, Options{Now: clock.now})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if v := c.Ship(t.Context(), newParcel(plan, uint64(1+100*i), 2, noon)); v.Outcome != destination.Delivered {
				t.Error(v)
			}
		})
	}
	all.Wait()
	made := func(want int) {
		t.Helper()
		if n := org.Tokens(); n != want {
			t.Errorf("%d tokens were fetched, want %d", n, want)
		}
	}
	made(1)
	org.Expire()
	ship(t, c, newParcel(plan, 2001, 2, noon), destination.Delivered)
	made(2)
	org.Play(fake.Answer(401, `[{"errorCode":"INVALID_SESSION_ID","message":"Session expired"}]`), fake.Fine, fake.Answer(401, `[{"errorCode":"INVALID_SESSION_ID"}]`))
	if v := ship(t, c, newParcel(plan, 3001, 2, noon), destination.Off); v.Reason != "401 Unauthorized: INVALID_SESSION_ID" {
		t.Error(v)
	}
	made(3)
	ship(t, c, newParcel(plan, 3001, 2, noon), destination.Delivered)
	clock.forward(25 * time.Hour)
	ship(t, c, newParcel(plan, 4001, 1, noon), destination.Delivered)
	made(4)
	checkOrg(t, org, 21)
}

// TestSalesforceShortSessions: an org whose sessions last for two requests takes everything, once.
func TestSalesforceShortSessions(t *testing.T) {
	org, plan := newOrg(t, "Usage__c")
	org.Life = 2
	c := newCarrier(t, plan, Options{})
	for i := range 10 {
		ship(t, c, newParcel(plan, uint64(1+1000*i), 20, noon), destination.Delivered)
	}
	checkOrg(t, org, 200)
	if n := org.Tokens(); n != 5 {
		t.Errorf("%d tokens, want 5", n)
	}
}

// TestSalesforceClients: what the org says of the app decides whether to wait or to turn the webhook off, without secrets.
func TestSalesforceClients(t *testing.T) {
	org, plan := newOrg(t, "Pendo_Event__e", "client_secret", "WRONG-SECRET")
	c := newCarrier(t, plan, Options{})
	v := ship(t, c, newParcel(plan, 1, 1, noon), destination.Off)
	if !strings.Contains(v.Reason, "invalid_client invalid client credentials") || strings.Contains(v.Reason, "WRONG") || v.Status != 400 {
		t.Error(v)
	}
	org.Play(fake.Answer(503, ""))
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry)
	org.Play(fake.Answer(200, `<html>maintenance`))
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry)
	org.Play(fake.Answer(200, `{"access_token":"a\r\nb"}`))
	ship(t, c, newParcel(plan, 1, 1, noon), destination.Retry)
	checkOrg(t, org, 0)
}

// TestSalesforceRecords: each record has its own end: locked rows come again, what a rule refuses does not.
func TestSalesforceRecords(t *testing.T) {
	org, plan := newOrg(t, "Usage__c")
	org.Locked = 2
	c := newCarrier(t, plan, Options{})
	p := newParcel(plan, 1, 5, noon)
	v := ship(t, c, p, destination.Delivered)
	got := ""
	for _, one := range v.Each {
		got += one.Outcome.String() + " "
	}
	if got != "retry retry delivered delivered delivered " {
		t.Errorf("%s", got)
	}
	checkOrg(t, org, 3)

	org.Refuse = "Webhook Visitor" // the sample's
	v = c.Ship(t.Context(), newParcel(plan, 1001, 2, noon))
	if v.Outcome != destination.Final || fmt.Sprint(v.Each[1]) != "{final 0s 200 OK: FIELD_CUSTOM_VALIDATION_EXCEPTION Not this visitor}" {
		t.Error(v)
	}
	checkOrg(t, org, 3)
}

// TestSalesforceRepeats: where the org has the identity as a unique field, a repeat is no second record.
func TestSalesforceRepeats(t *testing.T) {
	org, plan := newOrg(t, "Usage__c")
	org.Unique = true
	c := newCarrier(t, plan, Options{})
	p := newParcel(plan, 1, 50, noon)
	org.Play(fake.Fine, fake.TakeAndHangUp)
	ship(t, c, p, destination.Retry)
	ship(t, c, p, destination.Delivered)
	checkOrg(t, org, 50)
}

// TestSalesforceOnTimeout: with on_timeout = "drop" what was sent and not answered is not sent again, and what was not sent is.
func TestSalesforceOnTimeout(t *testing.T) {
	org, plan := newOrg(t, "Pendo_Event__e", "on_timeout", "drop")
	c := newCarrier(t, plan, Options{})
	p := newParcel(plan, 1, 50, noon)
	org.Play(fake.HangUp) // while it asks for a token
	ship(t, c, p, destination.Retry)
	org.Play(fake.Fine, fake.TakeAndHangUp)
	v := ship(t, c, p, destination.Final)
	if !strings.HasSuffix(v.Reason, "what was sent may be there, and is not sent again because it would be there twice") {
		t.Error(v)
	}
	checkOrg(t, org, 50)
}

func TestSalesforceLimits(t *testing.T) {
	org, plan := newOrg(t, "Pendo_Event__e")
	c := newCarrier(t, plan, Options{})
	org.Play(fake.Fine, fake.Answer(403, `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`))
	if v := ship(t, c, newParcel(plan, 1, 3, noon), destination.Retry); v.After != time.Hour {
		t.Error(v)
	}
	ship(t, c, newParcel(plan, 1, 3, noon), destination.Delivered)
	checkOrg(t, org, 3)
}
