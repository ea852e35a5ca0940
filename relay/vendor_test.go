package relay

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/destination/fake"
)

// TestTryVendors: a test sends a batch of one event, as the vendor wants it. What was given up can be sent again.
func TestTryVendors(t *testing.T) {
	r := run(t, "[delivery]\nallow_private = true\nallow_http = true\nretries = 0\n[[app]]\nname = \"web\"\nkey = \"web-key-0123456789\"\nintegration_keys = [\"track-key-0123456789\"]\n")
	salesforce := fake.NewSalesforce("client", "secret-of-client", "Pendo_Event__e")
	for kind, v := range map[string]struct {
		server   fake.Vendor
		settings string
	}{
		"segment":    {fake.NewSegment("write-key"), `"write_key":"write-key"`},
		"amplitude":  {fake.NewAmplitude("write-key"), `"write_key":"write-key"`},
		"mixpanel":   {fake.NewMixpanel("write-key"), `"write_key":"write-key"`},
		"ga4":        {fake.NewGA4("api-secret"), `"write_key":"api-secret","settings":{"measurement_id":"G-ABCDEF1"}`},
		"hubspot":    {fake.NewHubSpot("token", "12345"), `"access_token":"token","settings":{"hub_id":"12345"}`},
		"jira":       {fake.NewJira("a@b.example", "token", "OPS"), `"access_token":"token","settings":{"site":"acme","email":"a@b.example","project":"OPS"}`},
		"slack":      {fake.NewSlack("/services/T/B/x"), `"settings":{"digest":"60s"}`},
		"datadog":    {fake.NewDatadog("api-key"), `"write_key":"api-key"`},
		"splunk":     {fake.NewSplunk("token"), `"access_token":"token"`},
		"salesforce": {salesforce, `"settings":{"client_id":"client","client_secret":"secret-of-client"}`},
	} {
		server := httptest.NewServer(v.server)
		defer server.Close()
		at := server.URL
		if kind == "slack" {
			at += "/services/T/B/x"
		}
		r.fetch(201, "POST", "/api/webhooks", fmt.Sprintf(`{"name":%q,"type":%q,"url":%q,"events":["trackEventReceived"],%s}`, kind, kind, at, v.settings))
		for _, body := range []string{"", `{"event":"pageLoaded"}`} {
			if text := r.fetch(200, "POST", "/api/webhooks/"+kind+"/test", body); !strings.Contains(text, `"outcome":"delivered"`) {
				t.Errorf("%s: %s", kind, text)
			}
		}
		if broken := v.server.Broken(); len(v.server.Taken()) == 0 || len(broken) > 0 {
			t.Errorf("%s took %v and complains of %q", kind, v.server.Taken(), broken)
		}
	}
}

// TestTryOfWrongKey: a vendor that refuses the key costs no event, and a test says so.
func TestTryOfWrongKey(t *testing.T) {
	r := run(t, "[delivery]\nallow_private = true\nallow_http = true\n[[app]]\nname = \"web\"\nkey = \"web-key-0123456789\"\n")
	vendor := fake.NewSegment("write-key")
	vendor.Play(fake.Answer(401, "{}"))
	server := httptest.NewServer(vendor)
	defer server.Close()
	r.fetch(201, "POST", "/api/webhooks", fmt.Sprintf(`{"name":"cdp","type":"segment","url":%q,"write_key":"write-key","events":["*"]}`, server.URL))
	if text := r.fetch(200, "POST", "/api/webhooks/cdp/test", ""); !strings.Contains(text, `"outcome":"off"`) || !strings.Contains(text, `"status":401`) {
		t.Error(text)
	}
}

// TestReviveOfVendor: a dead letter of a type that batches goes out again.
func TestReviveOfVendor(t *testing.T) {
	r := run(t, "[delivery]\nallow_private = true\nallow_http = true\nretries = 0\n[[app]]\nname = \"web\"\nkey = \"web-key-0123456789\"\nintegration_keys = [\"track-key-0123456789\"]\n")
	vendor := fake.NewSegment("write-key")
	vendor.Play(fake.Answer(400, "{}"))
	server := httptest.NewServer(vendor)
	defer server.Close()
	r.fetch(201, "POST", "/api/webhooks", fmt.Sprintf(`{"name":"cdp","type":"segment","url":%q,"write_key":"write-key","events":["*"],"enabled":true,"batch_age":"20ms"}`, server.URL))
	r.track("track-key-0123456789", "signed up")
	r.shows("/api/webhooks/cdp/dead", `"id":`)
	r.fetch(202, "POST", "/api/webhooks/cdp/dead/replay", "")
	for end := time.Now().Add(time.Minute); len(vendor.Taken()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not sent again: ", r.fetch(200, "GET", "/api/webhooks/cdp/dead", ""))
		}
	}
}

// shows waits until a text is in the answer of a path.
func (r *running) shows(path, text string) {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(r.fetch(200, "GET", path, ""), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("%s never shows %s: %s", path, text, r.fetch(200, "GET", path, ""))
		}
	}
}
