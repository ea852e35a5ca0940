package intake

import (
	"fmt"
	"strings"
	"testing"
)

// bad is a server that is sent what must be refused: each request with its status and its words, with nothing stored,
// and with a server that works afterwards.
type bad struct {
	t   *testing.T
	rig *rig
}

// What most of the requests below are about.
const (
	notJSON = "the body is not JSON: json: byte "
	badTime = "timestamp is not a time from 1970 to 9999; send milliseconds since 1970, or ISO 8601"
	large   = "; send fewer events at once, or raise body_max"
)

func newBad(t *testing.T) *bad {
	b := &bad{t, start(t, func(o *Options) { o.BodyMax = 1 << 20 })}
	t.Cleanup(func() {
		b.rig.good("/data/track", oneEvent, integrationKey)
		b.rig.stored(`trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`)
		if used := b.rig.server.bodies.used.Load(); used != 0 {
			t.Errorf("%d bytes are still taken", used)
		}
		if b.rig.logged.String() != "" {
			t.Errorf("logged: %s", b.rig.logged)
		}
	})
	return b
}

func (b *bad) check(what string, got reply, status int, code, message, field string) {
	b.t.Helper()
	want := fmt.Sprintf(`{"error":{"code":%q,"message":%s,"field":%s}}`, code, text(message), text(field))
	if got.status != status || got.body != want {
		b.t.Errorf("%.80s:\n got %d %s\nwant %d %s", what, got.status, got.body, status, want)
	}
	if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Content-Type") != "application/json" {
		b.t.Errorf("%.80s: headers %v", what, got.header)
	}
	if b.rig.log.Head() != 0 {
		b.t.Fatalf("%.80s: something was stored", what)
	}
	if after := b.rig.post("/v1/m", ""); after.status != 200 {
		b.t.Fatalf("%.80s: afterwards %d %s", what, after.status, after.body)
	}
}

// track posts to the track API.
func (b *bad) track(body string, status int, code, message, field string, header ...string) {
	b.t.Helper()
	b.check(body, b.rig.post("/data/track", body, append(header, integrationKey)...), status, code, message, field)
}

// event posts an event that has something wrong with it.
func (b *bad) event(body, message, field string) {
	b.t.Helper()
	b.track(body, 400, "invalid_event", message, field)
}

// batch posts to Segment's API.
func (b *bad) batch(body string, status int, code, message, field string, header ...string) {
	b.t.Helper()
	b.check(body, b.rig.post("/v1/batch", body, append(header, basicKey)...), status, code, message, field)
}

// raw sends bytes as they are.
func (b *bad) raw(request string, status int, code, message, field string) {
	b.t.Helper()
	b.check(request, b.rig.raw([]byte(request)), status, code, message, field)
}

func TestBadKeys(t *testing.T) {
	b := newBad(t)
	const noKey, unknownKey = "there is no key; ", "the key is not known; "
	const useKey = "use the key of a configured app, or one of its extra_keys"
	const useIntegration = "send one of an app's integration_keys in the header x-pendo-integration-key"
	b.check("no key", b.rig.post("/data/track", oneEvent), 403, "no_key", noKey+useIntegration, "")
	b.check("app key", b.rig.post("/data/track", oneEvent, "X-Pendo-Integration-Key: KEY"), 403, "unknown_key", unknownKey+useIntegration, "")
	b.check("no key", b.rig.post("/v1/track", `{"event":"E","userId":"u"}`), 403, "no_key", noKey+useKey, "")
	b.check("integration key", b.rig.post("/v1/track", `{"event":"E","userId":"u","writeKey":"INT"}`), 403, "unknown_key", unknownKey+useKey, "")
	b.check("number key", b.rig.post("/v1/track", `{"event":"E","userId":"u","writeKey":5}`), 403, "no_key", noKey+useKey, "")
	b.check("wrong Basic before right query", b.rig.post("/v1/track?writeKey=KEY", `{}`, "Authorization: Basic V1JPTkc6"), 403, "unknown_key", unknownKey+useKey, "")
	b.check("wrong query before right body", b.rig.post("/v1/batch?writeKey=WRONG", `{"batch":[],"writeKey":"KEY"}`), 403, "unknown_key", unknownKey+useKey, "")
	b.check("wrong key in path", b.rig.post("/data/segmentio/WRONG", `{}`), 403, "unknown_key", unknownKey+useKey, "")
	b.check("settings", b.rig.raw(rawRequest("GET", "/v1/projects/WRONG/settings", "")), 403, "unknown_key", unknownKey+useKey, "")
	b.check("source config", b.rig.raw(rawRequest("GET", "/sourceConfig/", "")), 403, "no_key", noKey+useKey, "")
}

