package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"edgerelay/relay/upstream"
	"edgerelay/wal"
)

// beyond is a rig whose app has an upstream, with the queue of what goes there.
type beyond struct {
	*rig
	queue *wal.Queue
	live  *fakeLive
}

// startBeyond starts a server; change, if any, changes its options, whose first app is then given an upstream.
func startBeyond(t testing.TB, change ...func(*Options)) *beyond {
	t.Helper()
	b := &beyond{live: &fakeLive{}}
	b.rig = start(t, append(change, func(o *Options) { o.Apps[0].Upstream, o.Apps[0].Live = 2, b.live })...)
	var err error
	if b.queue, err = b.log.Queue(2, wal.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// requests takes the requests that were stored since the last call.
func (b *beyond) requests() (all []*upstream.Request) {
	b.t.Helper()
	for {
		entry, ok, err := b.queue.Take(0)
		if err != nil {
			b.t.Fatal(err)
		}
		if !ok {
			return all
		}
		q := new(upstream.Request)
		if err := upstream.ParseRecord(bytes.Clone(entry.Body), q); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, q)
		if err := b.queue.Settle(&entry); err != nil {
			b.t.Fatal(err)
		}
	}
}

// forwarded compares what was stored since the last call with requests as showRequest prints them.
func (b *beyond) forwarded(want ...string) {
	b.t.Helper()
	var got []string
	for _, q := range b.requests() {
		got = append(got, showRequest(q))
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		b.t.Errorf("forwarded\n%s\nwant\n%s", g, w)
	}
}

// showRequest is a request as a line: method, target, headers but for the address, and body.
func showRequest(q *upstream.Request) string {
	line := fmt.Sprintf("%s %s", q.Method, q.Target)
	for h, value := range q.Header {
		if h := upstream.Header(h); value != nil && h != upstream.ForwardedFor {
			line += fmt.Sprintf(" %s=%s", h, value)
		}
	}
	if q.Body != nil {
		line += " " + string(q.Body)
	}
	return line
}

// TestCapturesAreForwarded replays what the real agent sent, and compares what goes on to the upstream with it: each
// request once, with its target, headers and body, and what needs an answer not at all.
func TestCapturesAreForwarded(t *testing.T) {
	b := startBeyond(t, captures(t))
	seen, resent := map[string]bool{}, 0
	for _, file := range captureFiles(t) {
		c := readCapture(t, file)
		for i := range c.Requests {
			q := &c.Requests[i]
			raw := c.request(i)
			if got := b.raw(raw); got.status/100 != 2 {
				t.Fatalf("%s %d: %d %s", file, i, got.status, got.body)
			}
			got := b.requests()
			want := wantForwarded(t, q.Method, q.URL, q.Headers, q.Body)
			switch id := payloadOf(t, q.URL, q.Body); {
			case want != "" && id != "" && seen[id]:
				resent++
				want = ""
			case want != "":
				seen[id] = id != ""
			}
			text := ""
			if len(got) > 0 {
				text = showRequest(got[0])
				if ip := string(got[0].Header[upstream.ForwardedFor]); ip != "127.0.0.1" {
					t.Errorf("forwarded for %s", ip)
				}
			}
			if text != want || len(got) > 1 {
				t.Errorf("%s %d: forwarded\n%s\nwant\n%s", file, i, text, want)
			}
		}
	}
	if resent < 20 || len(seen) < 45 {
		t.Errorf("the captures have %d requests and %d repetitions", len(seen), resent)
	}
	if n := b.counter("edge_intake_forwarded_requests_total", "app", "demo"); int(n) < len(seen) {
		t.Errorf("counted %v", n)
	}
	if n := b.counter("edge_intake_withheld_requests_total", "reason", "repeat"); int(n) != resent {
		t.Errorf("counted %v repetitions, want %d", n, resent)
	}
	if n, stored := b.counter("edge_intake_accepted_events_total"), len(b.events()); int(n) != stored {
		t.Errorf("%v events are counted, and %d were stored", n, stored)
	}
}

// wantForwarded is what goes on of a captured request, as showRequest prints it; "" for nothing.
func wantForwarded(t *testing.T, method, target string, headers map[string]string, body []byte) string {
	t.Helper()
	_, target, _ = strings.Cut(target, "/data/")
	path, _, _ := strings.Cut(target, "/")
	if method == "OPTIONS" || path == "guide.json" || path == "segmentflag.json" || path == "recordingconf" {
		return ""
	}
	want := method + " data/" + target
	for _, name := range []string{"User-Agent", "Referer", "Origin", "Content-Type", "Content-Encoding", "Accept-Language"} {
		for key, value := range headers {
			if strings.EqualFold(key, name) {
				want += " " + name + "=" + value
			}
		}
	}
	if method == "POST" {
		want += " " + string(body)
	}
	return want
}

// payloadOf is what tells a captured batch from others; "" where each counts.
func payloadOf(t *testing.T, target string, body []byte) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	payload := u.Query().Get("jzb")
	var posted struct{ Events string }
	if payload == "" && json.Unmarshal(body, &posted) == nil {
		payload = posted.Events
	}
	if payload == "" || payload == "eJwFwIEIAAAAwDDQd3-N1QABFQC5" {
		return ""
	}
	return u.Path + " " + payload
}

// TestOneCommit: a request and its events are durable together, and the record of the request comes last.
func TestOneCommit(t *testing.T) {
	b := startBeyond(t)
	before := b.log.Stats()
	b.taken(sent("ptm.gif", `[`+agentEventOf("load", 1, `{}`, "")+`]`)) // of somebody new
	after := b.log.Stats()
	if after.Commits-before.Commits != 1 || after.Records-before.Records != 4 {
		t.Errorf("%d commits of %d records", after.Commits-before.Commits, after.Records-before.Records)
	}
	if n := b.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "pendo"); n != 3 {
		t.Errorf("%v events counted", n)
	}
	b.taken(sent("ptm.gif", `[`+agentEventOf("focus", 2, `{}`, "")+`]`)) // of which nothing is made
	if n := b.log.Stats().Records - after.Records; n != 1 {
		t.Errorf("%d records of a focus", n)
	}
	if n := len(b.requests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}
