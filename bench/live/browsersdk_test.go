package live

import (
	"fmt"
	"slices"
	"testing"
)

// browserCalls are what SDKs for browsers are made to do behind an identify, and browserLines what must come of it all. An
// alias says nothing that a webhook could tell.
const browserIdentify = `await analytics.identify('ada', {plan: 'gold'})`
const browserCalls = `await analytics.group('acme', {industry: 'tools'})
await analytics.page('Pricing')
await analytics.track('Exported', {rows: 3})
await analytics.alias('lovelace')`

var browserLines = []string{
	"visitorCreated ada@ Chrome", `visitorMetadataUpdated ada@ {"segmentio":{"plan":"gold"}}`,
	"accountCreated ada@acme", `accountMetadataUpdated ada@acme {"segmentio":{"industry":"tools"}}`,
	`trackEventReceived ada@ "Exported" (web) {"rows":3}`,
}

// TestSegmentBrowserSDK tells the SDK the host and nothing else: where and how to send it learns from there.
func TestSegmentBrowserSDK(t *testing.T) {
	for name, options := range map[string]string{
		"single":  `{}`,
		"batched": `{integrations: {'Segment.io': {deliveryStrategy: {strategy: 'batching', config: {size: 10, timeout: 100}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := openTab(t, startSite(t).server.URL)
			sink := startReceiver(t)
			r := startRelay(t, sink, "")
			b.visit(t, "/segment.html")
			b.run(t, `await start(%s, %s, `+options+`)`, writeKey, "http://"+r.address)
			b.run(t, browserIdentify)
			sink.expect(t, browserLines[:2]...) // what comes in other requests may overtake the first
			b.run(t, browserCalls)
			b.run(t, `await analytics.screen('Home')`)
			sink.expect(t, slices.Concat(browserLines[2:], []string{`pageLoaded ada@ {"name":"Home"}`,
				fmt.Sprintf(`pageLoaded ada@ {"name":"Pricing","path":"/segment.html","referrer":"","search":"","title":"Shop, watched by Segment","url":"%s/segment.html"}`, b.url)})...)
			b.leave(t)
			sink.settleOnce(t, r)
		})
	}
}

func TestRudderBrowserSDK(t *testing.T) {
	for name, options := range map[string]string{"requests": `{}`, "beacons": `{useBeacon: true}`} {
		t.Run(name, func(t *testing.T) {
			b := openTab(t, startSite(t).server.URL)
			sink := startReceiver(t)
			r := startRelay(t, sink, "")
			b.visit(t, "/rudder.html")
			b.run(t, `await start(%s, %s, `+options+`)`, writeKey, "http://"+r.address)
			b.run(t, browserIdentify)
			from := 0
			if name == "requests" {
				sink.expect(t, browserLines[:2]...)
				from = 2
			}
			b.run(t, browserCalls)
			b.leave(t)
			sink.expect(t, slices.Concat(browserLines[from:], []string{"visitorCreated lovelace@ Chrome", // whom the alias names
				fmt.Sprintf(`pageLoaded ada@ {"initial_referrer":"$direct","initial_referring_domain":"","name":"Pricing","path":"/rudder.html",`+
					`"referrer":"$direct","referring_domain":"","search":"","tab_url":"%[1]s/rudder.html","title":"Shop, watched by RudderStack","url":"%[1]s/rudder.html"}`, b.url)})...)
			sink.settleOnce(t, r)
		})
	}
}
