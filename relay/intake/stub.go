package intake

import (
	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
)

// serveStub answers what lets the agent go on without the service behind the endpoint: replay stays off, logs are taken
// and thrown away.
func serveStub(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	return r.answer(r.end.reply)
}

// serveErrorLog is a stub whose key stands in the query.
func serveErrorLog(r *request) error {
	if err := r.openKey(r.ctx.QueryArgs().Peek("apiKey")); err != nil {
		return err
	}
	return r.answer(r.end.reply)
}

// servePixelStub takes the agent's messages about itself, which it sends as an image.
func servePixelStub(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	r.answerPixel(fasthttp.StatusOK)
	return nil
}

// serveScriptStub answers the builds of the agent that load data as scripts.
func serveScriptStub(r *request) error {
	if err := serveVisitorStub(r); err != nil {
		return err
	}
	r.ctx.Response.Header.SetContentType("application/javascript; charset=utf-8")
	r.ctx.Response.Header.SetCanonical(corpName, corpAny)
	return nil
}

// errDoNotProcess makes the agent send nothing more. It must never be the answer for any other reason.
var errDoNotProcess = &refusal{status: fasthttp.StatusUnavailableForLegalReasons, code: "do_not_process",
	message: "the visitor is marked do-not-process"}

// serveVisitorStub answers what the agent asks about a visitor: nothing there, unless they must not be processed. A
// payload that cannot be read is nobody's: the agent must go on.
func serveVisitorStub(r *request) error {
	if err := r.openKey(r.key); err != nil {
		return err
	}
	payload, err := r.readAgent()
	if no, bad := err.(*refusal); err != nil && (!bad || no.status != fasthttp.StatusBadRequest) {
		return err
	}
	if visitor := r.visitorOf(payload); visitor != nil {
		refused, err := r.server.opt.People.Refused(r.app.name, visitor)
		if err != nil {
			return err
		}
		if refused {
			return errDoNotProcess
		}
	}
	r.ctx.Response.Header.SetCanonical(cacheName, cacheNoStore)
	return r.answer(r.end.reply)
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
