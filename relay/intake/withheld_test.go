package intake

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/people"
	"edgerelay/wal"
)

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
