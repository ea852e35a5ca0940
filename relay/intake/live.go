package intake

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/upstream"
)

// answerLive answers with what the app's upstream says, and tells whether there was anything to pass on. Only a request
// for guides may be answered 451, which makes the agent send nothing more.
func (r *request) answerLive() bool {
	if r.app.live == nil || r.wentRound() {
		return false
	}
	var q upstream.Request
	r.readOnward(&q)
	h := &r.ctx.Request.Header
	q.Set(upstream.IfNoneMatch, h.Peek("If-None-Match"))
	if h.HasAcceptEncoding("gzip") {
		q.Set(upstream.AcceptEncoding, gzipName) // the one that both who asked and the catalog can read
	}
	reply, err := r.app.live.Ask(&q)
	if err != nil || reply.Status == fasthttp.StatusUnavailableForLegalReasons && !r.end.guides {
		return false
	}
	if r.end.guides && reply.Status == fasthttp.StatusOK {
		r.learn(reply)
	}
	r.passOn(reply)
	return true
}

var gzipName = []byte("gzip")

// passOn sets the upstream's answer as the reply. Who may read it is the relay's to say, as with all replies.
func (r *request) passOn(reply *upstream.Reply) {
	r.ctx.SetStatusCode(reply.Status)
	h := &r.ctx.Response.Header
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	set(fasthttp.HeaderContentType, reply.ContentType)
	set(fasthttp.HeaderETag, reply.ETag)
	set(fasthttp.HeaderCacheControl, reply.CacheControl)
	if reply.ContentEncoding != "" {
		h.Set(fasthttp.HeaderContentEncoding, reply.ContentEncoding)
		h.Add(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	}
	r.ctx.Response.SetBodyRaw(reply.Body)
}

// learn gives the guides of a reply to the catalog, so that events can name them. A reply that holds none, or cannot be
// read, is the agent's to judge.
func (r *request) learn(reply *upstream.Reply) {
	body := reply.Body
	if reply.ContentEncoding != "" {
		if r.inflateAs(gzipped, body) != nil {
			return
		}
		body = r.plain
	}
	_ = r.app.catalog.Learn(scriptArgument(body))
}

// scriptArgument is what a script calls its function with, pendo.guidesPayload({…}); for the builds of the agent that
// load data as scripts. What is an object is that itself.
func scriptArgument(body []byte) []byte {
	body = bytes.TrimSpace(body)
	open, end := bytes.IndexByte(body, '('), bytes.LastIndexByte(body, ')')
	if isObject(body) || open < 0 || end < open {
		return body
	}
	return body[open+1 : end]
}
