package format

import (
	"unicode"
	"unicode/utf8"

	"edgerelay/relay/event"
)

// CloudEvents is an event of CloudEvents 1.0 in structured mode; the request's content type is application/cloudevents+json.
//
//	{"specversion":"1.0","id":"…","source":"/edgerelay/APP","type":"guide.viewed","time":"2021-07-20T17:57:56.000Z",
//	 "subject":"…","datacontenttype":"application/json","data":{"uniqueId":"…","visitorId":"…",…}}
//
// source and id together are the event's identity: the app's configured name, percent-encoded, and uniqueId. time is the
// event's own time to the millisecond. subject is the visitor; without one, and when the specification allows no such text
// in an attribute, it is left out. data is that of Standard.
func CloudEvents(dst []byte, e *event.Event, n event.Note) []byte {
	dst = append(dst, `{"specversion":"1.0","id":`...)
	dst = appendUniqueID(dst, e)
	dst = append(dst, `,"source":"/edgerelay`...)
	dst = appendPathSegment(dst, e.AppName)
	dst = append(dst, `","type":"`...)
	dst = append(dst, e.Kind.Dotted()...)
	dst = append(dst, `","time":`...)
	dst = appendMilliseconds(dst, e)
	if subject := present(e.Visitor); isAttribute(subject) {
		dst = appendMember(dst, `"subject":`, subject)
	}
	dst = append(dst, `,"datacontenttype":"application/json"`...)
	dst = appendData(appendKey(dst, `"data":`), e, n)
	return append(dst, '}')
}

// appendPathSegment is a slash and name as the part of a URI's path; nothing for no name.
func appendPathSegment(dst, name []byte) []byte {
	if len(name) == 0 {
		return dst
	}
	dst = append(dst, '/')
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return dst
}

// isAttribute says whether a JSON string may stand in an attribute, where control characters, lone surrogates and what
// Unicode calls noncharacters may not. Stable JSON writes most of them with a backslash and a letter.
func isAttribute(literal []byte) bool {
	for i := 0; i < len(literal); {
		r, n := utf8.DecodeRune(literal[i:])
		if r == '\\' {
			i++
			r = rune(literal[i])
			if r != '\\' && r != '"' {
				return false
			}
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Noncharacter_Code_Point, r) {
			return false
		}
		i += n
	}
	return true
}
