package upstream

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Reply is what the upstream answered, as far as it is passed on. Its body belongs to who has the Reply.
type Reply struct {
	Status          int // 2xx, 304 or 451
	ContentType     string
	ContentEncoding string // "" or gzip, and gzip only when that was asked for
	CacheControl    string
	ETag            string
	Body            []byte
}

// refusedError is an answer of an upstream that is well, and yet none to pass on.
type refusedError struct{ status int }

func (e refusedError) Error() string { return fmt.Sprintf("the upstream answered %d", e.status) }

var errReplyTooLarge = errors.New("the reply is too large")

// readReply reads a response and closes it. gzip and conditional say what was asked for: an answer to what was not, a part
// or a "not modified", is none to pass on.
func readReply(got *http.Response, gzip, conditional bool, bytesMax int64) (*Reply, error) {
	defer got.Body.Close()
	switch status := got.StatusCode; {
	case status >= 200 && status < 300 && status != http.StatusPartialContent, status == http.StatusUnavailableForLegalReasons:
	case status == http.StatusNotModified && conditional:
	case status == http.StatusTooManyRequests, status >= 500:
		return nil, fmt.Errorf("the upstream answered %d", status)
	default:
		return nil, refusedError{status}
	}
	h := got.Header
	r := &Reply{Status: got.StatusCode, ContentType: h.Get("Content-Type"), ContentEncoding: h.Get("Content-Encoding"),
		CacheControl: h.Get("Cache-Control"), ETag: h.Get("ETag")}
	if r.ContentEncoding == "identity" {
		r.ContentEncoding = ""
	}
	if r.ContentEncoding != "" && !(gzip && r.ContentEncoding == "gzip") {
		return nil, errors.New("the reply has a content encoding that was not asked for")
	}
	var err error
	r.Body, err = readBody(got, bytesMax)
	return r, err
}

func readBody(got *http.Response, bytesMax int64) (body []byte, err error) {
	if got.ContentLength > bytesMax {
		return nil, errReplyTooLarge
	}
	if got.ContentLength >= 0 {
		body = make([]byte, got.ContentLength)
		_, err = io.ReadFull(got.Body, body)
	} else if body, err = io.ReadAll(io.LimitReader(got.Body, bytesMax+1)); int64(len(body)) > bytesMax {
		return nil, errReplyTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("the reply broke off: %w", err)
	}
	return body, nil
}
