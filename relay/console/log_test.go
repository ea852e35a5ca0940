package console

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/replay"
)

// TestLog: each attempt is there with what was sent and answered, by each filter, page after page, and as a file.
func TestLog(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"my crm","url":"$URL/in","events":["*"],"enabled":true,"retries":1,"headers":{"X-Api-Key":"k3y-value"}}`)
	p.accept(event.PageLoaded, "x")
	p.eventually("the first is delivered", func() bool { return len(p.receiver.received()) == 1 })
	p.receiver.answer(503)
	p.accept(event.FeatureClicked, "x")
	var page desk.LogPage
	f := func(query string, want ...string) {
		t.Helper()
		p.call(200, "GET", "/api/webhooks/my%20crm/log?"+query, "", &page)
		var got []string
		for _, a := range page.Attempts {
			got = append(got, fmt.Sprintf("%s %d %s %d", a.Outcome, a.Status, a.Event, a.Number))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	const good, retry, dead = "delivered 200 pageLoaded 1", "retry 503 featureClicked 1", "dead 503 featureClicked 2"
	p.eventually("the second is given up", func() bool {
		p.call(200, "GET", "/api/webhooks/my%20crm/log", "", &page)
		return len(page.Attempts) == 3
	})
	f("", dead, retry, good)
	if a := page.Attempts[0]; a.Webhook != "my crm" || a.UniqueID == "" || !strings.HasPrefix(string(a.Body), "reply ") || a.Timing.Total <= 0 {
		t.Errorf("entry %+v", a)
	}
	if _, text := p.do("GET", "/api/webhooks/my%20crm/log", ""); strings.Contains(text, "k3y-value") {
		t.Errorf("a secret is shown: %s", text)
	}
	f("status=failed", dead, retry)
	f("status=5xx&event=feature.clicked", dead, retry)
	f("status=200", good)
	f("from=1h&to=0s&event=pageLoaded")
	f("until=2000-01-01T00:00:00Z")
	f("until=2100-01-01T00:00:00Z&status=200", good)
	f("from=2000-01-01T00:00:00Z&unique_id="+page2(p, 2), good)
	f("limit=2", dead, retry)
	f("limit=2&cursor="+page.Cursor, good)
	for query, field := range map[string]string{"status=x": "status", "limit=0": "limit", "limit=1001": "limit", "cursor=*": "cursor", "from=x": "from", "to=-1h": "to", "until=x": "until", "to=1h&until=1h": "until", "event=nothing": "event", "statsu=200": "statsu"} {
		p.refused(400, "invalid", field, "", "GET", "/api/webhooks/my%20crm/log?"+query, "")
	}
	p.refused(404, "not_found", "", "", "GET", "/api/webhooks/nobody/log", "")
	p.refused(404, "not_found", "", "", "GET", "/api/webhooks/nobody/log.json", "")
	p.refused(400, "invalid", "cursor", "", "GET", "/api/webhooks/my%20crm/log.json?cursor=x", "")

	resp, text := p.do("GET", "/api/webhooks/my%20crm/log.json?status=failed", "")
	if got := resp.Header.Get("Content-Disposition"); got != "attachment; filename*=UTF-8''my%20crm.log.json" {
		t.Errorf("saved as %s", got)
	}
	if err := json.Unmarshal([]byte(text), &page); err != nil || len(page.Attempts) != 2 || page.Cursor != "" {
		t.Errorf("file %s: %v", text, err)
	}
	if _, text = p.do("GET", "/api/webhooks/of%20the%20file/log.json", ""); text != "{\"attempts\":[]}\n" {
		t.Errorf("empty file %q", text)
	}
	p.call(200, "GET", "/api/errors?status=dead", "", &page)
	if len(page.Attempts) != 1 || page.Attempts[0].Webhook != "my crm" {
		t.Errorf("errors %+v", page)
	}
	p.refused(400, "invalid", "status", "", "GET", "/api/errors?status=x", "")
}

// page2 is the id of the nth entry of the log.
func page2(p *plant, n int) string {
	var page desk.LogPage
	p.call(200, "GET", "/api/webhooks/my%20crm/log", "", &page)
	return page.Attempts[n].UniqueID
}

// TestLongLog: a download goes over all pages.
func TestLongLog(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["*"],"enabled":true}`)
	for range 1234 {
		p.accept(event.PageLoaded, "x")
	}
	p.eventually("all are delivered and told", func() bool { return len(p.receiver.received()) == 1234 })
	var page desk.LogPage
	p.eventually("all are in the file", func() bool {
		_, text := p.do("GET", "/api/webhooks/crm/log.json", "")
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatalf("%.200s…: %v", text, err)
		}
		return len(page.Attempts) == 1234
	})
}

