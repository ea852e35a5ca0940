package destination

import (
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func TestDatadogPlan(t *testing.T) {
	hosts := map[string]string{"": "datadoghq.com", "us1": "datadoghq.com", "us3": "us3.datadoghq.com", "us5": "us5.datadoghq.com",
		"eu": "datadoghq.eu", "ap1": "ap1.datadoghq.com", "ap2": "ap2.datadoghq.com", "uk1": "uk1.datadoghq.com", "gov": "ddog-gov.com", "gov2": "us2.ddog-gov.com"}
	for region, host := range hosts {
		plan := planOf(t, "datadog", Settings{WriteKey: "key", Region: region})
		holdPlan(t, plan, "https://http-intake.logs."+host+"/api/v2/logs", "Content-Type: application/json", "DD-API-KEY: key")
	}
	if len(hosts) != len(datadog.Regions)+1 || len(datadogSites) != len(datadog.Regions) {
		t.Error("a region without its site")
	}
	plan := planOf(t, "datadog", Settings{WriteKey: "key", URL: "http://localhost:9", More: map[string]string{"tags": `env:"prod"`, "hostname": "r1", "source": "pendo"}})
	holdPlan(t, plan, "http://localhost:9/api/v2/logs", "Content-Type: application/json", "DD-API-KEY: key")
	want := `[{"ddsource":"pendo","ddtags":"env:\"prod\"","hostname":"r1","service":"edgerelay","message":"U-Turn",`
	if got := string(bodyOf(plan, []event.Event{event.Sample(event.UTurn)})); got[:len(want)] != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	holdFaults(t, "datadog", Settings{}, "write_key: an API key")
	holdFaults(t, "datadog", Settings{WriteKey: "k", Region: "us2"}, `region: "us2" is no region of Datadog`)
}

func TestDatadogTakes(t *testing.T) {
	holdKinds(t, "datadog", Settings{WriteKey: "key"}, fake.NewDatadog("key"))

	vendor := fake.NewDatadog("key")
	vendor.Play(fake.Answer(413, ""), fake.HangUp, fake.Answer(400, `{"errors":[{"title":"Bad Request","detail":"one is wrong"}]}`), fake.Answer(429, ""), fake.Answer(408, ""))
	d := drive(t, planOf(t, "datadog", Settings{WriteKey: "key"}), vendor, people(60))
	holdOnce(t, vendor.Taken(), 60)
	if d.delivered != 60 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}
	if d := drive(t, planOf(t, "datadog", Settings{WriteKey: "other"}), vendor, people(1)); d.off != "403 Forbidden: the destination refuses the webhook's key" {
		t.Errorf("off: %q", d.off)
	}
}

func TestDatadogJudge(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); holdVerdict(t, judgeDatadog, r, want) }
	f(reply{status: 202, count: 9, body: `{}`}, "delivered")
	f(reply{status: 400, count: 9, body: `{"errors":[{"status":"400","title":"Bad Request","detail":"Invalid JSON"}]}`}, "split | 400 Bad Request: Bad Request Invalid JSON")
	f(reply{status: 400, count: 1, body: `{"errors":["Invalid"]}`}, "final | 400 Bad Request")
	f(reply{status: 401, count: 9}, "off | 401 Unauthorized: the destination refuses the webhook's key")
	f(reply{status: 413, count: 9, body: `{"errors":[]}`}, "split | 413 Request Entity Too Large")
	f(reply{status: 413, count: 1}, "final | 413 Request Entity Too Large")
	f(reply{status: 429, count: 9, headers: []string{"Retry-After", "7"}}, "retry after 7s | 429 Too Many Requests")
	f(reply{status: 503, count: 9, body: `<html>`}, "retry | 503 Service Unavailable")
}

func FuzzDatadogJudge(f *testing.F) {
	fuzzAnalytics(f, judgeDatadog, false, `{"errors":[{"title":"x","detail":"y"}]}`, `{"errors":[null]}`, `{"errors":{}}`)
}
