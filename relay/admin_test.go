package relay

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/replay"
)

// admin sends a request to the admin API and reads the reply into into, unless that is nil.
func (r *running) admin(status int, method, path, body string, into any) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.console+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		r.t.Fatalf("%s %s: %d %s, %v; want %d", method, path, resp.StatusCode, text, err, status)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		r.t.Fatalf("%s %s: %s: %v", method, path, text, err)
	}
}

// eventually waits for something that happens in the background.
func (r *running) eventually(what string, is func() bool) {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatal("never: ", what)
		}
	}
}

const adminConfig = "[delivery]\nallow_private = true\nlog_successes = 1\n[[app]]\nname = \"demo\"\nintegration_keys = [\"k1\"]\nexclude = { visitors = [\"robot\"] }\n"

// TestAdmin goes with one webhook from its making to its end, all by the admin API, while events come in.
func TestAdmin(t *testing.T) {
	one, two := newTarget(t), newTarget(t)
	r := run(t, adminConfig)
	r.admin(201, "POST", "/api/webhooks", fmt.Sprintf(`{"name":"my crm","url":%q,"secret":"a-secret-of-mine","events":["trackEventReceived"]}`, one.URL), nil)
	const path = "/api/webhooks/my%20crm"
	r.track("k1", "before")
	var trial desk.Trial
	if r.admin(200, "POST", path+"/test", `{"event":"trackEventReceived"}`, &trial); trial.Status != 200 || trial.Outcome != "delivered" || one.count("Account Upgraded") != 1 {
		t.Errorf("trial %+v", trial)
	}

	r.admin(200, "POST", path+"/enable", "", nil)
	r.track("k1", "first")
	one.wait(`"first"`)
	r.admin(200, "PATCH", path, fmt.Sprintf(`{"url":%q}`, two.URL), nil)
	r.track("k1", "second")
	two.wait(`"second"`)
	r.admin(200, "POST", path+"/disable", "", nil)
	r.track("k1", "third")
	r.admin(200, "POST", path+"/enable", "", nil)
	r.track("k1", "fourth")
	two.wait(`"fourth"`)
	if one.count(`"before"`)+two.count(`"third"`)+one.count(`"second"`)+one.count(`"fourth"`) != 0 {
		t.Error("something was sent while the webhook was off, or to where it was not to be sent")
	}

	var page desk.EventPage
	if r.admin(200, "GET", "/api/events?app=demo&event=trackEventReceived&limit=3", "", &page); len(page.Events) != 3 || page.Events[0].Name != "fourth" ||
		fmt.Sprint(page.Events[0].Webhooks, page.Events[1].Webhooks) != "[my crm] []" {
		t.Errorf("events %+v", page)
	}
	var log desk.LogPage
	r.eventually("three attempts are in the log", func() bool {
		r.admin(200, "GET", path+"/log?status=delivered", "", &log)
		return len(log.Attempts) == 3
	})
	var w desk.Webhook
	r.eventually("three deliveries are counted", func() bool {
		r.admin(200, "GET", path, "", &w)
		return w.Live.Rate > 0 && w.Live.Success != nil && *w.Live.Success == 1
	})

	r.admin(200, "PATCH", path, `{"name":"crm"}`, nil)
	r.admin(404, "GET", path, "", nil)
	r.track("k1", "fifth")
	two.wait(`"fifth"`)
	r.admin(204, "DELETE", "/api/webhooks/crm", "", nil)
	r.track("k1", "sixth")
	var stats Stats
	if r.admin(200, "GET", "/api/stats", "", &stats); len(stats.Webhooks) != 0 || two.count(`"sixth"`) != 0 {
		t.Errorf("after the end %+v", stats)
	}
}

