package format

import (
	"encoding/hex"
	"time"

	"edgerelay/relay/event"
)

// appendKey is a member's key as it stands, with the comma in front that it needs when the object at dst's end has members
// already. Nothing but an object that was just opened ends with a brace that opens.
func appendKey[T string | []byte](dst []byte, key T) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(dst, key...)
}

// appendField is a member, with the value absent where there is none.
func appendField(dst []byte, key string, value []byte, absent string) []byte {
	return appendValue(appendKey(dst, key), value, absent)
}

// appendMember is a member; nothing where it has no value.
func appendMember(dst []byte, key string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	return append(appendKey(dst, key), value...)
}

// appendValue is value, or absent where there is none.
func appendValue(dst, value []byte, absent string) []byte {
	if len(value) == 0 {
		return append(dst, absent...)
	}
	return append(dst, value...)
}

// appendIDs is a member with those of e's IDs that n selects, nothing when it selects none (seed 000).
func appendIDs(dst []byte, key string, e *event.Event, n event.Note) []byte {
	some := false
	for i, id := range e.IDs {
		switch {
		case !n.Has(i):
			continue
		case some:
			dst = append(dst, ',')
		default:
			dst = append(appendKey(dst, key), '[')
		}
		dst = append(dst, id...)
		some = true
	}
	if some {
		dst = append(dst, ']')
	}
	return dst
}

// eachMember calls f with each member of obj, an object of stable JSON or nil, until f returns false (see event.Members).
func eachMember(obj []byte, f func(key, value []byte) bool) {
	if len(obj) > 0 {
		_ = event.Members(obj, f) // the error, which would be allocated, cannot be
	}
}

// firstID is the first of e's IDs that n selects; nil when it selects none.
func firstID(e *event.Event, n event.Note) []byte {
	for i, id := range e.IDs {
		if n.Has(i) {
			return id
		}
	}
	return nil
}

// present is value, nil when it is an empty text: receivers who need somebody's ID do not take that.
func present(value []byte) []byte {
	if len(value) <= len(`""`) {
		return nil
	}
	return value
}

// appendUniqueID is the event's identity as 40 hex digits, in quotes.
func appendUniqueID(dst []byte, e *event.Event) []byte {
	dst = append(dst, '"')
	dst = hex.AppendEncode(dst, e.UniqueID[:])
	return append(dst, '"')
}

// appendSeconds is the event's time in whole seconds, written out, in quotes.
func appendSeconds(dst []byte, e *event.Event) []byte {
	return time.UnixMilli(e.Time).UTC().AppendFormat(dst, `"2006-01-02T15:04:05Z"`)
}

// appendMilliseconds is the event's time to the millisecond, written out, in quotes.
func appendMilliseconds(dst []byte, e *event.Event) []byte {
	return time.UnixMilli(e.Time).UTC().AppendFormat(dst, `"2006-01-02T15:04:05.000Z"`)
}

// unix is the event's time in whole Unix seconds: those of the second it falls into, also before 1970.
func unix(e *event.Event) int64 { return time.UnixMilli(e.Time).Unix() }
