package intake

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// userpilotRoutes are Userpilot's HTTP API, for servers. Its paths end in the same segments as Segment's. GET /v1/users is
// how Segment's Userpilot destination finds out whether its key is good.
var userpilotRoutes = []route{
	{"/userpilot/v1/track", userpilot("/userpilot/v1/track", serveUserpilotTrack)},
	{"/userpilot/v1/identify", userpilot("/userpilot/v1/identify", serveUserpilotIdentify)},
	{"/userpilot/v1/companies/identify", userpilot("/userpilot/v1/companies/identify", serveUserpilotCompany)},
	{"/userpilot/v1/users/bulk_identify", userpilot("/userpilot/v1/users/bulk_identify", serveUserpilotUsers)},
	{"/userpilot/v1/companies/bulk_identify", userpilot("/userpilot/v1/companies/bulk_identify", serveUserpilotCompanies)},
	{"/userpilot/v1/users", endpoint{name: "/userpilot/v1/users", methods: get, dialect: dialectUserpilot,
		busy: fasthttp.StatusServiceUnavailable, serve: serveUserpilotKey}},
}

func userpilot(name string, serve func(*request) error) endpoint {
	return endpoint{name: name, methods: post, dialect: dialectUserpilot, success: fasthttp.StatusAccepted,
		busy: fasthttp.StatusServiceUnavailable, serve: serve}
}

// accepted is the body of all answers: Userpilot documents the status alone.
const accepted = `{}`

func serveUserpilotTrack(r *request) error    { return r.takeUserpilot((*request).addUserpilotTrack) }
func serveUserpilotIdentify(r *request) error { return r.takeUserpilot((*request).addUserpilotUser) }
func serveUserpilotCompany(r *request) error  { return r.takeUserpilot((*request).addUserpilotCompany) }

func serveUserpilotUsers(r *request) error {
	return r.takeUserpilotList("users", "user profile", (*request).addUserpilotUser)
}

func serveUserpilotCompanies(r *request) error {
	return r.takeUserpilotList("companies", "company profile", (*request).addUserpilotCompany)
}

func serveUserpilotKey(r *request) error {
	if err := r.openAPIKey(); err != nil {
		return err
	}
	return r.answer(accepted)
}

// takeUserpilot takes one call.
func (r *request) takeUserpilot(add adder) error {
	body, err := r.readUserpilot()
	if err != nil {
		return err
	}
	if err := r.addOne(body, "body", -1, add); err != nil {
		return err
	}
	if err := r.commit(); err != nil {
		return err
	}
	return r.answer(accepted)
}

// takeUserpilotList takes a bulk update, an array under that name. It brings profiles up to date, such as those of a
// CRM, so nobody in it has been seen in the app.
func (r *request) takeUserpilotList(name, noun string, add adder) error {
	body, err := r.readUserpilot()
	if err != nil {
		return err
	}
	list := event.Lookup(body, name)
	if len(list) == 0 || list[0] != '[' {
		no := badBody("invalid_body", `%s is not an array; send {"%[1]s":[…]}`, name)
		no.field = name
		return no
	}
	if err := r.addList(list, noun, add); err != nil {
		return err
	}
	for i := range r.items {
		r.items[i].seen = false
	}
	if err := r.commit(); err != nil {
		return err
	}
	return r.answer(accepted)
}

func (r *request) readUserpilot() ([]byte, error) {
	if err := r.openAPIKey(); err != nil {
		return nil, err
	}
	return r.readObject()
}

// openAPIKey finds the app of an API key in the header Authorization: Token KEY.
func (r *request) openAPIKey() error {
	const scheme = "token "
	var key []byte
	if h := r.ctx.Request.Header.Peek("Authorization"); len(h) > len(scheme) && bytes.EqualFold(h[:len(scheme)], []byte(scheme)) {
		key = bytes.TrimSpace(h[len(scheme):])
	}
	r.app = r.server.apps.Load().byKey[string(key)]
	return r.opened(key, `send the key of a configured app, or one of its extra_keys, as "Authorization: Token KEY"`)
}

// refuseUserpilot answers a refusal in Userpilot's form.
func (r *request) refuseUserpilot(no *refusal) {
	r.ctx.SetStatusCode(no.status)
	r.ctx.Response.Header.SetContentType("application/json")
	body := append(make([]byte, 0, 256), `{"errors":[{"details":`...)
	body = event.AppendString(body, no.field)
	body = append(body, `,"error":`...)
	body = event.AppendString(body, fasthttp.StatusMessage(no.status))
	body = append(body, `,"error_code":`...)
	body = event.AppendString(body, no.code)
	body = append(body, `,"message":`...)
	body = event.AppendString(body, no.message)
	r.ctx.Response.SetBodyRaw(append(body, "}]}"...))
}
