package deliver

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/destination"
	"edgerelay/relay/hook"
	"edgerelay/wal"
)

const attemptHeader = "X-Edgerelay-Attempt"

// bufferKeep is the largest buffer, in bytes, that a lane keeps for its next delivery. A lane has two: with 16 lanes, a
// webhook of large events keeps 4 MiB while it is busy, and nothing when it is idle.
const bufferKeep = 128 << 10

// appendHead appends what all requests of a webhook begin with: the request line and the headers that never change. The
// webhook's own headers go before the plan's and ours of the same name.
func appendHead(dst []byte, w *hook.Webhook, userAgent string) []byte {
	return appendHeadTo(dst, w, userAgent, requestURI(w.Target))
}

// appendHeadTo is appendHead for one path and query, without the headers that a template makes.
func appendHeadTo(dst []byte, w *hook.Webhook, userAgent, uri string) []byte {
	dst = appendStart(dst, cmp.Or(w.Plan.Method, "POST"), w, uri)
	return appendHeaders(dst, w, append([]destination.Header{{Name: "User-Agent", Value: userAgent}}, w.Plan.Header...))
}

// appendStart appends the request line and the host.
func appendStart(dst []byte, method string, w *hook.Webhook, uri string) []byte {
	host, _, zoned := strings.Cut(w.Target.Host, "%") // a zone means something to this machine only
	if zoned {
		host += w.Target.Host[strings.IndexByte(w.Target.Host, ']'):]
	}
	dst = append(append(dst, method...), ' ')
	dst = appendEscaped(dst, uri)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	dst = append(dst, host...)
	return append(dst, "\r\n"...)
}

// appendHeaders appends headers of ours and then the webhook's own, which go before ours of the same name.
func appendHeaders(dst []byte, w *hook.Webhook, ours []destination.Header) []byte {
	for _, h := range ours {
		if !slices.ContainsFunc(w.Header, func(own hook.Header) bool { return strings.EqualFold(own.Name, h.Name) }) {
			dst = appendField(dst, h.Name, h.Value)
		}
	}
	for _, h := range w.Header {
		if t := w.Plan.Template; t == nil || !t.Makes(h.Name) {
			dst = appendField(dst, h.Name, h.Value)
		}
	}
	return dst
}

// requestURI is a URL's path and query, as near to what was configured as can be: RawPath holds what url.URL would write
// in another way.
func requestURI(u *url.URL) string {
	path := cmp.Or(u.RawPath, u.EscapedPath(), "/")
	if u.RawQuery != "" || u.ForceQuery {
		path += "?" + u.RawQuery
	}
	return path
}

// appendEscaped appends a path and query; what may not stand in a request line, such as a space in a query as it was
// configured, is escaped.
func appendEscaped(dst []byte, uri string) []byte {
	for _, c := range []byte(uri) {
		if c <= ' ' || c >= 0x7f {
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

func appendField[T string | []byte](dst []byte, name string, value T) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// encode builds the request of an entry's next attempt in l.wire, signed at the given time. It allocates nothing once
// the buffers have grown. An error means that this program cannot make a body of the record: no retry will help.
func (l *lane) encode(e *wal.Entry, at time.Time) error {
	l.beginBody(bufferKeep)
	if cap(l.wire) > bufferKeep {
		l.wire = nil
	}
	if err := l.addItem(e); err != nil {
		return err
	}
	l.endBody()
	if err := l.beginWire(); err != nil {
		return err
	}
	l.seal(e, at)
	return nil
}

// beginWire puts what all requests of the webhook begin with into l.wire, or what a template makes for the event in hand.
func (l *lane) beginWire() (err error) {
	s := l.sender
	t := s.hook.Plan.Template
	if t == nil {
		l.wire = append(l.wire[:0], s.head...)
		return nil
	}
	if l.uri, err = t.AppendURI(l.uri[:0], &l.env); err != nil {
		return fmt.Errorf("make the url: %w", err)
	}
	l.wire = appendHeadTo(l.wire[:0], s.hook, s.opt.UserAgent, string(l.uri))
	for i := range t.Header {
		h := &t.Header[i]
		l.wire = append(append(l.wire, h.Name...), ": "...)
		if l.wire, err = h.Append(l.wire, &l.env); err != nil {
			return fmt.Errorf("make the header %s: %w", h.Name, err)
		}
		l.wire = append(l.wire, "\r\n"...)
	}
	return nil
}

// seal puts the rest of the request into l.wire, of the body and of what the first of its entries says.
func (l *lane) seal(e *wal.Entry, at time.Time) {
	l.wire = append(l.wire, attemptHeader+": "...)
	l.wire = strconv.AppendInt(l.wire, int64(e.Attempts)+1, 10)
	l.wire = append(l.wire, "\r\n"...)
	if l.sender.opt.Tracer != nil {
		l.startSpan(e, l.event.Trace, at)
		l.wire = l.appendTrace(l.wire)
	}
	if l.signer != nil {
		hex.Encode(l.id[:], l.event.UniqueID[:])
		for _, h := range l.signer.Sign(l.id[:], at, l.body) {
			l.wire = appendField(l.wire, h.Name, h.Value)
		}
	}
	body := l.body
	if l.sender.hook.Plan.Gzip {
		body = l.squeeze(body)
		l.wire = appendField(l.wire, "Content-Encoding", "gzip")
	}
	l.wire = append(l.wire, "Content-Length: "...)
	l.wire = strconv.AppendInt(l.wire, int64(len(body)), 10)
	l.wire = append(l.wire, "\r\n\r\n"...)
	l.wire = append(l.wire, body...)
}
