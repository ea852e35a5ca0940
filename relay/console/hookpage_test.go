package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/journal"
)

const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`

// mustBeHarmless checks that nothing in a page can run but the console's own scripts.
func mustBeHarmless(t *testing.T, text string) {
	t.Helper()
	mustLack(t, text, "<script>", "<img src=x", `"onmouseover`, " onerror=alert(1)>\"", "javascript:")
}

func TestHookPage(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL/in?a=1","secret":"hush-hush","events":["pageLoaded","guide*"],"enabled":true,"rate":5,"owner":"ada@example.com"}`)
	text := p.shown("/webhook/crm")
	mustShow(t, text, ">crm</h1>", "Idle", p.receiver.URL+"/in?a=1", `action="/webhook/crm/disable"`, `href="/webhook/crm/delete"`, `aria-current="page">Overview</a>`, `href="/webhook/crm/log"`,
		"<dt>Rate</dt>", "<dt>Dead letters</dt>", `data-source="/api/webhooks/crm/stats"`, "<code>pageLoaded</code> <code>guide*</code>", "5 a second", "ada@example.com", `action="/webhook/crm/test"`)
	mustLack(t, text, "hush-hush")
	for _, path := range []string{"", "/edit", "/log", "/dead", "/replay", "/enable", "/delete", "/log/xyz"} {
		resp, text := p.do("GET", "/webhook/nobody"+path, "", "Accept", browser)
		if resp.StatusCode != 404 || !strings.Contains(text, "Not found") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	_, text = p.form(200, "/webhook/crm/test")
	mustShow(t, text, ">200</span> delivered", "reply 1 to /in")
}

func TestDeleteAsks(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["*"]}`)
	mustShow(t, p.shown("/webhook/crm/delete"), "Delete crm?", "Type its name")
	_, text := p.form(422, "/webhook/crm/delete", "name", "cmr")
	mustShow(t, text, "That is not its name")
	if to, _ := p.form(303, "/webhook/crm/delete", "name", "crm"); to != "/webhooks" || len(p.desk.List()) != 1 {
		t.Errorf("led to %s, %d left", to, len(p.desk.List()))
	}
	mustShow(t, p.shown("/webhook/of%20the%20file/delete"), "is in the config file")
	_, text = p.form(409, "/webhook/of%20the%20file/delete", "name", "of the file")
	mustShow(t, text, "That was not done")
}

// note puts an attempt into the log of a webhook.
func (p *plant) note(w desk.Webhook, a journal.Attempt) {
	a.Webhook = w.Name
	p.attempts.Append(w.Queue, &a)
}

// TestLogPage: what receivers answered is text, however it looks, and each attempt opens.
func TestLogPage(t *testing.T) {
	p := mustPlant(t, Options{Now: time.Now})
	w := p.create(`{"name":"crm","url":"$URL","events":["*"]}`)
	now := time.Now()
	p.note(w, journal.Attempt{Time: now.Add(-time.Hour), UniqueID: strings.Repeat("ab", 20), Event: "pageLoaded", Number: 1, Outcome: journal.Delivered, Status: 200, Size: 612,
		Timing: journal.Timing{FirstByte: 2 * time.Millisecond, Total: 3 * time.Millisecond, Reused: true}})
	p.note(w, journal.Attempt{Time: now, UniqueID: strings.Repeat("cd", 20), Event: "pageLoaded", Number: 2, Outcome: journal.Dead, Status: 503, Reason: "503 " + evil,
		Request: []journal.Header{{Name: "Authorization", Value: "Bearer top-secret-value"}, {Name: "X-" + evil, Value: evil}}, Reply: []journal.Header{{Name: "X-Reply", Value: evil}},
		Body: []byte(evil + "\xff top-secret-value"), Timing: journal.Timing{DNS: time.Millisecond, Connect: time.Millisecond, TLS: 2 * time.Millisecond, FirstByte: 5 * time.Millisecond, Total: 10 * time.Millisecond}})
	text := p.shown("/webhook/crm/log")
	mustBeHarmless(t, text)
	mustShow(t, text, `href="/api/webhooks/crm/log.json"`, "given up", ">503<", "pageLoaded", "<b>2</b>", "10ms", "1h ago", "delivered", ">200<", "3ms")
	for query, count := range map[string]int{"?status=failed": 1, "?status=delivered": 1, "?event=featureClicked": 0, "?unique_id=" + strings.Repeat("cd", 20): 1,
		"?from=" + now.Add(-time.Minute).UTC().Format("2006-01-02T15:04"): 1, "?to=" + now.Add(-time.Minute).UTC().Format("2006-01-02T15:04"): 1, "?from=nonsense": 2} {
		if got := strings.Count(p.shown("/webhook/crm/log"+query), `class="row attempt"`); got != count {
			t.Errorf("%s shows %d attempts, want %d", query, got, count)
		}
	}
	mustShow(t, p.shown("/webhook/crm/log?event=nosuch&status=failed"), `href="/api/webhooks/crm/log.json?event=nosuch&amp;status=failed"`, "unknown event")

	_, after, _ := strings.Cut(text, `hx-get="`)
	path, _, _ := strings.Cut(after, `"`)
	detail := p.shown(path)
	mustBeHarmless(t, detail)
	mustShow(t, detail, "503 &#34;&gt;&lt;script&gt;", strings.Repeat("cd", 20), "name look-up", "TLS", "rest", "Authorization", "(not shown)", "Send this event again", "Reply: 503", "X-Reply", "\uFFFD")
	mustLack(t, detail, "top-secret-value")
	resp, part := p.do("GET", path, "", "HX-Request", "true")
	if resp.StatusCode != 200 || strings.Contains(part, "<html") || !strings.Contains(part, "Reply: 503") {
		t.Errorf("for a script: %d %s", resp.StatusCode, part)
	}
	errors := p.shown("/errors")
	mustBeHarmless(t, errors)
	mustShow(t, errors, ">crm</span>", "given up", `hx-get="/errors/`)
	if strings.Count(errors, `class="row attempt"`) != 1 {
		t.Error("the error log has more than the failure")
	}
}

