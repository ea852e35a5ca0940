package live

import (
	"io"
	"log"
	"testing"
	"time"

	"github.com/segmentio/analytics-go/v3"
)

// What Segment's SDKs for servers are made to send, and what must come of it. An alias says nothing that a webhook could
// tell.
var (
	serverCalls = []struct {
		call    string
		message object
	}{
		{"identify", object{"userId": "ada", "traits": object{"plan": "gold", "seats": 3}}},
		{"group", object{"userId": "ada", "groupId": "acme", "traits": object{"industry": "tools"}}},
		{"page", object{"userId": "ada", "name": "Pricing", "properties": object{"url": "https://shop.example/shop/cart"}}},
		{"track", object{"userId": "ada", "event": "Exported", "properties": object{"rows": 3}, "context": object{"groupId": "acme"}}},
		{"screen", object{"userId": "ada", "name": "Home"}},
		{"alias", object{"userId": "ada", "previousId": "somebody"}},
		{"track", object{"anonymousId": "somebody", "event": "Looked"}},
	}
	serverLines = []string{
		"visitorCreated ada@", `visitorMetadataUpdated ada@ {"segmentio":{"plan":"gold","seats":3}}`,
		"accountCreated ada@acme", `accountMetadataUpdated ada@acme {"segmentio":{"industry":"tools"}}`,
		`pageLoaded ada@ {"name":"Pricing","url":"https://shop.example/shop/cart"}`,
		`trackEventReceived ada@acme "Exported" (server) {"rows":3}`,
		`pageLoaded ada@ {"name":"Home"}`,
		"visitorCreated somebody@", `trackEventReceived somebody@ "Looked" (server)`,
	}
)

func TestNodeSDKs(t *testing.T) {
	for _, name := range []string{"analytics-node 3", "analytics-node 6"} {
		t.Run(name, func(t *testing.T) {
			sink := startReceiver(t)
			r := startRelay(t, sink, "")
			n := startNode(t, name, r)
			for i, c := range serverCalls {
				n.call(t, c.call, c.message)
				if i == 0 {
					sink.expect(t, serverLines[:2]...) // what comes in other requests may overtake the first
				}
			}
			n.end(t)
			sink.expect(t, serverLines[2:]...)
			sink.settleOnce(t, r)
		})
	}
}

func TestGoSDK(t *testing.T) {
	sink := startReceiver(t)
	r := startRelay(t, sink, "")
	client := startGo(t, r)
	for i, m := range []analytics.Message{
		analytics.Identify{UserId: "ada", Traits: analytics.NewTraits().Set("plan", "gold").Set("seats", 3)},
		analytics.Group{UserId: "ada", GroupId: "acme", Traits: analytics.NewTraits().Set("industry", "tools")},
		analytics.Page{UserId: "ada", Name: "Pricing", Properties: analytics.NewProperties().SetURL("https://shop.example/shop/cart")},
		analytics.Track{UserId: "ada", Event: "Exported", Properties: analytics.NewProperties().Set("rows", 3),
			Context: &analytics.Context{Extra: map[string]any{"groupId": "acme"}}},
		analytics.Screen{UserId: "ada", Name: "Home"},
		analytics.Alias{UserId: "ada", PreviousId: "somebody"},
		analytics.Track{AnonymousId: "somebody", Event: "Looked"},
	} {
		if err := client.Enqueue(m); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			sink.expect(t, serverLines[:2]...)
		}
	}
	sink.expect(t, serverLines[2:]...)
	sink.settleOnce(t, r)
}

// startGo starts Segment's SDK for Go in this process.
func startGo(t *testing.T, to *relay) analytics.Client {
	t.Helper()
	client, err := analytics.NewWithConfig(writeKey, analytics.Config{Endpoint: "http://" + to.address, BatchSize: 5,
		Interval: 50 * time.Millisecond, Logger: analytics.StdLogger(log.New(io.Discard, "", 0))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}
