package intake

import (
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/catalog"
	"edgerelay/relay/people"
	"edgerelay/wal"
)

const tokenKey = "Authorization: Token KEY"

// TestUserpilot is each call of Userpilot's API as its documentation shows it, and what real callers do to it.
func TestUserpilot(t *testing.T) {
	r := start(t)
	f := func(path, body string, want ...string) {
		t.Helper()
		got := r.post(path, body, tokenKey, "Content-Type: application/json", "X-API-Version: 2020-09-22")
		if got.status != 202 || got.body != `{}` || got.header.Get("Content-Type") != "application/json" || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %s %v", body, got.status, got.body, got.header)
		}
		r.stored(want...)
	}
	const track, identify, company = "/userpilot/v1/track", "/userpilot/v1/identify", "/userpilot/v1/companies/identify"
	f(identify, `{"user_id":"user_001","metadata":{"name":"Jane Doe","email":"jane@example.com"},"company":{"id":"company_001"}}`,
		`visitorCreated visitor="user_001" account="company_001" properties={"sampleGroup":3}`,
		`accountCreated visitor="user_001" account="company_001" properties={}`,
		`visitorMetadataUpdated visitor="user_001" account="company_001" properties={"metadata":{"userpilot":{"name":"Jane Doe","email":"jane@example.com"}},"previous":{"userpilot":{}}}`)
	f(identify, `{"user_id":"user_001","metadata":{"name":"Jane Doe"},"company":{"id":"company_001","name":"Acme","seats":5}}`,
		`accountMetadataUpdated visitor="user_001" account="company_001" properties={"metadata":{"userpilot":{"name":"Acme","seats":5}},"previous":{"userpilot":{}}}`)
	f(identify, `{"user_id":"user_001","metadata":{"name":"Jane Roe"}}`,
		`visitorMetadataUpdated visitor="user_001" properties={"metadata":{"userpilot":{"name":"Jane Roe"}},"previous":{"userpilot":{"name":"Jane Doe"}}}`)
	f(identify, `{"user_id":"user_001","metadata":{"name":"Jane Roe"}}`) // nothing new
	f(identify, `{"user_id":7,"company":null,"metadata":null}`, `visitorCreated visitor="7" properties={"sampleGroup":20}`)
	f(identify, `{"user_id":7,"company":{"id":8}}`, `accountCreated visitor="7" account="8" properties={}`)
	f(track, `{"user_id":"user_001","event_name":"Plan Upgraded","metadata":{"plan":"pro"}}`,
		`trackEventReceived visitor="user_001" name="Plan Upgraded" id="Plan Upgraded" source="server" properties={"plan":"pro"}`)
	f(track, `{"user_id":"user_002","event_name":"E"}`,
		`visitorCreated visitor="user_002" properties={"sampleGroup":37}`,
		`trackEventReceived visitor="user_002" name="E" id="E" source="server" properties={}`)
	f(track, `{"user_id":"user_002","event_name":"E"}`, `trackEventReceived visitor="user_002" name="E" id="E" source="server" properties={}`)
	f(company, `{"company_id":"company_001","metadata":{"name":"Acme Ltd"}}`,
		`accountMetadataUpdated account="company_001" properties={"metadata":{"userpilot":{"name":"Acme Ltd"}},"previous":{"userpilot":{"name":"Acme"}}}`)
	f(company, `{"company_id":"company_002","metadata":{}}`, `accountCreated account="company_002" properties={}`)
	f(company, `{"company_id":"company_002"}`)
	// any prefix, slashes, spellings of the scheme and the key, encodings
	f("/x//userpilot/v1/track/", `{"user_id":"user_002","event_name":"E"}`, `trackEventReceived visitor="user_002" name="E" id="E" source="server" properties={}`)
	for _, header := range []string{"Authorization: token KEY", "authorization: TOKEN  WK_TEST_web ", "Authorization: Token KEY"} {
		if got := r.post(track, `{"user_id":"user_002","event_name":"E"}`, header); got.status != 202 {
			t.Errorf("%s: %d %s", header, got.status, got.body)
		}
	}
	for _, e := range sentEncodings {
		if got := r.post(track, deflateTo(t, e[0], []byte(`{"user_id":"user_002","event_name":"E"}`)), tokenKey, "Content-Encoding: "+e[1]); got.status != 202 {
			t.Errorf("%s: %d %s", e, got.status, got.body)
		}
	}
	if n := len(r.events()); n != 3+len(sentEncodings) {
		t.Errorf("%d events", n)
	}
	if got := r.raw(rawRequest("OPTIONS", track, "", "Origin: https://x.example")); got.status != 204 {
		t.Errorf("preflight: %d", got.status)
	}
	if got := r.raw(rawRequest("GET", "/userpilot/v1/users", "", tokenKey)); got.status != 200 || got.body != `{}` {
		t.Errorf("check of the key: %d %s", got.status, got.body)
	}
	if got := r.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "userpilot"); got < 20 {
		t.Errorf("%v accepted counted", got)
	}
	if got := r.counter("edge_intake_requests_total", "endpoint", track, "status", "202"); got < 10 {
		t.Errorf("%v requests counted", got)
	}
}

