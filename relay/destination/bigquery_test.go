package destination

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// testKey is a private key in PEM, made at its first use.
var testKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// serviceAccount is a key file, changed by pairs of a name and a value.
func serviceAccount(pairs ...string) string {
	file := map[string]string{
		"type": "service_account", "project_id": "acme-data", "private_key_id": "k1", "private_key": testKey(),
		"client_email": "relay@acme-data.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		file[pairs[i]] = pairs[i+1]
	}
	text, _ := json.Marshal(file)
	return string(text)
}

func bigQuerySettings(pairs ...string) Settings {
	s := Settings{Webhook: "rows", More: map[string]string{"credentials": serviceAccount(), "dataset": "edge", "table": "events"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == "url" {
			s.URL = pairs[i+1]
			continue
		}
		s.More[pairs[i]] = pairs[i+1]
	}
	return s
}

func TestBigQueryPlan(t *testing.T) {
	f := func(want string, pairs ...string) {
		t.Helper()
		plan, faults := bigQuery.Make(bigQuerySettings(pairs...))
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		if got := plan.URL.String(); got != want {
			t.Errorf("url %s, want %s", got, want)
		}
		if !plan.Carrier || plan.Archive || plan.Batch.Count != 500 || plan.Batch.Bytes > 10_000_000 || plan.Batch.Item > plan.Batch.Bytes {
			t.Errorf("plan %+v", plan)
		}
	}
	const path = "/bigquery/v2/projects/acme-data/datasets/edge/tables/events/insertAll"
	f("https://bigquery.googleapis.com" + path)
	f("https://bigquery.googleapis.com/bigquery/v2/projects/example.com:other/datasets/edge/tables/page-views/insertAll", "project", "example.com:other", "table", "page-views")
	f("http://127.0.0.1:9050"+path, "url", "http://127.0.0.1:9050/")
	f("https://bigquery.europe.example/own", "url", "https://bigquery.europe.example/own")
	f("https://bigquery.googleapis.com"+path, "credentials", serviceAccount("token_uri", ""))
	f("https://bigquery.googleapis.com"+path, "credentials", serviceAccount("private_key", strings.ReplaceAll(testKey(), "\n", `\n`)))
}

func TestBigQueryFaults(t *testing.T) {
	f := func(field, words string, pairs ...string) {
		t.Helper()
		_, faults := bigQuery.Make(bigQuerySettings(pairs...))
		if len(faults) != 1 || faults[0].Field != field || !strings.Contains(faults[0].Text, words) {
			t.Errorf("%q: %v, want %s … %s", pairs, faults, field, words)
		}
		if strings.Contains(fmt.Sprint(faults), "secret") {
			t.Errorf("a fault tells a secret: %v", faults)
		}
	}
	f("settings.credentials", "is missing", "credentials", "")
	f("settings.credentials", "is no JSON", "credentials", "/secret/key.json")
	f("settings.credentials", "is no JSON", "credentials", `{"private_key":"secret`)
	f("settings.credentials", "is not the key of a service account", "credentials", `{"type":"authorized_user","client_secret":"secret"}`)
	f("settings.credentials", "is no PEM", "credentials", serviceAccount("private_key", "secret"))
	f("settings.credentials", "is encrypted", "credentials", serviceAccount("private_key", "-----BEGIN ENCRYPTED PRIVATE KEY-----"))
	f("settings.credentials", "no RSA key", "credentials", serviceAccount("private_key", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"))
	f("settings.credentials", "token_uri", "credentials", serviceAccount("token_uri", "file:///secret"))
	f("settings.credentials", "token_uri", "credentials", serviceAccount("token_uri", "http://tokens.example/secret"))
	f("settings.credentials", "token_uri", "credentials", serviceAccount("token_uri", "http://127.0.0.1.example/secret"))
	f("settings.project", "no project's ID", "credentials", serviceAccount("project_id", ""))
	f("settings.dataset", "is missing", "dataset", "")
	f("settings.dataset", "no dataset's name", "dataset", "acme.edge")
	f("settings.table", "no table's name", "table", "edge.events")
	f("settings.table", "no table's name", "table", "../../x")
	f("settings.tabel", "is no setting", "tabel", "events")
}

func TestPrivateKeyIsLongEnough(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(short)})
	if _, err := PrivateKey(string(text)); err == nil || !strings.Contains(err.Error(), "2048") {
		t.Errorf("a short key: %v", err)
	}
	if key, err := PrivateKey(testKey()); err != nil || key.N.BitLen() != 2048 {
		t.Errorf("the test's key: %v", err)
	}
}

// told is an answer to count events.
func told(status, count int, body string, headers ...string) *Answer {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &Answer{Status: status, Header: h.Get, Body: []byte(body), Count: count, Now: time.Unix(1_800_000_000, 0)}
}

const insertedAll = "{\n  \"kind\": \"bigquery#tableDataInsertAllResponse\"\n}\n"

func TestJudgeBigQuery(t *testing.T) {
	f := func(a *Answer, want Verdict) {
		t.Helper()
		if got := judgeBigQuery(a); !reflect.DeepEqual(got, want) {
			t.Errorf("%d %.200s\ngot  %+v\nwant %+v", a.Status, a.Body, got, want)
		}
	}
	googleErr := func(code int, reason, message string) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":%q,"errors":[{"message":%q,"domain":"global","reason":%q}],"status":"X"}}`, code, message, message, reason)
	}
	f(told(200, 500, insertedAll), Verdict{Outcome: Delivered, Status: 200})
	f(told(200, 2, `{}`), Verdict{Outcome: Delivered, Status: 200})
	f(told(200, 2, `{"kind":"a\u0062"}`), Verdict{Outcome: Delivered, Status: 200})
	f(told(200, 2, `{"insertErrors":[]}`), Verdict{Outcome: Delivered, Status: 200})
	f(told(200, 2, `{"insertErrors":null}`), Verdict{Outcome: Delivered, Status: 200})

	const odd = "200 OK: the reply is not the one that is documented, nobody knows what was taken"
	for _, body := range []string{"", "   ", "OK", "[]", "null", `"insertErrors"`, "<html>", `{"kind":`, `{"insertErrors":`, `{"insertErrors":[`, `{"insertErrors":{}}`,
		`{"insertErrors":[{"index":7,"errors":[]}]}`, `{"insertErrors":[{"index":-1}]}`, `{"insertErrors":[{"errors":[{"reason":"invalid"}]}]}`,
		`{"insertErrors":[{"index":1e99}]}`, `{"insertErrors":[{"index":"0"}]}`, `{"insertErrors":["x"]}`, `{"\u0069nsertErrors":[{"index":9}]}`, insertedAll + "x"} {
		f(told(200, 2, body), Verdict{Outcome: Retry, Status: 200, Reason: odd})
	}

	bad := Ruling{Outcome: Final, Reason: "200 OK: the row was not taken: invalid occurred_at no such time"}
	stopped := Ruling{Outcome: Retry, Reason: "200 OK: the row was not taken: stopped"}
	const badRow, stoppedRow = `{"index":%d,"errors":[{"reason":"invalid","location":"occurred_at","debugInfo":"","message":"no such\ntime"}]}`,
		`{"index":%d,"errors":[{"reason":"stopped","location":"","debugInfo":"","message":""}]}`
	rows := func(rows ...string) string {
		var text []string
		for i, row := range rows {
			text = append(text, strings.ReplaceAll(row, "%d", fmt.Sprint(i)))
		}
		return `{"kind":"k","insertErrors":[` + strings.Join(text, ",") + `]}`
	}
	f(told(200, 3, rows(badRow)), Verdict{Outcome: Delivered, Status: 200, Each: []Ruling{bad, {}, {}}})
	f(told(200, 3, rows(badRow, stoppedRow)), Verdict{Outcome: Delivered, Status: 200, Each: []Ruling{bad, stopped, {}}})
	f(told(200, 2, rows(badRow, stoppedRow)), Verdict{Outcome: Retry, Status: 200, Reason: stopped.Reason, Each: []Ruling{bad, stopped}})
	f(told(200, 2, rows(stoppedRow, stoppedRow)), Verdict{Outcome: Retry, Status: 200, Reason: stopped.Reason, Each: []Ruling{stopped, stopped}})
	f(told(200, 1, rows(badRow)), Verdict{Outcome: Final, Status: 200, Reason: bad.Reason, Each: []Ruling{bad}})
	// What one row is said to be twice: wrong by itself wins, wherever it stands.
	f(told(200, 2, `{"insertErrors":[{"index":1,"errors":[{"reason":"invalid","location":"occurred_at","message":"no such time"}]},{"index":1,"errors":[{"reason":"stopped"}]}]}`),
		Verdict{Outcome: Delivered, Status: 200, Each: []Ruling{{}, bad}})
	f(told(200, 2, `{"insertErrors":[{"index":1,"errors":[{"reason":"stopped"},{"reason":"invalid","location":"occurred_at","message":"no such time"}]}]}`),
		Verdict{Outcome: Delivered, Status: 200, Each: []Ruling{{}, bad}})
	// A row without a reason and reasons that pass.
	f(told(200, 4, `{"insertErrors":[{"index":0},{"index":1,"errors":[{"reason":"backendError"}]},{"index":2,"errors":[{"reason":"quotaExceeded","message":"q"}]}]}`),
		Verdict{Outcome: Delivered, Status: 200, Each: []Ruling{
			{Outcome: Retry, Reason: "200 OK: the row was not taken"},
			{Outcome: Retry, Reason: "200 OK: the row was not taken: backendError"},
			{Outcome: Retry, Reason: "200 OK: the row was not taken: quotaExceeded q", After: 10 * time.Minute}, {}}})
	// Cut off, and a row that was never sent: what is named counts, of the others nobody knows.
	doubt := Ruling{Outcome: Retry, Reason: odd}
	whole := rows(badRow, stoppedRow)
	f(told(200, 3, whole[:len(whole)-40]), Verdict{Outcome: Retry, Status: 200, Reason: odd, Each: []Ruling{bad, doubt, doubt}})
	f(told(200, 3, `{"insertErrors":[{"index":3},`+rows(badRow)[28:]), Verdict{Outcome: Retry, Status: 200, Reason: odd, Each: []Ruling{bad, doubt, doubt}})

	f(told(400, 500, googleErr(400, "invalid", "no rows present")), Verdict{Outcome: Split, Status: 400, Reason: "400 Bad Request: no rows present"})
	f(told(400, 1, googleErr(400, "invalid", "no rows present")), Verdict{Outcome: Final, Status: 400, Reason: "400 Bad Request: no rows present"})
	f(told(401, 5, googleErr(401, "authError", "Invalid Credentials")), Verdict{Outcome: Off, Status: 401, Reason: "401 Unauthorized: Invalid Credentials"})
	f(told(403, 5, googleErr(403, "accessDenied", "Access Denied: Table a:b.c")), Verdict{Outcome: Off, Status: 403, Reason: "403 Forbidden: Access Denied: Table a:b.c"})
	f(told(403, 5, googleErr(403, "rateLimitExceeded", "Exceeded rate limits")), Verdict{Outcome: Retry, Status: 403, After: 5 * time.Second, Reason: "403 Forbidden: Exceeded rate limits"})
	f(told(403, 5, googleErr(403, "rateLimitExceeded", "r"), "Retry-After", "60"), Verdict{Outcome: Retry, Status: 403, After: time.Minute, Reason: "403 Forbidden: r"})
	f(told(403, 5, googleErr(403, "quotaExceeded", "Quota exceeded"), "Retry-After", "1"), Verdict{Outcome: Retry, Status: 403, After: 10 * time.Minute, Reason: "403 Forbidden: Quota exceeded"})
	f(told(403, 5, `<html>`), Verdict{Outcome: Off, Status: 403, Reason: "403 Forbidden: the destination refuses the webhook's key"})
	f(told(403, 5, `{"error":{"errors":{"reason":"quotaExceeded"}}}`), Verdict{Outcome: Off, Status: 403, Reason: "403 Forbidden: the destination refuses the webhook's key"})
	f(told(404, 5, googleErr(404, "notFound", "Not found: Table a:b.c")), Verdict{Outcome: Retry, Status: 404, After: 3 * time.Minute, Reason: "404 Not Found: Not found: Table a:b.c"})
	f(told(413, 5, ``), Verdict{Outcome: Split, Status: 413, Reason: "413 Request Entity Too Large"})
	f(told(413, 1, ``), Verdict{Outcome: Final, Status: 413, Reason: "413 Request Entity Too Large"})
	f(told(302, 5, ``), Verdict{Outcome: Final, Status: 302, Reason: "302 Found"})
	f(told(429, 5, ``, "Retry-After", "7"), Verdict{Outcome: Retry, Status: 429, After: 7 * time.Second, Reason: "429 Too Many Requests"})
	f(told(503, 5, googleErr(503, "backendError", "try again")), Verdict{Outcome: Retry, Status: 503, Reason: "503 Service Unavailable: try again"})
}

