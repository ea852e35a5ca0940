package intake

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"edgerelay/relay/upstream"
)

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
