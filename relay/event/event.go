// Package event holds the one canonical form of something that happened, whatever SDK told it, and the record in which
// the log keeps it.
//
// It knows names, fields, stable JSON and the bytes of a record. It knows no HTTP, no webhook and no log. An Event is
// plain data: safe to read concurrently, to be written by one goroutine. Its byte slices alias what it was made from
// (a request body, a log record) and live as long as that does; nothing here copies unless it says so.
//
// # Stable JSON
//
// All JSON in an Event is stable: the bytes that JavaScript's JSON.stringify(JSON.parse(x)) would print. The documented
// receiver verifies a signature over a body that it parsed and serialised again, so anything less breaks signatures
// (seed 001). Stable.Append makes it, once, at the door; everything behind copies it, and reads it with Members,
// Elements, Lookup and AppendText, which need no scratch and no decoding into maps.
//
// # Record
//
// DO NOT CHANGE what is drawn here: logs on disk hold it. Add tags instead; readers skip the ones they do not know.
//
//	record   +---+-------+-------+---
//	         | 1 | field | field | …      first byte: 1 = event, 2 = raw request on its way upstream
//	         +---+-------+-------+---
//	field    +-----+------------------+-------+
//	         | tag | length (uvarint) | bytes |      an absent field is not there at all
//	         +-----+------------------+-------+
//	head     +------+---------------+----------+--------------+
//	(tag 1)  | kind | unique id, 20 | time, 8  | received, 8  |      little endian; may grow at its end
//	         +------+---------------+----------+--------------+
//
//	tag  2 app name     3 app            4 subscription   5 visitor       6 account      7 user agent
//	     8 ip           9 url           10 id (one each) 11 name         12 source      13 properties
//	    14 trace, as package trace writes it
//	    32 guide id    33 guide name    34 guide step    35 language     36 guide properties
//	    37 nps         38 poll responses
//
// # Note
//
// DO NOT CHANGE: a note stands beside each receiver of an event in the log.
//
//	all IDs, no extra       nothing at all
//	all IDs                 0 | extra
//	some                    1+n (uvarint) | n bytes of bits, bit i%8 of byte i/8 = ID i | extra
package event

// Event is one thing that happened. All JSON in it is stable JSON (see Stable), so encoders copy it as it stands.
// A nil slice means absent.
type Event struct {
	Kind     Kind
	UniqueID [20]byte // printed as 40 hex digits; the same for the same input, on every attempt and after every restart
	Time     int64    // when it happened, Unix milliseconds, corrected for the client's clock where the dialect allows it
	Received int64    // when the relay took it, Unix milliseconds

	AppName      []byte // the app's configured name, plain text
	App          []byte // JSON object: id, name, platform
	Subscription []byte // JSON object: id, name

	Visitor   []byte // JSON string
	Account   []byte // JSON string
	UserAgent []byte // JSON string
	IP        []byte // JSON string
	URL       []byte // JSON string: the page it happened on

	// IDs are the catalog items that the event touches (pages, features, track types, guides), each a JSON string.
	IDs [][]byte

	Name       []byte // JSON string: the track event's own name
	Source     []byte // JSON string: "web", "server"; track events
	Properties []byte // JSON object: eventProperties of pages, features and track events, all of properties for other kinds

	// Trace is where in a trace the event came to be, in the form of package trace; nil when nobody traces. No body shows it.
	Trace []byte

	// Guide is filled for the guide, NPS and poll kinds.
	Guide Guide
}

// Guide is what the guide, NPS and poll kinds carry beside the common fields.
type Guide struct {
	ID            []byte // JSON string
	Name          []byte // JSON string
	StepID        []byte // JSON string
	Language      []byte // JSON string
	Properties    []byte // JSON object: guideProperties as in seed 000
	NPS           []byte // JSON object: rating, reason, source
	PollResponses []byte // JSON array of duration, pollId, pollType, response
}

// Reset empties e for its next use and lets go of everything it aliased. The room of IDs is kept.
func (e *Event) Reset() {
	clear(e.IDs)
	ids := e.IDs[:0]
	*e = Event{IDs: ids}
}
