package intake

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"

	"edgerelay/relay/event"
)

// readAgent reads what the agent sent, and its token: the payload is stable JSON, an object or an array.
//
//	GET  …?v=2.291.4_prod&ct=1795240752336&jzb=eJzNU11r20AQ…[&jwt=…&signingKeyName=…]
//	POST …?v=2.291.4_prod&ct=1795240774235&s=5442            {"events":"eJzNU11r20AQ…"[,"jwt":"…","signingKeyName":"…"]}
func (r *request) readAgent() ([]byte, error) {
	args := r.ctx.QueryArgs()
	packed, token := args.Peek("jzb"), args.Peek("jwt")
	if len(packed) == 0 && r.posted() {
		body, err := r.readObject()
		if err != nil {
			return nil, err
		}
		if text, plain := event.PlainText(filled(event.Lookup(body, "events"))); plain {
			packed = text
		}
		if text, plain := event.PlainText(filled(event.Lookup(body, "jwt"))); plain {
			token = text
		}
	} else if r.app.upstream != nil && r.posted() {
		if err := r.readWire(); err != nil {
			return nil, err
		}
	}
	if len(packed) == 0 {
		return nil, badBody(codeNoEvents, "there are no events; send them in the query's jzb, or as events in the body")
	}
	if err := r.openToken(token); err != nil {
		return nil, err
	}
	r.identify(packed)
	return r.unpack(packed)
}

// codeNoEvents says that there is no payload at all.
const codeNoEvents = "no_events"

// unpack undoes the agent's encoding: JSON, deflated as zlib, in base64url without padding. What comes of it is in
// r.json, whose former content, of which packed may be a part, is given up.
func (r *request) unpack(packed []byte) (payload []byte, err error) {
	if r.packed, err = r.room(r.packed[:0], base64.RawURLEncoding.DecodedLen(len(packed))); err != nil {
		return nil, err
	}
	if r.packed, err = appendBase64(r.packed, packed); err != nil {
		return nil, badBody("bad_jzb", "jzb is not base64url: %v", err)
	}
	return r.inflatePayload()
}

// inflatePayload makes JSON in r.json of what is packed.
func (r *request) inflatePayload() (payload []byte, err error) {
	switch err := r.inflateAs(deflated, r.packed); {
	case err == nil:
	case err == errBodies:
		return nil, err
	case err == errInflatedTooLarge:
		return nil, r.bodyTooLarge(" when inflated")
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, badBody("bad_jzb", "jzb is cut short")
	default:
		return nil, badBody("bad_jzb", "jzb is not zlib: %v", err)
	}
	if r.json, err = r.room(r.json[:0], len(r.plain)); err != nil {
		return nil, err
	}
	if r.json, err = r.stable.Append(r.json, r.plain); err != nil {
		return nil, badBody("invalid_json", "jzb holds no JSON: %v", err)
	}
	if r.json[0] != '{' && r.json[0] != '[' {
		return nil, badBody("invalid_json", "jzb holds neither an object nor an array")
	}
	return r.json, nil
}

// appendBase64 decodes base64url. The agent's own has no padding; proxies and other clients were seen to add it, or to
// use the alphabet of plain base64, whose plus sign a query turns into a space.
func appendBase64(dst, text []byte) ([]byte, error) {
	out, err := base64.RawURLEncoding.AppendDecode(dst, text)
	if err == nil {
		return out, nil
	}
	plain := bytes.Map(func(c rune) rune {
		switch c {
		case '+', ' ':
			return '-'
		case '/':
			return '_'
		}
		return c
	}, bytes.TrimRight(text, "= \r\n"))
	return base64.RawURLEncoding.AppendDecode(dst, plain)
}
