package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"edgerelay/relay/hook"
)

// requestMax is the most bytes of a body that the admin API reads.
const requestMax = 1 << 20

// mediaTypes are what a body may say it is. That it must say so also keeps forms of other sites out, which cannot.
var mediaTypes = []string{"application/json", "application/merge-patch+json"}

// readBody reads a request's JSON, nil when there is none. When it answers false, it has said why.
func readBody(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, requestMax))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge, "too_large", "the body has more than %d bytes, the most that is taken here", requestMax)
		return nil, false
	case err != nil:
		fail(w, http.StatusBadRequest, "bad_request", "read the body: %v", err)
		return nil, false
	case len(bytes.TrimSpace(body)) == 0:
		return nil, true
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || !slices.Contains(mediaTypes, kind) {
		fail(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be JSON and say so: send \"Content-Type: application/json\"")
		return nil, false
	}
	if !utf8.Valid(body) {
		fail(w, http.StatusBadRequest, "bad_request", "the body is not UTF-8")
		return nil, false
	}
	return body, true
}

// readDocument reads a webhook's settings, which must be there.
func readDocument(w http.ResponseWriter, r *http.Request) (hook.Document, bool) {
	body, ok := readBody(w, r)
	if !ok {
		return nil, false
	}
	if body == nil {
		fail(w, http.StatusBadRequest, "bad_request", "there is no body: send the webhook's settings as a JSON object")
		return nil, false
	}
	document, err := hook.ParseDocument(body)
	if err != nil {
		fail(w, http.StatusBadRequest, "bad_request", "%v", err)
		return nil, false
	}
	return document, true
}

// readJSON reads a request into a struct. What the struct does not name is refused; without a body it stays as it is.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	body, ok := readBody(w, r)
	if !ok || body == nil {
		return ok
	}
	if f := decode(body, into); f != nil {
		failField(w, http.StatusBadRequest, f.Code, f.Field, "%s", f.Message)
		return false
	}
	return true
}

// decode reads one JSON object without unknown members.
func decode(body []byte, into any) *fault {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			return &fault{"bad_request", "there is more than one JSON value in the body", ""}
		}
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field == "" {
		return &fault{"bad_request", fmt.Sprintf("the body is a JSON %s, not an object", wrong.Value), ""}
	}
	if errors.As(err, &wrong) {
		return &fault{"invalid", fmt.Sprintf("must not be a JSON %s", wrong.Value), member(wrong.Field)}
	}
	var noTime *time.ParseError
	if errors.As(err, &noTime) {
		return &fault{"invalid", fmt.Sprintf(`%s is no time; write it like "2026-11-21T10:00:00Z"`, noTime.Value), ""}
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &fault{"invalid", "is nothing that this request has", strings.Trim(field, `"`)}
	}
	return &fault{"bad_request", fmt.Sprintf("the body is no JSON: %v", err), ""}
}

// member is the name of a member without those of Go's types, which stand before it when one is part of another.
func member(field string) string {
	parts := slices.DeleteFunc(strings.Split(field, "."), func(part string) bool { return part != "" && 'A' <= part[0] && part[0] <= 'Z' })
	return strings.Join(parts, ".")
}

// readNothing refuses a body where none belongs.
func readNothing(w http.ResponseWriter, r *http.Request) bool {
	body, ok := readBody(w, r)
	if ok && body != nil {
		fail(w, http.StatusBadRequest, "bad_request", "%s takes no body", r.Method)
		return false
	}
	return ok
}
