package intake

import (
	"errors"
	"io"
	"net"

	"github.com/valyala/fasthttp"
)

const (
	// smallBytes is up to where a buffer is kept for the next request and costs nobody's budget. A batch of a hundred
	// events fits; a thousand connections that each once sent 4 MiB must not hold 4 GiB.
	smallBytes = 128 << 10
	// discardMax is how much of a body that nobody wants is read all the same. A connection closed with bytes unread is
	// reset, and the answer lost with it; this much is read so that who sent too much learns why.
	discardMax = 32 << 20
)

// readJSON reads the body and returns it as stable JSON, one whole value.
func (r *request) readJSON() ([]byte, error) {
	body, err := r.readBody()
	if err != nil {
		return nil, err
	}
	return r.parseJSON(body)
}

// parseJSON makes a body stable JSON.
func (r *request) parseJSON(body []byte) (stable []byte, err error) {
	if len(body) == 0 {
		return nil, badBody("empty_body", "the body is empty; send JSON")
	}
	if r.json, err = r.room(r.json, len(body)); err != nil {
		return nil, err
	}
	if r.json, err = r.stable.Append(r.json, body); err != nil {
		return nil, badBody("invalid_json", "the body is not JSON: %v", err)
	}
	return r.json, nil
}

// readBody reads the body and undoes its encoding.
func (r *request) readBody() ([]byte, error) {
	how, err := encodingOf(&r.ctx.Request.Header)
	if err != nil {
		return nil, err
	}
	if err := r.readWire(); err != nil {
		return nil, err
	}
	if how == identity || len(r.wire) == 0 {
		return r.wire, nil
	}
	if err := r.inflate(how); err != nil {
		return nil, err
	}
	return r.plain, nil
}

// readWire reads the body as it comes. The buffer grows with what has arrived, not with what is announced.
func (r *request) readWire() error {
	length, limit := r.ctx.Request.Header.ContentLength(), r.server.opt.BodyMax
	if length > limit {
		return r.bodyTooLarge("")
	}
	if r.asks {
		return errBodyWanted
	}
	stream := r.ctx.RequestBodyStream()
	if stream == nil {
		r.bodyEnded = true
		return nil
	}
	if length < 0 {
		length = limit // of unknown length
	}
	for {
		var err error
		if r.wire, err = r.extend(r.wire, length); err != nil {
			return err
		}
		n, err := stream.Read(r.wire[len(r.wire):cap(r.wire)])
		r.wire = r.wire[:len(r.wire)+n]
		switch {
		case len(r.wire) > limit:
			return r.bodyTooLarge("")
		case err == io.EOF:
			r.bodyEnded = true
			return r.checkLength()
		case err != nil:
			r.ctx.SetConnectionClose()
			r.bodyEnded = true
			return brokenBody(err)
		}
	}
}

// checkLength finds bodies that ended before their announced length: their sender is gone.
func (r *request) checkLength() error {
	if length := r.ctx.Request.Header.ContentLength(); length >= 0 && len(r.wire) != length {
		r.ctx.SetConnectionClose()
		return badBody("cut_short", "the body ends after %d of %d bytes", len(r.wire), length)
	}
	return nil
}

func brokenBody(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &refusal{status: fasthttp.StatusRequestTimeout, code: "timeout", message: "the body did not come in whole within 30 seconds"}
	}
	return badBody("cut_short", "the body cannot be read to its end: %v", err)
}

func (r *request) bodyTooLarge(how string) error {
	return tooLarge("the body is over %d bytes%s; send fewer events at once, or raise body_max", r.server.opt.BodyMax, how)
}

// extend makes room for more behind b, which should not grow beyond most bytes.
func (r *request) extend(b []byte, most int) ([]byte, error) {
	if len(b) < cap(b) {
		return b, nil
	}
	size := max(4<<10, min(2*cap(b), most+1), len(b)+1)
	return r.room(b, size-len(b))
}

// room makes room for n more bytes behind b, within the budget.
func (r *request) room(b []byte, n int) ([]byte, error) {
	size := len(b) + n
	if size <= cap(b) {
		return b, nil
	}
	if size > smallBytes {
		more := int64(size - cap(b))
		if !r.server.bodies.take(more, r.reserved) {
			return b, errBodies
		}
		r.reserved += more
	}
	return append(make([]byte, 0, size), b...), nil
}

// discardBody reads what nobody asked for, so that the answer gets through and the connection can be used again.
func (r *request) discardBody() {
	stream := r.ctx.RequestBodyStream()
	if stream == nil {
		return
	}
	r.wire, _ = r.room(r.wire[:0], 4<<10) // too small to be refused
	for left := discardMax; left > 0; {
		n, err := stream.Read(r.wire[:cap(r.wire)])
		left -= n
		if err == io.EOF {
			return
		}
		if err != nil {
			break
		}
	}
	r.ctx.SetConnectionClose()
}
