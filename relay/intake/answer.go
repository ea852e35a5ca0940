package intake

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

// refusal is why nothing of a request was taken, as the sender is told.
type refusal struct {
	status  int
	code    string // short and fixed, for programs; also the reason in metrics
	message string // for people: what is wrong and what to do
	field   string // where in the body, "" when no single field is to blame
}

func (r *refusal) Error() string { return r.message }

// errBodies: the memory for large bodies is taken. Others will give some back in a moment.
var errBodies = errors.New("intake: too many large bodies are being worked on")

// How long a sender should wait, in seconds: a log waiting for its disk is over it in a moment, a full one needs an
// operator or a receiver that drains it.
const (
	waitBusy = 1
	waitFull = 30
)

// answer sets a reply that says all is well.
func (r *request) answer(body string) error {
	r.ctx.SetStatusCode(r.end.success)
	r.ctx.Response.Header.SetContentType("application/json")
	r.ctx.Response.SetBodyString(body)
	return nil
}

// refuse answers why a request was not taken: a *refusal as it stands, anything else as "try again later".
func (r *request) refuse(err error) {
	var no *refusal
	if !errors.As(err, &no) {
		no = r.tryLater(err)
	}
	r.server.metrics.refused.WithLabelValues(no.code).Inc()
	switch {
	case r.end != nil && r.end.image:
		r.refusePixel(no)
	case r.end != nil && r.end.dialect == dialectUserpilot:
		r.refuseUserpilot(no)
	default:
		r.server.write(r.ctx, no)
	}
}

// tryLater turns a fault behind the request into a reply that makes the sender come back. What is not known to pass by
// itself is logged.
func (r *request) tryLater(err error) *refusal {
	no := &refusal{status: r.end.busy, code: "overloaded", message: "the relay is busy; send it again later"}
	wait := waitBusy
	switch {
	case errors.Is(err, wal.ErrOverloaded), errors.Is(err, people.ErrBusy), errors.Is(err, errBodies):
	case errors.Is(err, wal.ErrFull):
		no.code, no.message, wait = "log_full", "the relay's log is full; send it again later", waitFull
	case errors.Is(err, wal.ErrClosed):
		no.code, no.message = "closing", "the relay is closing; send it again later"
	default:
		no.code, no.message = "disk", "the relay could not keep it; send it again later"
		r.server.opt.Logger.Error("intake: cannot keep a request", "error", err)
	}
	h := &r.ctx.Response.Header
	h.Set("Retry-After", strconv.Itoa(wait))
	h.Set("X-RateLimit-Reset", strconv.Itoa(wait))
	return no
}

// write sets a refusal as the reply.
func (s *Server) write(ctx *fasthttp.RequestCtx, no *refusal) {
	ctx.SetStatusCode(no.status)
	ctx.Response.Header.SetContentType("application/json")
	body := append(make([]byte, 0, 256), `{"error":{"code":`...)
	body = event.AppendString(body, no.code)
	body = append(body, `,"message":`...)
	body = event.AppendString(body, no.message)
	body = append(body, `,"field":`...)
	body = event.AppendString(body, no.field)
	ctx.Response.SetBodyRaw(append(body, "}}"...))
}

// badBody is the refusal of a body that cannot be read.
func badBody(code, format string, args ...any) *refusal {
	return &refusal{status: fasthttp.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// tooLarge is the refusal of a body, or a part of one, over a limit.
func tooLarge(format string, args ...any) *refusal {
	return &refusal{status: fasthttp.StatusRequestEntityTooLarge, code: "too_large", message: fmt.Sprintf(format, args...)}
}
