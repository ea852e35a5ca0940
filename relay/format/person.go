package format

import (
	"bytes"

	"edgerelay/relay/event"
)

// placeholders are texts that careless pages send in place of a visitor's ID. Mixpanel refuses events that have them as
// distinct_id (its page on importing events lists them), Amplitude those that have most of them and lmy47d, which many phones
// have in common, as user_id or device_id ("HTTP V2 API", invalid IDs), and everywhere else they make one person of many.
var placeholders = [][]byte{
	[]byte("00000000-0000-0000-0000-000000000000"), []byte("anon"), []byte("anonymous"), []byte("nil"), []byte("none"),
	[]byte("null"), []byte("n/a"), []byte("na"), []byte("undefined"), []byte("unknown"), []byte("<nil>"), []byte("0"),
	[]byte("-1"), []byte("true"), []byte("false"), []byte("[]"), []byte("{}"), []byte("lmy47d"),
}

// nobody says of a visitor's or an account's ID, a JSON string, that it names none: it is absent, empty or a placeholder.
func nobody(id []byte) bool {
	text, plain := event.PlainText(id)
	if !plain {
		return false // no placeholder has anything to escape
	}
	return placeholder(text)
}

// placeholder says of a plain text that it names nobody.
func placeholder(text []byte) bool {
	if len(bytes.TrimSpace(text)) == 0 {
		return true
	}
	for _, p := range placeholders {
		if bytes.EqualFold(text, p) {
			return true
		}
	}
	return false
}

// Known says of a visitor's ID, a JSON string, that it is somebody's: neither nobody's nor one that Pendo's agent made up.
func Known(visitor []byte) bool { return !nobody(visitor) && !anonymous(visitor) }

// anonymous says that a visitor's ID is one that Pendo's agent made up for a browser in which nobody has signed in.
func anonymous(visitor []byte) bool { return bytes.HasPrefix(visitor, []byte(`"_PENDO_T_`)) }

// appendDevice appends what an event without a known user is put down to, as a JSON string: the browser of its anonymous
// visitor, else its account, else its app, else the relay: it is never empty, which vendors refuse. An ID has up to
// most characters.
func appendDevice(dst []byte, e *event.Event, most int) []byte {
	switch {
	case !nobody(e.Visitor) || !nobody(e.Account):
		return appendCut(dst, device(e), most)
	case !placeholder(e.AppName):
		return event.AppendString(dst, e.AppName)
	}
	return append(dst, `"edgerelay"`...)
}

// device is what appendDevice appends; an app's name as it is.
func device(e *event.Event) []byte {
	switch {
	case !nobody(e.Visitor):
		return e.Visitor
	case !nobody(e.Account):
		return e.Account
	}
	return e.AppName
}

// past is the event's time in Unix milliseconds, or when it was received where its own cannot be: vendors refuse or move
// what is to come, and what is from before 1971. It is the same on every attempt.
func past(e *event.Event) int64 {
	const year1971 = 365 * 24 * 60 * 60 * 1000
	if e.Received >= year1971 && (e.Time > e.Received || e.Time < year1971) {
		return e.Received
	}
	return e.Time
}
