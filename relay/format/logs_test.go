package format

import (
	"strings"
	"testing"

	"edgerelay/relay/event"
)

const (
	testDatadog = `"ddsource":"edgerelay","service":"relay"`
	testSplunk  = `"source":"edgerelay","sourcetype":"_json"`
)

func FuzzDatadog(f *testing.F) { fuzz(f, Datadog(testDatadog)) }
func FuzzSplunk(f *testing.F)  { fuzz(f, Splunk(testSplunk)) }

const noWhole = `{"app":{},"accountId":"","subscription":{},"userAgent":"","event":"uTurn","properties":{"eventProperties":{}},"timestamp":`

func TestDatadog(t *testing.T) {
	const hour = 60 * 60 * 1000
	f := func(at, received int64, timestamp string) {
		t.Helper()
		e := event.Event{Kind: event.UTurn, Time: at, Received: received}
		want := `{"message":"U-Turn",` + timestamp + `"event_id":"0000000000000000000000000000000000000000","evt":{"name":"uTurn"},"pendo":` + noWhole
		if got := string(Datadog("")(nil, &e, event.Note{})); !strings.HasPrefix(got, want) {
			t.Errorf("%d received at %d:\ngot  %s\nwant %s", at, received, got, want)
		}
	}
	f(100*hour, 100*hour+5, `"timestamp":360000000,`)
	f(100*hour, 106*hour-1, `"timestamp":360000000,`)
	f(100*hour, 106*hour, ``)
	f(101*hour, 100*hour, `"timestamp":363600000,`)
	f(101*hour+1, 100*hour, ``)

	e := event.Event{Kind: event.TrackEventReceived, Name: []byte(`"Sold"`), UserAgent: []byte(`"ua"`), Visitor: []byte(`"u"`), Time: 5, Received: 5}
	want := `{"ddsource":"s","message":"Sold","timestamp":5,"event_id":"0000000000000000000000000000000000000000","evt":{"name":"trackEventReceived"},` +
		`"usr":{"id":"u"},"http":{"useragent":"ua"},"pendo":{`
	if got := string(Datadog(`"ddsource":"s"`)(nil, &e, event.Note{})); !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSplunk(t *testing.T) {
	f := func(at int64, want string) {
		t.Helper()
		e := event.Event{Kind: event.UTurn, Time: at, IP: []byte(`"1.2.3.4"`)}
		got := string(Splunk("")(nil, &e, event.Note{}))
		if !strings.HasPrefix(got, want+`,"event":`+noWhole) ||
			!strings.HasSuffix(got, `,"ip":"1.2.3.4"},"fields":{"unique_id":"0000000000000000000000000000000000000000"}}`) {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
	f(1626804144123, `{"time":1626804144.123`)
	f(1626804144000, `{"time":1626804144`)
	f(0, `{"time":0`)

	e := event.Sample(event.VisitorUnsubscribed)
	if got := string(Splunk(testSplunk)(nil, &e, event.Note{})); !strings.Contains(got, `"event":"visitorUnsubscribed","uniqueId":"`) {
		t.Errorf("an unsubscribe without its name or identity: %s", got)
	}
}
