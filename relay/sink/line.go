package sink

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/event"
	"edgerelay/relay/sink/receipt"
)

// clock is how a line begins, in local time.
const clock = "15:04:05.000"

// The widths of the text columns, in characters; what is longer pushes the rest to the right.
const (
	eventWidth   = 20
	visitorWidth = 20
	idWidth      = 40
	stateWidth   = len(stateUnchecked)
)

// textMax is how much of a foreign text a line shows, in characters.
const textMax = 64

// print writes what there is to say about one delivery.
func (s *Sink) print(w *worker, ctx *fasthttp.RequestCtx, now time.Time, check check, status int) {
	got := w.reader.Read(ctx.Request.Body())
	if len(got.ID) == 0 {
		got.ID = ctx.Request.Header.Peek(receipt.HeaderID)
	}
	attempt := receipt.Attempt(ctx.Request.Header.Peek(receipt.HeaderAttempt))
	if s.opts.JSON {
		w.line = appendObject(w.line[:0], &ctx.Request, now, got, check, attempt, status)
	} else {
		w.line = appendText(w.line[:0], now, got, check, attempt, status)
	}
	s.write(w.line)
}

// appendText is a delivery for people: time, event, visitor, uniqueId, signature, attempt, then what is unusual.
func appendText(dst []byte, now time.Time, got receipt.Receipt, check check, attempt, status int) []byte {
	dst = now.AppendFormat(dst, clock)
	dst = appendColumn(dst, got.Event, eventWidth)
	dst = appendColumn(dst, got.Visitor, visitorWidth)
	dst = appendColumn(dst, got.ID, idWidth)
	dst = appendColumn(dst, []byte(check.state), stateWidth)
	dst = append(dst, "  #"...)
	if attempt == 0 {
		dst = append(dst, '-')
	} else {
		dst = strconv.AppendInt(dst, int64(attempt), 10)
	}
	if status != fasthttp.StatusOK {
		dst = append(dst, "  answered "...)
		dst = strconv.AppendInt(dst, int64(status), 10)
	}
	if check.err != nil && check.state == stateBad {
		dst = append(dst, "  "...)
		dst = append(dst, check.err.Error()...)
	}
	return append(dst, '\n')
}

// appendColumn is text behind two spaces, filled up to width. A text that could be mistaken for something else, or that
// could steer a terminal, is quoted.
func appendColumn(dst, text []byte, width int) []byte {
	dst = append(dst, "  "...)
	start := len(dst)
	switch short, cut := clip(text); {
	case len(text) == 0:
		dst = append(dst, '-')
	case plain(text) && !cut:
		dst = append(dst, text...)
	default:
		dst = strconv.AppendQuote(dst, string(short))
		if cut {
			dst = append(dst, "…"...)
		}
	}
	for n := utf8.RuneCount(dst[start:]); n < width; n++ {
		dst = append(dst, ' ')
	}
	return dst
}

// clip is the first characters of text, and whether there were more.
func clip(text []byte) (short []byte, cut bool) {
	end := 0
	for range textMax {
		if end == len(text) {
			return text, false
		}
		_, n := utf8.DecodeRune(text[end:])
		end += n
	}
	return text[:end], end < len(text)
}

// plain says whether text is printable, without spaces and quotes, and not the dash that stands for nothing.
func plain(text []byte) bool {
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 || r == '"' || r == ' ' || !unicode.IsPrint(r) {
			return false
		}
		rest = rest[n:]
	}
	return string(text) != "-"
}

// appendObject is a delivery for programs, on one line. body is the delivery's JSON as it came, without the white space
// between its parts; what is no JSON is a string.
func appendObject(dst []byte, r *fasthttp.Request, now time.Time, got receipt.Receipt, check check, attempt, status int) []byte {
	text := func(name string, value []byte) {
		dst = append(dst, name...)
		dst = event.AppendString(dst, value)
	}
	dst = append(dst, `{"time":"`...)
	dst = now.AppendFormat(dst, time.RFC3339Nano)
	text(`","event":`, got.Event)
	text(`,"visitor":`, got.Visitor)
	text(`,"uniqueId":`, got.ID)
	text(`,"signature":`, []byte(check.state))
	if check.state == stateOK {
		text(`,"scheme":`, []byte(check.scheme.String()))
	}
	if check.err != nil {
		text(`,"reason":`, []byte(check.err.Error()))
	}
	dst = append(dst, `,"attempt":`...)
	dst = strconv.AppendInt(dst, int64(attempt), 10)
	dst = append(dst, `,"status":`...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	text(`,"path":`, r.RequestURI())
	dst = appendHeaders(dst, r)
	dst = append(dst, `,"body":`...)
	return append(appendBody(dst, r.Body()), "}\n"...)
}

// appendHeaders is the headers by name; of equal names the last.
func appendHeaders(dst []byte, r *fasthttp.Request) []byte {
	headers := map[string]string{}
	for name, value := range r.Header.All() {
		headers[string(name)] = string(value)
	}
	object, err := json.Marshal(headers)
	if err != nil {
		panic("BUG: print headers: " + err.Error())
	}
	return append(append(dst, `,"headers":`...), object...)
}

func appendBody(dst, body []byte) []byte {
	var compact bytes.Buffer
	if !utf8.Valid(body) || json.Compact(&compact, body) != nil {
		return event.AppendString(dst, body)
	}
	return append(dst, compact.Bytes()...)
}
