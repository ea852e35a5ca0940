package format

import (
	"strconv"

	"edgerelay/relay/event"
)

// Datadog makes the encoder of one log of Datadog's logs API. static are members that all logs of a webhook have, such as
// "ddsource" and "service", in JSON and without braces.
//
//	{"ddsource":"edgerelay",…,"message":"Account Upgraded","timestamp":1626804144000,"event_id":"…","evt":{"name":"…"},
//	 "usr":{"id":"…"},"account":"…","network":{"client":{"ip":"…"}},"http":{"url":"…","useragent":"…"},"pendo":{…}}
//
// usr, evt, network and http are Datadog's standard attributes. pendo is the whole event.
func Datadog(static string) Encoder {
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		dst = append(append(dst, '{'), static...)
		dst = appendTitle(appendKey(dst, `"message":`), e)
		if recent(e) {
			dst = strconv.AppendInt(appendKey(dst, `"timestamp":`), e.Time, 10)
		}
		dst = appendUniqueID(appendKey(dst, `"event_id":`), e)
		dst = append(append(appendKey(dst, `"evt":{"name":"`), e.Kind.String()...), `"}`...)
		if present(e.Visitor) != nil {
			dst = append(appendMember(dst, `"usr":{"id":`, e.Visitor), '}')
		}
		dst = appendMember(dst, `"account":`, present(e.Account))
		if present(e.IP) != nil {
			dst = append(appendMember(dst, `"network":{"client":{"ip":`, e.IP), `}}`...)
		}
		if present(e.URL) != nil || present(e.UserAgent) != nil {
			dst = appendMember(appendKey(dst, `"http":{`), `"url":`, present(e.URL))
			dst = append(appendMember(dst, `"useragent":`, present(e.UserAgent)), '}')
		}
		return append(appendWhole(appendKey(dst, `"pendo":`), e, n), '}')
	}
}

// recent says that Datadog will take the event's own time as the log's. It drops logs whose time is more than 18 hours past
// without a word: those that came late get the time of their arrival there, and the others have 12 hours to be delivered in.
func recent(e *event.Event) bool {
	const hour = 60 * 60 * 1000
	return e.Time > e.Received-6*hour && e.Time <= e.Received+hour
}
