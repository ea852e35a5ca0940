package destination

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
)

// planOf makes the plan of settings that are right.
func planOf(t testing.TB, name string, s Settings) *Plan {
	t.Helper()
	kind, ok := ByName(name)
	if !ok {
		t.Fatalf("no type %q", name)
	}
	plan, faults := kind.Make(s)
	if len(faults) > 0 {
		t.Fatalf("%s: %v", name, faults)
	}
	return plan
}

// holdFaults holds that these settings have these faults and no others; a want is "field" or "field: a part of the text".
func holdFaults(t *testing.T, name string, s Settings, want ...string) {
	t.Helper()
	kind, _ := ByName(name)
	_, faults := kind.Make(s)
	if len(faults) != len(want) {
		t.Fatalf("%d faults %v, want %q", len(faults), faults, want)
	}
	for i, w := range want {
		field, text, _ := strings.Cut(w, ": ")
		if faults[i].Field != field || !strings.Contains(faults[i].Text, text) {
			t.Errorf("fault %d is %v, want %q", i, faults[i], w)
		}
	}
}

// holdPlan holds where a plan's requests go and which headers they have, written "Name: value".
func holdPlan(t *testing.T, plan *Plan, url string, headers ...string) {
	t.Helper()
	if got := plan.URL.String(); got != url {
		t.Errorf("url %s, want %s", got, url)
	}
	var got []string
	for _, h := range plan.Header {
		got = append(got, h.Name+": "+h.Value)
	}
	if strings.Join(got, "\n") != strings.Join(headers, "\n") {
		t.Errorf("headers %q, want %q", got, headers)
	}
}

// reply is one that a judge is given.
type reply struct {
	status  int
	count   int
	body    string
	headers []string // names and values
}

var replyNow = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func (r reply) answer() *Answer {
	return &Answer{
		Status: r.status, Body: []byte(r.body), Count: r.count, Now: replyNow,
		Header: func(name string) string {
			for i := 0; i+1 < len(r.headers); i += 2 {
				if strings.EqualFold(r.headers[i], name) {
					return r.headers[i+1]
				}
			}
			return ""
		},
	}
}

// written is a verdict on one line: its outcome, how long to wait, the rulings, the reason.
func written(v Verdict) string {
	text := v.Outcome.String()
	if v.After > 0 {
		text += " after " + v.After.String()
	}
	for _, one := range v.Each {
		text += " [" + one.Outcome.String()
		if one.After > 0 {
			text += " after " + one.After.String()
		}
		if one.Reason != "" {
			text += ": " + one.Reason
		}
		text += "]"
	}
	if v.Reason != "" {
		text += " | " + v.Reason
	}
	return text
}

// holdVerdict holds what a judge says of a reply.
func holdVerdict(t *testing.T, judge func(*Answer) Verdict, r reply, want string) {
	t.Helper()
	v := judge(r.answer())
	if got := written(v); got != want {
		t.Errorf("%d %s of %d:\ngot  %s\nwant %s", r.status, r.body, r.count, got, want)
	}
	if v.Status != r.status {
		t.Errorf("%d %s: the verdict's status is %d", r.status, r.body, v.Status)
	}
}

// holdSane is what every verdict must be, whatever the reply: fuzz targets call it.
func holdSane(t *testing.T, judge func(*Answer) Verdict, a *Answer) Verdict {
	t.Helper()
	v := judge(a)
	switch {
	case v.Each != nil && len(v.Each) != a.Count:
		t.Fatalf("%d rulings of %d events", len(v.Each), a.Count)
	case v.Status != a.Status:
		t.Fatalf("status %d of a reply with %d", v.Status, a.Status)
	case v.After < 0 || v.After > retryAfterMax:
		t.Fatalf("after %v", v.After)
	case v.Outcome != Delivered && v.Reason == "":
		t.Fatalf("%v without a reason", v.Outcome)
	case len(v.Reason) > reasonMax:
		t.Fatalf("a reason of %d bytes", len(v.Reason))
	case v.Outcome == Split && v.Each != nil:
		t.Fatal("a split batch with rulings")
	}
	for _, one := range v.Each {
		if one.Outcome > Split || one.Outcome == Gone || one.Outcome != Delivered && one.Reason == "" || one.After < 0 || len(one.Reason) > reasonMax {
			t.Fatalf("ruling %+v", one)
		}
	}
	return v
}

// driven is what became of the events of drive.
type driven struct {
	delivered int
	dead      []string // reasons
	requests  int
	off       string // why the webhook was turned off
}

