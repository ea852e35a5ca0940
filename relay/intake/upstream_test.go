package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"edgerelay/relay/people"
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

// TestTargetsKeepTheirBytes: what stands behind the mount prefix goes on as it was spelled.
func TestTargetsKeepTheirBytes(t *testing.T) {
	b := startBeyond(t)
	f := func(target, want string) {
		t.Helper()
		if got := b.raw(rawRequest("GET", target, "")); got.status != 200 {
			t.Errorf("%s: %d", target, got.status)
		}
		b.forwarded("GET " + want)
	}
	f("/data/log.gif/KEY?msg=a%20b+c&x=%zz", "data/log.gif/KEY?msg=a%20b+c&x=%zz")
	f("//data//log.gif//%4b%45Y/?", "data//log.gif//%4b%45Y/?")
	f("/pfx/data/data/log.gif/KEY", "data/log.gif/KEY")
	f("/p%66x/%2fa///data/l%6Fg.gif/KEY?a/b", "data/l%6Fg.gif/KEY?a/b")
	f("/p%25x/50%/%2F/data/log.gif/KEY?%2F%25", "data/log.gif/KEY?%2F%25")
	f("/%/%2/data/log.gif/KEY?%", "data/log.gif/KEY?%")
	f("https://relay.example:1/pfx/data/log.gif/KEY#top", "data/log.gif/KEY")
	f("/data/log.gif/WK_TEST_node?"+strings.Repeat("x", 8000), "data/log.gif/WK_TEST_node?"+strings.Repeat("x", 8000))
	if got := b.raw(rawRequest("HEAD", "/data/log.gif/KEY?by=head", "")); got.status != 200 {
		t.Error(got)
	}
	b.forwarded("GET data/log.gif/KEY?by=head")
	b.raw(rawRequest("OPTIONS", "/data/log.gif/KEY", ""))
	b.raw(rawRequest("GET", "/data/log.gif/NOBODY", ""))
	b.raw(rawRequest("PUT", "/data/log.gif/KEY", ""))
	b.forwarded()
}

// TestForwardedFor: an address that a trusted proxy tells is passed on, and nobody else's word.
func TestForwardedFor(t *testing.T) {
	f := func(trusted, header, want string) {
		t.Helper()
		b := startBeyond(t, func(o *Options) {
			if trusted != "" {
				o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(trusted)}
			}
		})
		b.raw(rawRequest("GET", "/data/log.gif/KEY", "", "X-Forwarded-For: "+header))
		if got := b.requests(); len(got) != 1 || string(got[0].Header[upstream.ForwardedFor]) != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	f("", "203.0.113.9", "127.0.0.1")
	f("127.0.0.0/8", "203.0.113.9", "203.0.113.9, 127.0.0.1")
	f("127.0.0.0/8", "made-up, 203.0.113.9, 10.0.0.1", "made-up, 203.0.113.9, 10.0.0.1, 127.0.0.1")
	f("10.0.0.0/8", "203.0.113.9", "127.0.0.1")
}

// TestResentBatchesGoOnOnce: the upstream gets a batch once, however often and in whatever way it comes.
func TestResentBatchesGoOnOnce(t *testing.T) {
	b := startBeyond(t)
	b.meet()
	b.requests()
	count := func(what string, want int) {
		t.Helper()
		if got := len(b.requests()); got != want {
			t.Errorf("%s: %d went on, want %d", what, got, want)
		}
	}
	batch := `[` + agentEventOf("load", 1, `{}`, "") + `]`
	b.taken(sent("ptm.gif", batch))
	b.taken(sent("ptm.gif", batch, "&rt=1"))
	b.now.Add(5e9)
	b.taken(rawRequest("GET", "/data/ptm.gif/KEY?v=2.291.4_prod&ct=1795241525000&rt=2&jzb="+jzb(batch), ""))
	b.taken(rawRequest("POST", "/data/ptm.gif/KEY?ct=1795241525000&rt=3", `{"events":"`+jzb(batch)+`"}`, "Content-Type: text/plain;charset=UTF-8"))
	b.taken(rawRequest("POST", "/data/ptm.gif/KEY?ct=1&jzb="+jzb(batch), `something`))
	count("one batch", 1)
	b.taken(sent("guide.gif", batch))
	b.raw(rawRequest("GET", "/data/ptm.gif/WK_TEST_web?jzb="+jzb(batch), ""))
	count("elsewhere, and under another key", 2)
	if n := len(b.events()); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	for range 2 {
		b.taken(sent("guide.gif", "[]"))
		b.taken(rawRequest("GET", "/data/log.gif/KEY?msg=x", ""))
		b.good("/data/errorlog?apiKey=KEY", `{"error":"x","visitorId":"v"}`)
		b.taken(sent("ptm.gif", `[{"type":"load","visitor_id":"v","account_id":"a"}]`)) // no time, no number
		b.good("/data/segmentio/KEY", `{"type":"track","event":"E","userId":"v"}`)
	}
	count("what has nothing of its own", 10)
	for range 2 {
		b.good("/data/segmentio/KEY", `{"type":"track","event":"E","userId":"v","messageId":"m"}`)
		b.good("/data/devlog/KEY", `{"events":"`+jzb(`[{"visitorId":"v","type":"devlog"}]`)+`"}`)
		b.good("/data/rec/KEY?recordingId=r&rt=1", deflateTo(t, "deflate", []byte(`{"visitorId":"v","sequence":1}`)))
	}
	count("messages, console and recordings", 3)
}

