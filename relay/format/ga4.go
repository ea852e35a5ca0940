package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"edgerelay/relay/event"
)

// GA4 is one event of Google Analytics' Measurement Protocol for a web stream, which is a whole request, for a request is
// about one user:
//
//	{"client_id":"1234567890.987654321","user_id":"…","timestamp_micros":1626804144000000,"user_properties":{…},
//	 "ip_override":"…","user_agent":"…","events":[{"name":"account_upgraded","params":{"session_id":"…","engagement_time_msec":1,…}}]}
//
// client_id is the event's own property of that name, for sites that send their tag's along; else two numbers made of the
// visitor's ID, always the same ones. session_id is the start of the half hour that the event falls into, in Unix seconds:
// Google wants to have one, and the relay does not know of sessions. Without the visitor's user_agent Google would take the
// device from what a tag told of the client, which there is none of when the relay has made the client up ("Measurement Protocol
// reference", device information). Nothing there recognises repeats; event_id is
// uniqueId, for those who look for them in an export. Google forbids data that identify a person, and takes flat values
// only: nested properties are left out, metadata among them.
func GA4(dst []byte, e *event.Event, n event.Note) []byte {
	return appendGA4(dst, e, n, &webStream)
}

// GA4App is GA4 for an app stream, whose events are of an instance of the app: app_instance_id is the event's own property
// of that name, else 32 hex digits made of the visitor's ID. Its events may have names that are reserved on the web only.
func GA4App(dst []byte, e *event.Event, n event.Note) []byte {
	return appendGA4(dst, e, n, &appStream)
}

// ga4Session is how long the sessions are that the relay makes up, in milliseconds.
const ga4Session = 30 * 60 * 1000

// ga4Stream is what differs between the kinds of data streams.
type ga4Stream struct {
	open     string // what a body begins with
	client   string // the property with the ID of the tag's client, or the app's instance
	appendID func(dst []byte, id [sha256.Size]byte) []byte
	events   *naming
}

var (
	webStream = ga4Stream{`{"client_id":"`, "client_id", appendClientID, &webEvents}
	appStream = ga4Stream{`{"app_instance_id":"`, "app_instance_id", appendInstanceID, &appEvents}
)

func appendGA4(dst []byte, e *event.Event, n event.Note, s *ga4Stream) []byte {
	dst = append(dst, s.open...)
	if own := ownProperty(e, s.client); ga4Client(own) {
		dst = append(dst, own[1:len(own)-1]...)
	} else {
		dst = s.appendID(dst, sha256.Sum256(device(e)))
	}
	dst = append(dst, '"')
	if Known(e.Visitor) {
		dst = appendCut(appendKey(dst, `"user_id":`), e.Visitor, 256)
	}
	at := past(e)
	dst = strconv.AppendInt(appendKey(dst, `"timestamp_micros":`), at, 10)
	if at != 0 {
		dst = append(dst, `000`...) // no product of the two that could be too large
	}
	if !nobody(e.Account) {
		dst = append(appendCut(appendKey(dst, `"user_properties":{"account_id":{"value":`), e.Account, 36), `}}`...)
	}
	dst = appendMember(dst, `"ip_override":`, present(e.IP))
	if agent := present(e.UserAgent); agent != nil {
		dst = appendCut(appendKey(dst, `"user_agent":`), agent, ga4AgentMax)
	}
	dst = appendGA4Name(appendKey(dst, `"events":[{"name":`), e, s.events)
	dst = append(dst, `,"params":`...)
	p := ga4Params{start: len(dst), left: ga4ParamsMax - 3}
	dst = append(dst, `{"session_id":"`...)
	dst = strconv.AppendInt(dst, at/ga4Session*ga4Session/1000, 10)
	dst = append(dst, `","engagement_time_msec":1,"event_id":`...)
	dst = appendUniqueID(dst, e)
	return append(p.append(dst, e, n), `}}]}`...)
}

// ownProperty is a property of the event's own; nil when it has none of that name.
func ownProperty(e *event.Event, name string) []byte {
	if len(e.Properties) <= len(`{}`) {
		return nil
	}
	return event.Lookup(e.Properties, name)
}

// ga4Client says that a property can be the ID of a tag's client or of an app's instance: up to 64 digits, letters, dots
// and dashes.
func ga4Client(literal []byte) bool {
	text, plain := event.PlainText(literal)
	if !plain || len(text) == len(literal) || len(text) == 0 || len(text) > 64 {
		return false
	}
	for _, c := range text {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '.' || c == '-') {
			return false
		}
	}
	return true
}

