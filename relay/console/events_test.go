package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
)

func TestEvents(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"my crm","url":"$URL","events":["pageLoaded"]}`)
	for i := range 5 {
		p.accept(event.PageLoaded, fmt.Sprintf("Ada %d", i))
	}
	p.accept(event.FeatureClicked, "Ada 0")
	var page desk.EventPage
	f := func(query string, want ...uint64) {
		t.Helper()
		p.call(200, "GET", "/api/events?"+query, "", &page)
		var got []uint64
		for _, e := range page.Events {
			got = append(got, e.Seq)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	f("", 6, 5, 4, 3, 2, 1)
	f("limit=2", 6, 5)
	f("limit=2&cursor="+page.Cursor, 4, 3)
	f("event=featureClicked&event=page.viewed&visitor=Ada+0&app=web", 6, 1)
	f("unique_id="+page.Events[1].UniqueID+"&account=Webhook%20Account", 1)
	f("webhook=my+crm")
	for query, field := range map[string]string{"limit=0": "limit", "limit=x": "limit", "limit=1001": "limit", "limit=1&limit=2": "limit", "cursor=z": "cursor",
		"event=nothing": "event", "webhook=nobody": "webhook", "unique_id=1": "unique_id", "visitr=x": "visitr"} {
		p.refused(400, "invalid", field, "", "GET", "/api/events?"+query, "")
	}
	p.refused(400, "bad_request", "", "query", "GET", "/api/events?a=%zz", "")
	p.refused(400, "invalid", "limit", "", "GET", "/api/events?limit=3", "", "Accept", "text/event-stream")
}

// sse is one server-sent event.
type sse struct{ id, event, data string }

// listen begins to follow events; next reads one, ok is false at the end of the stream.
func (p *plant) listen(query string, headers ...string) (next func() (e sse, ok bool), hangUp func()) {
	p.t.Helper()
	return p.listenAt("/api/events"+query, headers...)
}

func (p *plant) listenAt(path string, headers ...string) (next func() (e sse, ok bool), hangUp func()) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		p.t.Fatalf("%d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	next = func() (e sse, ok bool) {
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.event = value
			case "data":
				e.data = value
			case "":
				if e.event != "" {
					return e, true
				}
			}
		}
		return e, false
	}
	return next, func() { cancel(); _ = resp.Body.Close() }
}

// TestLiveEvents: what comes is seen, and what came while the connection was cut; the stream ends with the console.
func TestLiveEvents(t *testing.T) {
	p := mustPlant(t, noToken)
	p.accept(event.PageLoaded, "before")
	all, hangUp := p.listen("")
	some, hangUpSome := p.listen("?visitor=" + url.QueryEscape("Ada & co"))
	defer hangUpSome()
	p.accept(event.FeatureClicked, "x")
	p.accept(event.PageLoaded, "Ada & co")
	expect := func(next func() (sse, bool), id, kind string) {
		t.Helper()
		e, ok := next()
		if !ok || e.id != id || e.event != "event" || !strings.Contains(e.data, `"event":"`+kind+`"`) {
			t.Errorf("got %+v %v, want %s %s", e, ok, id, kind)
		}
	}
	expect(all, "2", "featureClicked")
	expect(all, "3", "pageLoaded")
	expect(some, "3", "pageLoaded")
	hangUp()
	p.accept(event.GuideDisplayed, "x")
	again, hangUpAgain := p.listen("", "Last-Event-ID", "2")
	defer hangUpAgain()
	expect(again, "3", "pageLoaded")
	expect(again, "4", "guideDisplayed")
	p.accept(event.PageLoaded, "x")
	expect(again, "5", "pageLoaded")
	for _, nonsense := range []string{"x", "-1", "99"} {
		next, hangUp := p.listen("", "Last-Event-ID", nonsense)
		last := p.accept(event.PageLoaded, "x")
		expect(next, fmt.Sprint(last), "pageLoaded")
		hangUp()
	}

	ended := make(chan error, 1)
	go func() { ended <- p.Shutdown(context.Background()) }()
	for {
		e, ok := some()
		if !ok {
			t.Fatal("the stream ends without a word")
		}
		if e.event == "end" {
			if !strings.Contains(e.data, "stopping") {
				t.Errorf("ended with %s", e.data)
			}
			break
		}
	}
	hangUpAgain()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// patient is a ResponseWriter that notes how long the request's sender may be silent.
type patient struct {
	*httptest.ResponseRecorder
	silence time.Time
}

func (p *patient) SetReadDeadline(t time.Time) error { p.silence = t; return nil }
func (*patient) SetWriteDeadline(time.Time) error    { return nil }

// TestLongStreams: who listens says nothing, for as long as they like.
func TestLongStreams(t *testing.T) {
	p := mustPlant(t, noToken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{"/api/events", "/api/webhooks/of%20the%20file/log.json"} {
		w := &patient{httptest.NewRecorder(), noon()}
		r := httptest.NewRequestWithContext(ctx, "GET", "http://localhost"+path, nil)
		r.Header.Set("Accept", "text/event-stream")
		if p.http.Handler.ServeHTTP(w, r); w.Code != 200 || !w.silence.IsZero() {
			t.Errorf("%s: %d, cut off at %v", path, w.Code, w.silence)
		}
	}
	if resp, _ := p.do("HEAD", "/api/events", "", "Accept", "text/event-stream"); resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("HEAD: %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
}

func TestTooManyFollowers(t *testing.T) {
	p := mustPlant(t, noToken)
	for range 16 {
		_, hangUp := p.listen("")
		defer hangUp()
	}
	resp, _ := p.do("GET", "/api/events", "", "Accept", "text/event-stream")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("one more: %d", resp.StatusCode)
	}
	p.refused(503, "busy", "", "16 follow", "GET", "/api/events", "", "Accept", "text/event-stream")
	if resp, _ := p.do("GET", "/api/events", ""); resp.StatusCode != 200 {
		t.Errorf("the last ones: %d", resp.StatusCode)
	}
}

func TestExplain(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["featureClicked:abc"],"enabled":true}`)
	var x desk.Explanation
	p.call(200, "POST", "/api/explain", `{"event":"featureClicked","app":"web","ids":["abc"]}`, &x)
	if x.Receivers != 1 || x.Webhooks[0].Webhook != "crm" || x.Webhooks[1].Webhook != "of the file" || x.Webhooks[1].Receives {
		t.Errorf("explained %+v", x)
	}
	p.deny(400, "invalid", "event", "did you mean", "POST", "/api/explain", `{"event":"featureClick"}`)
	p.deny(400, "invalid", "event", "json: byte", "POST", "/api/explain", `{"event":`)
	p.deny(400, "bad_request", "", "there is no body", "POST", "/api/explain", "")
	p.refused(405, "method_not_allowed", "", "POST", "GET", "/api/explain", "")
}