func TestBadPaths(t *testing.T) {
	b := newBad(t)
	const noPath = "there is no such endpoint; check the path behind the host name"
	b.check("/", b.rig.post("/", ""), 404, "unknown_path", noPath, "")
	b.check("/v1", b.rig.post("/v1/", ""), 404, "unknown_path", noPath, "")
	b.check("/v1/TRACK", b.rig.post("/v1/TRACK", ""), 404, "unknown_path", noPath, "")
	b.check("/data/segmentio", b.rig.post("/data/segmentio/", "{}"), 404, "unknown_path", noPath, "")
	b.check("/userpilot", b.rig.post("/userpilot/v1/batch/x", "{}", basicKey), 404, "unknown_path", noPath, "")
	b.check("/data/track/x", b.rig.post("/data/track/x", oneEvent, integrationKey), 404, "unknown_path", noPath, "")
	b.check("GET", b.rig.raw(rawRequest("GET", "/data/track", "", integrationKey)), 405, "wrong_method", "this endpoint takes POST, OPTIONS", "")
	b.check("PUT", b.rig.raw(rawRequest("PUT", "/v1/track", "{}", basicKey)), 405, "wrong_method", "this endpoint takes POST, OPTIONS", "")
	b.check("POST", b.rig.post("/v1/projects/KEY/settings", "{}"), 405, "wrong_method", "this endpoint takes GET, HEAD, OPTIONS", "")
}

func TestBadJSON(t *testing.T) {
	b := newBad(t)
	b.track(``, 400, "empty_body", "the body is empty; send JSON", "")
	b.track(` `, 400, "invalid_json", notJSON+"1: unexpected end, a value is missing", "")
	b.track(`{"event":"E",`, 400, "invalid_json", notJSON+"13: expected a key in double quotes", "")
	b.track(`{"event":"E","visitorId":"v"}}`, 400, "invalid_json", notJSON+"29: unexpected '}' after the value", "")
	b.track(`{event:"E"}`, 400, "invalid_json", notJSON+"1: expected a key in double quotes", "")
	b.track(`{"event":'E'}`, 400, "invalid_json", notJSON+`9: unexpected '\'' where a value starts`, "")
	b.track(`event=E&visitorId=v`, 400, "invalid_json", notJSON+"0: unexpected 'e' where a value starts", "")
	b.track("\xef\xbb\xbf{}", 400, "invalid_json", notJSON+"0: unexpected byte 0xef where a value starts", "")
	b.track("{\"event\":\"\xff\"}", 400, "invalid_json", notJSON+"10: invalid UTF-8 in a string", "")
	b.track("{\"event\":\"ab\xc3\"}", 400, "invalid_json", notJSON+"12: invalid UTF-8 in a string", "")
	b.track("{\"event\":\"\n\"}", 400, "invalid_json", notJSON+"10: control character in a string, it must be escaped", "")
	b.track(`{"event":"\x41"}`, 400, "invalid_json", notJSON+"11: unknown escape in a string", "")
	b.track(`{"event":NaN}`, 400, "invalid_json", notJSON+"9: unexpected 'N' where a value starts", "")
	b.track(`{"event":01}`, 400, "invalid_json", notJSON+"9: leading zero in a number", "")
	b.track(`{"a":`+strings.Repeat("[", 600)+strings.Repeat("]", 600)+`}`, 400, "invalid_json", notJSON+"516: nested deeper than 512", "")
	b.track(strings.Repeat(`{"a":`, 100000), 400, "invalid_json", notJSON+"2560: nested deeper than 512", "")
	b.track(strings.Repeat(`[`, 900000), 400, "invalid_json", notJSON+"512: nested deeper than 512", "")
	b.batch(`{"batch":[{"type":"track"},]}`, 400, "invalid_json", notJSON+"27: unexpected ']' where a value starts", "")
	b.batch(`{"batch":[`, 400, "invalid_json", notJSON+"10: unexpected end, a value is missing", "")
	b.check("segmentio", b.rig.post("/data/segmentio/KEY", `{"a"}`), 400, "invalid_json", notJSON+"4: expected ':' behind the key", "")
}

