package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"edgerelay/relay/event"
	"edgerelay/relay/sign"
	"edgerelay/relay/sink/receipt"
)

// delivery is one request that the inspector received.
type delivery struct {
	ID        uint64          `json:"id"`
	Time      time.Time       `json:"time"`
	Event     string          `json:"event"`
	Visitor   string          `json:"visitor"`
	UniqueID  string          `json:"uniqueId"`
	Signature signature       `json:"signature"`
	Attempt   int             `json:"attempt"` // 0 = the header is missing
	Status    int             `json:"status"`  // that was answered
	Size      int             `json:"size"`    // of the body as it came, in bytes
	Path      string          `json:"path"`    // with the query
	From      string          `json:"from"`
	Headers   header          `json:"headers"`
	Body      json.RawMessage `json:"body"` // without white space; a string when it is no JSON
}

// header is values by name, those of one name joined.
type header map[string]string

// The states of a signature.
const (
	verified  = "verified"
	wrong     = "wrong"
	unsigned  = "none"
	unchecked = "unchecked" // there is one, but no webhook has a secret
)

type signature struct {
	State   string `json:"state"`
	Webhook string `json:"webhook,omitempty"` // whose secret it was
	Scheme  string `json:"scheme,omitempty"`
	Reason  string `json:"reason,omitempty"` // why it is wrong
}

// newDelivery reads what a request says about itself. body is not kept.
func newDelivery(r *http.Request, body []byte, now time.Time) *delivery {
	var reader receipt.Reader
	got := reader.Read(body)
	if len(got.ID) == 0 {
		got.ID = []byte(r.Header.Get(receipt.HeaderID))
	}
	return &delivery{
		Time:     now,
		Event:    text(got.Event),
		Visitor:  text(got.Visitor),
		UniqueID: text(got.ID),
		Attempt:  receipt.Attempt([]byte(r.Header.Get(receipt.HeaderAttempt))),
		Size:     len(body),
		Path:     strings.ToValidUTF8(r.URL.RequestURI(), "\uFFFD"),
		From:     r.RemoteAddr,
		Headers:  headers(r),
		Body:     compact(body),
	}
}

// textMax is how much of a text is shown in a list, in bytes.
const textMax = 200

// text is b as it is shown: bounded, and UTF-8.
func text(b []byte) string {
	cut := len(b) > textMax
	if cut {
		b = b[:textMax]
	}
	s := strings.ToValidUTF8(string(b), "\uFFFD")
	if cut {
		s += "…"
	}
	return s
}

// headers are the request's. What lets somebody in is not shown.
func headers(r *http.Request) header {
	h := header{"Host": r.Host}
	for name, values := range r.Header {
		h[name] = strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
		if name == "Authorization" || name == "Cookie" || name == "Proxy-Authorization" {
			h[name] = "(not shown)"
		}
	}
	return h
}

// foreignMax is how much of a body that is no JSON is kept, in bytes: as a JSON string it may grow to six times that.
const foreignMax = 1 << 20

// compact is body as one JSON value.
func compact(body []byte) json.RawMessage {
	var b bytes.Buffer
	if utf8.Valid(body) && json.Compact(&b, body) == nil {
		return bytes.Clone(b.Bytes())
	}
	return bytes.Clone(event.AppendString(nil, body[:min(len(body), foreignMax)]))
}

// weight is about how many bytes d holds on to.
func (d *delivery) weight() int {
	n := 512 + len(d.Body) + len(d.Event) + len(d.Visitor) + len(d.UniqueID) + len(d.Path) + len(d.Signature.Reason)
	for name, value := range d.Headers {
		n += 32 + len(name) + len(value)
	}
	return n
}

// verify finds the webhook whose secret signed body.
func verify(get func(name string) string, body []byte, secrets map[string][]string, now time.Time) signature {
	names := slices.Sorted(maps.Keys(secrets))
	var all []string
	for _, name := range names {
		for _, secret := range secrets[name] {
			if secret != "" && !slices.Contains(all, secret) {
				all = append(all, secret)
			}
		}
	}
	scheme, err := sign.Verify(get, body, all, now)
	switch {
	case errors.Is(err, sign.ErrUnsigned):
		return signature{State: unsigned}
	case len(all) == 0:
		return signature{State: unchecked}
	case err != nil:
		return signature{State: wrong, Reason: err.Error()}
	}
	s := signature{State: verified, Scheme: scheme.String()}
	for _, name := range names {
		if _, err := sign.Verify(get, body, secrets[name], now); err == nil {
			s.Webhook = name
			break
		}
	}
	return s
}
