package format

import (
	"edgerelay/relay/event"
)

// Segment is a track call of Segment's HTTP API, one item of a batch, with the names of seed 002. Everything is a track
// call, also that a visitor or an account is new or has changed: the seed lists these among the events.
//
//	{"event":"guideSeen","userId":"…","properties":{…},"messageId":"…","timestamp":"2021-07-20T17:57:56.000Z",
//	 "type":"track","context":{"library":{"name":"edgerelay"},"app":{"name":"…"},"groupId":"…","ip":"…","page":{"url":"…"},"userAgent":"…"}}
//
// properties are those of seed 000, where it gives them a layout, else the event's own; timestamp is the event's own time
// to the millisecond; messageId, by which Segment drops repeats, is the event's uniqueId as 40 hex digits. groupId is the
// account. What the event does not have is left out.
//
// Segment refuses a call without userId and anonymousId. What no visitor did has the account for an anonymousId, without one
// the app: the same each time, because Segment bills by the number of people it sees. The library has no version, as the
// body must be the same after an update.
func Segment(dst []byte, e *event.Event, n event.Note) []byte {
	visitor := present(e.Visitor)
	dst = append(dst, `{"event":"`...)
	dst = append(dst, e.Kind.Segment()...)
	dst = append(dst, '"')
	dst = appendMember(dst, `"userId":`, visitor)
	dst = appendPendoProperties(appendKey(dst, `"properties":`), e, n)
	dst = appendUniqueID(appendKey(dst, `"messageId":`), e)
	dst = appendMilliseconds(appendKey(dst, `"timestamp":`), e)
	dst = append(dst, `,"type":"track"`...)
	if visitor == nil {
		dst = appendNobody(appendKey(dst, `"anonymousId":`), e)
	}
	dst = append(dst, `,"context":{"library":{"name":"edgerelay"}`...)
	if name := event.Lookup(e.App, "name"); name != nil {
		dst = append(appendMember(append(dst, `,"app":{`...), `"name":`, name), '}')
	}
	dst = appendMember(dst, `"groupId":`, present(e.Account))
	dst = appendMember(dst, `"ip":`, e.IP)
	if len(e.URL) > 0 {
		dst = append(appendMember(append(dst, `,"page":{`...), `"url":`, e.URL), '}')
	}
	dst = appendMember(dst, `"userAgent":`, e.UserAgent)
	return append(dst, `}}`...)
}

// SegmentCall is Segment for Segment itself, which hands the call on to warehouses and products: U+FFFD stands for half a
// surrogate pair, which UTF-8 cannot hold and they refuse. A receiver of the format has it as the page sent it, so that what
// it prints again is what was signed.
func SegmentCall(dst []byte, e *event.Event, n event.Note) []byte {
	start := len(dst)
	return plainSurrogates(Segment(dst, e, n), start, 1)
}

// appendNobody stands for the visitor of an event that no visitor took part in.
func appendNobody(dst []byte, e *event.Event) []byte {
	if account := present(e.Account); account != nil {
		return append(dst, account...)
	}
	if len(e.AppName) > 0 {
		return event.AppendString(dst, e.AppName)
	}
	return append(dst, `"edgerelay"`...)
}
