package intake

import (
	"fmt"
	"strings"
	"testing"
)

// TestBadRequests is what must be refused: each with its status and its words, with nothing stored, and with a server
// that works afterwards.
func TestBadRequests(t *testing.T) {
	r := start(t, func(o *Options) { o.BodyMax = 1 << 20 })
	n := 0
	check := func(what string, got reply, status int, code, message, field string) {
		t.Helper()
		n++
		want := fmt.Sprintf(`{"error":{"code":%q,"message":%s,"field":%s}}`, code, text(message), text(field))
		if got.status != status || got.body != want {
			t.Errorf("%.80s:\n got %d %s\nwant %d %s", what, got.status, got.body, status, want)
		}
		if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%.80s: headers %v", what, got.header)
		}
		if r.log.Head() != 0 {
			t.Fatalf("%.80s: something was stored", what)
		}
		if after := r.post("/v1/m", ""); after.status != 200 {
			t.Fatalf("%.80s: afterwards %d %s", what, after.status, after.body)
		}
	}
	// f posts to the track API, g to Segment's batch; the code of both is that of the first word in table.
	f := func(body string, status int, code, message, field string, header ...string) {
		t.Helper()
		check(body, r.post("/data/track", body, append(header, integrationKey)...), status, code, message, field)
	}
	g := func(body string, status int, code, message, field string, header ...string) {
		t.Helper()
		check(body, r.post("/v1/batch", body, append(header, basicKey)...), status, code, message, field)
	}
	raw := func(request string, status int, code, message, field string) {
		t.Helper()
		check(request, r.raw([]byte(request)), status, code, message, field)
	}

	// keys
	const noKey, unknownKey = "there is no key; ", "the key is not known; "
	const useKey = "use the key of a configured app, or one of its extra_keys"
	const useIntegration = "send one of an app's integration_keys in the header x-pendo-integration-key"
	event := `{"event":"E","visitorId":"v"}`
	check("no key", r.post("/data/track", event), 403, "no_key", noKey+useIntegration, "")
	check("app key", r.post("/data/track", event, "X-Pendo-Integration-Key: KEY"), 403, "unknown_key", unknownKey+useIntegration, "")
	check("no key", r.post("/v1/track", `{"event":"E","userId":"u"}`), 403, "no_key", noKey+useKey, "")
	check("integration key", r.post("/v1/track", `{"event":"E","userId":"u","writeKey":"INT"}`), 403, "unknown_key", unknownKey+useKey, "")
	check("number key", r.post("/v1/track", `{"event":"E","userId":"u","writeKey":5}`), 403, "no_key", noKey+useKey, "")
	check("wrong Basic before right query", r.post("/v1/track?writeKey=KEY", `{}`, "Authorization: Basic V1JPTkc6"), 403, "unknown_key", unknownKey+useKey, "")
	check("wrong query before right body", r.post("/v1/batch?writeKey=WRONG", `{"batch":[],"writeKey":"KEY"}`), 403, "unknown_key", unknownKey+useKey, "")
	check("wrong key in path", r.post("/data/segmentio/WRONG", `{}`), 403, "unknown_key", unknownKey+useKey, "")
	check("settings", r.raw(rawRequest("GET", "/v1/projects/WRONG/settings", "")), 403, "unknown_key", unknownKey+useKey, "")
	check("source config", r.raw(rawRequest("GET", "/sourceConfig/", "")), 403, "no_key", noKey+useKey, "")

	// paths and methods
	const noPath = "there is no such endpoint; check the path behind the host name"
	check("/", r.post("/", ""), 404, "unknown_path", noPath, "")
	check("/v1", r.post("/v1/", ""), 404, "unknown_path", noPath, "")
	check("/v1/TRACK", r.post("/v1/TRACK", ""), 404, "unknown_path", noPath, "")
	check("/data/segmentio", r.post("/data/segmentio/", "{}"), 404, "unknown_path", noPath, "")
	check("/userpilot", r.post("/userpilot/v1/track", "{}", basicKey), 404, "unknown_path", noPath, "")
	check("/data/track/x", r.post("/data/track/x", event, integrationKey), 404, "unknown_path", noPath, "")
	check("GET", r.raw(rawRequest("GET", "/data/track", "", integrationKey)), 405, "wrong_method", "this endpoint takes POST, OPTIONS", "")
	check("PUT", r.raw(rawRequest("PUT", "/v1/track", "{}", basicKey)), 405, "wrong_method", "this endpoint takes POST, OPTIONS", "")
	check("POST", r.post("/v1/projects/KEY/settings", "{}"), 405, "wrong_method", "this endpoint takes GET, HEAD, OPTIONS", "")

	// JSON
	const notJSON = "the body is not JSON: json: byte "
	f(``, 400, "empty_body", "the body is empty; send JSON", "")
	f(` `, 400, "invalid_json", notJSON+"1: unexpected end, a value is missing", "")
	f(`{"event":"E",`, 400, "invalid_json", notJSON+"13: expected a key in double quotes", "")
	f(`{"event":"E","visitorId":"v"}}`, 400, "invalid_json", notJSON+"29: unexpected '}' after the value", "")
	f(`{event:"E"}`, 400, "invalid_json", notJSON+"1: expected a key in double quotes", "")
	f(`{"event":'E'}`, 400, "invalid_json", notJSON+`9: unexpected '\'' where a value starts`, "")
	f(`event=E&visitorId=v`, 400, "invalid_json", notJSON+"0: unexpected 'e' where a value starts", "")
	f("\xef\xbb\xbf{}", 400, "invalid_json", notJSON+"0: unexpected byte 0xef where a value starts", "")
	f("{\"event\":\"\xff\"}", 400, "invalid_json", notJSON+"10: invalid UTF-8 in a string", "")
	f("{\"event\":\"ab\xc3\"}", 400, "invalid_json", notJSON+"12: invalid UTF-8 in a string", "")
	f("{\"event\":\"\n\"}", 400, "invalid_json", notJSON+"10: control character in a string, it must be escaped", "")
	f(`{"event":"\x41"}`, 400, "invalid_json", notJSON+"11: unknown escape in a string", "")
	f(`{"event":NaN}`, 400, "invalid_json", notJSON+"9: unexpected 'N' where a value starts", "")
	f(`{"event":01}`, 400, "invalid_json", notJSON+"9: leading zero in a number", "")
	f(`{"a":`+strings.Repeat("[", 600)+strings.Repeat("]", 600)+`}`, 400, "invalid_json", notJSON+"516: nested deeper than 512", "")
	f(strings.Repeat(`{"a":`, 100000), 400, "invalid_json", notJSON+"2560: nested deeper than 512", "")
	f(strings.Repeat(`[`, 900000), 400, "invalid_json", notJSON+"512: nested deeper than 512", "")
	g(`{"batch":[{"type":"track"},]}`, 400, "invalid_json", notJSON+"27: unexpected ']' where a value starts", "")
	g(`{"batch":[`, 400, "invalid_json", notJSON+"10: unexpected end, a value is missing", "")
	check("segmentio", r.post("/data/segmentio/KEY", `{"a"}`), 400, "invalid_json", notJSON+"4: expected ':' behind the key", "")

	// the shape of bodies
	f(`"event"`, 400, "invalid_body", "the body is neither an event nor an array of events", "")
	f(`null`, 400, "invalid_body", "the body is neither an event nor an array of events", "")
	g(`[{"type":"track"}]`, 400, "invalid_body", "the body is not a JSON object", "")
	g(`{"type":"track","event":"E","userId":"u"}`, 400, "invalid_body", `batch is not an array; send {"batch":[…]}`, "batch")
	g(`{"batch":{"0":{}}}`, 400, "invalid_body", `batch is not an array; send {"batch":[…]}`, "batch")
	g(`{"batch":[],"batch":null}`, 400, "invalid_body", `batch is not an array; send {"batch":[…]}`, "batch")
	check("/v1/track", r.post("/v1/track", `[{}]`, basicKey), 400, "invalid_body", "the body is not a JSON object", "")
	check("segmentio", r.post("/data/segmentio/KEY", `7`), 400, "invalid_body", "the body is neither a message nor an array of messages", "")

	// events
	bad := func(body, message, field string) {
		t.Helper()
		f(body, 400, "invalid_event", message, field)
	}
	bad(`{}`, "event is missing; it is the event's name", "event")
	bad(`{"event":"","visitorId":"v"}`, "event is missing; it is the event's name", "event")
	bad(`{"event":null,"visitorId":"v"}`, "event is missing; it is the event's name", "event")
	bad(`{"event":5,"visitorId":"v"}`, "event must be a string", "event")
	bad(`{"Event":"E","visitorId":"v"}`, "event is missing; it is the event's name", "event")
	bad(`{"event":"E"}`, "visitorId is missing; it says who did it", "visitorId")
	bad(`{"event":"E","visitorId":""}`, "visitorId is missing; it says who did it", "visitorId")
	bad(`{"event":"E","visitorId":["v"]}`, "visitorId must be a string or a number", "visitorId")
	bad(`{"event":"E","visitorId":true}`, "visitorId must be a string or a number", "visitorId")
	bad(`{"event":"E","visitorId":"v","accountId":{}}`, "accountId must be a string or a number", "accountId")
	bad(`{"event":"E","visitorId":"v","visitorId":{}}`, "visitorId must be a string or a number", "visitorId")
	bad(`{"event":"E","visitorId":"v","type":"click"}`, `type must be "track"`, "type")
	bad(`{"event":"E","visitorId":"v","properties":[1]}`, "properties must be an object", "properties")
	bad(`{"event":"E","visitorId":"v","properties":"{}"}`, "properties must be an object", "properties")
	bad(`{"event":"E","visitorId":"v","context":7}`, "context must be an object", "context")
	const notTime = "timestamp is not a time from 1970 to 9999; send milliseconds since 1970, or ISO 8601"
	for _, absurd := range []string{`-1`, `-1640995200000`, `1640995200000000`, `9223372036854775807`, `1e300`, `-1e300`, `"yesterday"`, `{}`, `[1]`, `true`,
		`"2022-13-01"`, `"2022-02-30T00:00:00Z"`, `"1969-12-31T23:59:59Z"`, `"12022-01-01"`, `"2022-01-01T25:00:00Z"`, `"2022-01-01T00:00:00+99:00"`, `"0x10"`, `"NaN"`, `"Infinity"`} {
		bad(`{"event":"E","visitorId":"v","timestamp":`+absurd+`}`, notTime, "timestamp")
	}
	long := strings.Repeat("x", 1<<19)
	bad(`{"event":"`+long[:1023]+`","visitorId":"v"}`, "event is longer than 1024 bytes", "event")
	bad(`{"event":"E","visitorId":"`+long[:500000]+`"}`, "visitorId is longer than 1024 bytes", "visitorId")
	bad(`{"event":"E","visitorId":"v","accountId":"`+long[:1023]+`"}`, "accountId is longer than 1024 bytes", "accountId")
	// all or nothing
	bad(`[{"event":"E","visitorId":"v"},{"event":"E"}]`, "event 1: visitorId is missing; it says who did it", "[1].visitorId")
	bad(`[{"event":"E","visitorId":"v"},{"event":"E","visitorId":"v","timestamp":-1}]`, "event 1: "+notTime, "[1].timestamp")
	bad(`[{"event":"E","visitorId":"v"},7]`, "event 1 is not an object", "[1]")
	bad(`[[{"event":"E","visitorId":"v"}]]`, "event 0 is not an object", "[0]")

	// sizes
	const large = "; send fewer events at once, or raise body_max"
	f(`{"event":"E","visitorId":"v","properties":{"a":"`+long+`"}}`, 413, "too_large", "the event is 524339 bytes and the limit is 524288", "")
	f(`[{"event":"E","visitorId":"v"},{"event":"E","visitorId":"v","properties":{"a":"`+long+`"}}]`, 413, "too_large",
		"event 1 is 524339 bytes and the limit is 524288", "[1]")
	f(`[`+strings.Repeat(event+",", 2500)+event+`]`, 413, "too_large", "there are more than 2500 events in the body; send fewer at once", "")
	f(strings.Repeat(" ", 1<<20+1), 413, "too_large", "the body is over 1048576 bytes"+large, "")
	f(strings.Repeat(" ", 10<<20), 413, "too_large", "the body is over 1048576 bytes"+large, "")
	g(strings.Repeat(" ", 10<<20), 413, "too_large", "the body is over 1048576 bytes"+large, "")
	chunk := "100000\r\n" + strings.Repeat(" ", 1<<20) + "\r\n"
	raw("POST /v1/batch HTTP/1.1\r\nHost: h\r\n"+basicKey+"\r\nTransfer-Encoding: chunked\r\n\r\n"+chunk+chunk+chunk+"0\r\n\r\n",
		413, "too_large", "the body is over 1048576 bytes"+large, "")

	// encodings
	zeros := make([]byte, 20<<20)
	for _, how := range []string{"gzip", "deflate", "zstd", "br"} {
		head := "Content-Encoding: " + how
		f(deflateTo(t, how, zeros), 413, "too_large", "the body is over 1048576 bytes when inflated"+large, "", head) // a bomb
		whole := deflateTo(t, how, []byte(event+strings.Repeat(" ", 300)+long[:100]))
		f(whole[:len(whole)-5], 400, "bad_encoding", "the "+how+" body is cut short", "", head)
		f(deflateTo(t, how, []byte(`{`)), 400, "invalid_json", notJSON+"1: expected a key in double quotes", "", head)
		f(deflateTo(t, how, nil), 400, "empty_body", "the body is empty; send JSON", "", head)
	}
	f(event, 400, "bad_encoding", "the body is not gzip, as Content-Encoding says: gzip: invalid header", "", "Content-Encoding: gzip")
	f(event, 400, "bad_encoding", "the body is not deflate, as Content-Encoding says: zlib: invalid header", "", "Content-Encoding: deflate")
	f(event, 400, "bad_encoding", "the body is not zstd, as Content-Encoding says: invalid input: magic number mismatch", "", "Content-Encoding: zstd")
	f(event, 400, "bad_encoding", "the body is not br, as Content-Encoding says: brotli: PADDING_2", "", "Content-Encoding: br")
	f(deflateTo(t, "gzip", []byte(event))+"x", 400, "bad_encoding", "the gzip body is cut short", "", "Content-Encoding: gzip")
	f(event, 415, "unknown_encoding", "the content encoding is not known; use one of gzip, deflate, zstd and br, or none", "Content-Encoding", "Content-Encoding: lzma")
	f(event, 415, "unknown_encoding", "several content encodings at once are not taken; use one of gzip, deflate, zstd and br", "Content-Encoding", "Content-Encoding: gzip, br")

	// HTTP
	raw("POST /v1/track HTTP/1.1\r\nHost: h\r\nX: "+strings.Repeat("x", 17<<10)+"\r\n\r\n", 431, "header_too_large",
		"request line and headers are over 16 KiB; send less in the URL, or use POST", "")
	raw("POST /v1/track?"+strings.Repeat("x", 17<<10)+" HTTP/1.1\r\nHost: h\r\n\r\n", 431, "header_too_large",
		"request line and headers are over 16 KiB; send less in the URL, or use POST", "")
	raw("hello\r\n\r\n", 400, "bad_http", "this is not an HTTP/1.1 request", "")
	raw("POST /v1/track HTTP/1.1\r\nHost: h\r\nContent-Length: -7\r\n\r\n", 400, "bad_http", "this is not an HTTP/1.1 request", "")
	raw("POST /v1/batch HTTP/1.1\r\nHost: h\r\n"+basicKey+"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "cut_short",
		"the body cannot be read to its end: empty hex number", "")

	if n < 100 {
		t.Errorf("%d bad requests", n)
	}
	r.good("/data/track", event, integrationKey)
	r.stored(`trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`)
	if used := r.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
	if r.logged.String() != "" {
		t.Errorf("logged: %s", r.logged)
	}
}
