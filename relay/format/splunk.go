package format

import "edgerelay/relay/event"

// Splunk makes the encoder of one event of Splunk's HTTP Event Collector. static are members that all events of a webhook
// have, such as "source" and "index", in JSON and without braces.
//
//	{"time":1626804144.123,"source":"edgerelay",…,"event":{…},"fields":{"unique_id":"…"}}
//
// event is the whole event; fields are indexed: repeats are found by unique_id.
func Splunk(static string) Encoder {
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		dst = event.AppendNumber(append(dst, `{"time":`...), float64(e.Time)/1000)
		if static != "" {
			dst = appendKey(dst, static)
		}
		dst = appendWhole(appendKey(dst, `"event":`), e, n)
		dst = appendUniqueID(appendKey(dst, `"fields":{"unique_id":`), e)
		return append(dst, `}}`...)
	}
}