// fuzzJudge holds what every judge owes: it does not panic, rules on all events or none, and says that events were
// delivered only of a 2xx that is a whole JSON object.
func fuzzJudge(f *testing.F, judge func(*Answer) Verdict) {
	f.Add(200, 3, []byte(insertedAll))
	f.Add(200, 3, []byte(`{"insertErrors":[{"index":0,"errors":[{"reason":"invalid"}]},{"index":2,"errors":[{"reason":"stopped"}]}]}`))
	f.Add(200, 3, []byte(`{"insertErrors":[{"index":1,"errors":[{"rea`))
	f.Add(200, 1, []byte(`{"message":"OK"}`))
	f.Add(404, 2, []byte(`{"code":"ERR_TABLE_DOES_NOT_EXIST_NOT_AUTHORIZED","message":"x"}`))
	f.Add(403, 9, []byte(`{"error":{"errors":[{"reason":"quotaExceeded"}],"message":"m"}}`))
	f.Fuzz(func(t *testing.T, status, count int, body []byte) {
		count = int(uint(count) % 600)
		v := judge(&Answer{Status: status, Header: func(string) string { return "" }, Body: body, Count: count, Now: time.Unix(0, 0)})
		if v.Each != nil && len(v.Each) != count {
			t.Fatalf("%d rulings for %d events", len(v.Each), count)
		}
		took := v.Outcome == Delivered
		for _, r := range v.Each {
			took = took || r.Outcome == Delivered
			if r.Outcome != Delivered && r.Outcome != Retry && r.Outcome != Final || len(r.Reason) > reasonMax {
				t.Fatalf("ruling %+v", r)
			}
		}
		var object map[string]json.RawMessage
		if took && (status < 200 || status > 299 || json.Unmarshal(body, &object) != nil) {
			t.Fatalf("delivered by %d %q", status, body)
		}
		if v.Outcome != Delivered && v.Reason == "" || len(v.Reason) > reasonMax {
			t.Fatalf("%s with the reason %q", v.Outcome, v.Reason)
		}
	})
}

func FuzzJudgeBigQuery(f *testing.F) { fuzzJudge(f, judgeBigQuery) }
