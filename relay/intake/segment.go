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
// and what browser SDKs ask for beside it.
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
	{"/data/segmentio/*", forwarded("/data/segmentio")},
}

// segment is an endpoint whose clients know 429 better than 503: they obey the Retry-After of the first only.
func segment(name string, methods method, serve func(*request) error) endpoint {
	return endpoint{name: name, methods: methods, dialect: dialectSegment, busy: fasthttp.StatusTooManyRequests, serve: serve}
}

// forwarded is where Segment's cloud sends what is meant for Pendo.
func forwarded(name string) endpoint {
	e := segment(name, post, serveForwarded)
	e.onward = true
	return e
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
	call      call           // of messages that have no type; noCall in batches
	sentAt    []byte         // when the SDK sent it, by its own clock
	context   segmentContext // what messages have unless they say otherwise
	forwarded bool           // Segment's cloud sent it on: who asks is not the SDK, and clocks are corrected already
}

// serveMessage takes one message.
func serveMessage(r *request) error {
	if err := r.openWriteKey(); err != nil {
		return err
	}
	body, err := r.readObject()
	if err != nil {
		return err
	}
	if r.app == nil {
		if err := r.openBodyKey(event.Lookup(body, "writeKey")); err != nil {
			return err
		}
	}
	r.addMessage(body, &envelope{call: r.end.call})
	return r.finish()
}

// serveBatch takes a batch of messages of any type. What the messages share may stand behind them, so they are only
// told apart at first.
func serveBatch(r *request) error {
	if err := r.openWriteKey(); err != nil {
		return err
	}
	body, err := r.readObject()
	if err != nil {
		return err
	}
	var env envelope
	writeKey, ok := r.readEnvelope(&reader{b: body}, &env)
	if r.app == nil {
		if err := r.openBodyKey(writeKey); err != nil {
			return err
		}
	}
	if !ok {
		no := badBody("invalid_body", `batch is not an array; send {"batch":[…]}`)
		no.field = "batch"
		return no
	}
	r.addParts(&env)
	return r.finish()
}

// readEnvelope reads the body of a batch. Its messages are in r.parts then; ok is false when there is no array of them.
func (r *request) readEnvelope(p *reader, env *envelope) (writeKey []byte, ok bool) {
	for more := p.enter(); more; more = p.next() {
		switch string(p.key()) {
		case `"batch"`:
			if ok = p.at() == '['; ok {
				r.readParts(p)
			} else {
				p.skip()
			}
		case `"sentAt"`:
			env.sentAt = p.value()
		case `"context"`:
			env.context.read(p)
		case `"writeKey"`:
			writeKey = p.value()
		default:
			p.skip()
		}
	}
	return writeKey, ok
}

// readParts reads the elements of an array into r.parts. Those over the limit are left out.
func (r *request) readParts(p *reader) {
	for more := p.enter(); more; more = p.next() {
		if len(r.parts) < messagesMax {
			r.parts = append(r.parts, p.value())
		} else {
			p.skip()
			r.leaveOut(omitTooMany, 1)
		}
	}
}

// addParts turns the messages of a batch into items.
func (r *request) addParts(env *envelope) {
	for _, raw := range r.parts {
		r.addMessage(raw, env)
	}
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
	r.identify(body)
	env := envelope{forwarded: true}
	switch body[0] {
	case '{':
		r.addMessage(body, &env)
	case '[':
		r.readParts(&reader{b: body})
		r.addParts(&env)
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

// openWriteKey finds the app of a write key that stands in front of the body: the user name of Basic authorization,
// else the query's. A wrong one is refused before the body has come. Without one the body may have it: r.app stays nil.
func (r *request) openWriteKey() error {
	if key := r.writeKey(); len(key) > 0 {
		return r.openKey(key)
	}
	return nil
}

// openBodyKey finds the app of a write key in the body.
func (r *request) openBodyKey(value []byte) error {
	key, _ := event.PlainText(filled(value)) // one with escapes is nobody's
	return r.openKey(key)
}

func (r *request) writeKey() []byte {
	if key := r.basicUser(); len(key) > 0 {
		return key
	}
	return r.ctx.QueryArgs().Peek("writeKey")
}

// finish commits and answers. A message that cannot be taken does not change the answer: some SDKs send anything that is
// not answered 2xx again, ten times, and others drop the whole batch.
func (r *request) finish() error {
	if err := r.commit(); err != nil {
		return err
	}
	return r.answer(success)
}
