package destination

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/destination/fake"
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
	queue := batches(plan, d.bury(plan, events))
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

// bury gives up what the vendor cannot take, as package deliver does, and returns the others.
func (d *driven) bury(plan *Plan, events []event.Event) []event.Event {
	if plan.Body.Lacks == nil {
		return events
	}
	return slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool {
		what := plan.Body.Lacks(&e)
		if what != "" {
			d.dead = append(d.dead, what)
		}
		return what != ""
	})
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

// hexID is an event's uniqueId as vendors get it.
func hexID(e *event.Event) string { return hex.EncodeToString(e.UniqueID[:]) }

// holdTaken holds that a vendor took just these events, each once, by so many digits of their uniqueIds, and that it has
// nothing to complain of.
func holdTaken(t *testing.T, vendor fake.Vendor, events []event.Event, digits int) {
	t.Helper()
	want := map[string]int{}
	for i := range events {
		want[hexID(&events[i])[:digits]] = 1
	}
	if got := vendor.Taken(); !maps.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
	if broken := vendor.Broken(); len(broken) > 0 {
		t.Errorf("broke %q", broken)
	}
}
