package format

import (
	"edgerelay/relay/event"
)

// SalesforceOptions name an object and its fields. A field without a name is left out.
type SalesforceOptions struct {
	Object                                          string
	EventID, Event, Visitor, Account, Time, Payload string
}

// salesforceText is the longest that a field of the type Text can be made.
const salesforceText = 255

// Salesforce makes the encoder of one record in a request to sObject Collections.
//
//	{"attributes":{"type":"Pendo_Event__e"},"Event_Id__c":"75c3…","Event__c":"trackEventReceived","Visitor_Id__c":"a@b.c",
//	 "Account_Id__c":"Acme","Occurred_At__c":"2021-07-20T18:02:24.000Z","Payload__c":"{\"app\":{…},…}"}
//
// The payload is the event in the format pendo, as a text. IDs are cut to what a Text field holds, for Salesforce refuses a
// record with more (STRING_TOO_LONG).
func Salesforce(o SalesforceOptions) Encoder {
	head := event.AppendString([]byte(`{"attributes":{"type":`), o.Object)
	head = append(head, '}')
	key := func(name string) string {
		if name == "" {
			return ""
		}
		return string(event.AppendString(nil, name)) + ":"
	}
	id, name, visitor, account, at, payload := key(o.EventID), key(o.Event), key(o.Visitor), key(o.Account), key(o.Time), key(o.Payload)
	return func(dst []byte, e *event.Event, n event.Note) []byte {
		dst = append(dst, head...)
		if id != "" {
			dst = appendUniqueID(appendKey(dst, id), e)
		}
		if name != "" {
			dst = append(appendKey(dst, name), '"')
			dst = append(append(dst, e.Kind.String()...), '"')
		}
		if visitor != "" {
			dst = appendShort(dst, visitor, present(e.Visitor), salesforceText)
		}
		if account != "" {
			dst = appendShort(dst, account, present(e.Account), salesforceText)
		}
		if at != "" {
			dst = appendMilliseconds(appendKey(dst, at), e)
		}
		if payload != "" {
			dst = appendKey(dst, payload)
			start := len(dst)
			dst = quoteText(Pendo(dst, e, n), start)
			dst = plainSurrogates(dst, start, 2)
		}
		return append(dst, '}')
	}
}

// appendShort is appendMember for a text of at most most UTF-16 units.
func appendShort(dst []byte, key string, value []byte, most int) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = appendKey(dst, key)
	start := len(dst)
	return quoteText(cutText(event.AppendText(dst, value), start, most), start)
}
