package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"edgerelay/wal"
)

// TestBadAgentRequests is what must be refused: each with its status and reason and with nothing stored. The image comes
// all the same, or the agent would send it a hundred times.
func TestBadAgentRequests(t *testing.T) {
	r := start(t, func(o *Options) { o.BodyMax = 1 << 20 })
	n := 0
	check := func(what string, got reply, status int, reason string) {
		t.Helper()
		n++
		if checkPixel(t, what, got); got.status != status || got.header.Get("X-Edgerelay-Error") != reason {
			t.Errorf("%.80s:\n got %d %s\nwant %d %s", what, got.status, got.header.Get("X-Edgerelay-Error"), status, reason)
		}
		if got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%.80s: no CORS", what)
		}
		if r.log.Head() != 0 {
			t.Fatalf("%.80s: something was stored", what)
		}
		r.taken(rawRequest("GET", "/data/guide.gif/KEY?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5", ""))
	}
	// f sends a jzb as it stands, by GET where that fits and by POST; g encodes a payload first.
	f := func(what, packed string, status int, reason string) {
		t.Helper()
		if len(packed) < 8000 {
			check(what, r.raw(rawRequest("GET", "/data/ptm.gif/KEY?jzb="+packed, "")), status, reason)
		}
		check(what, r.post("/data/poll.gif/KEY", `{"events":"`+packed+`"}`), status, reason)
	}
	g := func(payload string, status int, reason string) {
		t.Helper()
		f(payload, jzb(payload), status, reason)
	}
	post := func(body string, status int, reason string) {
		t.Helper()
		check(body, r.post("/data/ptm.gif/KEY", body), status, reason)
	}

	// keys
	const unknown = "unknown_key: the key is not known; use the key of a configured app, or one of its extra_keys"
	check("wrong key", r.raw(rawRequest("GET", "/data/ptm.gif/WRONG?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5", "")), 403, unknown)
	check("wrong key", r.post("/data/guide.gif/WRONG", "{"), 403, unknown)
	check("integration key", r.post("/data/ptm.gif/INT", "{"), 403, unknown)

	// no payload
	const nothing = "no_events: there are no events; send them in the query's jzb, or as events in the body"
	check("no query", r.raw(rawRequest("GET", "/data/ptm.gif/KEY", "")), 400, nothing)
	check("empty jzb", r.raw(rawRequest("GET", "/data/ptm.gif/KEY?jzb=&ct=1", "")), 400, nothing)
	post("", 400, "empty_body: the body is empty; send JSON")
	post("{", 400, "invalid_json: the body is not JSON: json: byte 1: expected a key in double quotes")
	post("[]", 400, "invalid_body: the body is not a JSON object")
	for _, events := range []string{`{}`, `{"events":null}`, `{"events":7}`, `{"events":""}`, `{"events":[{}]}`, `{"events":{}}`, `{"jzb":"eJw"}`} {
		post(events, 400, nothing)
	}

	// base64
	f("one character", "e", 400, "bad_jzb: jzb is not base64url: illegal base64 data at input byte 0")
	f("wrong character", "eJw!", 400, "bad_jzb: jzb is not base64url: illegal base64 data at input byte 3")
	f("padding within", "eJ==wFwI", 400, "bad_jzb: jzb is not base64url: illegal base64 data at input byte 2")
	f("percent", "%25%25%25%25", 400, "bad_jzb: jzb is not base64url: illegal base64 data at input byte 0")

	// zlib
	whole := jzb(`[` + agentEventOf("load", 1, `{}`, "") + `]`)
	f("header alone", whole[:2], 400, "bad_jzb: jzb is cut short")
	f("cut in the middle", whole[:len(whole)/8*4], 400, "bad_jzb: jzb is cut short")
	f("no checksum", whole[:(len(whole)-6)/4*4], 400, "bad_jzb: jzb is cut short")
	f("wrong checksum", whole[:len(whole)-4]+"AAAA", 400, "bad_jzb: jzb is not zlib: zlib: invalid checksum")
	f("no header", "AAAAAAAA", 400, "bad_jzb: jzb is not zlib: zlib: invalid header")
	f("wrong block", "eJz_____", 400, "bad_jzb: jzb is not zlib: flate: corrupt input before offset 1")
	const bomb = "too_large: the body is over 1048576 bytes when inflated; send fewer events at once, or raise body_max"
	f("bomb", jzb(strings.Repeat(" ", 4<<20)), 413, bomb)
	f("large bomb", jzb(strings.Repeat("[", 64<<20)), 413, bomb)
	post(strings.Repeat(" ", 2<<20), 413, "too_large: the body is over 1048576 bytes; send fewer events at once, or raise body_max")

	// JSON
	const notJSON = "invalid_json: jzb holds no JSON: json: byte "
	g("", 400, notJSON+"0: unexpected end, a value is missing")
	g(" ", 400, notJSON+"1: unexpected end, a value is missing")
	g("[", 400, notJSON+"1: unexpected end, a value is missing")
	g(`[{"type":"load"},]`, 400, notJSON+"17: unexpected ']' where a value starts")
	g(`{"a":"`+"\xff"+`"}`, 400, notJSON+"6: invalid UTF-8 in a string")
	g(`[] []`, 400, notJSON+"3: unexpected '[' after the value")
	for _, scalar := range []string{`null`, `true`, `7`, `"load"`} {
		g(scalar, 400, "invalid_json: jzb holds neither an object nor an array")
	}
	chain := strings.Repeat(`{"tag":"DIV","parentElem":`, 10_000) + `{}` + strings.Repeat(`}`, 10_000)
	g(`[`+agentEventOf("click", 1, `{"target":`+chain+`}`, "")+`]`, 400, notJSON+"13372: nested deeper than 512")
	g(strings.Repeat("[", 600)+strings.Repeat("]", 600), 400, notJSON+"512: nested deeper than 512")

	if n < 60 {
		t.Errorf("%d bad requests", n)
	}
	if used := r.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
	if r.logged.String() != "" {
		t.Errorf("logged: %s", r.logged)
	}
	r.stored()
}