// TestBodiesGoOnAsTheyCame: nothing of a body is undone, read or put in order, of one in the query's stead neither.
func TestBodiesGoOnAsTheyCame(t *testing.T) {
	b := startBeyond(t)
	f := func(target, body string, header ...string) {
		t.Helper()
		b.good(target, body, header...)
		want := "POST " + target[1:]
		for _, line := range header {
			if !strings.HasPrefix(line, "Transfer") {
				want += " " + strings.Replace(line, ": ", "=", 1)
			}
		}
		got := b.requests()
		if _, chunk, chunked := strings.Cut(body, "\r\n"); chunked {
			body, _, _ = strings.Cut(chunk, "\r\n")
		}
		if len(got) != 1 || showRequest(got[0]) != want+" "+body {
			t.Errorf("forwarded %v, want\n%s %q", got, want, body)
		}
	}
	load := jzb(`[` + agentEventOf("load", 1, `{}`, "") + `]`)
	f("/data/ptm.gif/KEY?ct=1", " {\"b\":1,\t\"b\":2, \"events\":\""+load+"\"} ", "Content-Type: text/plain;charset=UTF-8")
	message := `{"type":"track", "event":"E","userId":"v","messageId":"m"}`
	f("/data/segmentio/KEY", deflateTo(t, "gzip", []byte(message)), "Content-Type: application/json", "Content-Encoding: gzip")
	f("/data/segmentio/KEY?chunked", "39\r\n{\"type\":\"track\",\"event\":\"E\",\"userId\":\"v\",\"messageId\":\"n\"}\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
	f("/data/rec/KEY", deflateTo(t, "deflate", []byte(`{"visitorId":"v"}`)))
	f("/data/poll.gif/KEY?jzb="+jzb(`[`+agentEventOf("load", 2, `{}`, "")+`]`), "beside it")
	f("/data/log.gif/KEY?msg=x", "beside it")
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

// TestWithheld: what tells of nobody but those of whom nothing may be passed on stays here.
func TestWithheld(t *testing.T) {
	exclude, err := people.NewExclusions([]string{"test-*"}, []string{"inside"})
	if err != nil {
		t.Fatal(err)
	}
	b := startBeyond(t, func(o *Options) { o.Apps[0].Exclude = exclude })
	change := b.book.Begin()
	if _, err := change.SetDoNotProcess("demo", []byte(`"secret"`), true); err != nil {
		t.Fatal(err)
	}
	b.commit(change)
	n := 0
	of := func(visitor, account string) string {
		n++
		return strings.NewReplacer(`"v"`, `"`+visitor+`"`, `"a"`, `"`+account+`"`).Replace(agentEventOf("load", n, `{}`, ""))
	}
	f := func(want int, method, target, body string) {
		t.Helper()
		before := b.counter("edge_intake_withheld_requests_total", "reason", "people")
		if got := b.raw(rawRequest(method, target, body)); got.status != 200 {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
		if got := len(b.requests()); got != want {
			t.Errorf("%s %s: %d went on, want %d", target, body, got, want)
		}
		if n := b.counter("edge_intake_withheld_requests_total", "reason", "people") - before; int(n) != 1-want {
			t.Errorf("%s: counted %v", target, n)
		}
	}
	batch := func(want int, events ...string) {
		t.Helper()
		f(want, "GET", "/data/ptm.gif/KEY?jzb="+jzb(`[`+strings.Join(events, ",")+`]`), "")
	}
	batch(0, of("test-1", "a"))
	batch(0, of("v", "inside"), of("test-2", "a"))
	batch(0, of("secret", "a")) // who is marked and was never seen
	batch(0, of("secret", "a"), of("test-1", "a"))
	batch(1, of("v", "a"), of("secret", "a"))
	batch(0, of("secret", "a")) // not in the way of those who are known
	batch(1, of("v", "a"))
	f(0, "GET", "/data/ptm.gif/KEY?v=2.219.0_prod&jzb="+jzb(`[`+of("test-1", "a")+`]`), "") // whose frustration is looked for
	f(1, "GET", "/data/ptm.gif/KEY?v=2.219.0_prod&jzb="+jzb(`[`+of("v", "a")+`,`+of("test-1", "a")+`]`), "")
	f(0, "POST", "/data/segmentio/KEY", `{"type":"track","event":"E","userId":"secret"}`)
	f(0, "POST", "/data/segmentio/KEY", `[{"type":"page","userId":"test-1"}]`)
	f(1, "POST", "/data/segmentio/KEY", `[{"type":"page","userId":"v"},{"type":"page","userId":"test-1"}]`)
	rec := func(object string) string { return deflateTo(t, "deflate", []byte(object)) }
	f(0, "POST", "/data/rec/KEY", rec(`{"visitorId":"secret"}`))
	f(0, "POST", "/data/rec/KEY", rec(`{"visitorId":"v","accountId":"inside"}`))
	f(1, "POST", "/data/rec/KEY", rec(`{"visitorId":"v","accountId":"a"}`))
	f(0, "POST", "/data/errorlog?apiKey=KEY", `{"visitorId":"test-1","error":"x"}`)
	f(1, "POST", "/data/errorlog?apiKey=KEY", `{"visitorId":null,"error":"x"}`)
	f(1, "POST", "/data/errorlog?apiKey=KEY", `{"visitorId":["test-1"],"error":"x"}`)
	f(0, "GET", "/data/devlog/KEY?jzb="+jzb(`[{"visitorId":"secret"},{"visitorId":"test-1"}]`), "")
	f(1, "GET", "/data/devlog/KEY?jzb="+jzb(`[{"visitorId":"secret"},{"visitorId":"v"}]`), "")
	f(1, "GET", "/data/devlog/KEY?jzb="+jzb(`[7]`), "")
}

// TestWhatCannotBeReadStaysHere: it is answered as without an upstream, to the letter.
func TestWhatCannotBeReadStaysHere(t *testing.T) {
	alone, b := start(t), startBeyond(t)
	f := func(method, target, body string, header ...string) {
		t.Helper()
		raw := rawRequest(method, target, body, header...)
		want, got := alone.raw(raw), b.raw(raw)
		want.header.Del("Date")
		got.header.Del("Date")
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s %s: %v, without an upstream %v", method, target, got, want)
		}
		b.forwarded()
		if len(b.live.asked) > 0 {
			t.Errorf("%s %s: the upstream was asked", method, target)
		}
	}
	for _, endpoint := range []string{"ptm.gif", "poll.gif", "devlog", "guide.json", "guide.js", "segmentflag.json", "recordingconf"} {
		f("GET", "/data/"+endpoint+"/KEY?jzb=eJw", "")
		f("GET", "/data/"+endpoint+"/KEY?jzb=!!", "")
		f("POST", "/data/"+endpoint+"/KEY", "no JSON")
		f("POST", "/data/"+endpoint+"/KEY", "x", "Content-Encoding: gzip")
		f("POST", "/data/"+endpoint+"/KEY", `{"events":7}`)
		f("GET", "/data/"+endpoint+"/NOBODY?jzb="+jzb(`[]`), "")
	}
	f("GET", "/data/ptm.gif/KEY", "")
	f("GET", "/data/devlog/KEY", "")
	f("GET", "/data/recordingconf/KEY", "")
	f("POST", "/data/rec/KEY", "")
	f("GET", "/data/rec/KEY", "")
	f("POST", "/data/rec/KEY", "no zlib")
	f("POST", "/data/rec/KEY", deflateTo(t, "deflate", []byte("7")))
	f("POST", "/data/rec/KEY", strings.Repeat("x", 5<<20))
	f("POST", "/data/errorlog?apiKey=KEY", "[]")
	f("GET", "/data/errorlog?apiKey=KEY", "")
	f("POST", "/data/errorlog?apiKey=NOBODY", "{}")
	f("POST", "/data/segmentio/KEY", "7")
	f("POST", "/data/segmentio/KEY", "")
	if n := b.counter("edge_intake_withheld_requests_total", "reason", "unreadable"); n != 13 {
		t.Errorf("counted %v", n)
	}
}

// TestNothingIsForgottenSilently: when the log takes nothing the sender is told to come again, on every endpoint.
func TestNothingIsForgottenSilently(t *testing.T) {
	b := startBeyond(t, func(o *Options) { o.Log = refusing{wal.ErrFull} })
	f := func(want int, method, target, body string) {
		t.Helper()
		if got := b.raw(rawRequest(method, target, body)); got.status != want || strings.HasPrefix(got.body, "GIF") {
			t.Errorf("%s: %d %s", target, got.status, got.body)
		}
	}
	f(503, "GET", "/data/guide.gif/KEY?jzb="+jzb(`[]`), "")
	f(503, "GET", "/data/log.gif/KEY?msg=x", "")
	f(503, "POST", "/data/errorlog?apiKey=KEY", `{}`)
	f(503, "POST", "/data/rec/KEY", deflateTo(t, "deflate", []byte(`{}`)))
	f(503, "GET", "/data/devlog/KEY?jzb="+jzb(`[]`), "")
	f(429, "POST", "/data/segmentio/KEY", `[]`)
}

// TestOthersAreNotForwarded: what has nothing to do with Pendo's data host stays here.
func TestOthersAreNotForwarded(t *testing.T) {
	b := startBeyond(t)
	b.good("/data/track", oneEvent, integrationKey)
	b.good("/v1/track", `{"userId":"v","event":"E"}`, basicKey)
	b.forwarded()
}

// TestWhatCameFromHereGoesNoFurther: an upstream that is the relay itself gets each request once, and that is told once.
func TestWhatCameFromHereGoesNoFurther(t *testing.T) {
	b := startBeyond(t, func(o *Options) { o.Via = "this-relay" })
	b.live.answers(200, "{}")
	ask := func(via string) {
		t.Helper()
		b.taken(rawRequest("GET", "/data/log.gif/KEY?msg=x", "", "X-Edgerelay-Via: "+via))
		b.raw(rawRequest("GET", "/data/guide.json/KEY", "", "X-Edgerelay-Via: "+via))
	}
	ask("another")
	b.forwarded("GET data/log.gif/KEY?msg=x X-Edgerelay-Via=another")
	if asked := b.live.was(); asked != "GET data/guide.json/KEY X-Edgerelay-Via=another" {
		t.Errorf("asked %s", asked)
	}
	ask("this-relay")
	ask("another, this-relay, third")
	b.forwarded()
	if asked := b.live.was(); asked != "" {
		t.Errorf("asked %s", asked)
	}
	if n := b.counter("edge_intake_withheld_requests_total", "reason", "loop"); n != 2 {
		t.Errorf("counted %v", n)
	}
	if n := strings.Count(b.logged.String(), "came back to this relay"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// FuzzTarget: what goes on to the upstream is, under its own root, the endpoint and key that it was to the relay.
func FuzzTarget(f *testing.F) {
	b := startBeyond(f)
	r := offline(f, b.server)
	for _, seed := range []string{"/data/log.gif/KEY?msg=a%20b", "//p%66x//data//log.gif//%4b%45Y/?", "/%/%2/data/rec/K%", "http://h/pfx%2Fdata%2Fguide.json%2FKEY#x",
		"/data/data/errorlog?apiKey=KEY", "data/rec/K", "/%2f%2F/data/rec/%2f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		r.ctx.Request.Header.SetRequestURI(uri)
		raw := r.ctx.Request.Header.RequestURI()
		r.path = appendPath(r.path[:0], raw)
		m := paths.find(r.path)
		r.prefix = m.prefix
		target := r.target()
		if !bytes.HasSuffix(pathAndQuery(raw), target) {
			t.Fatalf("%q goes on as %q", raw, target)
		}
		if m.end == nil {
			return
		}
		again := paths.find(appendPath(nil, append([]byte("/"), target...)))
		if again.end != m.end || fmt.Sprintf("%q", again.vars) != fmt.Sprintf("%q", m.vars) || len(bytes.Trim(again.prefix, "/")) > 0 {
			t.Errorf("%q is %s with %q, and goes on as %q, which is %s with %q behind %q", raw, m.end.label(), m.vars, target, again.end.label(), again.vars, again.prefix)
		}
	})
}