// appendClientID appends two positive numbers of up to ten digits, the form that Google's own tag has and its reference asks
// for.
func appendClientID(dst []byte, id [sha256.Size]byte) []byte {
	dst = strconv.AppendUint(dst, uint64(max(binary.BigEndian.Uint32(id[:4]), 1)), 10)
	dst = append(dst, '.')
	return strconv.AppendUint(dst, uint64(max(binary.BigEndian.Uint32(id[4:8]), 1)), 10)
}

func appendInstanceID(dst []byte, id [sha256.Size]byte) []byte { return hex.AppendEncode(dst, id[:16]) }

// appendGA4Name appends what the event is called: a track event's own name as a name that Google takes, else its kind's.
func appendGA4Name(dst []byte, e *event.Event, names *naming) []byte {
	if e.Kind == event.TrackEventReceived && present(e.Name) != nil {
		return appendSnake(dst, e.Name, names)
	}
	var room [2 * ga4NameMax]byte
	return appendSnake(dst, appendTitle(room[:0], e), names)
}

// The limits of an event (Google's page "Send Measurement Protocol events", "Limitations").
const (
	ga4ParamsMax = 25
	ga4NameMax   = 40
	ga4ValueMax  = 100
	ga4PageMax   = 1000 // of page_location
	ga4AgentMax  = 1000 // of user_agent, which browsers keep far below
)

// ga4Params writes an event's parameters.
type ga4Params struct {
	start int // of what is written in dst
	left  int // how many more there may be
}

// append appends the parameters behind those that are there: what Pendo's events have, then the event's own, as long as there
// is room.
func (p *ga4Params) append(dst []byte, e *event.Event, n event.Note) []byte {
	dst = p.appendText(dst, `"page_location":`, e.URL, ga4PageMax)
	dst = p.appendText(dst, `"account_id":`, e.Account, ga4ValueMax)
	dst = p.appendText(dst, `"item":`, firstID(e, n), ga4ValueMax)
	if g := &e.Guide; len(g.ID) > 0 {
		dst = p.appendText(dst, `"guide_name":`, g.Name, ga4ValueMax)
		dst = p.appendText(dst, `"guide_step":`, g.StepID, ga4ValueMax)
		dst = p.appendText(dst, `"guide_language":`, g.Language, ga4ValueMax)
		if len(g.NPS) > 0 {
			dst = p.appendText(dst, `"nps_rating":`, event.Lookup(g.NPS, "rating"), ga4ValueMax)
		}
		dst = p.appendResponses(dst, g.PollResponses)
	}
	if len(e.Properties) > len(`{}`) {
		_ = event.Members(e.Properties, func(key, value []byte) bool {
			if name := string(key); name != `"client_id"` && name != `"app_instance_id"` {
				dst = p.appendOwn(dst, key, value)
			}
			return p.left > 0
		})
	}
	return dst
}

// appendResponses appends the answers to a poll's questions, each by its number.
func (p *ga4Params) appendResponses(dst, responses []byte) []byte {
	if len(responses) == 0 {
		return dst
	}
	n := int64(0)
	_ = event.Elements(responses, func(one []byte) bool {
		if n++; len(one) == 0 || one[0] != '{' {
			return true
		}
		var room [32]byte
		key := append(strconv.AppendInt(append(room[:0], `"poll_response_`...), n, 10), `":`...)
		if value := event.Lookup(one, "response"); flat(value) && p.left > 0 {
			p.left--
			dst = appendParam(append(append(dst, ','), key...), value, ga4ValueMax)
		}
		return p.left > 0
	})
	return dst
}

// appendText appends a parameter that has a value. There is room for all that are appended so.
func (p *ga4Params) appendText(dst []byte, key string, value []byte, most int) []byte {
	if !flat(value) {
		return dst
	}
	p.left--
	return appendParam(appendKey(dst, key), value, most)
}

// appendOwn appends a property of the event's own, unless its value is nested or there is one of its name.
func (p *ga4Params) appendOwn(dst, key, value []byte) []byte {
	if !flat(value) || p.left == 0 {
		return dst
	}
	before := len(dst)
	dst = append(dst, ',')
	dst = append(appendSnake(dst, key, &params), ':')
	if bytes.Contains(dst[p.start:before], dst[before+1:]) { // a quote within a value is escaped, so only a name can be this
		return dst[:before]
	}
	p.left--
	return appendParam(dst, value, ga4ValueMax)
}

// flat says that a value is a text that says something, a number or a truth.
func flat(value []byte) bool {
	return len(value) > 0 && value[0] != '{' && value[0] != '[' && value[0] != 'n' && string(value) != `""`
}

// appendParam appends a flat value: a text, cut, or a number. A truth becomes a text, for parameters are one or the other.
func appendParam(dst, value []byte, most int) []byte {
	if value[0] == 't' || value[0] == 'f' {
		return append(append(append(dst, '"'), value...), '"')
	}
	return appendCut(dst, value, most)
}
