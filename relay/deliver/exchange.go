package deliver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	answerHeadMax  = 8 << 10  // bytes of a reply's status and headers, each interim reply's too
	answerBodyMax  = 64 << 10 // bytes; the rest of a longer one is left unread and the connection closed
	answerInterims = 100      // replies 1xx before the final one
)

// mutedError says that a connection ended before one byte of a reply had come.
type mutedError struct{ cause error }

func (e *mutedError) Error() string {
	const text = "the receiver closed the connection without an answer"
	if e.cause == nil || errors.Is(e.cause, io.EOF) {
		return text
	}
	return text + ": " + e.cause.Error()
}

func (e *mutedError) Unwrap() error { return e.cause }

// exchange sends the request and reads the reply into l.response. It is an error when no complete head of a final reply
// came within the webhook's timeout: once that is there, its status counts, whatever becomes of the body.
//
// A kept connection that the receiver has closed says nothing about the receiver. When it ends before one byte of a
// reply, the request goes out once more, on a new one; but not when the plan says that nothing goes out twice, for then
// nobody knows whether it was read.
func (l *lane) exchange(begin time.Time) error {
	deadline := begin.Add(l.sender.hook.Timeout)
	plan := l.sender.hook.Plan
	once := plan != nil && plan.Once
	for {
		kept, err := l.connect(begin, deadline)
		if err != nil {
			return err
		}
		c := l.conn
		c.asked, c.waited = begin, 0
		if !kept {
			c.asked = time.Now()
		}
		err = l.talk(deadline)
		l.course.timing.FirstByte = c.waited
		if err == nil {
			return nil
		}
		l.hangUp()
		var muted *mutedError
		if !kept || once || !errors.As(err, &muted) {
			return err
		}
	}
}

// connect provides a connection, and says whether it is one that was used before.
func (l *lane) connect(begin, deadline time.Time) (kept bool, err error) {
	if l.conn != nil {
		if l.conn.fresh(begin) {
			l.course.timing.Reused = true
			return true, nil
		}
		l.hangUp()
	}
	l.course.timing.Reused = false
	if l.conn, err = l.sender.dialer.dial(deadline, &l.course.timing); err != nil {
		l.conn = nil
		return false, err
	}
	if l.reader == nil {
		l.reader = bufio.NewReaderSize(l.conn, answerHeadMax)
	}
	l.reader.Reset(l.conn)
	return false, nil
}

func (l *lane) hangUp() {
	if l.conn != nil {
		_ = l.conn.Close() // nothing more is expected of it
		l.conn = nil
	}
}

// talk sends the request and reads the reply. It hangs up when the connection cannot be used again.
func (l *lane) talk(deadline time.Time) error {
	c := l.conn
	c.got, c.readErr = 0, nil
	if err := c.SetDeadline(deadline); err != nil {
		return &mutedError{err}
	}
	l.course.sent = true
	_, unsent := c.Write(l.wire)
	if unsent != nil && isTimeout(unsent) {
		return unsent
	}
	// A receiver may answer and close before it has read everything: then the answer counts.
	if err := l.readHead(); err != nil {
		return c.headError(err, unsent)
	}
	l.course.replied = true
	if !l.readBody() || unsent != nil {
		l.hangUp()
	}
	return nil
}

// readHead reads replies up to the head of the final one.
func (l *lane) readHead() error {
	h := &l.response.Header
	l.response.Reset()
	for range answerInterims {
		if line, _ := l.reader.Peek(len("HTTP/1.1 000")); string(line) == "HTTP/1.1 000" || string(line) == "HTTP/1.0 000" {
			return errors.New("its status is 000") // which the parser would take for 200
		}
		if err := h.Read(l.reader); err != nil {
			return err
		}
		if status := h.StatusCode(); status >= 200 || status == fasthttp.StatusSwitchingProtocols {
			return nil
		}
	}
	return fmt.Errorf("%d interim replies and no final one", answerInterims)
}

// headError says why no head of a final reply came. It shows nothing of what came.
func (c *conn) headError(err, unsent error) error {
	var long *fasthttp.ErrSmallBuffer
	switch {
	case isTimeout(err):
		return err
	case c.got == 0:
		return &mutedError{errors.Join(unsent, c.readErr)}
	case errors.As(err, &long):
		return fmt.Errorf("the reply's headers are longer than %d bytes", answerHeadMax)
	case c.readErr != nil:
		return fmt.Errorf("the reply broke off: %w", c.readErr)
	}
	text, _, _ := strings.Cut(err.Error(), `"`)
	text, _, _ = strings.Cut(text, ": buffer size=")
	text = strings.TrimPrefix(text, "error when reading response headers: ")
	return errors.New("the reply is not valid HTTP: " + strings.TrimRight(text, " :"))
}

// readBody reads the reply's body, and says whether the connection is good for a next request.
func (l *lane) readBody() bool {
	h := &l.response.Header
	switch status := h.StatusCode(); {
	case status < 200:
		return false
	case status == fasthttp.StatusNoContent, status == fasthttp.StatusNotModified:
	default:
		chunked := h.ContentLength() == -1
		if l.response.ReadBody(l.reader, answerBodyMax) != nil || chunked && h.ReadTrailer(l.reader) != nil {
			l.course.cut = true
			return false
		}
	}
	return !h.ConnectionClose() && l.reader.Buffered() == 0
}
