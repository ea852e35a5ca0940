package deliver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"edgerelay/relay/destination"
)

// judged is the verdict of a webhook's receiver.
func judged(r *fasthttp.Response, err error, now time.Time) Verdict {
	l := newLane(&Sender{opt: &Options{}}, nil)
	r.CopyTo(&l.response)
	return l.judge(destination.JudgeWebhook, err, 1, now)
}

func TestVerdictOfEveryStatus(t *testing.T) {
	now := time.Now()
	f := func(status int, want Outcome, reason string) {
		t.Helper()
		var r fasthttp.Response
		r.SetStatusCode(status)
		v := judged(&r, nil, now)
		if v.Outcome != want || v.Status != status || v.After != 0 {
			t.Errorf("%d: %+v, want outcome %d", status, v, want)
		}
		if reason != "*" && v.Reason != reason {
			t.Errorf("%d: reason %q, want %q", status, v.Reason, reason)
		}
	}
	redirect := "; redirects are never followed, set the webhook's url to the new address"
	f(101, Final, "101 Switching Protocols")
	f(200, Delivered, "")
	f(201, Delivered, "")
	f(204, Delivered, "")
	f(299, Delivered, "")
	f(300, Final, "300 Multiple Choices"+redirect)
	f(301, Final, "301 Moved Permanently"+redirect)
	f(308, Final, "308 Permanent Redirect"+redirect)
	f(399, Final, "399"+redirect)
	f(400, Final, "400 Bad Request")
	f(401, Final, "401 Unauthorized")
	f(404, Final, "404 Not Found")
	f(408, Final, "408 Request Timeout")
	f(410, Gone, "410 Gone")
	f(413, Final, "413 Request Entity Too Large")
	f(425, Final, "425 Too Early")
	f(429, Retry, "429 Too Many Requests")
	f(500, Retry, "500 Internal Server Error")
	f(503, Retry, "503 Service Unavailable")
	f(530, Retry, "530")
	f(599, Retry, "599")
	f(600, Final, "600")
	f(999, Final, "999")
	for status := 100; status <= 999; status++ {
		want := Final
		switch {
		case status/100 == 2:
			want = Delivered
		case status == 429 || status/100 == 5:
			want = Retry
		case status == 410:
			want = Gone
		}
		f(status, want, "*")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f := func(value string, want time.Duration) {
		t.Helper()
		for _, status := range []int{429, 500, 503} {
			var r fasthttp.Response
			r.SetStatusCode(status)
			r.Header.Set("Retry-After", value)
			if v := judged(&r, nil, now); v.After != want || v.Outcome != Retry {
				t.Errorf("%d with Retry-After %q: %+v, want %v", status, value, v, want)
			}
		}
	}
	f("", 0)
	f("0", 0)
	f("1", time.Second)
	f(" 120 ", 2*time.Minute)
	f("86400", 24*time.Hour)
	f("86401", 24*time.Hour)
	f("9223372036854775807", 24*time.Hour)
	f("99999999999999999999999999", 24*time.Hour)
	f("-1", 0)
	f("-99999999999999999999999999", 0)
	f("1.5", 0)
	f("soon", 0)
	f("12 s", 0)
	f("Sun, 01 Mar 2026 12:00:30 GMT", 30*time.Second)
	f("Sunday, 01-Mar-26 12:01:00 GMT", time.Minute)
	f("Sun Mar  1 12:02:00 2026", 2*time.Minute)
	f("Sun, 01 Mar 2026 11:59:59 GMT", 0)
	f("Sun, 01 Mar 2026 12:00:30 CET", 0) // HTTP dates are GMT
	f("Fri, 01 Mar 2126 12:00:00 GMT", 24*time.Hour)
	f("2026-03-01T12:00:30Z", 0)

	for _, status := range []int{200, 301, 404, 410} {
		var r fasthttp.Response
		r.SetStatusCode(status)
		r.Header.Set("Retry-After", "120")
		if v := judged(&r, nil, now); v.After != 0 {
			t.Errorf("%d: Retry-After counts, and nothing is tried again", status)
		}
	}
}

func TestVerdictOfErrors(t *testing.T) {
	f := func(err error, want Outcome, status int, reason string) {
		t.Helper()
		v := judged(new(fasthttp.Response), err, time.Now())
		if v.Outcome != want || v.Status != status || v.Reason != reason || v.After != 0 {
			t.Errorf("%v: %+v, want outcome %d, status %d, reason %q", err, v, want, status, reason)
		}
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	f(&connectError{refused}, Retry, 0, "no connection: dial tcp: connect: connection refused")
	f(&connectError{&net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}}, Retry, 408,
		"no connection in time: dial tcp: i/o timeout")
	f(&connectError{&net.DNSError{Err: "no such host", Name: "receiver.test", IsNotFound: true}}, Retry, 0,
		"no connection: lookup receiver.test: no such host")
	f(&connectError{&net.OpError{Op: "dial", Net: "tcp", Err: &privateError{"10.0.0.1:80"}}}, Final, 0,
		"the url leads to the private address 10.0.0.1:80; set allow_private = true in the config file when that is meant")
	f(os.ErrDeadlineExceeded, Retry, 408, "no answer in time")
	f(fasthttp.ErrTimeout, Retry, 408, "no answer in time")
	f(fmt.Errorf("read: %w", os.ErrDeadlineExceeded), Retry, 408, "no answer in time")
	f(&mutedError{io.EOF}, Retry, 0, "the receiver closed the connection without an answer")
	f(&mutedError{syscall.ECONNRESET}, Retry, 0, "the receiver closed the connection without an answer: connection reset by peer")
	f(errors.New(strings.Repeat("x", 1000)), Retry, 0, strings.Repeat("x", reasonMax))
}

func TestVerdictOfSuccessAllocatesNothing(t *testing.T) {
	l := newLane(&Sender{opt: &Options{}}, nil)
	l.response.SetStatusCode(204)
	now := time.Now()
	if n := testing.AllocsPerRun(100, func() { l.judge(destination.JudgeWebhook, nil, 1, now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
