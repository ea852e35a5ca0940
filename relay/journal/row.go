package journal

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A row is one entry, without its position. Do not change it: entries on disk are in this form. Numbers are uvarints,
// texts have their length before them, times are microseconds.
//
//	outcome 1 │ flags 1 │ status │ number │ event │ unique id │ webhook │ reason │ size │ timing │ request │ reply │ body
//	timing:   dns │ connect │ tls │ first byte │ total         with flagTimed only
//	request:  count │ (name │ value) each; so is reply
const (
	flagSampled   = 1 << iota
	flagTruncated // of the reply's body
	flagReused    // the connection
	flagTimed     // there is a timing
	flagPlainID   // the unique id is a text; else it is 20 bytes, or none
)

// outcomes are the numbers under which rows hold them; the place in the list must not change.
var outcomes = []Outcome{1: Delivered, 2: Retry, 3: Dead, 4: Gone, 5: Note}

var errDamaged = errors.New("bytes are cut short or damaged")

// appendRow appends an entry, bounded and with its secrets masked.
func appendRow(dst []byte, a *Attempt, names maskNames) []byte {
	secrets := names.secretsOf(a)
	body, truncated := cutBody(a.Body, secrets)
	flags := bitIf(a.Sampled, flagSampled) | bitIf(a.Truncated || truncated, flagTruncated) | bitIf(a.Timing.Reused, flagReused) |
		bitIf(a.Timing != Timing{}, flagTimed)
	var id [20]byte
	plain := a.UniqueID != "" && !isHex(a.UniqueID, &id)
	outcome := slices.Index(outcomes, a.Outcome)
	if outcome < 1 {
		panic(fmt.Sprintf("journal: an entry with the outcome %q, which is none of %q", a.Outcome, outcomes[1:]))
	}
	dst = append(dst, byte(outcome), flags|bitIf(plain, flagPlainID))
	dst = appendInt(dst, a.Status)
	dst = appendInt(dst, a.Number)
	dst = appendText(dst, a.Event, textMax)
	switch {
	case plain:
		dst = appendText(dst, a.UniqueID, textMax)
	case a.UniqueID == "":
		dst = append(dst, 0)
	default:
		dst = append(append(dst, byte(len(id))), id[:]...)
	}
	dst = appendText(dst, a.Webhook, textMax)
	dst = appendText(dst, scrub(a.Reason, secrets), valueMax)
	dst = appendInt(dst, a.Size)
	if flags&flagTimed != 0 {
		t := &a.Timing
		for _, d := range [...]time.Duration{t.DNS, t.Connect, t.TLS, t.FirstByte, t.Total} {
			dst = appendInt(dst, int(d.Microseconds()))
		}
	}
	dst = appendHeaders(dst, a.Request, names, secrets)
	dst = appendHeaders(dst, a.Reply, names, secrets)
	return append(binary.AppendUvarint(dst, uint64(len(body))), body...)
}

func bitIf(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

// isHex says whether a text is 40 lower-case hex digits, and what they spell.
func isHex(text string, id *[20]byte) bool {
	if len(text) != 2*len(id) {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	_, err := hex.Decode(id[:], []byte(text))
	return err == nil
}

func appendInt(dst []byte, n int) []byte { return binary.AppendUvarint(dst, uint64(max(n, 0))) }

// appendText appends a text, or what fits of it and a mark that it was longer.
func appendText(dst []byte, text string, most int) []byte {
	const more = "…"
	if len(text) <= most {
		return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
	}
	cut := wholeRunes([]byte(text[:most-len(more)]))
	dst = binary.AppendUvarint(dst, uint64(len(cut)+len(more)))
	return append(append(dst, cut...), more...)
}

// appendHeaders appends as many headers as may be kept.
func appendHeaders(dst []byte, list []Header, names maskNames, secrets []string) []byte {
	n, size := 0, 0
	for n < len(list) {
		size += min(len(list[n].Name), textMax) + min(len(list[n].Value), valueMax)
		if size > headersMax {
			break
		}
		n++
	}
	dst = appendInt(dst, n)
	for i := range list[:n] {
		h := &list[i]
		value := masked
		if !names.secret(h.Name) {
			value = scrub(h.Value, secrets)
		}
		dst = appendText(appendText(dst, h.Name, textMax), value, valueMax)
	}
	return dst
}

// head is the part of a row that filters look at. Its slices alias the row.
type head struct {
	outcome byte
	flags   byte
	status  int
	number  int
	event   []byte
	id      []byte
	rest    []byte
}

func parseHead(row []byte) (h head, err error) {
	if len(row) < 2 || row[0] == 0 || int(row[0]) >= len(outcomes) {
		return h, errDamaged
	}
	h.outcome, h.flags = row[0], row[1]
	t := taker{rest: row[2:]}
	h.status, h.number = t.int(), t.int()
	h.event, h.id = t.bytes(), t.bytes()
	h.rest = t.rest
	if h.flags&flagPlainID == 0 && len(h.id) != 0 && len(h.id) != 20 {
		return h, errDamaged
	}
	return h, t.err
}

// attempt reads the whole row into an entry, which is the caller's.
func (h *head) attempt() (Attempt, error) {
	a := Attempt{Outcome: outcomes[h.outcome], Status: h.status, Number: h.number, Event: string(h.event),
		Sampled: h.flags&flagSampled != 0, Truncated: h.flags&flagTruncated != 0}
	if a.UniqueID = string(h.id); h.flags&flagPlainID == 0 {
		a.UniqueID = hex.EncodeToString(h.id)
	}
	t := taker{rest: h.rest}
	a.Webhook, a.Reason, a.Size = string(t.bytes()), string(t.bytes()), t.int()
	if h.flags&flagTimed != 0 {
		for _, d := range [...]*time.Duration{&a.Timing.DNS, &a.Timing.Connect, &a.Timing.TLS, &a.Timing.FirstByte, &a.Timing.Total} {
			*d = time.Duration(min(t.int(), int(math.MaxInt64/time.Microsecond))) * time.Microsecond
		}
	}
	a.Timing.Reused = h.flags&flagReused != 0
	a.Request, a.Reply = t.headers(), t.headers()
	a.Body = slices.Clone(t.bytes())
	if t.err == nil && len(t.rest) > 0 {
		t.err = errDamaged
	}
	return a, t.err
}

// taker takes fields off the front of rest. After the first fault it takes nothing more.
type taker struct {
	rest []byte
	err  error
}

func (t *taker) uint() uint64 {
	n, w := binary.Uvarint(t.rest)
	if w <= 0 {
		t.rest, t.err = nil, errDamaged
		return 0
	}
	t.rest = t.rest[w:]
	return n
}

func (t *taker) int() int {
	n := t.uint()
	if n > math.MaxInt64 {
		t.rest, t.err = nil, errDamaged
		return 0
	}
	return int(n)
}

func (t *taker) bytes() []byte {
	n := t.uint()
	if n > uint64(len(t.rest)) {
		t.rest, t.err = nil, errDamaged
		return nil
	}
	field := t.rest[:n:n]
	t.rest = t.rest[n:]
	return field
}

func (t *taker) headers() (list []Header) {
	n := t.uint()
	if n > uint64(len(t.rest)/2) { // each takes two lengths
		t.rest, t.err = nil, errDamaged
		return nil
	}
	if n > 0 {
		list = make([]Header, 0, n)
	}
	for range n {
		list = append(list, Header{Name: string(t.bytes()), Value: string(t.bytes())})
	}
	return list
}