// TestAdminDisabled: a receiver that is gone turns the webhook off; after a review what was held is delivered, and past
// events can be sent again.
func TestAdminDisabled(t *testing.T) {
	gone := newTarget(t)
	gone.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	well := newTarget(t)
	r := run(t, adminConfig)
	r.admin(201, "POST", "/api/webhooks", fmt.Sprintf(`{"name":"crm","url":%q,"events":["*"],"enabled":true}`, gone.URL), nil)
	r.track("k1", "lost")
	var w desk.Webhook
	r.eventually("the webhook is turned off", func() bool {
		r.admin(200, "GET", "/api/webhooks/crm", "", &w)
		return w.Disabled != nil && w.Live.State == "disabled"
	})
	r.track("k1", "held")
	r.admin(200, "PATCH", "/api/webhooks/crm", fmt.Sprintf(`{"url":%q}`, well.URL), nil)
	r.admin(409, "POST", "/api/webhooks/crm/enable", `{}`, nil)
	r.admin(409, "POST", "/api/webhooks/crm/enable", `{"reviewed":true}`, nil)
	r.admin(409, "POST", "/api/webhooks/crm/dead/replay", ``, nil)
	r.admin(200, "POST", "/api/webhooks/crm/enable", `{"reviewed":true,"from":"held"}`, nil)
	well.wait(`"held"`)
	if well.count(`"lost"`) != 0 {
		t.Error("a dead letter was delivered by itself")
	}
	var dead desk.DeadPage
	if r.admin(200, "GET", "/api/webhooks/crm/dead", "", &dead); len(dead.Dead) == 0 || dead.Dead[0].Status != 410 {
		t.Errorf("dead letters %+v", dead)
	}
	r.admin(202, "POST", "/api/webhooks/crm/dead/replay", "", nil)
	well.wait(`"lost"`)
	var errors desk.LogPage
	if r.admin(200, "GET", "/api/errors", "", &errors); len(errors.Attempts) < 2 {
		t.Errorf("errors %+v", errors)
	}
	var job replay.Job
	r.admin(202, "POST", "/api/webhooks/crm/replay", `{"events":["trackEventReceived"],"from":"2000-01-01T00:00:00Z"}`, &job)
	r.eventually("both are sent again", func() bool { return well.count(`"lost"`) == 2 && well.count(`"held"`) == 2 })
}

// TestProbeTurnsOn: what a probe finds out turns the webhook on, and what was held is delivered.
func TestProbeTurnsOn(t *testing.T) {
	target := newTarget(t)
	well := target.Config.Handler
	var mended atomic.Bool
	target.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !mended.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		well.ServeHTTP(w, req)
	})
	r := run(t, strings.Replace(adminConfig, "[delivery]\n", "[delivery]\ndisable_after = { failures = 1, within = \"15m\" }\n", 1))
	r.admin(201, "POST", "/api/webhooks", fmt.Sprintf(`{"name":"crm","url":%q,"events":["*"],"enabled":true,"probe":true}`, target.URL), nil)
	r.track("k1", "held")
	var w desk.Webhook
	r.eventually("the webhook is turned off", func() bool {
		r.admin(200, "GET", "/api/webhooks/crm", "", &w)
		return w.Disabled != nil
	})
	mended.Store(true)
	tell := r.fleetOptions() // a probe comes after a minute: this is what it says then
	tell.Recovered(r.fleet.Sender("crm").Hook())
	target.wait(`"held"`)
	var after desk.Webhook
	if r.admin(200, "GET", "/api/webhooks/crm", "", &after); after.Disabled != nil {
		t.Errorf("the webhook is still off: %+v", after.Disabled)
	}
}

// TestAdminExplain: what intake would keep nothing of is explained by that.
func TestAdminExplain(t *testing.T) {
	r := run(t, adminConfig)
	r.admin(201, "POST", "/api/webhooks", `{"name":"crm","url":"https://example.com/","events":["*"],"enabled":true}`, nil)
	var x desk.Explanation
	if r.admin(200, "POST", "/api/explain", `{"event":"pageLoaded","visitorId":"ada"}`, &x); x.App != "demo" || x.Receivers != 1 || x.Excluded != "" {
		t.Errorf("%+v", x)
	}
	if r.admin(200, "POST", "/api/explain", `{"event":"pageLoaded","visitorId":"robot"}`, &x); x.Receivers != 0 || !strings.Contains(x.Excluded, "excludes") {
		t.Errorf("%+v", x)
	}
	r.write(strings.Replace(adminConfig, "robot", "ada", 1))
	var changed struct {
		Changes []desk.Change `json:"changes"`
	}
	if r.admin(200, "POST", "/api/reload", "", &changed); len(changed.Changes) != 1 || changed.Changes[0].Key != "app.demo.exclude.visitors" {
		t.Errorf("changes %+v", changed)
	}
	if r.admin(200, "POST", "/api/explain", `{"event":"pageLoaded","visitorId":"ada"}`, &x); x.Receivers != 0 {
		t.Errorf("after the reload %+v", x)
	}
	var apps struct {
		Apps []desk.App `json:"apps"`
	}
	if r.admin(200, "GET", "/api/apps", "", &apps); len(apps.Apps) != 1 || apps.Apps[0].Excluded != 1 || apps.Apps[0].IntegrationKeys[0] != "••••" {
		t.Errorf("apps %+v", apps)
	}
	r.write("[[app]]\nname = 7\n")
	r.admin(409, "POST", "/api/reload", "", nil)
}
