package intake

import (
	"errors"

	"github.com/valyala/fasthttp"
)

// errBodyWanted ends the serving of a request whose sender waits to be told to send its body.
var errBodyWanted = errors.New("intake: the body is wanted")

// expect answers a sender that asks before it sends its body (Expect: 100-continue, which curl does with a large one): all
// that can be answered without the body is, such as a wrong key, and the connection closed; 100 asks for the body. The
// endpoint itself finds out, by being served up to where it reads the body; it changes nothing before.
//
// The HTTP server sends what it finds in the response with a status that is not 100, though it does not promise to: tests
// hold it to that.
func (s *Server) expect(ctx *fasthttp.RequestCtx) (status int) {
	status = fasthttp.StatusInternalServerError // what rescue answers
	r := s.acquire(ctx)
	defer s.rescue(r)
	r.asks = true
	err := r.serve()
	if errors.Is(err, errBodyWanted) {
		s.release(r)
		return fasthttp.StatusContinue
	}
	s.answer(r, err)
	return ctx.Response.StatusCode()
}