// TestUserpilotBulk: updates of profiles in bulk are no sightings, and are taken whole or not at all.
func TestUserpilotBulk(t *testing.T) {
	r := start(t)
	f := func(path, body string, want ...string) {
		t.Helper()
		if got := r.post(path, body, tokenKey); got.status != 202 || got.body != `{}` {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
		r.stored(want...)
	}
	f("/userpilot/v1/users/bulk_identify", `{"users":[{"user_id":"u1","company_id":"c1","metadata":{"n":1}},{"user_id":"u2"},{"user_id":"u3","metadata":{"n":3}}]}`,
		`visitorMetadataUpdated visitor="u1" account="c1" properties={"metadata":{"userpilot":{"n":1}},"previous":{"userpilot":{}}}`,
		`visitorMetadataUpdated visitor="u3" properties={"metadata":{"userpilot":{"n":3}},"previous":{"userpilot":{}}}`)
	f("/userpilot/v1/companies/bulk_identify", `{"companies":[{"company_id":"c1","metadata":{"n":1}},{"company_id":"c1","metadata":{"n":1}}]}`,
		`accountMetadataUpdated account="c1" properties={"metadata":{"userpilot":{"n":1}},"previous":{"userpilot":{}}}`)
	f("/userpilot/v1/users/bulk_identify", `{"users":[]}`)
	f("/userpilot/v1/track", `{"user_id":"u1","event_name":"E"}`, `visitorCreated visitor="u1" properties={"sampleGroup":73}`,
		`trackEventReceived visitor="u1" name="E" id="E" source="server" properties={}`)
}

// TestUserpilotCatalog: the configured ID of a track type stands in for its name, and excluded people leave nothing.
func TestUserpilotCatalog(t *testing.T) {
	app := demo()
	known, err := catalog.New(catalog.Options{Tracks: []catalog.Track{{Name: "Other", ID: "tt-2"}}})
	if err != nil {
		t.Fatal(err)
	}
	if app.Exclude, err = people.NewExclusions([]string{"test-*"}, []string{"acme"}); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Apps, o.Catalog = []App{app}, known })
	for _, call := range [][2]string{{"track", `{"user_id":"u","event_name":"Other"}`}, {"track", `{"user_id":"test-1","event_name":"Other"}`},
		{"identify", `{"user_id":"test-2","metadata":{"a":1}}`}, {"companies/identify", `{"company_id":"acme","metadata":{"a":1}}`}} {
		if got := r.post("/userpilot/v1/"+call[0], call[1], tokenKey); got.status != 202 {
			t.Errorf("%s: %d %s", call, got.status, got.body)
		}
	}
	r.stored(`visitorCreated visitor="u" properties={"sampleGroup":65}`, `trackEventReceived visitor="u" name="Other" id="tt-2" source="server" properties={}`)
	if got := r.counter("edge_intake_excluded_events_total"); got != 3 {
		t.Errorf("%v excluded counted", got)
	}
}