// drive delivers events to a vendor's server as lanes do: batches, retries, rulings, batches taken apart.
func drive(t *testing.T, plan *Plan, vendor http.Handler, events []event.Event) (d driven) {
	t.Helper()
	server := httptest.NewServer(vendor)
	defer server.Close()
	queue := batches(plan, events)
	for len(queue) > 0 && d.off == "" {
		batch := queue[0]
		queue = queue[1:]
		if d.requests++; d.requests > 5000 {
			t.Fatal("this never ends")
		}
		v := attempt(t, plan, server, batch)
		each := v.Each
		for i := range batch {
			if each == nil || i >= len(each) {
				each = append(each, Ruling{v.Outcome, v.After, v.Reason})
			}
		}
		switch {
		case v.Outcome == Off || v.Outcome == Gone:
			d.off = v.Reason
			continue
		case v.Outcome == Split && len(batch) > 1:
			queue = append(queue, batch[:len(batch)/2], batch[len(batch)/2:])
			continue
		}
		for i, ruling := range each {
			switch ruling.Outcome {
			case Delivered:
				d.delivered++
			case Retry, Split:
				queue = append(queue, batch[i:i+1])
			default:
				d.dead = append(d.dead, ruling.Reason)
			}
		}
	}
	return d
}

// batches are events in as many as one request takes, in number and in bytes.
func batches(plan *Plan, events []event.Event) (all [][]event.Event) {
	start, bytes := 0, 0
	for i := range events {
		item := len(plan.Body.Item(nil, &events[i], event.Note{All: true})) + len(plan.Body.Between)
		full := plan.Batch.Bytes > 0 && bytes+item > plan.Batch.Bytes-len(plan.Body.Open)-len(plan.Body.Close)
		if i > start && (full || i-start == max(plan.Batch.Count, 1)) {
			all, start, bytes = append(all, events[start:i]), i, 0
		}
		bytes += item
	}
	return append(all, events[start:])
}

// bodyOf is the body of one request.
func bodyOf(plan *Plan, batch []event.Event) []byte {
	body := []byte(plan.Body.Open)
	for i := range batch {
		if i > 0 {
			body = append(body, plan.Body.Between...)
		}
		body = plan.Body.Item(body, &batch[i], event.Note{All: true})
	}
	if plan.Body.Finish != nil {
		body = plan.Body.Finish(body, len(batch))
	}
	return append(body, plan.Body.Close...)
}

// attempt makes one request and judges what comes of it.
func attempt(t *testing.T, plan *Plan, server *httptest.Server, batch []event.Event) Verdict {
	t.Helper()
	body := bodyOf(plan, batch)
	if plan.Gzip {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write(body)
		_ = w.Close()
		body = z.Bytes()
	}
	target := server.URL + plan.URL.RequestURI()
	request, err := http.NewRequest("POST", target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range plan.Header {
		request.Header.Set(h.Name, h.Value)
	}
	if plan.Gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	request.GetBody = nil // so that the client does not send it again by itself
	response, err := server.Client().Do(request)
	if err != nil {
		if plan.Once {
			return Verdict{Outcome: Final, Reason: "no answer"}
		}
		return Verdict{Outcome: Retry, Reason: "no answer"}
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return plan.Judge(&Answer{Status: response.StatusCode, Header: response.Header.Get, Body: text, Count: len(batch), Now: replyNow,
		Item: func(i int) []byte { return plan.Body.Item(nil, &batch[i], event.Note{All: true}) }})
}

// people are n track events of n different people, whose mail addresses they are called by.
func people(n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		e := event.Sample(event.TrackEventReceived)
		e.UniqueID = event.UniqueID([]byte("people"), fmt.Append(nil, i))
		e.Visitor = fmt.Appendf(nil, `"v%d@example.com"`, i)
		events[i] = e
	}
	return events
}

// holdOnce holds that a vendor took each of n events exactly once.
func holdOnce(t *testing.T, taken map[string]int, n int) {
	t.Helper()
	if len(taken) != n {
		t.Errorf("%d events were taken, want %d", len(taken), n)
	}
	for id, times := range taken {
		if times != 1 {
			t.Errorf("%s was taken %d times", id, times)
		}
	}
}

// holdKinds holds that a vendor takes the sample of every kind that its type takes, and finds no fault with any.
func holdKinds(t *testing.T, name string, s Settings, vendor interface {
	http.Handler
	Taken() map[string]int
	Broken() []string
}) {
	t.Helper()
	kind, _ := ByName(name)
	var events []event.Event
	for _, k := range event.Kinds() {
		if kind.Takes == nil || kind.Takes(k) {
			events = append(events, event.Sample(k))
		}
	}
	d := drive(t, planOf(t, name, s), vendor, events)
	holdOnce(t, vendor.Taken(), len(events))
	if d.delivered != len(events) || len(vendor.Broken()) > 0 {
		t.Errorf("%d of %d delivered, dead %q, broken %q", d.delivered, len(events), d.dead, vendor.Broken())
	}
}
