package format

import (
	"edgerelay/relay/event"
)

// Standard is a payload as the Standard Webhooks specification advises: what happened, when, and the rest (see appendData).
//
//	{"type":"guide.viewed","timestamp":"2021-07-20T17:57:56Z","data":{"uniqueId":"…","visitorId":"…",…}}
//
// type is a dotted name of letters, digits and underscores; timestamp is the event's own time in whole seconds.
func Standard(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, e.Kind.Dotted()...)
	dst = append(dst, `","timestamp":`...)
	dst = appendSeconds(dst, e)
	dst = appendData(appendKey(dst, `"data":`), e, n)
	return append(dst, '}')
}
