package destination

import (
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

func mixpanelSettings(more ...string) Settings {
	s := Settings{WriteKey: "token", More: map[string]string{}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestMixpanelPlan(t *testing.T) {
	f := func(s Settings, url, authorization string) {
		t.Helper()
		holdPlan(t, planOf(t, "mixpanel", s), url, "Content-Type: application/x-ndjson", "Authorization: "+authorization)
	}
	f(mixpanelSettings(), "https://api.mixpanel.com/import?strict=1", "Basic dG9rZW46")
	service := mixpanelSettings("project_id", "123", "service_account", "svc", "service_secret", "pw")
	f(service, "https://api.mixpanel.com/import?project_id=123&strict=1", "Basic c3ZjOnB3")
	service.Region = "eu"
	f(service, "https://api-eu.mixpanel.com/import?project_id=123&strict=1", "Basic c3ZjOnB3")
	s := mixpanelSettings()
	s.Region = "in"
	f(s, "https://api-in.mixpanel.com/import?strict=1", "Basic dG9rZW46")
	s.URL = "http://localhost:9/x?verbose=1&strict=0"
	f(s, "http://localhost:9/x?strict=1&verbose=1", "Basic dG9rZW46")

	holdFaults(t, "mixpanel", Settings{}, "write_key: the project's token")
	holdFaults(t, "mixpanel", mixpanelSettings("service_account", "svc"), "settings.service_secret: is missing", "settings.project_id: is missing")
	holdFaults(t, "mixpanel", mixpanelSettings("service_secret", "x"), "settings.service_account: is missing")
	holdFaults(t, "mixpanel", mixpanelSettings("project_id", "p1"), `settings.project_id: "p1" is no number`)
	if !SecretSetting("service_secret") || SecretSetting("service_account") {
		t.Error("service_secret alone is secret")
	}
}

// TestMixpanelTakes all kinds, counts repeats once, and refuses other credentials.
func TestMixpanelTakes(t *testing.T) {
	holdKinds(t, "mixpanel", mixpanelSettings(), fake.NewMixpanel("token"))
	holdKinds(t, "mixpanel", mixpanelSettings("project_id", "123", "service_account", "svc", "service_secret", "pw"), fake.NewMixpanelService("svc", "pw"))

	plan, vendor := planOf(t, "mixpanel", mixpanelSettings()), fake.NewMixpanel("token")
	vendor.Play(fake.Answer(413, ""), fake.TakeAndHangUp, fake.Answer(400, "<html>"), fake.HangUp, fake.Answer(429, ""), fake.Fine, fake.TakeAndHangUp)
	d := drive(t, plan, vendor, people(90))
	holdOnce(t, vendor.Taken(), 90)
	if d.delivered != 90 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}
	d = drive(t, plan, fake.NewMixpanel("other"), people(2))
	if want := "401 Unauthorized: the destination refuses the webhook's key"; d.off != want {
		t.Errorf("off: %q, want %q", d.off, want)
	}
}

// TestMixpanelTakesNoCommands: what a page makes up is taken as an event, and does nothing but be there.
func TestMixpanelTakesNoCommands(t *testing.T) {
	events := people(4)
	for i, name := range []string{`"$identify"`, `"$create_alias"`, `"$merge"`, `"half \ud83d"`} {
		events[i].Name, events[i].Time = []byte(name), replyNow.AddDate(900, 0, 0).UnixMilli()
		events[i].Properties = []byte(`{"$ignore":true,"$bucket":1,"$user_id":"v0@example.com","$distinct_ids":["v0@example.com","v1@example.com"],"time":0,"ip":"\udfff"}`)
	}
	vendor := fake.NewMixpanel("token")
	if d := drive(t, planOf(t, "mixpanel", mixpanelSettings()), vendor, events); d.delivered != 4 || len(vendor.Broken()) > 0 {
		t.Errorf("%+v, %q", d, vendor.Broken())
	}
	holdOnce(t, vendor.Taken(), 4)
}

// TestMixpanelRefuses: a 400 took the others, and they are not sent again.
func TestMixpanelRefuses(t *testing.T) {
	vendor, events := fake.NewMixpanel("token"), people(5)
	vendor.Refuse(hexID(&events[1])[:36])
	vendor.Refuse(hexID(&events[4])[:36])
	d := drive(t, planOf(t, "mixpanel", mixpanelSettings()), vendor, events)
	if d.delivered != 3 || len(d.dead) != 2 || d.requests != 1 ||
		d.dead[0] != "400 Bad Request: properties.time 'properties.time' is invalid: must be specified as seconds since epoch" {
		t.Errorf("%d delivered in %d requests, dead %q", d.delivered, d.requests, d.dead)
	}
	holdTaken(t, vendor, []event.Event{events[0], events[2], events[3]}, 36)
}

func TestMixpanelJudge(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); holdVerdict(t, judgeMixpanel, r, want) }
	f(reply{status: 200, count: 3, body: `{"code":200,"num_records_imported":2,"status":"OK"}`}, "split | 200 OK: 2 of 3 events were taken, and nobody knows which")
	f(reply{status: 200, count: 2, body: `{"code":200,"num_records_imported":2,"status":"OK"}`}, "delivered")
	f(reply{status: 400, count: 3, body: `{"code":400,"error":"some failed","num_records_imported":2,"failed_records":[{"index":1,"$insert_id":"x","field":"properties.time","message":"is wrong"}]}`},
		"delivered [delivered] [final: 400 Bad Request: properties.time is wrong] [delivered] | 400 Bad Request: some failed")
	f(reply{status: 400, count: 2, body: `{"error":"all failed","num_records_imported":0,"failed_records":[{"index":1,"field":"a","message":"b"},{"index":0,"field":"c","message":"d"},{"index":0,"field":"e"}]}`},
		"final [final: 400 Bad Request: c d] [final: 400 Bad Request: a b] | 400 Bad Request: all failed")
	f(reply{status: 400, count: 1, body: `{"error":"failed","num_records_imported":0,"failed_records":[{"index":0,"field":"a","message":"b"}]}`},
		"final | 400 Bad Request: a b")
	// The numbers do not add up: parts are sent again.
	f(reply{status: 400, count: 3, body: `{"error":"x","num_records_imported":0,"failed_records":[{"index":1}]}`}, "split | 400 Bad Request: x")
	f(reply{status: 400, count: 3, body: `{"error":"x","failed_records":[{"index":1}]}`}, "split | 400 Bad Request: x")
	f(reply{status: 400, count: 3, body: `{"error":"x","num_records_imported":2,"failed_records":[{"index":7},{"index":-1}]}`}, "split | 400 Bad Request: x")
	f(reply{status: 400, count: 3, body: `{"error":"x","num_records_imported":3}`}, "split | 400 Bad Request: x")
	f(reply{status: 400, count: 3, body: `{"error":"x","num_records_imported":2,"failed_records":[{"index":1,"fie`}, "split | 400 Bad Request")
	f(reply{status: 400, count: 1, body: `<html>`}, "final | 400 Bad Request")
	f(reply{status: 401, count: 3}, "off | 401 Unauthorized: the destination refuses the webhook's key")
	f(reply{status: 413, count: 3}, "split | 413 Request Entity Too Large")
	f(reply{status: 429, count: 3}, "retry | 429 Too Many Requests")
	f(reply{status: 502, count: 3}, "retry | 502 Bad Gateway")
}

// TestMixpanelJudgeByID: a failure without an index is found by what was sent.
func TestMixpanelJudgeByID(t *testing.T) {
	for _, name := range []string{"$insert_id", "insert_id"} {
		a := reply{status: 400, count: 2, body: `{"error":"x","num_records_imported":1,"failed_records":[{"` + name + `":"b","field":"f","message":"m"}]}`}.answer()
		if got := written(judgeMixpanel(a)); got != "split | 400 Bad Request: x" {
			t.Errorf("%s: %s", name, got)
		}
		a.Item = func(i int) []byte { return []byte(`{"event":"e","properties":{"$insert_id":"` + "ab"[i:i+1] + `"}}`) }
		if got := written(judgeMixpanel(a)); got != "delivered [delivered] [final: 400 Bad Request: f m] | 400 Bad Request: x" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func FuzzMixpanelJudge(f *testing.F) {
	fuzzAnalytics(f, judgeMixpanel, true, `{"error":"x","num_records_imported":2,"failed_records":[{"index":1,"insert_id":"x"}]}`,
		`{"num_records_imported":-1,"failed_records":[{"index":0},{"index":1},{"index":2},{"$insert_id":"x"}]}`, `{"failed_records":{}}`, `[`, ``)
}
