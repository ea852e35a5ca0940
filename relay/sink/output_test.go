package sink

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/sign"
)

func TestPrintsLines(t *testing.T) {
	r := mustRun(t, Options{Secrets: []string{"old", "new"}})
	f := func(wantStatus int, body string, headers ...string) {
		t.Helper()
		if resp, text := r.post(t, body, headers...); resp.StatusCode != wantStatus {
			t.Errorf("%.60s: %d %s, want %d", body, resp.StatusCode, text, wantStatus)
		}
	}
	f(200, bodyA, append(signed(t, "new", bodyA, sign.Pendo), "X-Edgerelay-Attempt", "1")...)
	f(200, bodyB, append(signed(t, "old", bodyB, sign.Standard, sign.GitHub), "X-Edgerelay-Attempt", "12")...)
	f(401, bodyB, signed(t, "other", bodyB, sign.Pendo)...)
	f(401, bodyB)
	f(200, "\x1b[2J", signed(t, "new", "\x1b[2J", sign.PendoBare)...)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	want := `
12:00:00.000  pageLoaded            v-1                   ` + idA + `  ok         #1
12:00:00.000  featureClicked        v-2                   ` + idB + `  ok         #12
12:00:00.000  featureClicked        v-2                   ` + idB + `  BAD        #-  answered 401  verify X-Pendo-Signature: it does not fit the body and any of the 2 secrets: compare them with the webhook's, and make sure that nothing on the way changes the body
12:00:00.000  featureClicked        v-2                   ` + idB + `  none       #-  answered 401
12:00:00.000  -                     -                     -                                         ok         #-
`
	if got := "\n" + r.out.String(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
	first, rest, _ := strings.Cut(r.err.String(), "\n")
	if first != "sink: listening on "+r.url {
		t.Errorf("first line %q does not tell the address %s", first, r.url)
	}
	if want := "sink: received 5 in 0.0s (0/s)  distinct 2  repeated 0  bad signatures 2  refused 2  without uniqueId 1\n"; rest != want {
		t.Errorf("summary %q, want %q", rest, want)
	}
}

func TestPrintsObjects(t *testing.T) {
	r := mustRun(t, Options{Secrets: []string{"s"}, JSON: true})
	r.post(t, bodyA, append(signed(t, "s", bodyA, sign.Pendo), "X-Edgerelay-Attempt", "2")...)
	r.post(t, "{\n \"event\" : \"<a b>\" ,\"n\": 12345678901234567890}", "X-Pendo-Signature", "zz")
	r.post(t, "no\njson\xff")
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(r.out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want one a delivery:\n%s", len(lines), r.out.String())
	}
	f := func(line string, want map[string]any, body string) {
		t.Helper()
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		for name, value := range want {
			if fmt.Sprint(got[name]) != fmt.Sprint(value) {
				t.Errorf("%s is %v, want %v", name, got[name], value)
			}
		}
		if !strings.HasSuffix(line, `,"body":`+body+"}") {
			t.Errorf("%s\ndoes not end in the body %s", line, body)
		}
	}
	f(lines[0], map[string]any{"time": noon().Format(time.RFC3339Nano), "event": "pageLoaded", "visitor": "v-1", "uniqueId": idA,
		"signature": "ok", "scheme": "pendo", "attempt": 2, "status": 200, "path": "/hook?x=1", "reason": nil}, bodyA)
	f(lines[1], map[string]any{"event": "<a b>", "visitor": "", "signature": "BAD", "attempt": 0, "status": 401,
		"reason": `verify X-Pendo-Signature: "zz" is no HMAC-SHA256: want sha256= and 64 hex digits, or the digits alone`},
		`{"event":"<a b>","n":12345678901234567890}`)
	f(lines[2], map[string]any{"event": "", "signature": "none", "status": 401}, `"no\njson`+"\uFFFD"+`"`)
	if !strings.Contains(lines[0], `"User-Agent":"edgerelay/1.0"`) {
		t.Errorf("no headers in %s", lines[0])
	}
}
