package intake

import (
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// call is one of Segment's calls.
type call uint8

const (
	noCall call = iota
	callIdentify
	callTrack
	callPage
	callScreen
	callGroup
	callAlias
)

// callOf reads a message's type, a JSON string.
func callOf(kind []byte) call {
	switch string(kind) {
	case `"identify"`:
		return callIdentify
	case `"track"`:
		return callTrack
	case `"page"`:
		return callPage
	case `"screen"`:
		return callScreen
	case `"group"`:
		return callGroup
	case `"alias"`:
		return callAlias
	}
	return noCall
}

// segmentRoutes are the paths of Segment's HTTP API, which RudderStack's SDKs use as well, with both their spellings,
// and what browser SDKs ask for beside it. Userpilot's API ends in the same segments and is not this one.
var segmentRoutes = []route{
	{"/v1/identify", message("/v1/identify", callIdentify)}, {"/v1/i", message("/v1/identify", callIdentify)},
	{"/v1/track", message("/v1/track", callTrack)}, {"/v1/t", message("/v1/track", callTrack)},
	{"/v1/page", message("/v1/page", callPage)}, {"/v1/p", message("/v1/page", callPage)},
	{"/v1/screen", message("/v1/screen", callScreen)}, {"/v1/s", message("/v1/screen", callScreen)},
	{"/v1/group", message("/v1/group", callGroup)}, {"/v1/g", message("/v1/group", callGroup)},
	{"/v1/alias", message("/v1/alias", callAlias)}, {"/v1/a", message("/v1/alias", callAlias)},
	{"/v1/batch", segment("/v1/batch", post, serveBatch)}, {"/v1/b", segment("/v1/batch", post, serveBatch)},
	{"/v1/import", segment("/v1/import", post, serveBatch)},
	{"/beacon/v1/batch", segment("/beacon/v1/batch", post, serveBatch)},
	{"/v1/m", segment("/v1/m", post, serveNothing)},
	{"/v1/projects/*/settings", segment("/v1/projects/settings", get, serveSettings)},
	{"/sourceConfig", segment("/sourceConfig", get, serveSourceConfig)},
	{"/data/segmentio/*", segment("/data/segmentio", post, serveForwarded)},
	{"/userpilot/v1/track", endpoint{}},
	{"/userpilot/v1/identify", endpoint{}},
}

// segment is an endpoint whose clients know 429 better than 503: they obey the Retry-After of the first only.
func segment(name string, methods method, serve func(*request) error) endpoint {
	return endpoint{name: name, methods: methods, dialect: dialectSegment, busy: fasthttp.StatusTooManyRequests, serve: serve}
}

func message(name string, c call) endpoint {
	e := segment(name, post, serveMessage)
	e.call = c
	return e
}

const success = `{"success":true}`

// Segment's limits. It sets one of 500 KB a batch as well, which its own SDKs do not keep to: body_max stands in.
const (
	messagesMax     = 2500
	messageBytesMax = 32 << 10
)

// envelope is what all messages of a body share.
type envelope struct {
	call      call   // of messages that have no type; noCall in batches
	sentAt    []byte // when the SDK sent it, by its own clock
	context   []byte // members that messages have unless they say otherwise
	forwarded bool   // Segment's cloud sent it on: who asks is not the SDK, and clocks are corrected already
}

// serveMessage takes one message.
func serveMessage(r *request) error {
	if err := r.openWriteKey(nil); err != nil {
		return err
	}
	body, err := r.readObject()
	if err != nil {
		return err
	}
	if err := r.openWriteKey(body); err != nil {
		return err
	}
	r.addMessage(body, &envelope{call: r.end.call})
	return r.finish()
}

// serveBatch takes a batch of messages of any type.
func serveBatch(r *request) error {
	if err := r.openWriteKey(nil); err != nil {
		return err
	}
	body, err := r.readObject()
	if err != nil {
		return err
	}
	if err := r.openWriteKey(body); err != nil {
		return err
	}
	var env envelope
	var batch []byte
	broken := event.Members(body, func(key, value []byte) bool {
		switch string(key) {
		case `"batch"`:
			batch = value
		case `"sentAt"`:
			env.sentAt = value
		case `"context"`:
			env.context = value
		}
		return true
	})
	if broken != nil {
		panic("BUG: intake: " + broken.Error())
	}
	if len(batch) == 0 || batch[0] != '[' {
		no := badBody("invalid_body", `batch is not an array; send {"batch":[…]}`)
		no.field = "batch"
		return no
	}
	r.addMessages(batch, &env)
	return r.finish()
}

// serveForwarded takes what Segment's cloud sends to a webhook: one message, or several in an array.
func serveForwarded(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	body, err := r.readJSON()
	if err != nil {
		return err
	}
	env := envelope{forwarded: true}
	switch body[0] {
	case '{':
		r.addMessage(body, &env)
	case '[':
		r.addMessages(body, &env)
	default:
		return badBody("invalid_body", "the body is neither a message nor an array of messages")
	}
	return r.finish()
}

// serveNothing takes the SDK's measurements of itself, for which there is no use here.
func serveNothing(r *request) error { return r.answer(success) }

// readObject reads the body, which must be a JSON object.
func (r *request) readObject() ([]byte, error) {
	body, err := r.readJSON()
	if err == nil && !isObject(body) {
		err = badBody("invalid_body", "the body is not a JSON object")
	}
	return body, err
}

// openWriteKey finds the app of a write key: the user name of Basic authorization, else of the query, else of the body.
// It is called before the body is read, with nil, so that a wrong key costs nothing, and again with the body.
func (r *request) openWriteKey(body []byte) error {
	if r.app != nil {
		return nil
	}
	key := r.basicUser()
	if len(key) == 0 {
		key = r.ctx.QueryArgs().Peek("writeKey")
	}
	if len(key) == 0 {
		if body == nil {
			return nil
		}
		key, _ = event.PlainText(filled(event.Lookup(body, "writeKey"))) // a key with escapes in it is nobody's
	}
	return r.openKey(key)
}

// addMessages turns each message of a batch into an item, or leaves it out.
func (r *request) addMessages(batch []byte, env *envelope) {
	n := 0
	broken := event.Elements(batch, func(raw []byte) bool {
		if n++; n > messagesMax {
			r.leaveOut(omitTooMany, 1)
		} else {
			r.addMessage(raw, env)
		}
		return true
	})
	if broken != nil {
		panic("BUG: intake: " + broken.Error())
	}
}

// finish commits and answers. A message that cannot be taken does not change the answer: some SDKs send anything that is
// not answered 2xx again, ten times, and others drop the whole batch.
func (r *request) finish() error {
	if err := r.commit(); err != nil {
		return err
	}
	return r.answer(success)
}
