package intake

import (
	"bytes"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fasthttp"
)

// encoding is how a body is compressed.
type encoding uint8

const (
	identity encoding = iota
	gzipped
	deflated // zlib, as the standard says, or raw, as some send it
	zstandard
	brotlied
	rawDeflated // not sent under a name of its own
	encodings
)

func (e encoding) String() string {
	return [encodings]string{"identity", "gzip", "deflate", "zstd", "br", "deflate"}[e]
}

// encodingOf reads Content-Encoding. Content-Type says nothing reliable about it: one SDK calls gzip a form.
func encodingOf(h *fasthttp.RequestHeader) (encoding, error) {
	name := h.ContentEncoding()
	if len(name) == 0 {
		return identity, nil
	}
	var room [16]byte
	switch string(appendLower(room[:0], bytes.TrimSpace(name))) {
	case "identity", "":
		return identity, nil
	case "gzip", "x-gzip":
		return gzipped, nil
	case "deflate":
		return deflated, nil
	case "zstd":
		return zstandard, nil
	case "br":
		return brotlied, nil
	}
	no := &refusal{status: fasthttp.StatusUnsupportedMediaType, code: "unknown_encoding", field: "Content-Encoding",
		message: "the content encoding is not known; use one of gzip, deflate, zstd and br, or none"}
	if bytes.IndexByte(name, ',') >= 0 {
		no.message = "several content encodings at once are not taken; use one of gzip, deflate, zstd and br"
	}
	return identity, no
}

func appendLower(dst, text []byte) []byte {
	for _, c := range text {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// inflater is a decoder that can be used again.
type inflater interface {
	io.Reader
	Reset(r io.Reader) error
}

// zstdWindowMax is the window that decoders must have by RFC 8878, 3.1.1.1.2; larger ones are refused.
const zstdWindowMax = 8 << 20

// inflaters are pools of decoders: one takes tens of KiB and is worth keeping, but not for each connection.
var inflaters = [encodings]sync.Pool{
	gzipped:     {New: func() any { return inflater(new(gzip.Reader)) }},
	deflated:    {New: func() any { return inflater(new(zlibReader)) }},
	rawDeflated: {New: func() any { return inflater(&flateReader{flate.NewReader(nil)}) }},
	brotlied:    {New: func() any { return inflater(new(brotli.Reader)) }},
	zstandard: {New: func() any {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindowMax))
		if err != nil {
			panic("BUG: intake: " + err.Error())
		}
		return inflater(d)
	}},
}

// zlibReader and flateReader give the two decoders of "deflate" the Reset that the others have.
type zlibReader struct{ io.ReadCloser }

func (z *zlibReader) Reset(r io.Reader) (err error) {
	if z.ReadCloser == nil {
		z.ReadCloser, err = zlib.NewReader(r)
		return err
	}
	return z.ReadCloser.(zlib.Resetter).Reset(r, nil)
}

type flateReader struct{ io.ReadCloser }

func (f *flateReader) Reset(r io.Reader) error { return f.ReadCloser.(flate.Resetter).Reset(r, nil) }

// inflate fills plain from wire.
func (r *request) inflate(how encoding) error {
	err := r.inflateAs(how, r.wire)
	if how == deflated && err != nil && err != errInflatedTooLarge && err != errBodies {
		if r.inflateAs(rawDeflated, r.wire) == nil {
			return nil
		}
	}
	switch err {
	case nil, errBodies:
		return err
	case errInflatedTooLarge:
		return r.bodyTooLarge(" when inflated")
	case io.ErrUnexpectedEOF, io.EOF:
		return badBody("bad_encoding", "the %s body is cut short", how)
	default:
		return badBody("bad_encoding", "the body is not %s, as Content-Encoding says: %v", how, err)
	}
}

// errInflatedTooLarge stops at the limit, however much a small body would inflate to.
var errInflatedTooLarge = tooLarge("inflated")

// inflateAs fills plain from what is deflated.
func (r *request) inflateAs(how encoding, from []byte) (err error) {
	d := inflaters[how].Get().(inflater)
	defer inflaters[how].Put(d)
	r.source.Reset(from)
	if err := d.Reset(&r.source); err != nil {
		return err
	}
	r.plain = r.plain[:0]
	for limit := r.server.opt.BodyMax; ; {
		if r.plain, err = r.extend(r.plain, limit); err != nil {
			return err
		}
		n, err := d.Read(r.plain[len(r.plain):cap(r.plain)])
		r.plain = r.plain[:len(r.plain)+n]
		switch {
		case len(r.plain) > limit:
			return errInflatedTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}
