package console

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"edgerelay/relay/desk"
	"edgerelay/relay/event"
)

// TestLivePage: the last events are there before a script looks for more; none of them runs.
func TestLivePage(t *testing.T) {
	p := mustPlant(t, noToken)
	text := p.shown("/live")
	mustShow(t, text, `data-source="/api/events"`, "No events yet", "edgerelay send", `<template id="row">`)
	p.create(`{"name":"crm","url":"$URL","events":["pageLoaded"],"enabled":true}`)
	p.accept(event.PageLoaded, evil)
	p.accept(event.FeatureClicked, "grace")
	text = p.shown("/live")
	mustBeHarmless(t, text)
	mustShow(t, text, ">featureClicked</span>", ">grace</span>", "nobody", ">pageLoaded</span>", "&gt;&lt;script&gt;", `href="/webhook/crm/log"`, "&#34;event&#34;: &#34;pageLoaded&#34;")
	text = p.shown("/live?event=page.viewed&visitor=grace&app=web&webhook=crm")
	mustShow(t, text, `data-source="/api/events?app=web&amp;event=page.viewed&amp;visitor=grace&amp;webhook=crm"`, "Nothing fits")
	text = p.shown("/live?event=nosuch")
	mustShow(t, text, "unknown event")
	mustLack(t, text, "data-source")
	for range 60 {
		p.accept(event.PageLoaded, "ada")
	}
	text = p.shown("/live?visitor=ada")
	if n := strings.Count(text, "data-seq="); n != 50 {
		t.Errorf("%d events", n)
	}
	_, after, _ := strings.Cut(text, `<div class="older"><a class="button" href="`)
	path, _, _ := strings.Cut(after, `"`)
	_, part := p.do("GET", strings.ReplaceAll(path, "&amp;", "&"), "", "HX-Request", "true")
	if n := strings.Count(part, "data-seq="); n != 10 || strings.Contains(part, "<html") {
		t.Errorf("%d older events at %s", n, path)
	}
	mustShow(t, p.shown("/live/deliveries?status=failed&webhook=crm"), `data-source="/api/deliveries?status=failed&amp;webhook=crm"`, "Waiting for deliveries")
}

// TestLiveDeliveries: attempts are seen as they are made.
func TestLiveDeliveries(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["*"],"enabled":true}`)
	next, hangUp := p.listenAt("/api/deliveries?webhook=crm")
	defer hangUp()
	p.accept(event.PageLoaded, "ada")
	e, ok := next()
	var d desk.Delivery
	if err := json.Unmarshal([]byte(e.data), &d); err != nil || !ok || e.event != "delivery" || d.Webhook != "crm" || d.Event != "pageLoaded" || d.Status != http.StatusOK ||
		d.Outcome != "delivered" || d.Number != 1 || len(d.UniqueID) != 40 || d.Size == 0 {
		t.Errorf("%+v %v: %+v %v", e, ok, d, err)
	}
	p.refused(406, "not_acceptable", "", "text/event-stream", "GET", "/api/deliveries", "")
	if resp, _ := p.do("HEAD", "/api/deliveries", "", "Accept", "text/event-stream"); resp.StatusCode != 406 {
		t.Errorf("HEAD: %d", resp.StatusCode)
	}
	p.refused(400, "invalid", "status", "failed", "GET", "/api/deliveries?status=dead", "")
	p.refused(400, "invalid", "webhook", "nobody", "GET", "/api/deliveries?webhook=nobody", "", "Accept", "text/event-stream")
	if err := p.end(); err != nil {
		t.Error(err)
	}
	if e, ok = next(); !ok || e.event != "end" {
		t.Errorf("at the end: %+v %v", e, ok)
	}
}

func TestExplainPage(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["featureClicked:a"],"enabled":true}`)
	p.create(`{"name":"archive","url":"$URL","events":["*"],"enabled":true}`)
	mustShow(t, p.shown("/explain"), `name="event"`, "Explain")
	_, text := p.form(200, "/explain", "event", `{"event":"featureClicked","app":"web","ids":["a","b"]}`)
	mustShow(t, text, "featureClicked of web: 2 of 3 webhooks get it", ">archive</a>", ">yes<", ">crm</a>", "selects it by featureClicked:a", ">of the file</a>", ">no<", "is off")
	_, text = p.form(422, "/explain", "event", `{"event":"`+strings.ReplaceAll(evil, `"`, `\"`)+`"}`)
	mustBeHarmless(t, text)
	mustShow(t, text, "unknown event")
	_, text = p.form(422, "/explain", "event", `{`)
	mustShow(t, text, `class="reason"`)
}

// TestReaderPages: who may only look sees everything, and is offered no change.
func TestReaderPages(t *testing.T) {
	p := mustPlant(t, Options{Token: "t0ken", ReadToken: "r3ad"})
	cookie, csrf := p.logIn("r3ad")
	for _, path := range []string{"/", "/webhooks", "/webhook/of%20the%20file", "/webhook/of%20the%20file/log", "/webhook/of%20the%20file/dead", "/webhook/of%20the%20file/replay",
		"/webhook/of%20the%20file/edit", "/live", "/live/deliveries", "/errors", "/explain"} {
		resp, text := p.do("GET", path, "", "Accept", browser, "Cookie", cookie)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
		mustShow(t, text, ">read-only</span>", `action="/logout"`)
		mustLack(t, text, ">Add webhook<", ">Delete …<", ">Send test event<", ">Count them<", ">Save changes<")
	}
	form := []string{"Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded"}
	for _, path := range []string{"/webhooks", "/webhooks/test", "/webhook/of%20the%20file/enable", "/webhook/of%20the%20file/disable", "/webhook/of%20the%20file/test", "/webhook/of%20the%20file/edit",
		"/webhook/of%20the%20file/delete", "/webhook/of%20the%20file/dead", "/webhook/of%20the%20file/replay", "/webhook/of%20the%20file/replay/cancel"} {
		if resp, text := p.do("POST", path, "csrf="+csrf, form...); resp.StatusCode != 403 {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	if resp, text := p.do("POST", "/explain", "csrf="+csrf+"&event="+`%7B%22event%22:%22pageLoaded%22%7D`, form...); resp.StatusCode != 200 {
		t.Errorf("explain: %d %s", resp.StatusCode, text)
	}
}

// TestFormsProveThemselves: a form without the token of its page changes nothing.
func TestFormsProveThemselves(t *testing.T) {
	p := mustPlant(t, Options{Token: "t0ken"})
	cookie, csrf := p.logIn("t0ken")
	form := []string{"Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded"}
	const fields = "name=crm&type=url&url=https://example.com/"
	for _, given := range []string{"", "&csrf=", "&csrf=" + csrf + "x"} {
		if resp, text := p.do("POST", "/webhooks", fields+given, form...); resp.StatusCode != 403 || len(p.desk.List()) != 1 {
			t.Errorf("with %q: %d %s", given, resp.StatusCode, text)
		}
	}
	if resp, text := p.do("POST", "/webhooks", fields+"&csrf="+csrf, form...); resp.StatusCode != 303 || len(p.desk.List()) != 2 {
		t.Errorf("with the token: %d %s", resp.StatusCode, text)
	}
}