// TestLogPages: a long log goes on.
func TestLogPages(t *testing.T) {
	p := mustPlant(t, Options{Now: time.Now})
	w := p.create(`{"name":"crm","url":"$URL","events":["*"]}`)
	for i := range 120 {
		p.note(w, journal.Attempt{Time: time.Now().Add(-time.Duration(i) * time.Second), UniqueID: fmt.Sprintf("%040x", i), Event: "pageLoaded", Number: 1, Outcome: journal.Retry, Status: 500})
	}
	seen := 0
	for path := "/webhook/crm/log?status=500"; path != ""; {
		text := p.shown(path)
		seen += strings.Count(text, `class="row attempt"`)
		_, after, more := strings.Cut(text, `<div class="older"><a class="button" href="`)
		path, _, _ = strings.Cut(after, `"`)
		path = strings.ReplaceAll(path, "&amp;", "&")
		if !more {
			path = ""
		}
	}
	if seen != 120 {
		t.Errorf("%d attempts on all pages", seen)
	}
}

// failing makes a webhook whose receiver has refused events, and that was turned off.
func (p *plant) failing(name string, events int) {
	p.t.Helper()
	p.receiver.answer(400)
	p.create(`{"name":"` + name + `","url":"$URL","events":["*"],"enabled":true,"retries":0}`)
	for range events {
		p.accept(event.PageLoaded, "ada")
	}
	p.eventually("all are given up", func() bool {
		page, err := p.desk.Dead(name, "", 0)
		return err == nil && len(page.Dead) == events
	})
	compiled, err := p.hooks.Compiled(name)
	if err != nil {
		p.t.Fatal(err)
	}
	p.hooks.TurnedOff(compiled, "400 again and again")
}

// TestReview: a webhook that was turned off asks for a look at its errors, and for what to do with what was held.
func TestReview(t *testing.T) {
	p := mustPlant(t, Options{Now: time.Now})
	p.failing("crm", 5)
	w, err := p.desk.Get("crm")
	if err != nil {
		t.Fatal(err)
	}
	p.note(w, journal.Attempt{Time: time.Now(), Event: "pageLoaded", Number: 1, Outcome: journal.Dead, Status: 500, Reason: evil})
	p.journal.set(true, true)
	mustShow(t, p.shown("/webhook/crm"), "Disabled", "It was turned off", `href="/webhook/crm/enable"`)
	text := p.shown("/webhook/crm/enable")
	mustBeHarmless(t, text)
	mustShow(t, text, "Errors of the last 14 days", "given up", `name="reviewed"`, `name="from" value="held" checked`)
	_, text = p.form(422, "/webhook/crm/enable", "review", "on", "from", "now")
	mustShow(t, text, "look through the errors above, then tick the box", `value="now" checked`)
	p.receiver.answer(200)
	if to, _ := p.form(303, "/webhook/crm/enable", "review", "on", "reviewed", "on", "from", "held", "back", "/webhook/crm"); to != "/webhook/crm" {
		t.Errorf("led to %s", to)
	}
	if w, err := p.desk.Get("crm"); err != nil || w.Disabled != nil {
		t.Errorf("it is still off: %+v, %v", w, err)
	}
	mustShow(t, p.shown("/webhook/crm/enable"), "It is on.")
}

