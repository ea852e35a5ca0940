package format

import (
	"bytes"
	"html"

	"edgerelay/relay/event"
)

// ProductboardOptions say how notes are filed.
type ProductboardOptions struct {
	Tags     []string
	Owner    string // a maker's mail address; "" for nobody
	Customer bool   // the note belongs to the user with the visitor's mail address, who must be there already
}

// Productboard makes the encoder of one note (version 2 of the API).
//
//	{"data":{"type":"textNote","fields":{"name":"NPS response 9: Quarterly NPS - a@b.c","content":"<p>…</p><ul>…</ul>","tags":[{"name":"pendo"}]},
//	 "metadata":{"source":{"system":"edgerelay","recordId":"ccb0…"}},
//	 "relationships":[{"type":"customer","target":{"type":"user","email":"a@b.c"}}]}}
//
// The content is HTML: a list of what the event says. recordId is the uniqueId. The relationship is that of Productboard's
// page on creating notes, as segevsh/w6w-apps has it too, which was held against its OpenAPI document.
func Productboard(o ProductboardOptions) Encoder {
	var filed []byte
	for i, tag := range o.Tags {
		if filed = append(filed, `,{"name":`...); i == 0 {
			filed = []byte(`,"tags":[{"name":`)
		}
		filed = append(event.AppendString(filed, tag), '}')
	}
	if len(o.Tags) > 0 {
		filed = append(filed, ']')
	}
	if o.Owner != "" {
		filed = event.AppendString(append(filed, `,"owner":{"email":`...), o.Owner)
		filed = append(filed, '}')
	}
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		dst = append(dst, `{"data":{"type":"textNote","fields":{"name":`...)
		start := len(dst)
		dst = quoteText(appendSummary(dst, e, n, summaryMax), start)
		dst = append(dst, `,"content":`...)
		start = len(dst)
		dst = quoteText(appendHTML(dst, e, n), start)
		dst = append(dst, filed...)
		dst = append(dst, `},"metadata":{"source":{"system":"edgerelay","recordId":`...)
		dst = append(appendUniqueID(dst, e), `}}`...)
		if mail := mailOf(e); o.Customer && mail != nil {
			dst = append(dst, `,"relationships":[{"type":"customer","target":{"type":"user","email":`...)
			dst = append(append(dst, mail...), `}}]`...)
		}
		return append(dst, `}}`...)
	}
}

// appendHTML is an event as HTML: its time and kind in a paragraph, and a list of its facts, escaped. Productboard strips the
// tags that its page on rich text does not list, <br> among them, so that lines of a text are paragraphs.
func appendHTML(dst []byte, e *event.Event, n event.Note) []byte {
	start := len(dst)
	dst = append(appendWhen(append(dst, `<p>`...), e), `</p>`...)
	next, last := `<ul><li>`, ``
	facts(e, n, func(name, text []byte) {
		if text = bytes.TrimSpace(text); len(text) == 0 || len(dst)-start > factsEnd {
			return
		}
		lines := bytes.SplitN(cutText(bytes.Clone(text), 0, factMax), []byte{'\n'}, factRows)
		open, end := ``, ``
		if len(lines) > 1 {
			open, end = `<p>`, `</p>`
		}
		dst = append(append(append(dst, next...), open...), `<b>`...)
		dst = append(dst, html.EscapeString(string(cutText(oneLine(appendLabel(nil, name), 0), 0, factName)))...)
		dst = append(dst, `:</b> `...)
		for i, line := range lines {
			if i > 0 {
				dst = append(append(dst, end...), open...)
			}
			dst = append(dst, html.EscapeString(string(bytes.TrimSpace(oneLine(line, 0))))...)
		}
		dst = append(append(dst, end...), `</li>`...)
		next, last = `<li>`, `</ul>`
	})
	return append(dst, last...)
}