func TestApps(t *testing.T) {
	p := mustPlant(t, noToken)
	var got struct {
		Apps []desk.App `json:"apps"`
	}
	if p.call(200, "GET", "/api/apps", "", &got); len(got.Apps) != 2 || got.Apps[0].Name != "web" || strings.Contains(fmt.Sprint(got), "0123456789") {
		t.Errorf("apps %+v", got)
	}
}

func TestReload(t *testing.T) {
	p := mustPlant(t, noToken)
	p.reload = func() ([]desk.Change, error) {
		return []desk.Change{{Key: "delivery.retries", From: "5", To: "6", Live: true}}, nil
	}
	if _, text := p.do("POST", "/api/reload", ""); text != `{"changes":[{"key":"delivery.retries","from":"5","to":"6","live":true}]}`+"\n" {
		t.Errorf("reloaded %s", text)
	}
	p.reload = func() ([]desk.Change, error) { return nil, nil }
	if _, text := p.do("POST", "/api/reload", ""); text != `{"changes":[]}`+"\n" {
		t.Errorf("reloaded %s", text)
	}
	p.reload = func() ([]desk.Change, error) {
		return nil, &desk.Error{Code: desk.BadConfig, Field: "log.sync", Message: "config.toml:3: log.sync: no"}
	}
	p.refused(409, "bad_config", "log.sync", "config.toml:3", "POST", "/api/reload", "")
	p.reload = func() ([]desk.Change, error) { return nil, errors.New("the disk is gone") }
	p.refused(500, "internal", "", "the disk is gone", "POST", "/api/reload", "")
	p.deny(400, "bad_request", "", "takes no body", "POST", "/api/reload", "{}")
	if _, text := p.do("POST", "/api/reload/compare", `{"name":"a.toml","text":"x"}`, "Content-Type", "application/json"); text != `{"changes":[{"key":"a.toml","from":"","to":"x","live":false}]}`+"\n" {
		t.Errorf("compared %s", text)
	}
	p.deny(400, "invalid", "text", "is missing", "POST", "/api/reload/compare", `{"name":"a.toml"}`)
}

// TestTry: a webhook that is off is sent one signed event, and what it answered is shown.
func TestTry(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL/in?a=1","secret":"hush-hush","events":["featureClicked"],"headers":{"X-Api-Key":"k3y-value"}}`)
	var trial desk.Trial
	p.call(200, "POST", "/api/webhooks/crm/test", `{"event":"pageLoaded"}`, &trial)
	if trial.Status != 200 || trial.Outcome != "delivered" || trial.Event != "pageLoaded" || trial.Took <= 0 || trial.Reply.Text != "reply 1 to /in" {
		t.Errorf("trial %+v", trial)
	}
	headers := map[string]string{}
	for _, h := range trial.Request.Headers {
		headers[h.Name] = h.Value
	}
	if trial.Request.Line != "POST /in?a=1 HTTP/1.1" || headers["X-Api-Key"] != "••••" || !strings.HasPrefix(headers["X-Pendo-Signature"], "sha256=") || headers["X-Edgerelay-Attempt"] != "1" {
		t.Errorf("request %+v", trial.Request)
	}
	if got := p.receiver.received(); len(got) != 1 || got[0] != trial.Request.Body.Text {
		t.Errorf("received %q", got)
	}
	p.receiver.answer(503)
	if p.call(200, "POST", "/api/webhooks/crm/test", "", &trial); trial.Status != 503 || trial.Outcome != "retry" || trial.Reason == "" || trial.Event != "featureClicked" {
		t.Errorf("trial %+v", trial)
	}
	p.receiver.Close()
	if p.call(200, "POST", "/api/webhooks/crm/test", "", &trial); trial.Status != 0 || trial.Reason == "" || trial.Reply.Text != "" {
		t.Errorf("trial %+v", trial)
	}
	p.deny(400, "invalid", "event", "did you mean", "POST", "/api/webhooks/crm/test", `{"event":"pageLoadd"}`)
	p.deny(404, "not_found", "", "", "POST", "/api/webhooks/nobody/test", "")
}

func TestWebhookStats(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["*"],"enabled":true}`)
	p.accept(event.PageLoaded, "x")
	p.eventually("the event is delivered", func() bool { return len(p.receiver.received()) == 1 })
	var s desk.Stats
	p.call(200, "GET", "/api/webhooks/crm/stats", "", &s)
	if s.Name != "crm" || len(s.Short.Delivered) != 90 || len(s.Long.Delivered) != 180 || s.State == "" {
		t.Errorf("stats %+v", s)
	}
	p.refused(404, "not_found", "", "", "GET", "/api/webhooks/nobody/stats", "")
}
