package destination

import (
	"bytes"
	"testing"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
)

// analytics are bodies with one event for what analytics products and receivers of webhooks publish of them, by the name of the
// schema in testdata/schema.
func analytics(t *testing.T) map[string]func(e *event.Event) []byte {
	whole := func(name string, s Settings) func(e *event.Event) []byte {
		plan := planOf(t, name, s)
		return func(e *event.Event) []byte { return bodyOf(plan, []event.Event{*e}) }
	}
	shape := func(encode format.Encoder) func(e *event.Event) []byte {
		return func(e *event.Event) []byte { return encode(nil, e, event.Note{All: true}) }
	}
	return map[string]func(e *event.Event) []byte{
		"segment":     whole("segment", Settings{WriteKey: "k"}),
		"intercom":    whole("intercom", Settings{AccessToken: "k"}),
		"userpilot":   whole("userpilot", Settings{AccessToken: "k"}),
		"amplitude":   whole("amplitude", amplitudeSettings("")),
		"mixpanel":    whole("mixpanel", mixpanelSettings()),
		"ga4":         whole("ga4", ga4Settings("measurement_id", "G-1")),
		"ga4-app":     whole("ga4", ga4Settings("firebase_app_id", "1:2:web:3")),
		"cloudevents": shape(format.CloudEvents),
		"standard":    shape(format.Standard),
	}
}

// TestAnalyticsSchemas holds every kind's sample and hostile events, which came now whatever they say of their time, against
// what is published.
func TestAnalyticsSchemas(t *testing.T) {
	for name, encode := range analytics(t) {
		schema, kind := schemaOf(t, name), Type{}
		if found, ok := ByName(name); ok {
			kind = *found
		}
		for _, k := range event.Kinds() {
			if kind.Takes != nil && !kind.Takes(k) {
				continue
			}
			for _, e := range append(hostileEvents(k), event.Sample(k)) {
				e.Received = replyNow.UnixMilli()
				e.AppName = e.AppName[:min(len(e.AppName), 30*len("€"))] // the operator's, who gives none of 3000 characters
				clampYear(&e)
				body := encode(&e)
				if name == "intercom" && !bytes.Contains(body, []byte(`,"user_id":`)) { // nobody's, which Intercom is to refuse
					e.Visitor = []byte(`"v"`)
					body = encode(&e)
				}
				holdSchema(t, schema, name+" "+k.String(), body)
				if t.Failed() {
					break
				}
			}
		}
	}
}

// TestAnalyticsSchemasRefuse: the schemas are no sieves.
func TestAnalyticsSchemasRefuse(t *testing.T) {
	encoders := analytics(t)
	f := func(name, was, is string) {
		t.Helper()
		e := event.Sample(event.TrackEventReceived)
		holdRefused(t, name, encoders[name](&e), was, is)
	}
	f("segment", `"userId":"Webhook Visitor"`, `"userId":""`)
	f("segment", `"userId":`, `"user_id":`)
	f("segment", `"timestamp":"2021`, `"timestamp":"21`)
	f("intercom", `"user_id":`, `"userId":`)
	f("intercom", `"created_at":1626804144`, `"created_at":1626804144000`)
	f("intercom", `"fromTier"`, `"from.tier"`)
	f("intercom", `"fromTier":"basic"`, `"fromTier":true`)
	f("userpilot", `"fromTier":"basic"`, `"fromTier":{}`)
	f("amplitude", `"time":1626804144000`, `"time":1626804144`)
	f("amplitude", `"Account Upgraded"`, `"$identify"`)
	f("amplitude", `"Account Upgraded"`, `"[Amplitude] Revenue"`)
	f("amplitude", `"user_id":"Webhook Visitor"`, `"user_id":"null"`)
	f("mixpanel", `"event":"Account Upgraded"`, `"event":"$merge"`)
	f("mixpanel", `"fromTier":"basic"`, `"fromTier":{"a":{"b":{"c":1}}}`)
	f("mixpanel", `"fromTier"`, `"$ignore"`)
	f("mixpanel", `"ip":"203.0.113.7"`, `"ip":""`)
	f("ga4", `"name":"account_upgraded"`, `"name":"click"`)
	f("ga4", `"fromTier"`, `"ga_tier"`)
	f("ga4", `"fromTier":"basic"`, `"fromTier":true`)
	f("ga4-app", `"name":"account_upgraded"`, `"name":"os_update"`)
	f("cloudevents", `"time":"2021-07-20T`, `"time":"2021-07-20 `)
	f("cloudevents", `"source":"/`, `"source":"%zz/`)
	f("cloudevents", `"subject":"Webhook Visitor"`, `"subject":""`)
	f("standard", `"type":"track`, `"type":".`)
}
