package destination

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Outcome is what an attempt means for a delivery.
type Outcome uint8

const (
	Delivered Outcome = iota
	Retry             // later: overload, 5xx, a timeout, no connection
	Final             // trying again would get the same
	Gone              // final, and the destination says that it is no more: the webhook is turned off
	Split             // the batch as a whole was not taken, its parts may be: too large, or one bad event spoils it; of one event: Final
	Off               // the destination refuses the webhook itself (a wrong key): it is turned off, and the events are held for when it is turned on again
)

// String is the outcome's name in metrics and traces.
func (o Outcome) String() string {
	return [...]string{Delivered: "delivered", Retry: "retry", Final: "final", Gone: "gone", Split: "split", Off: "off"}[o]
}

// Verdict is what became of one attempt. It is a value and belongs to who has it.
type Verdict struct {
	Outcome Outcome       // of all entries, except for those of Each
	Status  int           // of the answer; 408 for a timeout (seed 000), 0 when there was no answer
	After   time.Duration // how long the receiver wants to be left alone; 0 when it did not say
	Reason  string        // for people; "" when delivered. It holds no secret
	Ours    bool          // this machine or its network failed, and the receiver is not to blame
	Well    bool          // the destination works and only does not take this event: no failure of the webhook

	// Each is nil when all events of the batch came to the same; else it has a ruling for each, in the order of the batch,
	// and Outcome is what the attempt says about the destination's health: Delivered when some got through.
	Each []Ruling
}

// Ruling is what became of one event of a batch: Delivered, Retry, Final, or Split when it was not taken for the sake of
// others in the batch: it goes out again at once, and this was no attempt of it.
type Ruling struct {
	Outcome Outcome
	After   time.Duration // before the next attempt, at least
	Reason  string
}

// Answer is a reply. What it points to is valid until the judge returns.
type Answer struct {
	Status int
	Header func(name string) string // "" when there is none
	Body   []byte                   // up to 64 KiB; the rest of a longer one is cut off
	Count  int                      // events in the batch
	Item   func(i int) []byte       // what was sent of the batch's event i, as Body.Item wrote it; nil when it is not known any more
	Now    time.Time
}

// fine says that the status is 2xx.
func (a *Answer) fine() bool { return a.Status >= 200 && a.Status < 300 }

// JudgeStatus judges by the status as vendors' APIs mean it: 2xx delivered; 408, 429 and 5xx except 501 later, Retry-After
// obeyed; 401 and 403 are about the webhook's key; 413 and, of a batch, 400 and 422 about the batch as a whole; 410 gone;
// any other final.
func JudgeStatus(a *Answer) Verdict {
	v := Verdict{Outcome: Final, Status: a.Status}
	switch {
	case a.fine():
		return Verdict{Outcome: Delivered, Status: a.Status}
	case a.Status == 408 || a.Status == 429 || a.Status >= 500 && a.Status != 501 && a.Status < 600:
		v.Outcome, v.After = Retry, RetryAfter(a.Header("Retry-After"), a.Now)
	case a.Status == 401 || a.Status == 403:
		v.Outcome = Off
	case a.Status == 410:
		v.Outcome = Gone
	case a.Count > 1 && (a.Status == 400 || a.Status == 413 || a.Status == 422):
		v.Outcome = Split
	}
	v.Reason = StatusText(a.Status)
	if v.Outcome == Off {
		v.Reason += ": the destination refuses the webhook's key"
	}
	return v
}

// StatusText is "404 Not Found".
func StatusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// reasonMax bounds a reason in bytes: it stands in every dead letter.
const reasonMax = 300

// because is a status and what the destination said about it, made fit for a line of text.
func because(status int, said string) string {
	said = strings.Join(strings.FieldsFunc(said, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	text := StatusText(status)
	if said != "" {
		text += ": " + said
	}
	return clip(text)
}

// clip bounds a reason.
func clip(text string) string { return strings.ToValidUTF8(text[:min(len(text), reasonMax)], "") }

// retryAfterMax bounds what a receiver may ask for.
const retryAfterMax = 24 * time.Hour

// RetryAfter reads the header of that name in both its forms, seconds and a date (RFC 9110); 0 when it says nothing.
func RetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range it is the nearest number within
		return time.Duration(min(max(seconds, 0), int64(retryAfterMax/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), retryAfterMax)
	}
	return 0
}
