package intake

import (
	"errors"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/sign"
)

// incomingRoutes are where other people's webhooks lead to: Pendo's, Userpilot's, or those of another relay.
var incomingRoutes = []route{
	{"/in/pendo/*", incoming("/in/pendo", dialectFromPendo, serveFromPendo)},
	{"/in/userpilot/*", incoming("/in/userpilot", dialectFromUserpilot, serveFromUserpilot)},
}

func incoming(name string, d dialect, serve func(*request) error) endpoint {
	return endpoint{name: name, methods: post, dialect: d, busy: fasthttp.StatusServiceUnavailable, serve: serve}
}

func serveFromPendo(r *request) error     { return r.takeDelivery((*request).addPendoDelivery) }
func serveFromUserpilot(r *request) error { return r.takeDelivery((*request).addUserpilotDelivery) }

// takeDelivery takes the body of a webhook's delivery, one event or an array of them.
func (r *request) takeDelivery(add adder) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	body, err := r.readBody()
	if err != nil {
		return err
	}
	if err := r.checkSignature(body); err != nil {
		return err
	}
	if body, err = r.parseJSON(body); err != nil {
		return err
	}
	return r.takeEvents(body, add)
}

// checkSignature checks that the body was signed with one of the app's secrets, if it has any: the key stands in a URL
// and may be that of a browser's SDK, so it proves nothing. Any of the schemes will do, as a relay may sign by any.
func (r *request) checkSignature(body []byte) error {
	if len(r.app.secrets) == 0 {
		return nil
	}
	header := func(name string) string { return string(r.ctx.Request.Header.Peek(name)) }
	_, err := sign.Verify(header, body, r.app.secrets, r.now)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sign.ErrUnsigned):
		return &refusal{status: fasthttp.StatusUnauthorized, code: "no_signature",
			message: "the app has a webhook_secret and the request is not signed: " + err.Error()}
	default:
		return &refusal{status: fasthttp.StatusUnauthorized, code: "bad_signature",
			message: "the signature is not that of the app's webhook_secret: " + err.Error()}
	}
}
