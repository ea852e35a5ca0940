package intake

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"edgerelay/relay/people"
	"edgerelay/wal"
)

// TestBadMetadata is what must be refused: each with its status and words, with nothing set and nobody told.
func TestBadMetadata(t *testing.T) {
	r := start(t, func(o *Options) { o.BodyMax = 1 << 20 })
	n := 0
	f := func(method, target, body string, status int, code, message, field string, header ...string) {
		t.Helper()
		n++
		r.api(method, target, body, status, refused(code, message, field), header...)
		if r.log.Head() != 0 {
			t.Fatalf("%s %s %.80s: something was stored", method, target, body)
		}
	}
	long := strings.Repeat("x", 1023)

	// one field
	const field = "/api/v1/metadata/visitor/custom/value/v/plan"
	g := func(body, code, message string) {
		t.Helper()
		f("PUT", field, body, 400, code, message, "")
	}
	g("", "empty_body", "the body is empty; send JSON")
	g(" ", "invalid_json", notJSON+"1: unexpected end, a value is missing")
	g("gold", "invalid_json", notJSON+"0: unexpected 'g' where a value starts")
	g(`"gold`, "invalid_json", notJSON+"5: unexpected end in a string")
	g(`1 2`, "invalid_json", notJSON+"2: unexpected '2' after the value")
	g("\"\xff\"", "invalid_json", notJSON+"1: invalid UTF-8 in a string")
	g(strings.Repeat("[", 600)+strings.Repeat("]", 600), "invalid_json", notJSON+"512: nested deeper than 512")
	f("PUT", field, `"`+strings.Repeat("x", 70<<10)+`"`, 400, "invalid_metadata",
		`merge custom metadata of visitor "v": its metadata would be 71691 bytes and the limit is 65536; send fewer or shorter fields`, "")
	f("PUT", field, `"`+strings.Repeat("x", 300<<10)+`"`, 400, "invalid_metadata", `merge custom metadata of visitor "v": values are longer than 262144 bytes`, "")
	f("PUT", field, strings.Repeat(" ", 2<<20), 413, "too_large", "the body is over 1048576 bytes"+large, "")
	f("PUT", field, deflateTo(t, "gzip", make([]byte, 20<<20)), 413, "too_large", "the body is over 1048576 bytes when inflated"+large, "", "Content-Encoding: gzip")
	f("PUT", field, "1", 415, "unknown_encoding", "the content encoding is not known; use one of gzip, deflate, zstd and br, or none", "Content-Encoding", "Content-Encoding: lzma")
	for _, method := range []string{"POST", "PATCH", "DELETE"} {
		f(method, field, "1", 405, "wrong_method", "this endpoint takes GET, HEAD, PUT, OPTIONS", "")
	}

	// paths
	const groups = `"; use auto, agent, custom, pendo, segmentio or userpilot`
	f("GET", "/api/v1/metadata/visitor/customs/value/v/plan", "", 400, "unknown_group", `unknown metadata group "customs`+groups, "")
	f("PUT", "/api/v1/metadata/account/%2F%25/value/v/plan", "1", 400, "unknown_group", `unknown metadata group "/%`+groups, "")
	f("GET", "/api/v1/visitor/"+long, "", 400, "invalid_path", "the ID in the path is longer than 1024 bytes", "")
	f("GET", "/api/v1/visitor/"+url.PathEscape(strings.Repeat("\x01", 180)), "", 400, "invalid_path", "the ID in the path is longer than 1024 bytes", "")
	f("PUT", "/api/v1/visitor/%FF", `{"metadata":{}}`, 400, "invalid_path", "the ID in the path is not UTF-8", "")
	f("PUT", "/api/v1/metadata/visitor/custom/value/v/%c3", "1", 400, "invalid_path", "the field in the path is not UTF-8", "")
	f("PUT", "/api/v1/metadata/visitor/custom/value/v/"+long, "1", 400, "invalid_path", "the field in the path is longer than 1024 bytes", "")
	const nowhere = "there is no such endpoint; check the path behind the host name"
	for _, path := range []string{"/api/v1/visitor", "/api/v1/visitor/", "/api/v1/visitor/a/b", "/api/v1/metadata/visitor/custom/value/v", "/api/v1/metadata/visitor/custom/value/a/b/plan",
		"/api/v1/metadata/visitor/value", "/api/v1/metadata/parent/custom/value", "/api/v1/metadata/visitor/custom", "/v1/visitor/a", "/api/v1/visitor%2Fa"} {
		f("GET", path, "", 404, "unknown_path", nowhere, "")
	}
	f("PUT", "/api/v1/account/a", "{}", 405, "wrong_method", "this endpoint takes GET, HEAD, OPTIONS", "")
	f("GET", "/api/v1/metadata/visitor/custom/value", "", 405, "wrong_method", "this endpoint takes POST, PATCH, OPTIONS", "")

	// the mark
	const mark = "/api/v1/metadata/visitor/pendo/value/v/donotprocess"
	for _, value := range []string{`"true"`, `1`, `null`, `{}`, `[true]`} {
		f("PUT", mark, value, 400, "invalid_metadata", "donotprocess must be true or false", "donotprocess")
	}
	f("PUT", "/api/v1/visitor/v", `{"metadata":{"custom":{"a":1},"pendo":{"donotprocess":"no"}}}`, 400, "invalid_metadata", "donotprocess must be true or false", "donotprocess")

	// a person
	h := func(body, code, message, field string) {
		t.Helper()
		f("PUT", "/api/v1/visitor/v", body, 400, code, message, field)
	}
	h("", "empty_body", "the body is empty; send JSON", "")
	h("[]", "invalid_body", "the body is not a JSON object", "")
	for _, body := range []string{`{}`, `{"metadata":null}`, `{"metadata":[]}`, `{"metadata":"{}"}`, `{"custom":{"a":1}}`} {
		h(body, "invalid_metadata", `metadata is not an object; send {"metadata":{"custom":{…}}}`, "metadata")
	}
	h(`{"metadata":{"custom":{},"Custom":{}}}`, "invalid_metadata", `unknown metadata group "Custom`+groups, "metadata.Custom")
	h(`{"metadata":{"agent":{"a":1},"custom":7}}`, "invalid_metadata", "metadata.custom is not an object", "metadata.custom")
	h(`{"metadata":{"agent":null}}`, "invalid_metadata", "metadata.agent is not an object", "metadata.agent")
	h(`{"metadata":{"agent":{"a":1},"custom":{"a":"`+strings.Repeat("x", 70<<10)+`"}}}`, "invalid_metadata", // all or nothing
		`merge custom metadata of visitor "v": its metadata would be 71695 bytes and the limit is 65536; send fewer or shorter fields`, "")

	// rows
	const rows = "/api/v1/metadata/account/custom/value?create=true"
	i := func(body, code, message, field string) {
		t.Helper()
		f("POST", rows, body, 400, code, message, field)
	}
	i("", "empty_body", "the body is empty; send JSON", "")
	i("[", "invalid_json", notJSON+"1: unexpected end, a value is missing", "")
	for _, body := range []string{`{}`, `null`, `7`, `"x"`, `{"accountId":"a","values":{"n":1}}`} {
		i(body, "invalid_body", `the body is not an array; send [{"accountId":"…","values":{…}}]`, "")
	}
	const first = `[{"accountId":"a","values":{"n":1}},`
	for _, row := range []string{`7`, `null`, `[]`, `"a"`} {
		i(first+row+`]`, "invalid_metadata", "row 1 is not an object", "[1]")
	}
	for _, row := range []string{`{}`, `{"values":{}}`, `{"visitorId":"a","values":{}}`, `{"accountId":null,"values":{}}`, `{"accountId":"","values":{}}`} {
		i(first+row+`]`, "invalid_metadata", "row 1: accountId is missing; it says whose values these are", "[1].accountId")
	}
	for _, id := range []string{`{}`, `[]`, `true`} {
		i(first+`{"accountId":`+id+`,"values":{}}]`, "invalid_metadata", "row 1: accountId must be a string or a number", "[1].accountId")
	}
	i(first+`{"accountId":"`+long+`","values":{}}]`, "invalid_metadata", "row 1: accountId is longer than 1024 bytes", "[1].accountId")
	i(first+`{"accountId":"a"}]`, "invalid_metadata", "row 1: values is missing; it holds the fields to set", "[1].values")
	for _, values := range []string{`null`, `[]`, `7`, `"{}"`} {
		i(first+`{"accountId":"a","values":`+values+`}]`, "invalid_metadata", "row 1: values must be an object", "[1].values")
	}
	f("POST", rows, `[`+strings.Repeat(`{"accountId":"a","values":{}},`, rowsMax)+`{}]`, 413, "too_large", "there are more than 10000 rows in the body; send fewer at once", "")
	for _, group := range []string{"auto", "pendo", "segmentio", "userpilot"} {
		f("POST", "/api/v1/metadata/visitor/"+group+"/value", `[]`, 400, "unknown_group", "the group "+group+" is not set in bulk; use agent or custom", "")
	}
	f("POST", "/api/v1/metadata/visitor/salesforce/value", `[]`, 400, "unknown_group", `unknown metadata group "salesforce`+groups, "")

	if n < 80 {
		t.Errorf("%d bad calls", n)
	}
	r.api("GET", "/api/v1/visitor/v", "", 404, noVisitorYet)
	if used := r.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
	if r.logged.String() != "" {
		t.Errorf("logged: %s", r.logged)
	}
	r.stored()
}

