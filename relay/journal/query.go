package journal

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
)

// Query says which entries are wanted. What is empty takes all.
type Query struct {
	// Status is a status such as "503", a class such as "5xx", an outcome such as "retry", or "failed" for all failed
	// attempts. "0" is an attempt without a reply.
	Status   string
	From, To time.Time // From the first on, up to but without the second
	Event    string    // canonical name
	UniqueID string
	Limit    int    // 1 to LimitMax; 0 is LimitDefault
	Cursor   string // goes on where another query ended, or begins with the entry of that ID
}

// Limits of Query.Limit.
const (
	LimitDefault = 100
	LimitMax     = 1000
)

// QueryError says what is wrong with a query: Field is status, limit or cursor, Text says how to put it right.
type QueryError struct{ Field, Text string }

func (e *QueryError) Error() string { return e.Field + ": " + e.Text }

// filter is a query made ready.
type filter struct {
	outcomes byte // bit n: outcome n is wanted
	classes  byte // bit n: statuses of class n are
	status   int  // -1: any
	event    string
	id       string // as a row holds it
	plain    bool   // it is no hash
	from     int64  // milliseconds
	upper    position
	limit    int
}

// compile checks a query. Entries before oldest are never wanted.
func (q *Query) compile(oldest int64) (f *filter, err error) {
	f = &filter{outcomes: 0xff, classes: 0xff, status: -1, event: q.Event, id: q.UniqueID, limit: q.Limit,
		from: oldest, upper: newest(math.MaxInt64)}
	if err := f.setStatus(q.Status); err != nil {
		return nil, err
	}
	switch {
	case q.Limit < 0 || q.Limit > LimitMax:
		return nil, &QueryError{"limit", "must be from 1 to " + strconv.Itoa(LimitMax)}
	case q.Limit == 0:
		f.limit = LimitDefault
	}
	var hash [20]byte
	if f.plain = !isHex(strings.ToLower(q.UniqueID), &hash); !f.plain {
		f.id = string(hash[:])
	}
	if !q.From.IsZero() {
		f.from = max(f.from, q.From.Add(time.Millisecond-1).UnixMilli())
	}
	if !q.To.IsZero() {
		if f.upper = newest(q.To.Add(-1).UnixMilli()); q.To.UnixMilli() < 0 {
			f.from = math.MaxInt64 // nothing is as old
		}
	}
	if q.Cursor != "" {
		at, ok := parseCursor(q.Cursor)
		if !ok {
			return nil, &QueryError{"cursor", "is not one that a page ended with; leave it out to begin anew"}
		}
		if f.upper.newerThan(at) {
			f.upper = at
		}
	}
	return f, nil
}

func (f *filter) setStatus(text string) error {
	switch outcome := Outcome(text); outcome {
	case "":
		return nil
	case "failed":
		f.outcomes = outcomeBit(Retry) | outcomeBit(Dead) | outcomeBit(Gone)
		return nil
	case Delivered, Retry, Dead, Gone, Note:
		f.outcomes = outcomeBit(outcome)
		return nil
	}
	f.outcomes &^= outcomeBit(Note) // which has no status, and not the status 0
	digits, class := strings.CutSuffix(strings.ToLower(text), "xx")
	n, err := strconv.ParseUint(digits, 10, 16)
	switch {
	case err == nil && class && n >= 1 && n <= 5:
		f.classes = 1 << n
	case err == nil && !class && n <= 999:
		f.status, f.classes = int(n), 1<<classOf(int(n))
	default:
		return &QueryError{"status", strconv.Quote(text) + ` is no status; write it like "503", "5xx", "failed", "delivered", "retry", "dead", "gone" or "note"`}
	}
	return nil
}

func outcomeBit(o Outcome) (bit byte) {
	for n, outcome := range outcomes {
		if outcome == o {
			bit = 1 << n
		}
	}
	return bit
}

// kinds are the kinds of stream in which something may be found.
func (f *filter) kinds() (kinds []byte) {
	if f.outcomes&^outcomeBit(Delivered) != 0 {
		kinds = append(kinds, failures)
	}
	if f.outcomes&outcomeBit(Delivered) != 0 {
		kinds = append(kinds, successes)
	}
	return kinds
}

// mayTake says whether a chunk can hold something that is wanted.
func (f *filter) mayTake(k *chunk) bool {
	return k.outcomes&f.outcomes != 0 && k.classes&f.classes != 0 &&
		k.at.ms >= f.from && k.at.ms-k.span <= f.upper.ms
}

func (f *filter) takes(h *head) bool {
	if f.outcomes&(1<<h.outcome) == 0 || f.classes&(1<<classOf(h.status)) == 0 || f.status >= 0 && f.status != h.status {
		return false
	}
	if f.event != "" && f.event != string(h.event) {
		return false
	}
	return f.id == "" || f.id == string(h.id) && f.plain == (h.flags&flagPlainID != 0)
}

// cursor is a position as a text, which also serves as an entry's ID.
func (p position) cursor() string {
	return base64.RawURLEncoding.EncodeToString(p.append(nil))
}

func parseCursor(text string) (position, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return position{}, false
	}
	return parsePosition(b)
}
