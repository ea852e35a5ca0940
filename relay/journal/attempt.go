package journal

import "time"

// Outcome is what an entry says came of an attempt.
type Outcome string

// The outcomes. A Note is no attempt: it tells what happened to a webhook.
const (
	Delivered Outcome = "delivered" // 2xx
	Retry     Outcome = "retry"     // it failed and another attempt follows
	Dead      Outcome = "dead"      // it failed and was the last: the delivery is a dead letter
	Gone      Outcome = "gone"      // 410: the same, and the webhook was turned off
	Note      Outcome = "note"
)

// Failed says whether the outcome is that of a failed attempt.
func (o Outcome) Failed() bool { return o == Retry || o == Dead || o == Gone }

// Attempt is one entry of the attempt log. As JSON it is what the admin API answers; see MarshalJSON.
type Attempt struct {
	ID    string // names the entry among all; List and Errors set it
	Queue uint32 // the webhook's number in the log; List and Errors set it

	Time     time.Time // when the attempt ended; kept in milliseconds
	Webhook  string    // its name at that time
	UniqueID string    // of the event, 40 hex digits
	Event    string    // canonical name
	Number   int       // of the attempt, from 1
	Outcome  Outcome
	Status   int    // of the reply; 408 for a timeout, 0 when there was none
	Reason   string // for people; "" when delivered
	Size     int    // of the request's body, in bytes

	Request   []Header // as sent, with secrets masked
	Reply     []Header // secrets masked too
	Body      []byte   // the first BodyMax bytes of the reply's body
	Truncated bool     // the reply's body was longer
	Timing    Timing
	Secrets   []string // texts to be masked in all of this, the longest first; not kept
	Sampled   bool     // a success that was kept by the share of successes to keep
}

// Header is one header of a request or a reply.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Timing says where an attempt's time went. What a kept connection or an early failure spared is 0.
type Timing struct {
	DNS       time.Duration // name look-up
	Connect   time.Duration // TCP
	TLS       time.Duration // handshake
	FirstByte time.Duration // from the request's first byte out to the reply's first byte in
	Total     time.Duration // all of the attempt, with the reading of the reply
	Reused    bool          // the connection was there already
}

// Limits of what an entry keeps, in bytes. Longer texts are cut.
const (
	BodyMax = 4 << 10 // of a reply's body

	headersMax = 8 << 10 // names and values of a request or a reply
	valueMax   = 1 << 10 // of one header, and of a reason
	textMax    = 256     // of any other text
)
