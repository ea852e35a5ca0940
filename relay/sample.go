package relay

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/sign"
)

// sample is one request that makes a relay accept an event of a kind.
type sample struct {
	kind   event.Kind
	path   string // KEY stands for the app's
	body   func(v visit) []byte
	signed sign.Scheme // with the app's webhook_secret, if it has one; 0: never
}

// visit makes what one run sends its own: nobody had these names before, and no event this time.
type visit struct {
	unique string
	at     time.Time
}

// samples are requests for every kind: those that an SDK or a server causes by itself in the order in which a visit would,
// then what administrators, Userpilot, and Pendo's cloud or another relay tell.
func samples() []sample {
	all := []sample{
		{kind: event.VisitorCreated, path: "/v1/identify", body: written(`{"type":"identify","userId":"visitor-%[1]s","messageId":"send-%[1]s-1","timestamp":"%[3]s","traits":{"name":"Ada Lovelace","plan":"trial"}}`)},
		{kind: event.VisitorMetadataUpdated, path: "/v1/identify", body: written(`{"type":"identify","userId":"visitor-%[1]s","messageId":"send-%[1]s-2","timestamp":"%[3]s","traits":{"plan":"pro"}}`)},
		{kind: event.AccountCreated, path: "/v1/group", body: written(`{"type":"group","userId":"visitor-%[1]s","groupId":"account-%[1]s","messageId":"send-%[1]s-3","timestamp":"%[3]s","traits":{"name":"Analytical Engines"}}`)},
		{kind: event.AccountMetadataUpdated, path: "/v1/group", body: written(`{"type":"group","userId":"visitor-%[1]s","groupId":"account-%[1]s","messageId":"send-%[1]s-4","timestamp":"%[3]s","traits":{"employees":329}}`)},
		{kind: event.PageLoaded, path: "/v1/page", body: written(`{"type":"page","userId":"visitor-%[1]s","messageId":"send-%[1]s-5","timestamp":"%[3]s","name":"Pricing","properties":{"url":"https://example.com/pricing","title":"Pricing"}}`)},
		{kind: event.TrackEventReceived, path: "/data/track", body: written(`{"type":"track","event":"Account Upgraded","visitorId":"visitor-%[1]s","accountId":"account-%[1]s","timestamp":%[2]d,"properties":{"fromTier":"basic","toTier":"pro"},"context":{"ip":"203.0.113.9","userAgent":"edgerelay send","url":"https://example.com/billing","title":"Billing"}}`)},
		{kind: event.VisitorUnsubscribed, path: "/data/unsubscribe/KEY", body: written(`{"visitorId":"visitor-%[1]s","accountId":"account-%[1]s","eventType":"unsubscribe","timestamp":"%[3]s"}`)},
	}
	known := map[event.Kind]bool{}
	for _, s := range all {
		known[s.kind] = true
	}
	for _, kind := range event.Kinds() {
		switch {
		case known[kind]:
		case kind >= event.FlowSeen:
			all = append(all, sample{kind, "/in/userpilot/KEY", userpilotSample(kind), sign.Userpilot})
		case kind >= event.PageTagged:
			all = append(all, sample{kind: kind, path: "/data/admin", body: adminSample(kind)})
		default:
			all = append(all, sample{kind, "/in/pendo/KEY", pendoSample(kind), sign.Pendo})
		}
	}
	return all
}

// written is a body from a text with %[1]s for the visit's name, %[2]d for the time in ms, %[3]s for it as ISO 8601.
func written(text string) func(v visit) []byte {
	return func(v visit) []byte {
		return fmt.Appendf(nil, text, v.unique, v.at.UnixMilli(), v.at.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
}

// pendoSample is the kind's sample as Pendo's webhooks tell it. It names no app: the relay puts in its own.
func pendoSample(kind event.Kind) func(v visit) []byte {
	return func(v visit) []byte {
		e := event.Sample(kind)
		e.App, e.Subscription = nil, nil
		e.Visitor, e.Account = fmt.Appendf(nil, `"visitor-%s"`, v.unique), fmt.Appendf(nil, `"account-%s"`, v.unique)
		e.Time = v.at.UnixMilli()
		e.UniqueID = event.UniqueID([]byte("send"), []byte(v.unique), []byte(kind.String()))
		return format.Pendo(nil, &e, event.Note{All: true})
	}
}

func adminSample(kind event.Kind) func(v visit) []byte {
	return func(v visit) []byte {
		e := event.Sample(kind)
		return fmt.Appendf(nil, `{"event":%q,"timestamp":%d,"properties":%s}`, kind, v.at.UnixMilli(), e.Properties)
	}
}

// userpilotSample is the kind's sample as Userpilot's webhooks tell it.
func userpilotSample(kind event.Kind) func(v visit) []byte {
	return func(v visit) []byte {
		e := event.Sample(kind)
		data := bytes.TrimSuffix(e.Properties, []byte("}"))
		return fmt.Appendf(nil, `{"type":%q,"timestamp":%d,"app_token":"NX-sample","data":%s,"user":{"user_id":"visitor-%[4]s"},"company":{"id":"account-%[4]s"}}}`,
			kind, v.at.Unix(), data, v.unique)
	}
}

// request is the HTTP request to a relay at base, with the keys that an app has.
func (s *sample) request(ctx context.Context, base string, app App, v visit) (*http.Request, error) {
	body := s.body(v)
	key := app.Key
	if key == "" && len(app.ExtraKeys) > 0 {
		key = app.ExtraKeys[0]
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+strings.Replace(s.path, "KEY", key, 1), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	h := request.Header
	h.Set("Content-Type", "application/json")
	h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(key+":")))
	if len(app.IntegrationKeys) > 0 {
		h.Set("x-pendo-integration-key", app.IntegrationKeys[0])
	}
	if app.WebhookSecret == "" || s.signed == 0 {
		return request, nil
	}
	signer, err := sign.New([]sign.Scheme{s.signed}, app.WebhookSecret, "")
	if err != nil {
		return nil, err
	}
	for _, header := range signer.Sign(nil, v.at, body) {
		h.Set(header.Name, string(header.Value))
	}
	return request, nil
}
