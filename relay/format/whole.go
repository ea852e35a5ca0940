package format

import "edgerelay/relay/event"

// appendWhole appends all of an event as one object: seed 000's payload with what that leaves out.
func appendWhole(dst []byte, e *event.Event, n event.Note) []byte {
	dst = Pendo(dst, e, n)
	dst = dst[:len(dst)-1]
	if e.Kind == event.VisitorUnsubscribed { // the one payload that has neither of these
		dst = append(append(append(appendKey(dst, `"event":`), '"'), e.Kind.String()...), '"')
		dst = appendUniqueID(appendKey(dst, `"uniqueId":`), e)
	}
	dst = appendMember(dst, `"ip":`, present(e.IP))
	dst = appendMember(dst, `"url":`, present(e.URL))
	return append(dst, '}')
}
