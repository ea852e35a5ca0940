package sink

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/sink/receipt"
)

// worker is the scratch of one request at a time.
type worker struct {
	reader  receipt.Reader
	checker *checker
	line    []byte
}

// newWorker takes secrets that New has found good.
func newWorker(secrets []string) *worker {
	c, err := newChecker(secrets)
	if err != nil {
		panic("BUG: secrets that were good are now bad: " + err.Error())
	}
	return &worker{checker: c}
}

// handle takes one delivery.
func (s *Sink) handle(ctx *fasthttp.RequestCtx) {
	if !ctx.IsPost() {
		ctx.Response.Header.Set(fasthttp.HeaderAllow, fasthttp.MethodPost)
		answer(ctx, fasthttp.StatusMethodNotAllowed, "this is edgerelay sink, a receiver of webhook deliveries: POST one, to any path\n")
		return
	}
	w := s.workers.Get().(*worker)
	defer s.workers.Put(w)

	n, now := s.requests.Add(1), s.opts.Now()
	check := w.checker.check(&ctx.Request, now)
	bad := check.state == stateBad || check.state == stateNone && len(s.opts.Secrets) > 0
	status := s.status(n, bad)
	id := w.reader.ID(ctx.Request.Body())
	if len(id) == 0 {
		id = ctx.Request.Header.Peek(receipt.HeaderID)
	}
	s.tally.add(now, len(ctx.Request.Body()), bad, status, id)
	if !s.opts.Count {
		s.print(w, ctx, now, check, status)
	}
	s.wait()
	s.reply(ctx, status, bad, check.err)
}

// status is what request number n is answered: a bad signature is bad whatever the plan.
func (s *Sink) status(n uint64, bad bool) int {
	switch {
	case bad:
		return fasthttp.StatusUnauthorized
	case s.fails.Picks(n):
		return s.opts.Status
	}
	return fasthttp.StatusOK
}

// wait holds an answer back, but not the end.
func (s *Sink) wait() {
	if s.opts.Delay == 0 {
		return
	}
	timer := time.NewTimer(s.opts.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stop:
	}
}

func (s *Sink) reply(ctx *fasthttp.RequestCtx, status int, bad bool, err error) {
	switch {
	case bad:
		answer(ctx, status, err.Error()+"\n")
	case status == fasthttp.StatusOK:
		ctx.SetStatusCode(status)
	default:
		if s.opts.RetryAfter > 0 {
			ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, retryAfter(s.opts.RetryAfter))
		}
		answer(ctx, status, "this sink was started with --status "+strconv.Itoa(status)+"\n")
	}
}

// retryAfter is d in whole seconds, rounded up: a sender must not come too early.
func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

func answer(ctx *fasthttp.RequestCtx, status int, text string) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("text/plain; charset=utf-8")
	if status != fasthttp.StatusNoContent && status != fasthttp.StatusNotModified {
		ctx.SetBodyString(text)
	}
}

// malformed answers what is no HTTP request, or one too large.
func (s *Sink) malformed(ctx *fasthttp.RequestCtx, err error) {
	s.tally.malformed.Add(1)
	status := fasthttp.StatusBadRequest
	switch err := err.(type) {
	case *fasthttp.ErrSmallBuffer:
		status = fasthttp.StatusRequestHeaderFieldsTooLarge
	case interface{ Timeout() bool }:
		if err.Timeout() {
			status = fasthttp.StatusRequestTimeout
		}
	default:
		if err == fasthttp.ErrBodyTooLarge {
			status = fasthttp.StatusRequestEntityTooLarge
		}
	}
	answer(ctx, status, err.Error()+"\n")
}
