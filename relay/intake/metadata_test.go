package intake

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"edgerelay/relay/people"
)

// api sends a call of the metadata API and compares status and body.
func (r *rig) api(method, target, body string, status int, want string, header ...string) {
	r.t.Helper()
	got := r.raw(rawRequest(method, target, body, append(header, integrationKey)...))
	if got.status != status || got.body != want {
		r.t.Errorf("%s %s %.100s\n got %d %s\nwant %d %s", method, target, body, got.status, got.body, status, want)
	}
	if got.header.Get("Content-Type") != "application/json" || got.header.Get("Access-Control-Allow-Origin") != "*" {
		r.t.Errorf("%s %s: %v", method, target, got.header)
	}
}

// refused is the body of a refusal.
func refused(code, message, field string) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":%s,"field":%s}}`, code, text(message), text(field))
}

const (
	noVisitorYet = `{"error":{"code":"unknown_visitor","message":"there is no visitor of this ID","field":""}}`
	noAccountYet = `{"error":{"code":"unknown_account","message":"there is no account of this ID","field":""}}`
	noFieldYet   = `{"error":{"code":"unknown_field","message":"the visitor has no such field in the group custom","field":""}}`
)

// TestPerson shows and sets what is known of somebody.
func TestPerson(t *testing.T) {
	r := start(t)
	const path = "/api/v1/visitor/ada@example.com"
	r.api("GET", path, "", 404, noVisitorYet)
	// seed 001's call
	r.api("PUT", path, `{
		"metadata": { "auto": { "account_plan": "enterprise", "role": "admin", "signup_date": "2024-01-15" } }
	}`, 200, `{"id":"ada@example.com","accountIds":[],"metadata":{"auto":{"account_plan":"enterprise","role":"admin","signup_date":"2024-01-15"}}}`)
	r.stored(`visitorMetadataUpdated visitor="ada@example.com" properties={"metadata":{"auto":{"account_plan":"enterprise","role":"admin","signup_date":"2024-01-15"}},"previous":{"auto":{}}}`)
	r.api("GET", path, "", 200, `{"id":"ada@example.com","accountIds":[],"metadata":{"auto":{"account_plan":"enterprise","role":"admin","signup_date":"2024-01-15"}}}`)
	// the same again changes nothing; another value does, and only that is told
	r.api("PUT", path, `{"metadata":{"auto":{"role":"admin"}}}`, 200, `{"id":"ada@example.com","accountIds":[],"metadata":{"auto":{"account_plan":"enterprise","role":"admin","signup_date":"2024-01-15"}}}`)
	r.stored()
	r.api("PUT", path, `{"metadata":{"custom":{"n":1.50},"auto":{"role":"user"}},"id":"other","accountIds":["x"]}`, 200,
		`{"id":"ada@example.com","accountIds":[],"metadata":{"auto":{"account_plan":"enterprise","role":"user","signup_date":"2024-01-15"},"custom":{"n":1.5}}}`)
	r.stored(`visitorMetadataUpdated visitor="ada@example.com" properties={"metadata":{"auto":{"role":"user"}},"previous":{"auto":{"role":"admin"}}}`,
		`visitorMetadataUpdated visitor="ada@example.com" properties={"metadata":{"custom":{"n":1.5}},"previous":{"custom":{}}}`)
	// seen in the app for the first time only now
	r.good("/v1/identify", `{"userId":"ada@example.com","context":{"groupId":"acme"},"messageId":"m","traits":{"plan":"gold"}}`, basicKey)
	r.stored(`visitorCreated visitor="ada@example.com" account="acme" properties={"sampleGroup":56}`,
		`accountCreated visitor="ada@example.com" account="acme" properties={}`,
		`visitorMetadataUpdated visitor="ada@example.com" account="acme" properties={"metadata":{"segmentio":{"plan":"gold"}},"previous":{"segmentio":{}}}`)
	r.api("GET", path, "", 200, `{"id":"ada@example.com","accountIds":["acme"],"metadata":{"auto":{"account_plan":"enterprise","role":"user","signup_date":"2024-01-15",`+
		`"firstvisit":1795241520000},"custom":{"n":1.5},"segmentio":{"plan":"gold"}}}`)
	r.api("GET", "/api/v1/account/acme", "", 200, `{"id":"acme","metadata":{"auto":{"firstvisit":1795241520000}}}`)
	r.api("GET", "/api/v1/account/nobody", "", 404, noAccountYet)
	r.api("PUT", "/api/v1/visitor/empty", `{"metadata":{}}`, 200, `{"id":"empty","accountIds":[],"metadata":{}}`)
	r.stored()
	if got := r.raw(rawRequest("HEAD", path, "", integrationKey)); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

// TestField shows and sets single values.
func TestField(t *testing.T) {
	r := start(t)
	const path = "/api/v1/metadata/visitor/custom/value/v1/"
	r.api("GET", path+"plan", "", 404, noVisitorYet)
	for _, value := range []string{`"gold"`, `null`, `17`, `-1.5e+300`, `true`, `[1,{"a":[]}]`, `{"b":1,"a":{}}`, `""`, `"\ud800"`} {
		r.api("PUT", path+"plan", value, 200, value)
		r.api("GET", path+"plan", "", 200, value)
	}
	r.api("PUT", path+"plan", " 1.50\n", 200, `1.5`)
	var told []string
	for _, e := range r.events() {
		told = append(told, e.Kind.String()+string(e.Properties))
	}
	if len(told) != 10 || told[0] != `visitorMetadataUpdated{"metadata":{"custom":{"plan":"gold"}},"previous":{"custom":{}}}` ||
		told[9] != `visitorMetadataUpdated{"metadata":{"custom":{"plan":1.5}},"previous":{"custom":{"plan":"\ud800"}}}` {
		t.Errorf("told %q", told)
	}
	r.api("GET", path+"other", "", 404, noFieldYet)
	r.api("PUT", "/api/v1/metadata/account/agent/value/acme/seats", "42", 200, "42")
	r.stored(`accountMetadataUpdated account="acme" properties={"metadata":{"agent":{"seats":42}},"previous":{"agent":{}}}`)
	r.api("PUT", "/api/v1/metadata/account/agent/value/acme/seats", "42", 200, "42")
	r.stored()
	r.api("GET", "/api/v1/metadata/account/agent/value/acme/seats", "", 200, "42")
	r.api("GET", "/api/v1/metadata/visitor/agent/value/v1/seats", "", 404, refused("unknown_field", "the visitor has no such field in the group agent", ""))
	r.api("GET", "/api/v1/account/acme", "", 200, `{"id":"acme","metadata":{"agent":{"seats":42}}}`)
	// to and fro: each change is told
	for range 2 {
		r.api("PUT", path+"plan", `"a"`, 200, `"a"`)
		r.api("PUT", path+"plan", `"b"`, 200, `"b"`)
	}
	if n := len(r.events()); n != 4 {
		t.Errorf("%d events", n)
	}
}

// TestPathsOfPeople: whatever an ID or a field is, it fits into a path.
func TestPathsOfPeople(t *testing.T) {
	r := start(t)
	long := strings.Repeat("x", 1022)
	for _, id := range []string{"a/b", "/", "a//b/", "a%2Fb", "%", "100%25", "ü ñ 世界 🎉", `"quoted"\`, "a?b#c", "..", "data", "v1", "a+b", "\u2028", "\x00\x1f", " ", "*", long} {
		for _, field := range []string{"plan", "track", "a/b", "%2F", "é", "batch", "value"} {
			for _, prefix := range []string{"", "/mount/data", "//", "/api/v1/visitor"} {
				target := prefix + "/api/v1/metadata/visitor/custom/value/" + url.PathEscape(id) + "/" + url.PathEscape(field)
				want := string(text(id + prefix))
				r.api("PUT", target, want, 200, want)
				r.api("GET", target+"/", "", 200, want)
			}
		}
		got := r.raw(rawRequest("GET", "/api/v1/visitor/"+url.PathEscape(id), "", integrationKey))
		if want := `{"id":` + string(text(id)) + `,"accountIds":[],"metadata":{"custom":{"plan":`; !strings.HasPrefix(got.body, want) {
			t.Errorf("%q: %d %.100s", id, got.status, got.body)
		}
	}
	for _, e := range r.events() {
		if e.Kind.String() != "visitorMetadataUpdated" {
			t.Fatal(show(e))
		}
	}
	// whatever is not escaped though it should be
	r.api("PUT", "/api/v1/metadata/visitor/custom/value/50%/plan", "1", 200, "1")
	r.api("GET", "/api/v1/metadata/visitor/custom/value/50%25/plan", "", 200, "1")
	r.api("GET", "/api/v1/metadata/visitor/custom/value/50%25/pl%61n?x=%2F", "", 200, "1")
	r.api("GET", "/api/v1/visitor/ü", "", 404, noVisitorYet)
	r.api("GET", "/api/v1/visitor/%c3%bc%20%C3%B1%20世界%20🎉", "", 200, `{"id":"ü ñ 世界 🎉","accountIds":[],"metadata":{"custom":{`+
		`"plan":"ü ñ 世界 🎉/api/v1/visitor","track":"ü ñ 世界 🎉/api/v1/visitor","a/b":"ü ñ 世界 🎉/api/v1/visitor","%2F":"ü ñ 世界 🎉/api/v1/visitor",`+
		`"é":"ü ñ 世界 🎉/api/v1/visitor","batch":"ü ñ 世界 🎉/api/v1/visitor","value":"ü ñ 世界 🎉/api/v1/visitor"}}}`)
}

// TestDoNotProcessMark: the mark has its effect at once, is told when it changes and no other time, and is lifted again.
func TestDoNotProcessMark(t *testing.T) {
	r := start(t)
	const path = "/api/v1/metadata/visitor/pendo/value/v/donotprocess"
	track := func(want ...string) {
		t.Helper()
		r.good("/data/track", oneEvent, integrationKey)
		r.stored(want...)
	}
	const told = `visitorDoNotProcessUpdated visitor="v" properties={"doNotProcess":`
	const event = `trackEventReceived visitor="v" name="E" id="E" source="server" properties={}`
	r.api("GET", path, "", 404, noVisitorYet)
	r.api("PUT", path, "false", 200, "false")
	r.stored()
	r.api("GET", path, "", 200, "false")
	track(event)
	r.api("PUT", path, "true", 200, "true")
	r.stored(told + `true}`)
	r.api("PUT", path, "true", 200, "true")
	r.stored()
	r.api("GET", path, "", 200, "true")
	track()
	// what is set of them is kept, and told to nobody
	r.api("PUT", "/api/v1/metadata/visitor/custom/value/v/plan", `"gold"`, 200, `"gold"`)
	r.api("POST", "/api/v1/metadata/visitor/agent/value", `[{"visitorId":"v","values":{"a":1}}]`, 200, `{"total":1,"updated":1,"failed":0,"missing":[],"errors":[]}`)
	r.stored()
	r.api("GET", "/api/v1/visitor/v", "", 200, `{"id":"v","accountIds":[],"metadata":{"agent":{"a":1},"custom":{"plan":"gold"},"pendo":{"donotprocess":true}}}`)
	r.api("PUT", path, " false ", 200, "false")
	r.stored(told + `false}`)
	track(event)
	// as part of more: what is set with the mark is told or not by what the mark is then
	r.api("PUT", "/api/v1/visitor/v", `{"metadata":{"custom":{"plan":"x"},"pendo":{"other":1,"donotprocess":true}}}`, 200,
		`{"id":"v","accountIds":[],"metadata":{"agent":{"a":1},"custom":{"plan":"x"},"pendo":{"donotprocess":true,"other":1}}}`)
	r.stored(told + `true}`)
	r.api("PUT", "/api/v1/visitor/v", `{"metadata":{"custom":{"plan":"y"},"pendo":{"donotprocess":false,"other":2}}}`, 200,
		`{"id":"v","accountIds":[],"metadata":{"agent":{"a":1},"custom":{"plan":"y"},"pendo":{"donotprocess":false,"other":2}}}`)
	r.stored(told+`false}`, `visitorMetadataUpdated visitor="v" properties={"metadata":{"pendo":{"other":2}},"previous":{"pendo":{"other":1}}}`,
		`visitorMetadataUpdated visitor="v" properties={"metadata":{"custom":{"plan":"y"}},"previous":{"custom":{"plan":"x"}}}`)
	// an account has no such mark
	r.api("PUT", "/api/v1/metadata/account/pendo/value/acme/donotprocess", `"what"`, 200, `"what"`)
	r.stored(`accountMetadataUpdated account="acme" properties={"metadata":{"pendo":{"donotprocess":"what"}},"previous":{"pendo":{}}}`)
}

// TestExcludedMetadata: what is set of excluded people is kept, and told to nobody.
func TestExcludedMetadata(t *testing.T) {
	app := demo()
	var err error
	if app.Exclude, err = people.NewExclusions([]string{"x*"}, []string{"acme"}); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *Options) { o.Apps = []App{app} })
	r.api("PUT", "/api/v1/metadata/visitor/custom/value/x1/a", "1", 200, "1")
	r.api("PUT", "/api/v1/metadata/visitor/pendo/value/x1/donotprocess", "true", 200, "true")
	r.api("PUT", "/api/v1/metadata/account/custom/value/acme/a", "1", 200, "1")
	r.stored()
	r.api("GET", "/api/v1/visitor/x1", "", 200, `{"id":"x1","accountIds":[],"metadata":{"custom":{"a":1},"pendo":{"donotprocess":true}}}`)
}

// TestRows sets many at once.
func TestRows(t *testing.T) {
	r := start(t)
	const path = "/api/v1/metadata/visitor/custom/value"
	f := func(body, want string) {
		t.Helper()
		r.api("POST", path, body, 200, want)
	}
	f(`[]`, `{"total":0,"updated":0,"failed":0,"missing":[],"errors":[]}`)
	f(`[{"visitorId":"a","values":{"n":1}},{"visitorId":7,"values":{}}]`, `{"total":2,"updated":0,"failed":2,"missing":["a","7"],"errors":[]}`)
	r.stored()
	r.api("GET", "/api/v1/visitor/a", "", 404, noVisitorYet)
	r.api("POST", path+"?create=true", `[{"visitorId":"a","values":{"n":1}},{"visitorId":7,"values":{},"other":1},{"visitorId":"a","values":{"n":2,"m":null}}]`, 200,
		`{"total":3,"updated":3,"failed":0,"missing":[],"errors":[]}`)
	r.stored(`visitorMetadataUpdated visitor="a" properties={"metadata":{"custom":{"n":1}},"previous":{"custom":{}}}`,
		`visitorMetadataUpdated visitor="a" properties={"metadata":{"custom":{"n":2,"m":null}},"previous":{"custom":{"n":1}}}`)
	r.api("GET", "/api/v1/visitor/7", "", 200, `{"id":"7","accountIds":[],"metadata":{}}`)
	huge := strings.Repeat("x", 65<<10)
	f(`[{"visitorId":"a","values":{"n":3}},{"visitorId":"b","values":{"n":1}},{"visitorId":"7","values":{"h":"`+huge+`"}},{"values":{"o":4},"visitorId":"a"}]`,
		`{"total":4,"updated":2,"failed":2,"missing":["b"],"errors":["merge custom metadata of visitor \"7\": its metadata would be 66568 bytes and the limit is 65536; send fewer or shorter fields"]}`)
	r.stored(`visitorMetadataUpdated visitor="a" properties={"metadata":{"custom":{"n":3}},"previous":{"custom":{"n":2}}}`,
		`visitorMetadataUpdated visitor="a" properties={"metadata":{"custom":{"o":4}},"previous":{"custom":{}}}`)
	r.api("PATCH", "/api/v1/metadata/account/agent/value?create=true", `[{"accountId":"acme","values":{"name":"Acme"}},{"accountId":"acme","values":{"name":"Acme"}}]`, 200,
		`{"total":2,"updated":2,"failed":0,"missing":[],"errors":[]}`)
	r.stored(`accountMetadataUpdated account="acme" properties={"metadata":{"agent":{"name":"Acme"}},"previous":{"agent":{}}}`)
	// people who were seen in the app are there
	r.meet()
	f(`[{"visitorId":"v","values":{"n":1}}]`, `{"total":1,"updated":1,"failed":0,"missing":[],"errors":[]}`)
	if got := r.counter("edge_intake_accepted_events_total", "app", "demo", "dialect", "metadata"); got != 6 {
		t.Errorf("%v accepted counted", got)
	}
}

// TestManyRows: thousands of rows are set in a bounded number at a time, and all of them.
func TestManyRows(t *testing.T) {
	r := start(t)
	var body strings.Builder
	const rows = 3001
	for i := range rows {
		fmt.Fprintf(&body, `,{"visitorId":"v%d","values":{"n":%d,"fill":"%s"}}`, i, i, strings.Repeat("x", 300))
	}
	all := "[" + body.String()[1:] + "]"
	const path = "/api/v1/metadata/visitor/agent/value?create=true"
	r.api("POST", path, all, 200, fmt.Sprintf(`{"total":%d,"updated":%d,"failed":0,"missing":[],"errors":[]}`, rows, rows))
	if n := len(r.events()); n != rows {
		t.Errorf("%d events", n)
	}
	r.api("POST", path, deflateTo(t, "gzip", []byte(all)), 200, fmt.Sprintf(`{"total":%d,"updated":%d,"failed":0,"missing":[],"errors":[]}`, rows, rows), "Content-Encoding: gzip")
	r.stored()
	r.api("GET", "/api/v1/metadata/visitor/agent/value/v3000/n", "", 200, "3000")
	if used := r.server.bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
}

// TestMetadataRestart: what was answered is there after a restart, and still no sighting.
func TestMetadataRestart(t *testing.T) {
	fs := vfs.NewMem()
	t.Run("first", func(t *testing.T) {
		r := startOn(t, fs, "data")
		r.api("PUT", "/api/v1/metadata/visitor/custom/value/v/plan", `"gold"`, 200, `"gold"`)
		r.api("PUT", "/api/v1/metadata/visitor/pendo/value/w/donotprocess", `true`, 200, `true`)
		r.api("POST", "/api/v1/metadata/account/custom/value?create=true", `[{"accountId":"a","values":{"n":1}}]`, 200, `{"total":1,"updated":1,"failed":0,"missing":[],"errors":[]}`)
	})
	t.Run("second", func(t *testing.T) {
		r := startOn(t, fs, "data")
		if n := len(r.events()); n != 3 {
			t.Errorf("%d events of the first run", n)
		}
		r.api("GET", "/api/v1/visitor/v", "", 200, `{"id":"v","accountIds":[],"metadata":{"custom":{"plan":"gold"}}}`)
		r.api("PUT", "/api/v1/metadata/visitor/custom/value/v/plan", `"gold"`, 200, `"gold"`)
		r.good("/data/track", `{"event":"E","visitorId":"w"}`, integrationKey)
		r.stored()
		r.taken(sent("ptm.gif", `[`+agentEventOf("load", 1, `{}`, "")+`]`))
		r.stored(`visitorCreated visitor="v" account="a" properties={"sampleGroup":61}`+onPage, `accountCreated visitor="v" account="a" properties={}`+onPage,
			`pageLoaded visitor="v" account="a" properties={}`+onPage)
		r.api("GET", "/api/v1/account/a", "", 200, `{"id":"a","metadata":{"auto":{"firstvisit":1795241520000},"custom":{"n":1}}}`)
	})
}

// TestMetadataConcurrency: servers and agents tell of the same visitors at once. No change is lost, each is told once, and
// everybody is created once.
func TestMetadataConcurrency(t *testing.T) {
	const senders, rounds, visitors = 6, 25, 5
	r := start(t)
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			c, err := net.Dial("tcp", r.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(60 * time.Second))
			br := bufio.NewReader(c)
			for round := range rounds {
				v := (sender + round) % visitors
				rows := fmt.Sprintf(`[{"visitorId":"v%d","values":{"s%d":%d}},{"visitorId":"v%d","values":{"t%d":%d}}]`, v, sender, round, (v+1)%visitors, sender, round)
				agent := strings.Replace(agentEventOf("load", 1000*sender+round, `{}`, ""), `"v"`, fmt.Sprintf(`"v%d"`, v), 1)
				for _, request := range [][]byte{
					rawRequest("PUT", fmt.Sprintf("/api/v1/metadata/visitor/custom/value/v%d/f%d", v, sender), fmt.Sprint(round), integrationKey),
					rawRequest("POST", "/api/v1/metadata/visitor/agent/value?create=true", rows, integrationKey),
					sent("ptm.gif", "["+agent+"]"),
					rawRequest("GET", fmt.Sprintf("/api/v1/metadata/visitor/custom/value/v%d/f%d", v, sender), "", integrationKey),
				} {
					c.Write(request)
					got, err := http.ReadResponse(br, nil)
					if err != nil {
						t.Error(err)
						return
					}
					body, _ := io.ReadAll(got.Body)
					if got.StatusCode != 200 || strings.HasPrefix(string(request), "GET /api") && string(body) != fmt.Sprint(round) {
						t.Errorf("%.80s: %d %s", request, got.StatusCode, body)
					}
				}
			}
		})
	}
	all.Wait()
	kinds, ids := map[string]int{}, map[[20]byte]bool{}
	for _, e := range r.events() {
		kinds[e.Kind.String()]++
		if ids[e.UniqueID] {
			t.Errorf("twice: %s", show(e))
		}
		ids[e.UniqueID] = true
	}
	if kinds["visitorCreated"] != visitors || kinds["accountCreated"] != 1 || kinds["pageLoaded"] != senders*rounds || kinds["visitorMetadataUpdated"] != 3*senders*rounds {
		t.Errorf("%v", kinds)
	}
}

// TestMetadataAround: mount prefixes are in TestPathsOfPeople; here are encodings, preflights, and keys.
func TestMetadataAround(t *testing.T) {
	r := start(t)
	const path = "/pfx/api/v1/metadata/visitor/custom/value/v/plan"
	for _, e := range sentEncodings {
		value := `"` + e[0] + e[1] + `"`
		r.api("PUT", path, deflateTo(t, e[0], []byte(value)), 200, value, "Content-Encoding: "+e[1], "Content-Type: text/plain")
	}
	for _, target := range []string{path, "/api/v1/visitor/v", "/api/v1/account/v", "/api/v1/metadata/account/custom/value"} {
		got := r.raw(rawRequest("OPTIONS", target, "", "Origin: https://x.example", "Access-Control-Request-Method: PUT"))
		h := got.header
		if got.status != 204 || h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "x-pendo-integration-key") {
			t.Errorf("%s: %d %v", target, got.status, h)
		}
		if want := target != "/api/v1/account/v"; strings.Contains(h.Get("Access-Control-Allow-Methods"), "PUT, PATCH") != want {
			t.Errorf("%s: %v", target, h)
		}
	}
	for _, header := range []string{"X-Pendo-Integration-Key: WRONG", "X-Pendo-Integration-Key: KEY", "X: y", basicKey} {
		for _, q := range [][3]string{{"GET", "/api/v1/visitor/v", ""}, {"PUT", "/api/v1/visitor/v", "{"}, {"PUT", path, "1"}, {"GET", path, ""}, {"POST", "/api/v1/metadata/visitor/auto/value", "["}} {
			got := r.raw(rawRequest(q[0], q[1], q[2], header))
			if got.status != 403 || !strings.Contains(got.body, `x-pendo-integration-key`) || strings.Contains(got.body, "WRONG") {
				t.Errorf("%s %v: %d %s", header, q, got.status, got.body)
			}
		}
	}
	// another app's people are others
	other := demo()
	other.Name, other.Keys, other.IntegrationKeys = "other", nil, []string{"OTHER"}
	if err := r.server.SetApps([]App{demo(), other}); err != nil {
		t.Fatal(err)
	}
	if got := r.raw(rawRequest("GET", "/api/v1/visitor/v", "", "X-Pendo-Integration-Key: OTHER")); got.status != 404 || got.body != noVisitorYet {
		t.Errorf("%d %s", got.status, got.body)
	}
}
