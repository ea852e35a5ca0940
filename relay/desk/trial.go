package desk

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"edgerelay/relay/event"
	"edgerelay/relay/hook"
	"edgerelay/relay/journal"
)

// Attempt is what came of one request that was sent to try a webhook out.
type Attempt struct {
	Outcome string        // delivered, retry, final, gone or off
	Status  int           // of the reply; 408 for a timeout, 0 when there was none
	Reason  string        // for people; "" when delivered
	Took    time.Duration // connecting included
	Request []byte        // as it was sent
	Reply   []byte        // the reply's body
}

// Trial is a trial as an operator sees it.
type Trial struct {
	Webhook  string    `json:"webhook"`
	Event    string    `json:"event"`
	UniqueID string    `json:"unique_id"`
	Outcome  string    `json:"outcome"` // delivered, retry, final, gone or off: what it would mean for a delivery
	Status   int       `json:"status"`  // 408 for a timeout, 0 when there was no reply
	Reason   string    `json:"reason,omitempty"`
	Took     float64   `json:"ms"` // connecting included
	Request  Request   `json:"request"`
	Reply    Shortened `json:"reply"` // the body
}

// Request is an HTTP request as it was sent, secrets masked. Signatures are shown.
type Request struct {
	Line    string           `json:"line"` // "POST /in HTTP/1.1"
	URL     string           `json:"url"`
	Headers []journal.Header `json:"headers"` // in their order
	Body    Shortened        `json:"body"`
}

// Shortened is a text, or the beginning of a long one.
type Shortened struct {
	Text string `json:"text"`
	Size int    `json:"size"`          // of all of it, in bytes
	Cut  bool   `json:"cut,omitempty"` // Text is not all of it
}

const (
	trialsMax = 8 // at once
	trialTime = 50 * time.Second
	shownMax  = 64 << 10 // bytes of a body

	inflatedMax = 16 << 20 // bytes of a body that was sent compressed; that of one event is much smaller
)

// Try sends a webhook one event, on or off, and waits for the reply. what is empty, for a sample of what the webhook
// selects first; {"event":"pageLoaded"}, for a sample of that kind; {"event":{…}} with an event; or an event itself, in
// any shape that readPayload knows. A sample happens now, and has an identity of its own.
func (d *Desk) Try(ctx context.Context, name string, what []byte) (Trial, error) {
	w, err := d.opt.Hooks.Compiled(name)
	if err != nil {
		return Trial{}, refusal(err)
	}
	return d.try(ctx, w, what)
}

func (d *Desk) try(ctx context.Context, w *hook.Webhook, what []byte) (Trial, error) {
	e, err := trialEvent(w, what)
	if err != nil {
		return Trial{}, err
	}
	if !w.Takes(e.Kind) {
		return Trial{}, refuse(Invalid, "event", "nothing was sent: the type %s has no body for %s; choose another event", w.Type, e.Kind)
	}
	d.freshen(&e)
	select {
	case d.trials <- struct{}{}:
		defer func() { <-d.trials }()
	default:
		return Trial{}, refuse(Busy, "", "%d webhooks are being tried out already; try again when one has been answered", trialsMax)
	}
	limited, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	a, err := d.opt.Try(limited, w, &e)
	if err != nil {
		return Trial{}, refuse(Invalid, "event", "nothing was sent: %v", err)
	}
	if a.Status == 0 && errors.Is(limited.Err(), context.DeadlineExceeded) {
		a.Reason = "no answer within " + trialTime.String() + ", for which a trial waits"
	}
	shown, secrets := showEvent(&e), w.Secrets()
	return Trial{Webhook: w.Name, Event: shown.Event, UniqueID: shown.UniqueID, Outcome: a.Outcome, Status: a.Status,
		Reason: hook.ScrubText(a.Reason, secrets), Took: float64(a.Took.Microseconds()) / 1000,
		Request: showRequest(w, a.Request, secrets), Reply: shorten(hook.Scrub(a.Reply, secrets))}, nil
}

// trialEvent is what is asked to be sent.
func trialEvent(w *hook.Webhook, what []byte) (event.Event, error) {
	if what == nil {
		kind := event.PageLoaded
		if len(w.Selections) > 0 {
			kind = w.Selections[0].Kinds[0]
		}
		return event.Sample(kind), nil
	}
	var stable event.Stable
	body, err := stable.Append(nil, what)
	if err != nil {
		return event.Event{}, refuse(Invalid, "", "%v", err)
	}
	of, only := member(object(body), "event")
	switch {
	case only && object(of) != nil:
		return readPayload(of)
	case only && text(of) != "":
		kind, known := event.KindOf(text(of))
		if !known {
			return event.Event{}, unknownKind("event", text(of))
		}
		return event.Sample(kind), nil
	}
	return readPayload(body)
}

// freshen gives an event what it lacks.
func (d *Desk) freshen(e *event.Event) {
	now := d.opt.Now().UnixMilli()
	sample := event.Sample(e.Kind)
	if e.UniqueID == ([20]byte{}) || e.UniqueID == sample.UniqueID {
		_, _ = rand.Read(e.UniqueID[:]) // it never fails
	}
	if e.Time == 0 || e.Time == sample.Time {
		e.Time = now
	}
	e.Received = now
	if e.App == nil {
		e.App, e.Subscription = sample.App, sample.Subscription
	}
}

// showRequest is a request without the webhook's secrets: those that are known by their values, and what stands in headers
// and members of the query whose names tell. A body that was compressed is shown as it was before.
func showRequest(w *hook.Webhook, wire []byte, secrets []string) Request {
	head, body, _ := bytes.Cut(wire, []byte("\r\n\r\n"))
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	r := Request{URL: w.Place(), Headers: []journal.Header{}}
	if len(line) > 0 {
		r.Line = hook.ScrubText(shownLine(line, w.Type), secrets)
	}
	for field := range bytes.SplitSeq(fields, []byte("\r\n")) {
		name, value, found := bytes.Cut(field, []byte(": "))
		if !found {
			continue
		}
		if strings.EqualFold(string(name), "Content-Encoding") && string(value) == "gzip" {
			body = inflate(body)
		}
		shown := hook.MaskHeaders(map[string]string{string(name): shownText(hook.Scrub(value, secrets))})
		r.Headers = append(r.Headers, journal.Header{Name: string(name), Value: shown[string(name)]})
	}
	r.Body = shorten(hook.Scrub(body, secrets))
	return r
}

// inflate is a compressed body as it was, up to what a request may hold; one that cannot be read stays as it is.
func inflate(body []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body
	}
	plain, err := io.ReadAll(io.LimitReader(r, inflatedMax))
	if err != nil {
		return body
	}
	return plain
}

// shownLine is the line of a request to a webhook of this type, with what is secret in it masked.
func shownLine(line []byte, kind string) string {
	method, rest, _ := strings.Cut(shownText(line), " ")
	target, version, _ := strings.Cut(rest, " ")
	return method + " " + hook.MaskURL(target, kind) + " " + version
}

func shorten(b []byte) Shortened {
	s := Shortened{Size: len(b), Cut: len(b) > shownMax}
	if s.Cut {
		b = b[:shownMax]
		for i := 0; i < utf8.UTFMax && len(b) > 0 && !utf8.Valid(b[max(len(b)-utf8.UTFMax, 0):]); i++ {
			b = b[:len(b)-1]
		}
	}
	s.Text = shownText(b)
	return s
}

func shownText(b []byte) string { return string(bytes.ToValidUTF8(b, []byte("\uFFFD"))) }