func TestBadShapes(t *testing.T) {
	b := newBad(t)
	b.track(`"event"`, 400, "invalid_body", "the body is neither an event nor an array of events", "")
	b.track(`null`, 400, "invalid_body", "the body is neither an event nor an array of events", "")
	b.batch(`[{"type":"track"}]`, 400, "invalid_body", "the body is not a JSON object", "")
	b.batch(`{"type":"track","event":"E","userId":"u"}`, 400, "invalid_body", `batch is not an array; send {"batch":[…]}`, "batch")
	b.batch(`{"batch":{"0":{}}}`, 400, "invalid_body", `batch is not an array; send {"batch":[…]}`, "batch")
	b.batch(`{"batch":[],"batch":null}`, 400, "invalid_body", `batch is not an array; send {"batch":[…]}`, "batch")
	b.check("/v1/track", b.rig.post("/v1/track", `[{}]`, basicKey), 400, "invalid_body", "the body is not a JSON object", "")
	b.check("segmentio", b.rig.post("/data/segmentio/KEY", `7`), 400, "invalid_body", "the body is neither a message nor an array of messages", "")
}

func TestBadEvents(t *testing.T) {
	b := newBad(t)
	b.event(`{}`, "event is missing; it is the event's name", "event")
	b.event(`{"event":"","visitorId":"v"}`, "event is missing; it is the event's name", "event")
	b.event(`{"event":null,"visitorId":"v"}`, "event is missing; it is the event's name", "event")
	b.event(`{"event":5,"visitorId":"v"}`, "event must be a string", "event")
	b.event(`{"Event":"E","visitorId":"v"}`, "event is missing; it is the event's name", "event")
	b.event(`{"event":"E"}`, "visitorId is missing; it says who did it", "visitorId")
	b.event(`{"event":"E","visitorId":""}`, "visitorId is missing; it says who did it", "visitorId")
	b.event(`{"event":"E","visitorId":["v"]}`, "visitorId must be a string or a number", "visitorId")
	b.event(`{"event":"E","visitorId":true}`, "visitorId must be a string or a number", "visitorId")
	b.event(`{"event":"E","visitorId":"v","accountId":{}}`, "accountId must be a string or a number", "accountId")
	b.event(`{"event":"E","visitorId":"v","visitorId":{}}`, "visitorId must be a string or a number", "visitorId")
	b.event(`{"event":"E","visitorId":"v","type":"click"}`, `type must be "track"`, "type")
	b.event(`{"event":"E","visitorId":"v","properties":[1]}`, "properties must be an object", "properties")
	b.event(`{"event":"E","visitorId":"v","properties":"{}"}`, "properties must be an object", "properties")
	b.event(`{"event":"E","visitorId":"v","context":7}`, "context must be an object", "context")
	for _, absurd := range []string{`-1`, `-1640995200000`, `1640995200000000`, `9223372036854775807`, `1e300`, `-1e300`, `"yesterday"`, `{}`, `[1]`, `true`,
		`"2022-13-01"`, `"2022-02-30T00:00:00Z"`, `"1969-12-31T23:59:59Z"`, `"12022-01-01"`, `"2022-01-01T25:00:00Z"`, `"2022-01-01T00:00:00+99:00"`, `"0x10"`, `"NaN"`, `"Infinity"`} {
		b.event(`{"event":"E","visitorId":"v","timestamp":`+absurd+`}`, badTime, "timestamp")
	}
	long := strings.Repeat("x", 500000)
	b.event(`{"event":"`+long[:1023]+`","visitorId":"v"}`, "event is longer than 1024 bytes", "event")
	b.event(`{"event":"E","visitorId":"`+long+`"}`, "visitorId is longer than 1024 bytes", "visitorId")
	b.event(`{"event":"E","visitorId":"v","accountId":"`+long[:1023]+`"}`, "accountId is longer than 1024 bytes", "accountId")
	// all or nothing
	b.event(`[{"event":"E","visitorId":"v"},{"event":"E"}]`, "event 1: visitorId is missing; it says who did it", "[1].visitorId")
	b.event(`[{"event":"E","visitorId":"v"},{"event":"E","visitorId":"v","timestamp":-1}]`, "event 1: "+badTime, "[1].timestamp")
	b.event(`[{"event":"E","visitorId":"v"},7]`, "event 1 is not an object", "[1]")
	b.event(`[[{"event":"E","visitorId":"v"}]]`, "event 0 is not an object", "[0]")
}

