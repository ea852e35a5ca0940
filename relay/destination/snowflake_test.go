package destination

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func snowflakeSettings(pairs ...string) Settings {
	s := Settings{Webhook: "rows", More: map[string]string{"account": "MyOrg-my_account", "user": "EDGE_RELAY", "private_key": testKey(), "database": "ANALYTICS", "table": "events"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == "url" {
			s.URL = pairs[i+1]
			continue
		}
		s.More[pairs[i]] = pairs[i+1]
	}
	return s
}

func TestSnowflakePlan(t *testing.T) {
	f := func(want string, pairs ...string) {
		t.Helper()
		plan, faults := snowflake.Make(snowflakeSettings(pairs...))
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		if got := plan.URL.String(); got != want {
			t.Errorf("url %s, want %s", got, want)
		}
		if !plan.Carrier || plan.Archive || plan.Batch.Bytes > 4_000_000 || plan.Batch.Item > plan.Batch.Bytes {
			t.Errorf("plan %+v", plan)
		}
	}
	const path = "/v2/streaming/data/databases/ANALYTICS/schemas/PUBLIC/tables/events/rows"
	f("https://myorg-my-account.snowflakecomputing.com" + path)
	f("https://xy12345.us-east-1.snowflakecomputing.com/v2/streaming/data/databases/D$/schemas/raw/tables/T_1/rows", "account", "xy12345.us-east-1", "database", "D$", "schema", "raw", "table", "T_1")
	f("http://127.0.0.1:9051"+path, "url", "http://127.0.0.1:9051")
	f("https://acme.privatelink.snowflakecomputing.com"+path, "url", "https://acme.privatelink.snowflakecomputing.com")
}

func TestSnowflakeFaults(t *testing.T) {
	f := func(field, words string, pairs ...string) {
		t.Helper()
		_, faults := snowflake.Make(snowflakeSettings(pairs...))
		if len(faults) != 1 || faults[0].Field != field || !strings.Contains(faults[0].Text, words) {
			t.Errorf("%q: %v, want %s … %s", pairs, faults, field, words)
		}
		if strings.Contains(fmt.Sprint(faults), "secret") {
			t.Errorf("a fault tells a secret: %v", faults)
		}
	}
	f("settings.account", "is missing", "account", "")
	f("settings.account", "no account's identifier", "account", "https://acme.snowflakecomputing.com")
	f("settings.user", "no user's name", "user", "a b")
	f("settings.private_key", "is missing", "private_key", "")
	f("settings.private_key", "is no PEM", "private_key", "secret")
	f("settings.private_key", "is encrypted", "private_key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nsecret")
	f("settings.database", "no database's name", "database", "a/b")
	f("settings.schema", "no schema's name", "schema", "A.B")
	f("settings.table", "no table's name", "table", `"quoted"`)
}

func TestJudgeSnowflake(t *testing.T) {
	f := func(a *Answer, want Verdict) {
		t.Helper()
		if got := judgeSnowflake(a); !reflect.DeepEqual(got, want) {
			t.Errorf("%d %.200s\ngot  %+v\nwant %+v", a.Status, a.Body, got, want)
		}
	}
	f(told(200, 9, `{"message":"OK"}`), Verdict{Outcome: Delivered, Status: 200})
	f(told(200, 9, "\n{\n  \"message\" : \"OK\"\n}\n"), Verdict{Outcome: Delivered, Status: 200})
	const odd = "200 OK: the reply is not the one that is documented, nobody knows what was taken"
	for _, body := range []string{"", "OK", `"OK"`, "[]", "null", "<html>", `{"message":"O`, `{"message":"OK"}{`, `{"\u0063ode":""}`} {
		f(told(200, 9, body), Verdict{Outcome: Retry, Status: 200, Reason: odd})
	}
	f(told(200, 9, `{"code":"X","message":"m"}`), Verdict{Outcome: Retry, Status: 200, Reason: odd + " X"})
	f(told(202, 9, `{"message":"OK"}`), Verdict{Outcome: Retry, Status: 202, Reason: strings.Replace(odd, "200 OK", "202 Accepted", 1)})

	f(told(400, 9, `{"code":"INVALID_NDJSON","message":"line\n3"}`), Verdict{Outcome: Split, Status: 400, Reason: "400 Bad Request: INVALID_NDJSON line 3"})
	f(told(400, 1, `{"code":390303,"message":"m"}`), Verdict{Outcome: Final, Status: 400, Reason: "400 Bad Request: 390303 m"})
	f(told(400, 9, `{"code":"ERR_TABLE_DOES_NOT_EXIST_NOT_AUTHORIZED","message":"m"}`), Verdict{Outcome: Off, Status: 400, Reason: "400 Bad Request: ERR_TABLE_DOES_NOT_EXIST_NOT_AUTHORIZED m"})
	f(told(401, 9, `token expired`), Verdict{Outcome: Off, Status: 401, Reason: "401 Unauthorized: the destination refuses the webhook's key"})
	f(told(403, 9, `{"code":"NO","message":"m"}`), Verdict{Outcome: Off, Status: 403, Reason: "403 Forbidden: NO m"})
	f(told(404, 9, `{"code":"ERR_TABLE_DOES_NOT_EXIST_NOT_AUTHORIZED","message":""}`), Verdict{Outcome: Retry, Status: 404, After: time.Minute, Reason: "404 Not Found: ERR_TABLE_DOES_NOT_EXIST_NOT_AUTHORIZED"})
	f(told(409, 9, ``), Verdict{Outcome: Retry, Status: 409, Reason: "409 Conflict"})
	f(told(413, 9, ``), Verdict{Outcome: Split, Status: 413, Reason: "413 Request Entity Too Large"})
	f(told(413, 1, ``), Verdict{Outcome: Final, Status: 413, Reason: "413 Request Entity Too Large"})
	f(told(429, 9, `{"code":"THROTTLED","message":""}`, "Retry-After", "3"), Verdict{Outcome: Retry, Status: 429, After: 3 * time.Second, Reason: "429 Too Many Requests: THROTTLED"})
	f(told(307, 9, ``), Verdict{Outcome: Final, Status: 307, Reason: "307 Temporary Redirect"})
	f(told(503, 9, `no`), Verdict{Outcome: Retry, Status: 503, Reason: "503 Service Unavailable"})
}

func FuzzJudgeSnowflake(f *testing.F) { fuzzJudge(f, judgeSnowflake) }