// TestBadUserpilot is what must be refused, in Userpilot's form.
func TestBadUserpilot(t *testing.T) {
	b := newBad(t)
	n := 0
	f := func(method, path, body string, status int, word, code, message, details string, header ...string) {
		t.Helper()
		n++
		got := b.rig.raw(rawRequest(method, "/userpilot/v1/"+path, body, header...))
		want := fmt.Sprintf(`{"errors":[{"details":%s,"error":%q,"error_code":%q,"message":%s}]}`, text(details), word, code, text(message))
		if got.status != status || got.body != want {
			t.Errorf("%.80s:\n got %d %s\nwant %d %s", body, got.status, got.body, status, want)
		}
		if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%.80s: headers %v", body, got.header)
		}
		if b.rig.log.Head() != 0 {
			t.Fatalf("%.80s: something was stored", body)
		}
	}
	const send = `send the key of a configured app, or one of its extra_keys, as "Authorization: Token KEY"`
	const noKey, badKey = "there is no key; " + send, "the key is not known; " + send
	whole := `{"user_id":"u","event_name":"E"}`
	f("POST", "track", whole, 403, "Forbidden", "no_key", noKey, "")
	f("POST", "track", whole, 403, "Forbidden", "no_key", noKey, "", basicKey)
	f("POST", "track", whole, 403, "Forbidden", "no_key", noKey, "", "Authorization: Token ")
	f("POST", "track", whole, 403, "Forbidden", "unknown_key", badKey, "", "Authorization: Token INT")
	f("POST", "identify", "{", 403, "Forbidden", "unknown_key", badKey, "", "Authorization: Token key")
	f("GET", "users", "", 403, "Forbidden", "unknown_key", badKey, "", "Authorization: Token nobody")
	f("GET", "track", "", 405, "Method Not Allowed", "wrong_method", "this endpoint takes POST, OPTIONS", "", tokenKey)

	bad := func(path, body, message, details string) {
		t.Helper()
		f("POST", path, body, 400, "Bad Request", "invalid_event", message, details, tokenKey)
	}
	bad("track", `{}`, "user_id is missing; it says who did it", "user_id")
	bad("track", `{"user_id":"","event_name":"E"}`, "user_id is missing; it says who did it", "user_id")
	bad("track", `{"user_id":{"id":"u"},"event_name":"E"}`, "user_id must be a string or a number", "user_id")
	bad("track", `{"user_id":"`+strings.Repeat("u", 1023)+`","event_name":"E"}`, "user_id is longer than 1024 bytes", "user_id")
	bad("track", `{"user_id":"u"}`, "event_name is missing; it is the event's name", "event_name")
	bad("track", `{"user_id":"u","event_name":7}`, "event_name must be a string", "event_name")
	bad("track", `{"user_id":"u","event_name":["E"]}`, "event_name must be a string", "event_name")
	bad("track", `{"user_id":"u","event_name":"E","metadata":"x"}`, "metadata must be an object", "metadata")
	bad("track", `{"user_id":"u","event_name":"E","metadata":[1]}`, "metadata must be an object", "metadata")
	bad("identify", `{"metadata":{"a":1}}`, "user_id is missing; it names the user", "user_id")
	bad("identify", `{"user_id":"u","company":{}}`, "company.id is missing; it names the company", "company.id")
	bad("identify", `{"user_id":"u","company":{"id":""}}`, "company.id is missing; it names the company", "company.id")
	bad("identify", `{"user_id":"u","company":{"id":[]}}`, "company.id must be a string or a number", "company.id")
	bad("identify", `{"user_id":"u","company":"c"}`, "company must be an object", "company")
	bad("identify", `{"user_id":"u","metadata":7}`, "metadata must be an object", "metadata")
	bad("companies/identify", `{"id":"c"}`, "company_id is missing; it names the company", "company_id")
	bad("companies/identify", `{"company_id":"c","metadata":true}`, "metadata must be an object", "metadata")
	bad("users/bulk_identify", `{"users":[{"user_id":"u","metadata":{"a":1}},{"metadata":{}}]}`, "user profile 1: user_id is missing; it names the user", "[1].user_id")
	bad("users/bulk_identify", `{"users":[7]}`, "user profile 0 is not an object", "[0]")
	bad("companies/bulk_identify", `{"companies":[{"company_id":"c"},{}]}`, "company profile 1: company_id is missing; it names the company", "[1].company_id")

	shape := func(path, body, message, details string) {
		t.Helper()
		f("POST", path, body, 400, "Bad Request", "invalid_body", message, details, tokenKey)
	}
	shape("track", `[{"user_id":"u","event_name":"E"}]`, "the body is not a JSON object", "")
	shape("identify", `"u"`, "the body is not a JSON object", "")
	shape("users/bulk_identify", `{"user_id":"u"}`, `users is not an array; send {"users":[…]}`, "users")
	shape("companies/bulk_identify", `{"companies":{}}`, `companies is not an array; send {"companies":[…]}`, "companies")
	json := func(body, message string) {
		t.Helper()
		f("POST", "track", body, 400, "Bad Request", "invalid_json", notJSON+message, "", tokenKey)
	}
	json(`{"user_id":"u",`, "15: expected a key in double quotes")
	json("{\"user_id\":\"\xff\"}", "12: invalid UTF-8 in a string")
	json(strings.Repeat(`{"metadata":`, 50000), "6144: nested deeper than 512")
	json(`user_id=u&event_name=E`, "0: unexpected 'u' where a value starts")
	f("POST", "track", "", 400, "Bad Request", "empty_body", "the body is empty; send JSON", "", tokenKey)
	tooLarge := func(path, body, message, details string, header ...string) {
		t.Helper()
		f("POST", path, body, 413, "Request Entity Too Large", "too_large", message, details, append(header, tokenKey)...)
	}
	long := strings.Repeat("x", 1<<19)
	tooLarge("track", `{"user_id":"u","event_name":"E","metadata":{"a":"`+long+`"}}`, "the body is 524340 bytes and the limit is 524288", "")
	tooLarge("track", deflateTo(t, "gzip", make([]byte, 20<<20)), "the body is over 1048576 bytes when inflated"+large, "", "Content-Encoding: gzip")
	tooLarge("users/bulk_identify", `{"users":[`+strings.Repeat(`{"user_id":"u"},`, 2500)+`{}]}`, "there are more than 2500 user profiles in the body; send fewer at once", "")
	f("POST", "track", whole, 400, "Bad Request", "bad_encoding", "the body is not gzip, as Content-Encoding says: gzip: invalid header", "", tokenKey, "Content-Encoding: gzip")
	if n < 40 {
		t.Errorf("%d bad requests", n)
	}
}

// TestBusyUserpilot: what may pass by itself is answered so that the sender comes back.
func TestBusyUserpilot(t *testing.T) {
	r := start(t, func(o *Options) { o.Log = refusing{wal.ErrFull} })
	for _, call := range [][2]string{{"track", `{"user_id":"u","event_name":"E"}`}, {"identify", `{"user_id":"u"}`}, {"companies/identify", `{"company_id":"c"}`}} {
		got := r.post("/userpilot/v1/"+call[0], call[1], tokenKey)
		want := `{"errors":[{"details":"","error":"Service Unavailable","error_code":"log_full","message":"the relay's log is full; send it again later"}]}`
		if got.status != 503 || got.body != want || got.header.Get("Retry-After") != "30" {
			t.Errorf("%s: %d %s %v", call, got.status, got.body, got.header)
		}
	}
}