func TestBadSizes(t *testing.T) {
	b := newBad(t)
	long := strings.Repeat("x", 1<<19)
	b.track(`{"event":"E","visitorId":"v","properties":{"a":"`+long+`"}}`, 413, "too_large", "the event is 524339 bytes and the limit is 524288", "")
	b.track(`[{"event":"E","visitorId":"v"},{"event":"E","visitorId":"v","properties":{"a":"`+long+`"}}]`, 413, "too_large",
		"event 1 is 524339 bytes and the limit is 524288", "[1]")
	b.track(`[`+strings.Repeat(oneEvent+",", 2500)+oneEvent+`]`, 413, "too_large", "there are more than 2500 events in the body; send fewer at once", "")
	b.track(strings.Repeat(" ", 1<<20+1), 413, "too_large", "the body is over 1048576 bytes"+large, "")
	b.track(strings.Repeat(" ", 10<<20), 413, "too_large", "the body is over 1048576 bytes"+large, "")
	b.batch(strings.Repeat(" ", 10<<20), 413, "too_large", "the body is over 1048576 bytes"+large, "")
	chunk := "100000\r\n" + strings.Repeat(" ", 1<<20) + "\r\n"
	b.raw("POST /v1/batch HTTP/1.1\r\nHost: h\r\n"+basicKey+"\r\nTransfer-Encoding: chunked\r\n\r\n"+chunk+chunk+chunk+"0\r\n\r\n",
		413, "too_large", "the body is over 1048576 bytes"+large, "")
}

func TestBadEncodings(t *testing.T) {
	b := newBad(t)
	long := strings.Repeat("x", 1<<19)
	zeros := make([]byte, 20<<20)
	for _, how := range []string{"gzip", "deflate", "zstd", "br"} {
		head := "Content-Encoding: " + how
		b.track(deflateTo(t, how, zeros), 413, "too_large", "the body is over 1048576 bytes when inflated"+large, "", head) // a bomb
		whole := deflateTo(t, how, []byte(oneEvent+strings.Repeat(" ", 300)+long[:100]))
		b.track(whole[:len(whole)-5], 400, "bad_encoding", "the "+how+" body is cut short", "", head)
		b.track(deflateTo(t, how, []byte(`{`)), 400, "invalid_json", notJSON+"1: expected a key in double quotes", "", head)
		b.track(deflateTo(t, how, nil), 400, "empty_body", "the body is empty; send JSON", "", head)
	}
	b.track(oneEvent, 400, "bad_encoding", "the body is not gzip, as Content-Encoding says: gzip: invalid header", "", "Content-Encoding: gzip")
	b.track(oneEvent, 400, "bad_encoding", "the body is not deflate, as Content-Encoding says: zlib: invalid header", "", "Content-Encoding: deflate")
	b.track(oneEvent, 400, "bad_encoding", "the body is not zstd, as Content-Encoding says: invalid input: magic number mismatch", "", "Content-Encoding: zstd")
	b.track(oneEvent, 400, "bad_encoding", "the body is not br, as Content-Encoding says: brotli: PADDING_2", "", "Content-Encoding: br")
	b.track(deflateTo(t, "gzip", []byte(oneEvent))+"x", 400, "bad_encoding", "the gzip body is cut short", "", "Content-Encoding: gzip")
	b.track(oneEvent, 415, "unknown_encoding", "the content encoding is not known; use one of gzip, deflate, zstd and br, or none", "Content-Encoding", "Content-Encoding: lzma")
	b.track(oneEvent, 415, "unknown_encoding", "several content encodings at once are not taken; use one of gzip, deflate, zstd and br", "Content-Encoding", "Content-Encoding: gzip, br")
}

func TestBadHTTP(t *testing.T) {
	b := newBad(t)
	b.raw("POST /v1/track HTTP/1.1\r\nHost: h\r\nX: "+strings.Repeat("x", 17<<10)+"\r\n\r\n", 431, "header_too_large",
		"request line and headers are over 16 KiB; send less in the URL, or use POST", "")
	b.raw("POST /v1/track?"+strings.Repeat("x", 17<<10)+" HTTP/1.1\r\nHost: h\r\n\r\n", 431, "header_too_large",
		"request line and headers are over 16 KiB; send less in the URL, or use POST", "")
	b.raw("hello\r\n\r\n", 400, "bad_http", "this is not an HTTP/1.1 request", "")
	b.raw("POST /v1/track HTTP/1.1\r\nHost: h\r\nContent-Length: -7\r\n\r\n", 400, "bad_http", "this is not an HTTP/1.1 request", "")
	b.raw("POST /v1/batch HTTP/1.1\r\nHost: h\r\n"+basicKey+"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "cut_short",
		"the body cannot be read to its end: empty hex number", "")
}
