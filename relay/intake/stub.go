package intake

import (
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// What the agent tells about itself, and its recordings, are no events. They go on to the app's upstream; without one
// they are taken and thrown away.

// serveDevLog takes what pages wrote to the console.
func serveDevLog(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	if err := r.addAlone((*request).readAgent); err != nil {
		return err
	}
	return r.answer(r.end.reply)
}

// serveRecording takes a piece of a session's recording.
func serveRecording(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	if err := r.addAlone((*request).readRecording); err != nil {
		return err
	}
	return r.answer(r.end.reply)
}

// readRecording reads a body that is JSON, deflated as zlib.
func (r *request) readRecording() ([]byte, error) {
	body, err := r.readBody()
	if err != nil {
		return nil, err
	}
	r.identify(r.wire)
	if r.packed, err = r.room(r.packed[:0], len(body)); err != nil {
		return nil, err
	}
	r.packed = append(r.packed, body...) // body may stand where it is inflated to
	return r.inflatePayload()
}

// serveErrorLog takes the agent's errors. The key stands in the query.
func serveErrorLog(r *request) error {
	if err := r.openKey(r.ctx.QueryArgs().Peek("apiKey")); err != nil {
		return err
	}
	if err := r.addAlone((*request).readObject); err != nil {
		return err
	}
	return r.answer(r.end.reply)
}

// serveAgentLog takes the agent's messages about itself, which it sends as an image. They tell of nobody.
func serveAgentLog(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	if err := r.addAlone((*request).readNobody); err != nil {
		return err
	}
	r.answerPixel(fasthttp.StatusOK)
	return nil
}

func (r *request) readNobody() ([]byte, error) {
	if r.posted() {
		return nil, r.readWire()
	}
	return nil, nil
}

// errDoNotProcess makes the agent send nothing more. It must never be the answer for any other reason.
var errDoNotProcess = &refusal{status: fasthttp.StatusUnavailableForLegalReasons, code: "do_not_process",
	message: "the visitor is marked do-not-process"}

// serveVisitor answers what the agent asks about a visitor.
func serveVisitor(r *request) error {
	_, err := r.answerVisitor()
	return err
}

// serveScript answers the builds of the agent that load data as scripts.
func serveScript(r *request) error {
	live, err := r.answerVisitor()
	if err != nil {
		return err
	}
	if !live {
		r.ctx.Response.Header.SetContentType("application/javascript; charset=utf-8")
	}
	r.ctx.Response.Header.SetCanonical(corpName, corpAny)
	return nil
}

// answerVisitor answers with what the upstream says, else that there is nothing, unless the visitor must not be
// processed. A payload that cannot be read is nobody's: the agent must go on.
func (r *request) answerVisitor() (live bool, err error) {
	if err := r.openKey(r.key); err != nil {
		return false, err
	}
	payload, unread := r.readAgent()
	switch no, bad := unread.(*refusal); {
	case unread != nil && (!bad || no.status != fasthttp.StatusBadRequest):
		return false, unread
	case bad && no.code == codeNoEvents && !r.posted():
		unread = nil // it asks for nobody
	}
	switch refused, err := r.refusesVisitor(payload); {
	case err != nil:
		return false, err
	case refused:
		return false, errDoNotProcess
	}
	r.ctx.Response.Header.SetCanonical(cacheName, cacheNoStore)
	if unread == nil && r.answerLive() {
		return true, nil
	}
	return false, r.answer(r.end.reply)
}

// serveRecordingSwitch says whether to record a session: as the upstream says, else not.
func serveRecordingSwitch(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	if r.app.live == nil {
		return r.answer(r.end.reply)
	}
	payload, err := r.readAgent()
	if err == nil {
		refused, err := r.refusesVisitor(payload)
		if err == nil && !refused && r.answerLive() {
			return nil
		}
	}
	return r.answer(r.end.reply) // which is safe, whatever went wrong
}

// refusesVisitor says whether the visitor whom a payload names must not be processed.
func (r *request) refusesVisitor(payload []byte) (bool, error) {
	visitor := r.visitorOf(payload)
	if visitor == nil {
		return false, nil
	}
	return r.server.opt.People.Refused(r.app.name, visitor)
}

func (r *request) visitorOf(payload []byte) []byte {
	if r.agent.token.visitor != nil {
		return r.agent.token.visitor
	}
	if !isObject(payload) {
		return nil
	}
	visitor, bad := r.id(event.Lookup(payload, "visitorId"))
	if bad != fine {
		return nil
	}
	return visitor
}
