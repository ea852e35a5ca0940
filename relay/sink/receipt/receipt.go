// Package receipt is what a receiver makes of a delivery: what the request says about itself, and which share of
// requests a receiver that plays a broken one turns away.
//
// It knows the bodies of all formats and the headers that relays send. It knows no HTTP server and checks no signature;
// the sink and the console's request inspector do both in their own ways. A Reader belongs to one goroutine, everything
// else is safe concurrently.
package receipt

import (
	"strconv"

	"edgerelay/relay/event"
)

// The headers that carry what the body may leave out.
const (
	// HeaderAttempt numbers the attempts of one delivery, from 1.
	HeaderAttempt = "X-Edgerelay-Attempt"
	// HeaderID is Standard Webhooks' name for the uniqueId, for bodies that have none.
	HeaderID = "Webhook-Id"
)

// Receipt is what the body of one delivery says about itself, as plain text; nil is what it does not say. The slices
// belong to the Reader and are valid until its next use.
type Receipt struct {
	Event   []byte // the event's name as the format spells it
	Visitor []byte
	ID      []byte // the uniqueId, whatever the format calls it
}

// Reader reads receipts. The zero value is ready. It holds scratch that each Read reuses: one goroutine at a time. A body
// in stable JSON, as relays send it, costs no allocation once the scratch has grown.
type Reader struct {
	stable event.Stable
	body   []byte // a foreign body, made stable
	text   []byte // what Receipts point into
	found  fields
}

// Read finds out what body says. Any bytes will do: what is no JSON object says nothing.
func (r *Reader) Read(body []byte) Receipt {
	r.found = fields{}
	if !r.found.collect(body) {
		r.found = fields{}
		stable, err := r.stable.Append(r.body[:0], body)
		r.body = stable
		if err != nil || !r.found.collect(stable) {
			return Receipt{}
		}
	}
	r.text = r.text[:0]
	return Receipt{Event: r.plain(&r.found.event), Visitor: r.plain(&r.found.visitor), ID: r.plain(&r.found.id)}
}

// idTail is how a body of the pendo format ends, and idDigits what stands before the closing quote and bracket.
const (
	idTail   = `,"uniqueId":"`
	idDigits = 40
)

// ID is Read's ID alone, for who counts. A body of the pendo format has it at its very end, where it is found without
// looking at the rest: as a comma stands before the quote of the name and a colon before that of the digits, neither quote
// is an escaped one, so in valid JSON both open strings, and the object that ends behind them is the body.
func (r *Reader) ID(body []byte) []byte {
	if start := len(body) - idDigits - len(`"}`); start > len(idTail) && string(body[len(body)-2:]) == `"}` {
		digits := body[start : start+idDigits]
		if string(body[start-len(idTail):start]) == idTail && isHex(digits) {
			return digits
		}
	}
	return r.Read(body).ID
}

func isHex(digits []byte) bool {
	for _, c := range digits {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// plain is the text of a JSON string, or a number as it is printed. When text grows, slices of the old one stay whole.
func (r *Reader) plain(f *field) []byte {
	if len(f.value) == 0 {
		return nil
	}
	start := len(r.text)
	switch c := f.value[0]; {
	case c == '"':
		r.text = event.AppendText(r.text, f.value)
	case c == '-' || c >= '0' && c <= '9':
		r.text = append(r.text, f.value...)
	default:
		return nil
	}
	return r.text[start:len(r.text):len(r.text)]
}

// attemptMax bounds what a header may claim.
const attemptMax = 1_000_000

// Attempt is the number in a HeaderAttempt's value, 0 when there is none.
func Attempt(value []byte) int {
	if len(value) > len("1000000") {
		return 0
	}
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 0 || n > attemptMax {
		return 0
	}
	return n
}
