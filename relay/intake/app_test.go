package intake

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"edgerelay/relay/people"
)

// TestAppsReload: new apps count from the next request on, wrong ones change nothing, and every fault is named.
func TestAppsReload(t *testing.T) {
	r := start(t)
	status := func(key string) int {
		t.Helper()
		return r.post("/v1/batch?writeKey="+key, `{"batch":[]}`).status
	}
	second := App{Name: "second", Keys: []string{"K2", "K2b"}, ID: `"id"`, SubscriptionID: "1", Exclude: new(people.Exclusions)}
	if err := r.server.SetApps([]App{second}); err != nil {
		t.Fatal(err)
	}
	if status("KEY") != 403 || status("K2") != 200 || status("K2b") != 200 {
		t.Error("the new apps do not count")
	}
	f := func(want string, apps ...App) {
		t.Helper()
		err := r.server.SetApps(apps)
		if err == nil || err.Error() != "set apps: "+want {
			t.Errorf("got %v\nwant set apps: %s", err, want)
		}
		if status("K2") != 200 {
			t.Error("the old apps do not count any more")
		}
	}
	f(`app "second": its name is taken`, second, App{Name: "second", ID: "1", SubscriptionID: "1"})
	f(`app "b": a key is the app "a"'s already`, App{Name: "a", Keys: []string{"X"}, ID: "1", SubscriptionID: "1"}, App{Name: "b", Keys: []string{"X"}, ID: "1", SubscriptionID: "1"})
	f(`app "b": a key is the app "a"'s already`, App{Name: "a", IntegrationKeys: []string{"X"}, ID: "1", SubscriptionID: "1"}, App{Name: "b", IntegrationKeys: []string{"X"}, ID: "1", SubscriptionID: "1"})
	f(`app "a": a key is empty`, App{Name: "a", Keys: []string{""}, ID: "1", SubscriptionID: "1"})
	f(`app "a": its id is not JSON: json: byte 0: unexpected 'x' where a value starts`+"\n"+
		`app "b": its subscription's id is neither a number nor a string`,
		App{Name: "a", ID: "x", SubscriptionID: "1"}, App{Name: "b", ID: "1", SubscriptionID: "{}"})
	f(`app "a": its id is not JSON: json: byte 1: unexpected ',' after the value`, App{Name: "a", ID: `1,"x":2`, SubscriptionID: "1"})
}

// TestPayloadNames: what payloads say of app and subscription.
func TestPayloadNames(t *testing.T) {
	app := demo()
	app.ID, app.Name = `"a\u002fb"`, `de"mo`
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	r.good("/data/track", oneEvent, integrationKey)
	e := r.events()[0]
	if got, want := string(e.App), `{"id":"a/b","name":"de\"mo","platform":"web"}`; got != want {
		t.Errorf("app %s, want %s", got, want)
	}
	if got, want := string(e.Subscription), `{"id":4802463602049999,"name":"Demo Ltd"}`; got != want {
		t.Errorf("subscription %s, want %s", got, want)
	}
	if string(e.AppName) != `de"mo` || e.Received != theTime.UnixMilli() {
		t.Errorf("app name %s, received %d", e.AppName, e.Received)
	}
}

// TestNew: all that is wrong with the options is said at once.
func TestNew(t *testing.T) {
	_, err := New(Options{BodyMax: -1, CORSOrigins: []string{"*", "example.com", "https://a/b"}, TLSCert: "nowhere"})
	for _, want := range []string{"no log", "no selector", "no people", "body limit is negative", `CORS origin "example.com" is none`, `CORS origin "https://a/b" is none`, `certificate "nowhere"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error says nothing of %q: %v", want, err)
		}
	}
	r := start(t)
	o := r.server.opt
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "duplicate metrics collector registration") {
		t.Errorf("two servers on one registry: %v", err)
	}
}

// TestMetrics looks at what operators see, and lets Prometheus' own linter look too.
func TestMetrics(t *testing.T) {
	r := start(t)
	r.good("/v1/batch", `{"batch":[{"type":"track","event":"E","userId":"u","messageId":"m"},{}]}`, basicKey)
	r.good("/v1/b/", `{"batch":[{"type":"track","event":"E","userId":"u","messageId":"m"}]}`, basicKey)
	r.post("/data/track", oneEvent)
	r.post("/nowhere", "")
	f := func(want float64, name string, labels ...string) {
		t.Helper()
		if got := r.counter("edge_intake_"+name, labels...); got != want {
			t.Errorf("%s %v = %v, want %v", name, labels, got, want)
		}
	}
	f(2, "requests_total", "endpoint", "/v1/batch", "status", "200")
	f(1, "requests_total", "endpoint", "/data/track", "status", "403")
	f(1, "requests_total", "endpoint", "none", "status", "404")
	f(2, "accepted_events_total", "app", "demo", "dialect", "segment")
	f(3, "matched_deliveries_total")
	f(1, "duplicate_events_total")
	f(1, "left_out_messages_total", "reason", "unknown_type")
	f(1, "refused_requests_total", "reason", "no_key")
	f(1, "refused_requests_total", "reason", "unknown_path")
	problems, err := testutil.GatherAndLint(r.metrics)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