// TestDead: what was given up is listed, and goes out again when asked for.
func TestDead(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["*"],"enabled":true,"retries":0}`)
	p.receiver.answer(400)
	for range 6 {
		p.accept(event.PageLoaded, "Ada")
	}
	var page desk.DeadPage
	p.eventually("all are given up", func() bool {
		p.call(200, "GET", "/api/webhooks/crm/dead", "", &page)
		return len(page.Dead) == 6
	})
	d := page.Dead[0]
	if d.ID != 1 || d.Status != 400 || d.Reason == "" || d.Died.IsZero() || d.Event.Seq != 1 || d.Event.Event != "pageLoaded" || d.Event.Visitor != "Ada" || len(d.Event.Payload) == 0 || page.Cursor != "" {
		t.Errorf("dead letter %+v", d)
	}
	p.call(200, "GET", "/api/webhooks/crm/dead?limit=4", "", &page)
	if p.call(200, "GET", "/api/webhooks/crm/dead?limit=4&cursor="+page.Cursor, "", &page); len(page.Dead) != 2 || page.Dead[1].ID != 6 || page.Cursor != "" {
		t.Errorf("second page %+v", page)
	}
	for query, field := range map[string]string{"limit=0": "limit", "limit=1001": "limit", "cursor=x": "cursor", "x=y": "x"} {
		p.refused(400, "invalid", field, "", "GET", "/api/webhooks/crm/dead?"+query, "")
	}
	p.refused(404, "not_found", "", "", "GET", "/api/webhooks/nobody/dead", "")

	p.receiver.answer(200)
	before := len(p.receiver.received())
	var job desk.Revival
	resp := p.call(202, "POST", "/api/webhooks/crm/dead/replay", `{"ids":[99,4,3,4,98]}`, &job)
	if got := resp.Header.Get("Location"); got != "/api/replays/"+job.ID {
		t.Errorf("job at %s", got)
	}
	if job.Found != 2 || !slices.Equal(job.Missing, []uint64{98, 99}) {
		t.Errorf("%d were found, not %v", job.Found, job.Missing)
	}
	p.eventually("two are delivered", func() bool { return len(p.receiver.received()) == before+2 })
	p.eventually("two are dead no more", func() bool {
		p.call(200, "GET", "/api/webhooks/crm/dead", "", &page)
		return len(page.Dead) == 4
	})
	job = desk.Revival{}
	if p.call(202, "POST", "/api/webhooks/crm/dead/replay", "", &job); job.Found != 4 || job.Missing != nil {
		t.Errorf("of all %d were found, not %v", job.Found, job.Missing)
	}
	p.eventually("all are delivered", func() bool { return len(p.receiver.received()) == before+6 })
	p.eventually("none is dead", func() bool {
		p.call(200, "GET", "/api/webhooks/crm/dead", "", &page)
		return len(page.Dead) == 0 && page.Dead != nil
	})
	job = desk.Revival{}
	if p.call(202, "POST", "/api/webhooks/crm/dead/replay", `{"ids":[99]}`, &job); job.Found != 0 || !slices.Equal(job.Missing, []uint64{99}) {
		t.Errorf("of one that there never was %d were found, not %v", job.Found, job.Missing)
	}
	p.deny(400, "invalid", "ids", "is empty", "POST", "/api/webhooks/crm/dead/replay", `{"ids":[]}`)
	p.deny(400, "invalid", "ids", "", "POST", "/api/webhooks/crm/dead/replay", `{"ids":["3"]}`)
	p.deny(409, "off", "", "turn it on first", "POST", "/api/webhooks/of%20the%20file/dead/replay", "")
	p.deny(404, "not_found", "", "", "POST", "/api/webhooks/nobody/dead/replay", "")
}

// TestReplay: counted first, then sent again with the same identities.
func TestReplay(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"old","url":"$URL","events":["pageLoaded"],"enabled":true}`)
	for range 5 {
		p.accept(event.PageLoaded, "Ada")
		p.accept(event.FeatureClicked, "Ada")
	}
	p.eventually("they are delivered", func() bool { return len(p.receiver.received()) == 5 })
	first := p.receiver.received()
	p.create(`{"name":"new","url":"$URL","events":["*"],"enabled":true}`)
	var count replay.Count
	if p.call(200, "POST", "/api/webhooks/new/replay", `{"dry_run":true,"of":"old","from":"2000-01-01T00:00:00Z"}`, &count); count.Events != 5 || count.Bytes == 0 {
		t.Errorf("counted %+v", count)
	}
	if p.call(200, "POST", "/api/webhooks/new/replay", `{"dry_run":true,"events":["featureClicked"]}`, &count); count.Events != 5 {
		t.Errorf("counted %+v", count)
	}
	var job replay.Job
	p.call(202, "POST", "/api/webhooks/new/replay", `{"of":"old"}`, &job)
	p.eventually("they are delivered again", func() bool { return len(p.receiver.received()) == 10 })
	again := p.receiver.received()[5:]
	slices.Sort(first)
	if slices.Sort(again); !slices.Equal(again, first) {
		t.Errorf("sent again\n%s\nfirst\n%s", again, first)
	}
	p.eventually("the replay is done", func() bool {
		p.call(200, "GET", "/api/replays/"+job.ID, "", &job)
		return job.State == replay.Done && job.Events == 5
	})
	var all struct {
		Replays []replay.Job `json:"replays"`
	}
	if p.call(200, "GET", "/api/replays", "", &all); len(all.Replays) != 1 || all.Replays[0].ID != job.ID {
		t.Errorf("replays %+v", all)
	}
	if p.call(200, "DELETE", "/api/replays/"+job.ID, "", &job); job.State != replay.Done {
		t.Errorf("cancelled %+v", job)
	}
	p.refused(404, "not_found", "", "no such replay", "GET", "/api/replays/x", "")
	p.refused(404, "not_found", "", "no such replay", "DELETE", "/api/replays/x", "")
	f := func(status int, code, field, message, path, body string) {
		t.Helper()
		p.deny(status, code, field, message, "POST", path, body)
		p.deny(status, code, field, message, "POST", path, strings.Replace(body, "{", `{"dry_run":true,`, 1))
	}
	f(400, "invalid", "of", "no webhook", "/api/webhooks/new/replay", `{"of":"nobody"}`)
	f(400, "invalid", "to", "leave it out", "/api/webhooks/new/replay", `{"to":"old"}`)
	f(400, "invalid", "events[0]", "unknown event", "/api/webhooks/new/replay", `{"events":["nothing"]}`)
	f(400, "invalid", "unique_id", "40 hex", "/api/webhooks/new/replay", `{"unique_id":"x"}`)
	f(400, "invalid", "rate", "", "/api/webhooks/new/replay", `{"rate":-1}`)
	f(400, "invalid", "rate", "must not be a JSON string", "/api/webhooks/new/replay", `{"rate":"fast"}`)
	f(400, "invalid", "seqs", "must not be a JSON number", "/api/webhooks/new/replay", `{"seqs":[-1]}`)
	f(400, "invalid", "until", "", "/api/webhooks/new/replay", `{"from":"2020-01-02T00:00:00Z","until":"2020-01-01T00:00:00Z"}`)
	f(400, "invalid", "", "is no time", "/api/webhooks/new/replay", `{"from":"yesterday"}`)
	f(400, "invalid", "frm", "", "/api/webhooks/new/replay", `{"frm":"x"}`)
	f(404, "not_found", "", "", "/api/webhooks/nobody/replay", `{"events":["*"]}`)
	p.deny(409, "off", "", "turn it on first", "POST", "/api/webhooks/of%20the%20file/replay", `{"events":["*"]}`)
}