// TestBadAgentEvents: an event that cannot be taken is left out and counted; the others of its batch are taken, and the
// agent is told that all is well.
func TestBadAgentEvents(t *testing.T) {
	r := start(t)
	r.meet()
	n := 0
	good := 10_000
	f := func(event string, why omission) {
		t.Helper()
		n++
		good++
		before := r.counter("edge_intake_left_out_messages_total", "reason", why.String())
		r.taken(sent("ptm.gif", `[`+event+`,`+agentEventOf("load", good, `{}`, "")+`]`))
		if got := r.counter("edge_intake_left_out_messages_total", "reason", why.String()) - before; got != 1 {
			t.Errorf("%.100s: counted %v", event, got)
		}
		r.stored(`pageLoaded visitor="v" account="a" properties={}` + onPage)
	}
	long := strings.Repeat("x", 1100)
	for _, value := range []string{`7`, `null`, `"load"`, `[]`, `[{"type":"load"}]`, `true`} {
		f(value, omitNotObject)
	}
	for _, kind := range []string{`7`, `null`, `{}`, `["load"]`} {
		f(`{"type":`+kind+`,"visitor_id":"v"}`, omitType)
	}
	f(`{}`, omitType)
	f(`{"visitor_id":"v"}`, omitType)
	for _, visitor := range []string{`null`, `""`} {
		f(`{"type":"load","visitor_id":`+visitor+`}`, omitNoUser)
	}
	f(`{"type":"load"}`, omitNoUser)
	for _, id := range []string{`{}`, `[]`, `true`, `false`} {
		f(`{"type":"load","visitor_id":`+id+`}`, omitWrongType)
		f(`{"type":"load","visitor_id":"v","account_id":`+id+`}`, omitWrongType)
		f(agentEventOf("guideSeen", 1, `{"guide_id":`+id+`}`, ""), omitWrongType)
		f(agentEventOf("guideDismissed", 1, `{"guide_id":"g","guide_step_id":`+id+`}`, ""), omitWrongType)
		f(agentEventOf("pollResponse", 1, `{"guide_id":"g","poll_id":`+id+`,"poll_response":1}`, ""), omitWrongType)
	}
	f(`{"type":"load","visitor_id":"`+long+`"}`, omitLongID)
	f(`{"type":"load","visitor_id":"v","account_id":"`+long+`"}`, omitLongID)
	f(agentEventOf("track", 1, `{}`, `,"track_event_name":"`+long+`"`), omitLongID)
	f(agentEventOf("guideSeen", 1, `{"guide_id":"`+long+`"}`, ""), omitLongID)
	f(agentEventOf("track", 1, `{}`, ""), omitNoEvent)
	f(agentEventOf("track", 1, `{}`, `,"track_event_name":""`), omitNoEvent)
	f(agentEventOf("track", 1, `{}`, `,"track_event_name":{}`), omitWrongType)
	for _, props := range []string{`null`, `7`, `[]`, `"x"`} {
		f(agentEventOf("click", 1, props, ""), omitWrongType)
		f(agentEventOf("guideSeen", 1, props, ""), omitWrongType)
		f(agentEventOf("pollResponse", 1, props, ""), omitWrongType)
		f(agentEventOf("meta", 1, props, ""), omitWrongType)
		f(agentEventOf("click", 1, `{"target":`+props+`}`, ""), omitWrongType)
	}
	f(agentEventOf("guideAdvanced", 1, `{}`, ""), omitNoGuide)
	f(agentEventOf("pollResponse", 1, `{"poll_id":"p","poll_response":1}`, ""), omitNoGuide)
	f(agentEventOf("pollResponse", 1, `{"guide_id":"g","poll_response":1}`, ""), omitNoGuide)
	f(agentEventOf("pollResponse", 1, `{"guide_id":"g","poll_id":"p"}`, ""), omitWrongType)
	f(agentEventOf("pollResponse", 1, `{"guide_id":"g","poll_id":"p","poll_response":1,"duration":"long"}`, ""), omitWrongType)
	f(agentEventOf("track", 1, `{"a":"`+strings.Repeat("x", 600<<10)+`"}`, `,"track_event_name":"T"`), omitTooLarge)
	if n < 60 {
		t.Errorf("%d bad events", n)
	}

	// what is odd in places that do not matter is taken
	odd := `,"frustrationTypes":"rageClick","eventProperties":[],"errorClickLog":{},"frameId":"f","url":7`
	r.taken(sent("ptm.gif", `[`+strings.Replace(agentEventOf("click", 1, `{"target":{"tag":7,"cls":[],"attrs":null,"parentElem":[]}}`, odd), fmt.Sprint(theTime.UnixMilli()), `"soon"`, 1)+`]`))
	r.stored(`featureClicked visitor="v" account="a" properties={} ip="127.0.0.1"`)
	r.taken(sent("ptm.gif", `[`+strings.Replace(agentEventOf("load", 2, `[]`, `,"frustrationTypes":[["uTurn"],{},null]`), "users/7", `\ud800\u0000`, 1)+`]`))
	r.stored(`pageLoaded visitor="v" account="a" properties={} url="https://app.example.com/\ud800\u0000" ip="127.0.0.1"`)
	r.taken(sent("ptm.gif", `[`+strings.Repeat(`{},`, agentEventsMax-1)+agentEventOf("load", 3, `{}`, "")+`,`+agentEventOf("load", 4, `{}`, "")+`,{}]`))
	r.stored(`pageLoaded visitor="v" account="a" properties={}` + onPage)
	if got := r.counter("edge_intake_left_out_messages_total", "reason", "too_many"); got != 2 {
		t.Errorf("%v left out", got)
	}
}