// TestBusyMetadata: what may pass by itself is answered so that the call is made again, and then sets the rest.
func TestBusyMetadata(t *testing.T) {
	var fail error
	r := start(t, func(o *Options) { o.Log = &moody{o.Log, &fail} })
	for _, fault := range []error{wal.ErrFull, wal.ErrOverloaded, wal.ErrClosed, people.ErrBusy, errors.New("input/output error")} {
		fail = fault
		for _, q := range [][3]string{{"PUT", "/api/v1/visitor/v", `{"metadata":{"custom":{"a":1}}}`}, {"PUT", "/api/v1/metadata/visitor/custom/value/v/a", "1"},
			{"POST", "/api/v1/metadata/visitor/custom/value?create=true", `[{"visitorId":"v","values":{"a":1}}]`}} {
			got := r.raw(rawRequest(q[0], q[1], q[2], integrationKey))
			if got.status != 503 || got.header.Get("Retry-After") == "" {
				t.Errorf("%v, %v: %d %s", fault, q, got.status, got.body)
			}
		}
		r.api("GET", "/api/v1/visitor/v", "", 404, noVisitorYet)
	}
	fail = nil
	r.stored()
	midway := &midwayLog{Log: r.log, left: 2}
	r.server.opt.Log = midway
	rows := "[" + strings.Repeat(`{"visitorId":"w","values":{"a":1}},`, 100)
	for i := range 100 {
		rows += `{"visitorId":"w` + string(rune('0'+i/10)) + string(rune('0'+i%10)) + `","values":{"a":1}},`
	}
	rows = strings.TrimSuffix(rows, ",") + "]"
	if got := r.post("/api/v1/metadata/visitor/custom/value?create=true", rows, integrationKey); got.status != 503 {
		t.Errorf("midway: %d %s", got.status, got.body)
	}
	some := len(r.events())
	if some == 0 || some > 101 {
		t.Errorf("midway: %d events", some)
	}
	midway.left = 1000
	r.api("POST", "/api/v1/metadata/visitor/custom/value?create=true", rows, 200, `{"total":200,"updated":200,"failed":0,"missing":[],"errors":[]}`)
	if n := len(r.events()); n+some != 101 {
		t.Errorf("%d events, then %d", some, n)
	}
}

// midwayLog takes a few batches and then no more.
type midwayLog struct {
	Log
	left int
}

func (m *midwayLog) Submit(b *wal.Batch) error {
	if m.left--; m.left < 0 {
		return wal.ErrOverloaded
	}
	return m.Log.Submit(b)
}
