package destination

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/event"
)

const splunkChannel = "5F4F1C2E-0d3b-4a59-9f0a-6c2f0e8f7a11"

func splunkSettings(more ...string) Settings {
	s := Settings{URL: "https://splunk.example.com:8088", AccessToken: "t0k", More: map[string]string{}}
	for i := 0; i+1 < len(more); i += 2 {
		s.More[more[i]] = more[i+1]
	}
	return s
}

func TestSplunkPlan(t *testing.T) {
	headers := []string{"Content-Type: application/json", "Authorization: Splunk t0k"}
	holdPlan(t, planOf(t, "splunk", splunkSettings()), "https://splunk.example.com:8088/services/collector/event", headers...)
	s := splunkSettings("index", "main", "host", "r1", "sourcetype", "pendo:event", "channel", "0192f0c4-0000-4000-8000-000000000000")
	s.URL = "https://proxy.example.com/hec/event"
	plan := planOf(t, "splunk", s)
	holdPlan(t, plan, "https://proxy.example.com/hec/event", append(headers, "X-Splunk-Request-Channel: 0192f0c4-0000-4000-8000-000000000000")...)
	body := string(bodyOf(plan, []event.Event{event.Sample(event.UTurn), event.Sample(event.RageClick)}))
	first := `{"time":1626804263,"host":"r1","source":"edgerelay","sourcetype":"pendo:event","index":"main","event":{"app":`
	if !strings.HasPrefix(body, first) || strings.Count(body, "}}\n{\"time\":") != 1 {
		t.Errorf("body %s, want %s", body, first)
	}
	holdFaults(t, "splunk", Settings{}, "access_token: the collector's token", "url: the collector's address")
	for _, channel := range []string{"a b", "c", "0192f0c4-0000-4000-8000-00000000000", "{0192f0c4-0000-4000-8000-000000000000}", "0192f0c4-0000-4000-8000-00000000000g"} {
		holdFaults(t, "splunk", splunkSettings("channel", channel), fmt.Sprintf("settings.channel: %q is no GUID", channel))
	}
}

func TestSplunkTakes(t *testing.T) {
	holdKinds(t, "splunk", splunkSettings(), fake.NewSplunk("t0k"))
	holdKinds(t, "splunk", splunkSettings("channel", splunkChannel), fake.NewSplunkAck("t0k", splunkChannel))

	vendor := fake.NewSplunk("t0k")
	vendor.Play(fake.Answer(413, ""), fake.HangUp, fake.Answer(503, `{"text":"Server is busy","code":9}`), fake.Answer(500, `{"text":"Internal server error","code":8}`))
	d := drive(t, planOf(t, "splunk", splunkSettings()), vendor, people(60))
	holdOnce(t, vendor.Taken(), 60)
	if d.delivered != 60 || len(d.dead) > 0 || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}
	if d := drive(t, planOf(t, "splunk", splunkSettings()), fake.NewSplunk("other"), people(1)); d.off != "403 Forbidden: Invalid token" {
		t.Errorf("off: %q", d.off)
	}
	if d := drive(t, planOf(t, "splunk", splunkSettings()), fake.NewSplunkAck("t0k", splunkChannel), people(1)); d.off != "400 Bad Request: Data channel is missing; set settings.channel to a GUID" {
		t.Errorf("off: %q", d.off)
	}
}

// TestSplunkRefuses: the wrong event is given up and no other is lost. The one before it was indexed and is sent again.
func TestSplunkRefuses(t *testing.T) {
	vendor, events := fake.NewSplunk("t0k"), people(4)
	vendor.Refuse(hexID(&events[1]))
	d := drive(t, planOf(t, "splunk", splunkSettings()), vendor, events)
	if d.delivered != 3 || len(d.dead) != 1 || d.dead[0] != "400 Bad Request: Error in handling indexed fields" || len(vendor.Broken()) > 0 {
		t.Errorf("%d delivered, dead %q, broken %q", d.delivered, d.dead, vendor.Broken())
	}
	want := map[int]int{0: 2, 1: 0, 2: 1, 3: 1}
	for i, times := range want {
		if got := vendor.Taken()[hexID(&events[i])]; got != times {
			t.Errorf("event %d was taken %d times, want %d", i, got, times)
		}
	}
}

func TestSplunkJudge(t *testing.T) {
	f := func(r reply, want string) { t.Helper(); holdVerdict(t, judgeSplunk, r, want) }
	f(reply{status: 200, count: 2, body: `{"text":"Success","code":0}`}, "delivered")
	f(reply{status: 200, count: 2, body: `{"text":"Success","code":0,"ackId":3}`}, "delivered")
	f(reply{status: 200, count: 2, body: `{"text":"Success","code": 0}`}, "delivered")
	f(reply{status: 200, count: 2}, "delivered")
	f(reply{status: 200, count: 2, body: `{"text":"Server is busy","code":9}`}, "retry | 200 OK: Server is busy")
	f(reply{status: 200, count: 2, body: `{"text":"Who knows","code":99}`}, "retry | 200 OK: Who knows")
	f(reply{status: 403, count: 2, body: `{"text":"Token disabled","code":1}`}, "off | 403 Forbidden: Token disabled")
	f(reply{status: 401, count: 2, body: `{"text":"Token is required","code":2}`}, "off | 401 Unauthorized: Token is required")
	f(reply{status: 401, count: 2, body: `{"text":"Invalid authorization","code":3}`}, "off | 401 Unauthorized: Invalid authorization")
	f(reply{status: 400, count: 2, body: `{"text":"Incorrect index","code":7,"invalid-event-number":1}`}, "off | 400 Bad Request: Incorrect index")
	f(reply{status: 400, count: 3, body: `{"text":"Invalid data format","code":6,"invalid-event-number":1}`},
		"delivered [split: sent again without one that Splunk refuses] [final: 400 Bad Request: Invalid data format] "+
			"[split: sent again without one that Splunk refuses] | 400 Bad Request: Invalid data format")
	f(reply{status: 400, count: 1, body: `{"text":"Event field is required","code":12,"invalid-event-number":0}`}, "final | 400 Bad Request: Event field is required")
	f(reply{status: 400, count: 3, body: `{"text":"Event field cannot be blank","code":13,"invalid-event-number":3}`}, "split | 400 Bad Request: Event field cannot be blank")
	f(reply{status: 400, count: 3, body: `{"text":"No data","code":5}`}, "split | 400 Bad Request: No data")
	f(reply{status: 503, count: 3, body: `{"text":"Server is busy","code":9}`}, "retry | 503 Service Unavailable: Server is busy")
	f(reply{status: 400, count: 3, body: `{"text":"ACK is disabled","code":14}`}, "split | 400 Bad Request: ACK is disabled")
	f(reply{status: 400, count: 1, body: `<html>`}, "final | 400 Bad Request")
	f(reply{status: 413, count: 3, body: `<html>`}, "split | 413 Request Entity Too Large")
	f(reply{status: 502, count: 3, body: `<html>`}, "retry | 502 Bad Gateway")
}

func FuzzSplunkJudge(f *testing.F) {
	fuzzAnalytics(f, judgeSplunk, false, `{"text":"x","code":6,"invalid-event-number":1}`, `{"text":"x","code":-1}`, `{"code":12,"invalid-event-number":-5}`,
		`{"code":1e9}`, `{"code":0}`, `{"code":7}`)
}
