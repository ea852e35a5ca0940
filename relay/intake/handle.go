package intake

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"strconv"

	"github.com/valyala/fasthttp"
)

// handle is one request from its header to its answer.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	r := s.acquire(ctx)
	defer s.rescue(r)
	if s.opt.Tracer != nil {
		r.startSpan()
	}
	if ambiguous(&ctx.Request.Header) {
		ctx.SetConnectionClose()
	}
	s.answer(r, r.serve())
}

// answer gives the answer that serving came to, and lets go of the request.
func (s *Server) answer(r *request, err error) {
	s.cors.apply(r.ctx)
	if err != nil {
		r.refuse(err)
	}
	if !r.bodyEnded {
		r.discardBody()
	}
	s.metrics.answer(r.end, r.ctx.Response.StatusCode(), s.opt.Now().Sub(r.now))
	if r.span.On() {
		r.endSpan(err)
	}
	s.release(r)
}

// ambiguous says that a request announces its body in both ways. The chunks count; but somebody on the way may have gone by
// the length and take what is behind the body for another request, so the connection must be closed (RFC 9112, 6.1).
func ambiguous(h *fasthttp.RequestHeader) bool {
	if h.ContentLength() != chunked {
		return false
	}
	for line := range bytes.SplitSeq(h.RawHeaders(), []byte("\n")) {
		if name, _, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			return true
		}
	}
	return false
}

// chunked is the length of a body that announces none.
const chunked = -1

// serve hands the request to its endpoint, if it has one that takes the method.
func (r *request) serve() error {
	r.path = appendPath(r.path[:0], r.ctx.Request.Header.RequestURI())
	m := paths.find(r.path)
	r.end, r.key, r.vars, r.prefix = m.end, m.vars[0], m.vars, m.prefix
	method := r.ctx.Request.Header.Method()
	switch e := r.end; {
	case e == nil:
		return &refusal{status: fasthttp.StatusNotFound, code: "unknown_path", message: "there is no such endpoint; check the path behind the host name"}
	case string(method) == fasthttp.MethodOptions:
		preflight(r.ctx, e.methods)
		return nil
	case e.methods&methodOf(method) != 0:
		return e.serve(r)
	default:
		r.ctx.Response.Header.Set("Allow", e.allow)
		return &refusal{status: fasthttp.StatusMethodNotAllowed, code: "wrong_method", message: "this endpoint takes " + e.allow}
	}
}

// rescue keeps a fault in one request from ending the process: the request is answered 500, and the fault is logged
// with its trace and counted. The request's scratch is in an unknown state and is not used again.
func (s *Server) rescue(r *request) {
	fault := recover()
	if fault == nil {
		return
	}
	ctx := r.ctx
	s.bodies.give(r.reserved)
	s.metrics.panics.Inc()
	s.opt.Logger.Error("intake: a request met a fault of the program; please report it",
		"fault", fault, "endpoint", r.end.label(), "trace", string(debug.Stack())) // paths may hold keys
	ctx.Response.Reset()
	s.cors.apply(ctx)
	no := &refusal{status: fasthttp.StatusInternalServerError, code: "internal", message: "the relay met a fault of its own; its log has the details"}
	s.write(ctx, no)
	r.endSpan(no)
	ctx.SetConnectionClose() // the rest of the body may still be in it
	s.metrics.answer(r.end, fasthttp.StatusInternalServerError, s.opt.Now().Sub(r.now))
}

// handleBroken answers what is no whole HTTP request. The connection is closed behind it.
func (s *Server) handleBroken(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	no := &refusal{status: fasthttp.StatusBadRequest, code: "bad_http", message: "this is not an HTTP/1.1 request"}
	switch {
	case errors.As(err, &small):
		no = &refusal{status: fasthttp.StatusRequestHeaderFieldsTooLarge, code: "header_too_large", message: "request line and headers are over 16 KiB; send less in the URL, or use POST"}
	case errors.As(err, &timeout) && timeout.Timeout():
		no = &refusal{status: fasthttp.StatusRequestTimeout, code: "timeout", message: "the request did not come in whole within 30 seconds"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		no.code, no.message = "cut_short", "the request ends too early"
	}
	s.cors.apply(ctx)
	s.write(ctx, no)
	s.metrics.refused.WithLabelValues(no.code).Inc()
	s.metrics.requests.WithLabelValues((*endpoint)(nil).label(), strconv.Itoa(no.status)).Inc()
}
