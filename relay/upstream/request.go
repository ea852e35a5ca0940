// Package upstream is the way to the service that the relay stands in front of: what was sent to the relay goes on to it
// as it came.
//
// Most requests only have to arrive there. They are kept in the log as records (AppendRecord, ParseRecord) and printed
// again as HTTP when their turn has come (Base.AppendRequest); whoever sends them knows how to wait and try again. A few
// need an answer, such as the guides for a page. Those are asked for while the sender waits (Live), for a short time at
// most, and not at all while the upstream is known to be down.
//
// It knows HTTP out and the bytes of a request. It knows no app, no event, no log and nobody who waits. Requests and
// Bases are plain data; a Live is safe for concurrent use.
//
// # Record
//
// DO NOT CHANGE what is drawn here: logs on disk hold it. Add tags instead; readers skip the ones they do not know.
//
//	record   +---+-------+-------+---
//	         | 2 | field | field | …      first byte: the kind of the record, see package event
//	         +---+-------+-------+---
//	field    +-----+------------------+-------+
//	         | tag | length (uvarint) | bytes |      an absent field is not there at all
//	         +-----+------------------+-------+
//
//	tag  1 method       2 target         3 body     4 trace, as package trace writes it
//	    16 user agent  17 referer       18 origin   19 content type   20 content encoding   21 accept language
//	    22 forwarded for   23 via
package upstream

import (
	"bytes"

	"github.com/cespare/xxhash/v2"
)

// Request is what somebody sent to the relay, as far as the upstream gets it. Its bytes alias what it was made from.
type Request struct {
	Method []byte // GET or POST
	// Target is path and query in their original bytes, behind the path under which the relay is mounted and the slash
	// that follows it: data/ptm.gif/KEY?v=…
	Target []byte
	Header [headers]Value
	Body   []byte // as it came, with its Content-Encoding not undone
	Trace  []byte // where in a trace it came in, in the form of package trace; nil when nobody traces
}

// Value is a header's value; nil when the header was not there.
type Value []byte

// Header numbers the headers that go on to the upstream. The numbers up to Via are in records: do not change them.
type Header uint8

const (
	UserAgent Header = iota
	Referer
	Origin
	ContentType
	ContentEncoding
	AcceptLanguage
	ForwardedFor // the addresses behind which the sender is, the nearest to the relay last
	Via          // the relays that passed it on, the nearest last; see Base

	// The rest is of no use in a record. For answers:
	AcceptEncoding
	IfNoneMatch

	// Of a trace that goes on with this attempt.
	TraceParent
	TraceState

	headers
	recorded = Via + 1
)

// names are the headers' names, ready to be printed.
var names = [headers]string{
	UserAgent: "User-Agent", Referer: "Referer", Origin: "Origin", ContentType: "Content-Type",
	ContentEncoding: "Content-Encoding", AcceptLanguage: "Accept-Language", ForwardedFor: "X-Forwarded-For",
	Via:            "X-Edgerelay-Via",
	AcceptEncoding: "Accept-Encoding", IfNoneMatch: "If-None-Match",
	TraceParent: "traceparent", TraceState: "tracestate",
}

// String is the header's name.
func (h Header) String() string { return names[h] }

// Set sets a header. A value that could not stand in one is left out: a line break would begin a header of its own.
func (q *Request) Set(h Header, value []byte) {
	if len(value) > 0 && bytes.IndexFunc(value, isControl) < 0 {
		q.Header[h] = value
	}
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// Reset empties q and lets go of what it aliased.
func (q *Request) Reset() { *q = Request{} }

// Identity is what a request and its repetitions have in common, and other requests do not: the endpoint, the key and
// the payload that they carry. What a sender changes when it tries again, such as its clock and a count, is none of it.
// The log remembers these numbers: do not change how they are made.
func Identity(endpoint string, key, payload []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	d.WriteString("upstream")
	d.Write([]byte{0})
	d.WriteString(endpoint)
	d.Write([]byte{0}) // neither an endpoint nor a key of the configuration holds it
	d.Write(key)
	d.Write([]byte{0})
	d.Write(payload)
	return max(d.Sum64(), 1)
}