// TestDeadPage: dead letters are listed and sent again: one, some, or all.
func TestDeadPage(t *testing.T) {
	p := mustPlant(t, Options{Now: time.Now})
	mustShow(t, p.shown("/webhook/of%20the%20file/dead"), "No dead letters")
	p.failing("crm", 4)
	text := p.shown("/webhook/crm/dead")
	mustShow(t, text, "Replay all", "It is off", `name="id"`, ">400<", "pageLoaded", "&#34;event&#34;: &#34;pageLoaded&#34;")
	_, text = p.form(409, "/webhook/crm/dead", "all", "all")
	mustShow(t, text, "turn it on first")
	p.receiver.answer(200)
	p.form(303, "/webhook/crm/enable", "reviewed", "on", "force", "on", "from", "held")
	page, err := p.desk.Dead("crm", "", 0)
	if err != nil || len(page.Dead) < 2 {
		t.Fatalf("%d dead letters, %v", len(page.Dead), err)
	}
	_, text = p.form(409, "/webhook/crm/dead")
	mustShow(t, text, "no dead letter was selected")
	to, _ := p.form(303, "/webhook/crm/dead", "id", fmt.Sprint(page.Dead[0].ID))
	if !strings.HasPrefix(to, "/webhook/crm/replay#job-") {
		t.Errorf("led to %s", to)
	}
	left := func(n int) {
		t.Helper()
		p.eventually(fmt.Sprintf("%d dead letters are left", n), func() bool {
			now, err := p.desk.Dead("crm", "", 0)
			return err == nil && len(now.Dead) == n
		})
	}
	left(len(page.Dead) - 1)
	p.form(303, "/webhook/crm/dead", "all", "all")
	left(0)
	mustShow(t, p.shown("/webhook/crm/replay"), "all dead letters", "one dead letter")
}

// TestReplayPage: a range is counted first, and what was counted is sent.
func TestReplayPage(t *testing.T) {
	p := mustPlant(t, Options{Now: time.Now})
	p.create(`{"name":"crm","url":"$URL","events":["*"],"enabled":true}`)
	mustShow(t, p.shown("/webhook/crm/replay"), `<option value="1h" selected>`, "Count them", "Nothing was replayed")
	for range 3 {
		p.accept(event.PageLoaded, "ada")
	}
	p.eventually("three are delivered", func() bool { return len(p.receiver.received()) == 3 })
	_, text := p.form(200, "/webhook/crm/replay", "span", "1h", "given", "on", "do", "count")
	mustShow(t, text, `<option value="" selected>`, "<b>3</b> events", "Replay 3 events")
	field := func(name string) string {
		t.Helper()
		_, after, found := strings.Cut(text, `name="`+name+`" value="`)
		value, _, _ := strings.Cut(after, `"`)
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil || !found {
			t.Errorf("%s is %q", name, value)
		}
		return value
	}
	to, _ := p.form(303, "/webhook/crm/replay", "from", field("from"), "until", field("until"), "given", "on", "do", "start", "rate", "1000")
	p.eventually("they are delivered again", func() bool { return len(p.receiver.received()) == 6 })
	_, id, _ := strings.Cut(to, "#job-")
	p.eventually("the replay is done", func() bool {
		job, err := p.desk.ReplayOf(id)
		return err == nil && job.State.Ended()
	})
	mustShow(t, p.shown("/webhook/crm/replay"), `id="job-`+id+`"`, ">done</span> events that it was given", "<b>3</b> sent")
	f := func(message string, fields ...string) {
		t.Helper()
		_, text := p.form(422, "/webhook/crm/replay", fields...)
		mustShow(t, text, message)
	}
	f("is no time", "from", "yesterday")
	f("must be a number", "rate", "fast")
	f("is not a uniqueId", "unique_id", "123")
	f("unknown event", "span", "1h", "events", "nosuch")
	p.form(404, "/webhook/crm/replay/cancel", "job", "nosuch")
	p.form(303, "/webhook/crm/replay/cancel", "job", id)
}
