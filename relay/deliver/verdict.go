package deliver

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// Outcome is what an attempt means for its delivery.
type Outcome uint8

const (
	Delivered Outcome = iota // 2xx
	Retry                    // 429, 5xx, timeout, no connection
	Final                    // any other answer: trying again would get the same
	Gone                     // 410: final, and the webhook is turned off
)

// String is the outcome's name in metrics and traces.
func (o Outcome) String() string {
	return [...]string{Delivered: "delivered", Retry: "retry", Final: "final", Gone: "gone"}[o]
}

// Verdict is what became of one attempt. It is a value and belongs to who has it.
type Verdict struct {
	Outcome Outcome
	Status  int           // of the answer; 408 for a timeout (seed 000), 0 when there was no answer
	After   time.Duration // the receiver's Retry-After, 0 when it gave none
	Reason  string        // for people; "" when delivered
	Ours    bool          // this machine or its network failed, and the receiver is not to blame
}

// retryAfterMax bounds what a receiver may ask for.
const retryAfterMax = 24 * time.Hour

// judge turns an attempt's reply, or its error when there was none, into a verdict. It allocates only when the attempt
// failed.
func judge(r *fasthttp.Response, err error, now time.Time) Verdict {
	if err != nil {
		return judgeError(err)
	}
	status := r.StatusCode()
	if status >= 200 && status < 300 {
		return Verdict{Outcome: Delivered, Status: status}
	}
	v := Verdict{Outcome: Final, Status: status, Reason: statusText(status)}
	switch {
	case status == fasthttp.StatusTooManyRequests || status >= 500 && status < 600:
		v.Outcome = Retry
		v.After = retryAfter(string(r.Header.Peek(fasthttp.HeaderRetryAfter)), now)
	case status == fasthttp.StatusGone:
		v.Outcome = Gone
	case status >= 300 && status < 400:
		v.Reason += "; redirects are never followed, set the webhook's url to the new address"
	}
	return v
}

func statusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// reasonMax bounds a reason in bytes: it stands in every dead letter.
const reasonMax = 300

func judgeError(err error) Verdict {
	v := Verdict{Outcome: Retry, Reason: err.Error(), Ours: ours(err)}
	var private *privateError
	var connecting *connectError
	switch {
	case errors.As(err, &private):
		v.Outcome, v.Reason = Final, private.Error()
	case isTimeout(err) && errors.As(err, &connecting):
		v.Status, v.Reason = fasthttp.StatusRequestTimeout, "no connection in time: "+connecting.cause.Error()
	case isTimeout(err):
		v.Status, v.Reason = fasthttp.StatusRequestTimeout, "no answer in time"
	}
	v.Reason = v.Reason[:min(len(v.Reason), reasonMax)]
	return v
}

// ours says that an attempt never left this machine or its network: names cannot be looked up, there is no route, nothing
// is left to connect with. A name that does not exist is the receiver's fault.
func ours(err error) bool {
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return !lookup.IsNotFound
	}
	for _, fault := range []error{syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// retryAfter reads the header in both its forms, seconds and a date (RFC 9110).
func retryAfter(value string, now time.Time) time.Duration {
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