// TestBusyAgent: what may pass by itself is answered without an image, so that the agent sends it again.
func TestBusyAgent(t *testing.T) {
	for _, fault := range []error{wal.ErrFull, wal.ErrOverloaded, wal.ErrClosed, errors.New("input/output error")} {
		r := start(t, func(o *Options) { o.Log = refusing{fault} })
		event := `[` + agentEventOf("load", 1, `{}`, "") + `]`
		for _, request := range [][]byte{sent("ptm.gif", event), rawRequest("POST", "/data/ptm.gif/KEY", `{"events":"`+jzb(event)+`"}`)} {
			got := r.raw(request)
			if got.status != 503 || got.body != "" || got.header.Get("Retry-After") == "" || got.header.Get("Access-Control-Allow-Origin") != "*" ||
				got.header.Get("Content-Type") == "image/gif" {
				t.Errorf("%v: %d %q %v", fault, got.status, got.body, got.header)
			}
		}
		r.taken(rawRequest("GET", "/data/guide.gif/KEY?jzb=eJwFwIEIAAAAwDDQd3-N1QABFQC5", "")) // nothing to keep
		if got := r.raw(rawRequest("PUT", "/data/ptm.gif/KEY", "")); got.status != 405 {
			t.Errorf("PUT: %d", got.status)
		}
	}
}
