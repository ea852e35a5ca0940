package intake

import (
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// serveSettings tells Segment's browser SDK to send here: its key, and as the API's host the one this was asked of, with
// the mount prefix. It is as little as the SDK starts with; a second integration would make it load code from
// Segment's servers. Measurements of itself are switched off.
func serveSettings(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	scheme, host := r.origin()
	b := r.value(func(b []byte) []byte {
		b = append(b, `{"integrations":{"Segment.io":{"apiKey":`...)
		b = event.AppendString(b, r.key)
		b = append(b, `,"apiHost":`...)
		b = event.AppendString(b, string(host)+string(r.prefix)+"/v1")
		b = append(b, `,"protocol":`...)
		b = event.AppendString(b, scheme)
		return append(b, `}},"metrics":{"sampleRate":0}}`...)
	})
	return r.answerDocument(b)
}

// serveSourceConfig tells RudderStack's browser SDK that its source is there and has no destinations of its own.
func serveSourceConfig(r *request) error {
	key := r.writeKey()
	if err := r.openKey(key); err != nil {
		return err
	}
	b := r.value(func(b []byte) []byte {
		b = append(b, `{"source":{"id":`...)
		b = event.AppendString(b, r.app.nameBytes)
		b = append(b, `,"name":`...)
		b = event.AppendString(b, r.app.nameBytes)
		b = append(b, `,"writeKey":`...)
		b = event.AppendString(b, key)
		b = append(b, `,"config":{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}}`...)
		return append(b, `,"enabled":true,"workspaceId":"edgerelay","connections":[],"destinations":[],"dataplanes":{}}}`...)
	})
	return r.answerDocument(b)
}

// answerDocument answers with a document that depends on the configuration and on the host that was asked.
func (r *request) answerDocument(body []byte) error {
	r.ctx.Response.Header.SetContentType("application/json")
	r.ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-cache")
	r.ctx.Response.SetBody(body)
	return nil
}
