package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/sign"
)

const (
	id     = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0"
	sample = `{"event":"pageLoaded","properties":{"n":12345678901234567890},"timestamp":1705316400,"visitorId":"v-1","uniqueId":"` + id + `"}`
)

// signed is the headers that sign body.
func signed(t *testing.T, secret, body string, schemes ...sign.Scheme) (headers []string) {
	t.Helper()
	signer, err := sign.New(schemes, secret, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range signer.Sign([]byte(id), noon(), []byte(body)) {
		headers = append(headers, h.Name, string(h.Value))
	}
	return headers
}

// listing is what GET /inspect says.
type listing struct {
	Received   int
	Kept       int
	Deliveries []delivery
}

func (r *serving) listing(query string, headers ...string) listing {
	r.t.Helper()
	resp, text := r.do("GET", "/inspect"+query, "", append(headers, "Accept", "*/*")...)
	var l listing
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
		r.t.Fatalf("GET /inspect%s: %d %s: %v", query, resp.StatusCode, text, err)
	}
	return l
}

func secrets() map[string][]string {
	return map[string][]string{"crm": {"one"}, "archive": {"two-new", "two-old"}, "open": nil}
}

func TestReceiveAndList(t *testing.T) {
	r := mustServe(t, Options{Secrets: secrets})
	if _, text := r.do("GET", "/inspect", ""); text != `{"received":0,"kept":0,"deliveries":[]}`+"\n" {
		t.Errorf("an empty inspector says %s", text)
	}
	resp, text := r.do("POST", "/inspect/crm?x=1", sample, append(signed(t, "one", sample, sign.Pendo), "X-Edgerelay-Attempt", "3",
		"Authorization", "Bearer never-shown", "Content-Type", "application/json")...)
	if resp.StatusCode != 200 || text != `{"id":1,"signature":"verified"}`+"\n" {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	got := r.listing("")
	if got.Received != 1 || got.Kept != 1 || len(got.Deliveries) != 1 {
		t.Fatalf("%+v", got)
	}
	d := got.Deliveries[0]
	if d.ID != 1 || !d.Time.Equal(noon()) || d.Event != "pageLoaded" || d.Visitor != "v-1" || d.UniqueID != id || d.Attempt != 3 ||
		d.Status != 200 || d.Size != len(sample) || d.Path != "/inspect/crm?x=1" || !strings.HasPrefix(d.From, "127.0.0.1:") {
		t.Errorf("%+v", d)
	}
	if want := (signature{State: verified, Webhook: "crm", Scheme: "pendo"}); d.Signature != want {
		t.Errorf("signature %+v, want %+v", d.Signature, want)
	}
	if d.Headers["Content-Type"] != "application/json" || d.Headers["Authorization"] != "(not shown)" || d.Headers["Host"] == "" {
		t.Errorf("headers %v", d.Headers)
	}
	if string(d.Body) != sample {
		t.Errorf("body %s", d.Body)
	}
}

func TestSignatureStates(t *testing.T) {
	r := mustServe(t, Options{Secrets: secrets})
	f := func(state, webhook, scheme, reason string, headers ...string) {
		t.Helper()
		r.do("POST", "/inspect", sample, headers...)
		got := r.listing("").Deliveries[0].Signature
		if got.State != state || got.Webhook != webhook || got.Scheme != scheme || !strings.Contains(got.Reason, reason) || (reason == "") != (got.Reason == "") {
			t.Errorf("%+v, want %s by %s with %s: %s", got, state, webhook, scheme, reason)
		}
	}
	for _, scheme := range []sign.Scheme{sign.Pendo, sign.PendoBare, sign.Standard, sign.GitHub, sign.Userpilot} {
		f(verified, "crm", scheme.String(), "", signed(t, "one", sample, scheme)...)
		f(verified, "archive", scheme.String(), "", signed(t, "two-old", sample, scheme)...)
		f(wrong, "", "", "any of the 3 secrets", signed(t, "three", sample, scheme)...)
		f(wrong, "", "", "does not fit", signed(t, "one", sample+" ", scheme)...)
	}
	f(verified, "archive", "pendo", "", signed(t, "two-new", sample, sign.Pendo, sign.Standard)...)
	f(wrong, "", "", "X-Pendo-Signature", "X-Pendo-Signature", "nonsense")
	f(unsigned, "", "", "")

	r = mustServe(t, Options{Secrets: secrets, Now: func() time.Time { return noon().Add(time.Hour) }})
	f(wrong, "", "", "it fits, but webhook-timestamp is 1h0m0s ago", signed(t, "one", sample, sign.Standard)...)

	r = mustServe(t, Options{})
	f(unchecked, "", "", "", signed(t, "one", sample, sign.Pendo)...)
	f(unsigned, "", "", "")
}

func TestTokenWantsSignedDeliveries(t *testing.T) {
	r := mustServe(t, Options{Token: "t0ken", Secrets: secrets})
	r.refused(401, "unauthorized", "", "takes signed deliveries only", "POST", "/inspect", sample)
	r.refused(401, "unauthorized", "", "does not fit", "POST", "/inspect/x", sample, signed(t, "three", sample, sign.Pendo)...)
	r.refused(401, "unauthorized", "", "takes signed deliveries only", "POST", "/inspect", sample, "Authorization", "Bearer no")
	if got := r.listing("", "Authorization", "Bearer t0ken"); got.Received != 0 {
		t.Errorf("%d refused deliveries are kept", got.Received)
	}
	accept := func(headers ...string) {
		t.Helper()
		if resp, text := r.do("POST", "/inspect", sample, headers...); resp.StatusCode != 200 {
			t.Errorf("%d %s", resp.StatusCode, text)
		}
	}
	accept(signed(t, "one", sample, sign.Pendo)...)
	accept("Authorization", "Bearer t0ken")
	if got := r.listing("", "Authorization", "Bearer t0ken"); got.Received != 2 {
		t.Errorf("%d deliveries, want 2", got.Received)
	}

	r = mustServe(t, Options{Token: "t0ken"})
	r.refused(401, "unauthorized", "", "no webhook has a secret", "POST", "/inspect", sample, signed(t, "one", sample, sign.Pendo)...)
}

func TestKeepsTheLast(t *testing.T) {
	r := mustServe(t, Options{})
	for i := range deliveriesMax + 10 {
		r.do("POST", "/inspect", fmt.Sprintf(`{"event":"e%d"}`, i+1))
	}
	got := r.listing("")
	if got.Received != 210 || got.Kept != 200 || len(got.Deliveries) != 200 {
		t.Fatalf("received %d, kept %d, listed %d", got.Received, got.Kept, len(got.Deliveries))
	}
	if first, last := got.Deliveries[0], got.Deliveries[199]; first.Event != "e210" || last.Event != "e11" || last.ID != 11 {
		t.Errorf("from %+v to %+v, want e210 to e11", first, last)
	}
	if got := r.listing("?after=207").Deliveries; len(got) != 3 || got[2].ID != 208 {
		t.Errorf("after 207: %d", len(got))
	}
	if got := r.listing("?after=999").Deliveries; len(got) != 0 {
		t.Errorf("after 999: %d", len(got))
	}
	if resp, text := r.do("GET", "/inspect?id=11", ""); resp.StatusCode != 200 || !strings.HasPrefix(text, `{"id":11,`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	r.refused(404, "not_found", "", "delivery 10 is not kept", "GET", "/inspect?id=10", "")
	r.refused(400, "bad_request", "id", "id is no delivery's id", "GET", "/inspect?id=x", "")
	r.refused(400, "bad_request", "after", "after is no", "GET", "/inspect?after=-1", "")
	r.refused(400, "bad_request", "format", "use json or html", "GET", "/inspect?format=xml", "")

	if resp, text := r.do("DELETE", "/inspect", ""); resp.StatusCode != 200 || text != `{"deleted":200}`+"\n" {
		t.Errorf("DELETE: %d %s", resp.StatusCode, text)
	}
	r.do("POST", "/inspect", `{}`)
	if got := r.listing(""); got.Received != 211 || got.Kept != 1 || got.Deliveries[0].ID != 211 {
		t.Errorf("after DELETE: %+v", got)
	}
}

func TestKeepsBytesBounded(t *testing.T) {
	r := mustServe(t, Options{})
	f := func(body string, times, kept int) {
		t.Helper()
		r.do("DELETE", "/inspect", "")
		for range times {
			if resp, text := r.do("POST", "/inspect", body); resp.StatusCode != 200 {
				t.Fatalf("%d %s", resp.StatusCode, text)
			}
		}
		if got := r.listing("").Kept; got != kept {
			t.Errorf("%d times %d bytes: %d are kept, want %d", times, len(body), got, kept)
		}
		if r.inspector.bytes > keptMax {
			t.Errorf("%d bytes are kept, at most %d may be", r.inspector.bytes, keptMax)
		}
	}
	f(`{"a":"`+strings.Repeat("x", 3<<20)+`"}`, 4, 2)
	f(`{"a":"`+strings.Repeat("x", bodyMax-8)+`"}`, 3, 1)
	f(strings.Repeat("\x00", bodyMax), 3, 1) // the worst there is to print
	f("{"+strings.Repeat(" ", bodyMax-2)+"}", 3, 3)
	f(strings.Repeat("[", bodyMax), 2, 2) // too deep to be JSON
}

func TestBodyTooLarge(t *testing.T) {
	r := mustServe(t, Options{})
	r.refused(413, "too_large", "", "more than 4194304 bytes", "POST", "/inspect", strings.Repeat("x", bodyMax+1))
	// Without a length in front.
	resp, err := r.client.Post(r.base+"/inspect", "", io.LimitReader(endless{}, 2*bodyMax))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 413 {
		t.Errorf("%d, want 413", resp.StatusCode)
	}
	if got := r.listing("").Received; got != 0 {
		t.Errorf("%d are kept", got)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestForeignBodies(t *testing.T) {
	r := mustServe(t, Options{})
	f := func(body, want string) {
		t.Helper()
		r.do("POST", "/inspect", body)
		resp, text := r.do("GET", "/inspect?id="+fmt.Sprint(r.listing("").Received), "")
		var d delivery
		if err := json.Unmarshal([]byte(text), &d); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %v", text, err)
		}
		if string(d.Body) != want {
			t.Errorf("body %s, want %s", d.Body, want)
		}
		if resp, text := r.do("GET", "/inspect", "", "Accept", "text/html"); resp.StatusCode != 200 {
			t.Errorf("page: %d %s", resp.StatusCode, text)
		}
	}
	f("", `""`)
	f("plain", `"plain"`)
	f("\xff\n", `"`+"\uFFFD"+`\n"`)
	f("{ \"a\" : \"<&>\" }\n", `{"a":"<&>"}`)
	f(`{"a":1,"a":2}`, `{"a":1,"a":2}`)
	f(`"text"`, `"text"`)
	f(`[1, 2]`, `[1,2]`)
	f(`1e400`, `1e400`)
}

func TestAnswersBadly(t *testing.T) {
	r := mustServe(t, Options{})
	resp, text := r.do("POST", "/inspect?status=503&retry_after=7&delay=1ms", sample)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "7" || !strings.Contains(text, `"code":"asked_for"`) {
		t.Errorf("%d Retry-After %q %s", resp.StatusCode, resp.Header.Get("Retry-After"), text)
	}
	if got := r.listing("").Deliveries[0].Status; got != 503 {
		t.Errorf("status %d is shown", got)
	}
	for _, status := range []int{200, 202, 204, 302, 304, 410, 500} {
		resp, _ := r.do("POST", fmt.Sprintf("/inspect?status=%d", status), sample)
		if resp.StatusCode != status || resp.Header.Get("Retry-After") != "" {
			t.Errorf("asked for %d, got %d", status, resp.StatusCode)
		}
	}
	failed := 0
	for range 100 {
		if resp, _ := r.do("POST", "/inspect/some?status=500&share=0.3", sample); resp.StatusCode == 500 {
			failed++
		}
	}
	if failed < 28 || failed > 32 {
		t.Errorf("%d of 100 failed, want 30", failed)
	}
	before := r.listing("").Received
	for _, bad := range []struct{ field, value string }{
		{"status", "99"}, {"status", "600"}, {"status", "x"}, {"status", "100"},
		{"share", "1.1"}, {"share", "-1"}, {"share", "NaN"}, {"share", "x"},
		{"delay", "-1s"}, {"delay", "61s"}, {"delay", "5"}, {"delay", "x"},
		{"retry_after", "0"}, {"retry_after", "86401"}, {"retry_after", "soon"},
	} {
		r.refused(400, "bad_request", bad.field, bad.field+" is no", "POST", "/inspect?"+bad.field+"="+bad.value, sample)
	}
	if got := r.listing("").Received; got != before {
		t.Errorf("%d with a bad query are kept", got-before)
	}
}

// TestDelayEndsWithShutdown: the answer is held back for a minute, and comes when the server is stopped.
func TestDelayEndsWithShutdown(t *testing.T) {
	r := mustServe(t, Options{})
	status := make(chan int)
	go func() {
		resp, err := r.client.Post(r.base+"/inspect?delay=1m", "", strings.NewReader(sample))
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	for r.listing("").Received == 0 {
		select {
		case got := <-status:
			t.Fatalf("answered %d at once", got)
		case <-time.After(time.Millisecond):
		}
	}
	go func() { _ = r.end() }()
	if got := <-status; got != 200 {
		t.Errorf("answered %d, want 200", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	r := mustServe(t, Options{Secrets: secrets})
	headers := signed(t, "one", sample, sign.Pendo)
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for range 40 {
				switch n {
				case 0:
					r.do("GET", "/inspect", "", "Accept", "text/html")
				case 1:
					r.do("DELETE", "/inspect", "")
				case 2:
					r.do("GET", "/", "")
				default:
					r.do("POST", "/inspect", sample, headers...)
				}
			}
		})
	}
	group.Wait()
	if got := r.listing("").Received; got != 5*40 {
		t.Errorf("received %d, want 200", got)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte(sample), "status=503", "sha256=00")
	f.Add([]byte(`{"event":["`), "share=0.5&delay=1ns", "")
	f.Fuzz(func(t *testing.T, body []byte, query, signature string) {
		header := http.Header{"X-Pendo-Signature": {signature}}
		d := newDelivery(&http.Request{Header: header, URL: mustURL(t, query)}, body, noon())
		d.Signature = verify(header.Get, body, secrets(), noon())
		if !json.Valid(d.Body) {
			t.Errorf("%q is kept as %q, which is no JSON", body, d.Body)
		}
		row := newRow(d, noon())
		if len(row.Text) > shownMax+indentMax*len(indent)+8 {
			t.Errorf("%d bytes are shown", len(row.Text))
		}
		if !row.Cut && json.Valid(body) && d.Body[0] != '"' {
			var again bytes.Buffer
			if err := json.Compact(&again, []byte(row.Text)); err != nil || again.String() != string(d.Body) {
				t.Errorf("%q is shown as %q: %v", d.Body, row.Text, err)
			}
		}
		_, _ = newPlan(mustURL(t, query).Query())
	})
}
