package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// answering is a console that answers everything the same way and remembers what it was asked.
func answering(t *testing.T, status int, body string) (c *Console, out *bytes.Buffer, asked *string) {
	t.Helper()
	out, asked = &bytes.Buffer{}, new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		*asked = r.Method + " " + r.URL.RequestURI() + " " + r.Header.Get("Authorization") + " " + string(text)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return &Console{URL: s.URL, Token: "t0ken", Out: out}, out, asked
}

const oneWebhook = `{"name":"my crm","origin":"api","enabled":true,"settings":{"url":"https://example.com/","events":["*"],"rate":0},
"live":{"state":"failing","reason":"503\u001b[31m Service Unavailable","rate":1.25,"success":0.5,"backlog":3,"parked":2,"in_flight":40,"dead":1,"lag_seconds":61.2}}`

func TestCommandsAskAndPrint(t *testing.T) {
	f := func(run func(ctx context.Context, c *Console) error, answer, asked string, printed ...string) {
		t.Helper()
		c, out, got := answering(t, 200, answer)
		if err := run(t.Context(), c); err != nil {
			t.Error(err)
		}
		if strings.TrimSpace(*got) != asked {
			t.Errorf("asked %q, want %q", *got, asked)
		}
		for _, text := range printed {
			if !strings.Contains(out.String(), text) {
				t.Errorf("printed %q, want %q in it", out, text)
			}
		}
		if strings.ContainsRune(out.String(), '\x1b') {
			t.Errorf("an escape sequence is printed: %q", out)
		}
		c.JSON = true
		out.Reset()
		if err := run(t.Context(), c); err != nil || answer != "" && out.String() != answer {
			t.Errorf("with --json %q, %v", out, err)
		}
	}
	f(listCommand{}.Run, `{"webhooks":[`+oneWebhook+`]}`, "GET /api/webhooks Bearer t0ken", "my crm  failing  1.2     50.0%    1m1.2s  45       1     api   https://example.com/\n")
	f(listCommand{}.Run, `{"webhooks":[]}`, "GET /api/webhooks Bearer t0ken", "There are no webhooks.")
	f((&showCommand{Name: "my crm"}).Run, oneWebhook, "GET /api/webhooks/my%20crm/stats Bearer t0ken", "reason        503 [31m Service Unavailable\n", "waiting       3, 2 for their next attempt, 40 under way\n", "events        *\n")
	f((&createCommand{Name: "a/b", Enable: true, settings: settings{URL: "https://example.com/", Event: []string{"pageLoaded:a,b"}, Set: map[string]string{"rate": "5", "timeout": "3s"}}}).Run,
		oneWebhook, `POST /api/webhooks Bearer t0ken {"enabled":true,"events":["pageLoaded:a,b"],"name":"a/b","rate":5,"timeout":"3s","url":"https://example.com/"}`, "was made\n")
	f((&createCommand{Name: "x", settings: settings{Type: "hubspot", AccessToken: "t", Region: "eu", WriteKey: "w", Setting: map[string]string{"hub_id": "12345", "api": ""},
		Set: map[string]string{"settings": `{"a":"1"}`, "settings.b": "2", "batch_events": "10"}}}).Run,
		oneWebhook, `POST /api/webhooks Bearer t0ken {"access_token":"t","batch_events":10,"name":"x","region":"eu","settings":{"a":"1","api":null,"b":"2","hub_id":"12345"},"type":"hubspot","write_key":"w"}`)
	f((&showCommand{Name: "x"}).Run, `{"name":"x","origin":"api","place":"s3://b/p","settings":{"type":"s3","url":"","batch_bytes":"0","batch_age":"0s","settings":{"bucket":"b","secret_key":"••••"}}}`,
		"GET /api/webhooks/x/stats Bearer t0ken", "leads to             s3://b/p\n", "settings.bucket      b\n", "settings.secret_key  ••••\ntype ")
	const types = `{"types":[{"name":"url","title":"URL","url":"the address","signs":true},{"name":"s3","title":"S3","batches":true,"regions":["us","eu"],"settings":[{"name":"bucket","text":"its name","required":true},
		{"name":"secret_key","text":"a key","secret":true,"choices":["a","b"],"default":"a"}],"events":["pageLoaded"]}]}`
	listed := func(name string) func(context.Context, *Console) error {
		return func(ctx context.Context, c *Console) error { return (&typesCommand{Name: name}).Run(ctx, &Catalog{c}) }
	}
	f(listed(""), types, "GET /api/types Bearer t0ken", "url   URL         url\n", "s3    S3          settings.bucket\n")
	f(listed("url"), types, "GET /api/types Bearer t0ken", "also    secret, secret_previous, signature\nevents")
	f(listed("s3"), types, "GET /api/types Bearer t0ken", "region               us, eu\n", "settings.bucket      its name; must be set\n",
		"settings.secret_key  a key; one of a, b; default a; a secret\n", "also                 batch_events, batch_bytes, batch_age\n", "1 kinds")
	f((&editCommand{Name: "a/b", Rename: "c"}).Run, oneWebhook, `PATCH /api/webhooks/a%2Fb Bearer t0ken {"name":"c"}`, "my crm")
	f((&enableCommand{Name: "x", Reviewed: true, From: "now"}).Run, oneWebhook, `POST /api/webhooks/x/enable Bearer t0ken {"force":false,"from":"now","reviewed":true}`, "is on\n")
	f((&disableCommand{Name: "x"}).Run, oneWebhook, `POST /api/webhooks/x/disable Bearer t0ken {}`, "is off\n")
	f(func(ctx context.Context, c *Console) error { return Compare(ctx, c, "a.toml", []byte("x")) },
		`{"changes":[{"key":"log.dir","from":"a","to":"b","live":false},{"key":"app.x.name","from":"","to":"x","live":true}]}`,
		`POST /api/reload/compare Bearer t0ken {"name":"a.toml","text":"x"}`, "~ log.dir = a → b  (with the next start)\n+ app.x.name = x\n")
	const dead = `{"dead":[{"id":17,"died":"2026-11-21T10:00:00Z","status":400,"reason":"no\u001b","attempts":1,"event":{"event":"pageLoaded","unique_id":"a1"}}],"cursor":"c 1"}`
	f((&deadCommand{Name: "x", Limit: 5}).Run, dead, "GET /api/webhooks/x/dead?limit=5 Bearer t0ken", "17  ", "400     1      pageLoaded  a1         no", "There are more: --cursor c 1\n")
	f((&deadCommand{Name: "x", Limit: 5, Cursor: "c 1"}).Run, `{"dead":[]}`, "GET /api/webhooks/x/dead?cursor=c+1&limit=5 Bearer t0ken", "There are no dead letters.")
	f((&deadCommand{Name: "x", Replay: []uint64{17, 23}}).Run, `{"id":"j1","state":"running","events":0,"found":2}`, `POST /api/webhooks/x/dead/replay Bearer t0ken {"ids":[17,23]}`, "2 dead letters were found; replay j1 is running")
	f((&testCommand{Name: "x", Event: "pageLoaded"}).Run, `{"outcome":"delivered","status":204,"ms":12.3,"request":{"line":"POST / HTTP/1.1","headers":[{"name":"Host","value":"h"}],"body":{"text":"{}"}},"reply":{"text":"thanks\u001b"}}`,
		`POST /api/webhooks/x/test Bearer t0ken {"event":"pageLoaded"}`, "POST / HTTP/1.1\nHost: h\n\n{}\n\n204 No Content after 12 ms: delivered\n\nthanks \n")
	f((&testCommand{Name: "x"}).Run, `{"outcome":"delivered"}`, `POST /api/webhooks/x/test Bearer t0ken`)
	f((&logCommand{Name: "x", Status: "5xx", Since: "2026-11-21T10:00:00Z", Limit: 2}).Run, `{"attempts":[{"time":"2026-11-21T10:00:00Z","outcome":"retry","status":503,"reason":"no","event":"pageLoaded","unique_id":"ab","attempt":2,"timing":{"total":1.25}},{"time":"2026-11-21T10:00:00Z","outcome":"note"}]}`,
		`GET /api/webhooks/x/log?from=2026-11-21T10%3A00%3A00Z&limit=2&status=5xx Bearer t0ken`, "retry    503     1.2  2    pageLoaded  ab         no\n", "note     –       –    –")
	f((&logCommand{Name: "x", Limit: 1}).Run, `{"attempts":[]}`, `GET /api/webhooks/x/log?limit=1 Bearer t0ken`, "There is nothing in the log.")
	f((&logCommand{Name: "x", Limit: 1, Long: true}).Run, `{"attempts":[{"request":[{"name":"Host","value":"h"}],"reply":[{"name":"Via","value":"v"}],"body":"no","timing":{"dns":1}}]}`,
		`GET /api/webhooks/x/log?limit=1 Bearer t0ken`, "  > Host: h\n  < Via: v\n  < no\n", "dns 1.0, connect 0.0")
	f((&replayCommand{Name: "x", Dead: true, DryRun: true}).Run, `{"events":3,"bytes":9}`, `POST /api/webhooks/x/replay Bearer t0ken {"dead":true,"dry_run":true}`, "3 events would be sent again to \"x\"\n")
	f((&replayCommand{Name: "x", Event: []string{"*"}, Rate: 5}).Run, `{"id":"7","state":"running","events":1,"share":0.5}`, `POST /api/webhooks/x/replay Bearer t0ken {"events":["*"],"rate":5}`, "replay 7 is running: 1 events sent again, 50% of the way; follow it with \"edgerelay webhook replay x --job 7 --wait\"\n")
	f((&replayCommand{Name: "x", Cancel: "7"}).Run, `{"id":"7","state":"cancelled"}`, `DELETE /api/replays/7 Bearer t0ken`, "replay 7 is cancelled")
	f((&deleteCommand{Name: "x", Yes: true}).Run, "", `DELETE /api/webhooks/x Bearer t0ken`, "is deleted\n")
}

// TestTryTellsOfKeys: a refused key costs no event, so nothing would be given up.
func TestTryTellsOfKeys(t *testing.T) {
	c, out, _ := answering(t, 200, `{"outcome":"off","status":401,"reason":"the key is refused"}`)
	err := (&testCommand{Name: "x"}).Run(t.Context(), c)
	const want = "401 Unauthorized after 0 ms: the event would wait, and the webhook be turned off after some more such answers\nthe key is refused\n"
	if err == nil || !strings.HasSuffix(out.String(), want) {
		t.Errorf("%v, printed %q", err, out)
	}
}

// TestReplayOfNoDeadLetter: IDs that are not there are named, and the command fails, whatever became of the others.
func TestReplayOfNoDeadLetter(t *testing.T) {
	f := func(answer, printed string) {
		t.Helper()
		c, out, _ := answering(t, 202, answer)
		for _, c.JSON = range []bool{false, true} {
			out.Reset()
			err := (&deadCommand{Name: "x", Replay: []uint64{17, 98, 99}}).Run(t.Context(), c)
			const want = `webhook "x" has no dead letter 98, 99; "edgerelay webhook dead x" shows those there are`
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			if c.JSON {
				printed = answer
			}
			if out.String() != printed {
				t.Errorf("printed %q, want %q", out, printed)
			}
		}
	}
	f(`{"id":"j1","state":"done","events":1,"share":1,"found":1,"missing":[98,99]}`, "1 dead letter was found; replay j1 is done: 1 events sent again, 100% of the way\n")
	f(`{"id":"j1","state":"waiting","found":0,"missing":[98,99]}`, "")
}

// TestShowOfTurnedOff: what waits for a webhook that is off is held, and its files do not ship.
func TestShowOfTurnedOff(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	local := func(at time.Time) string { return at.Local().Format(time.DateTime) }
	f := func(text string, want ...string) {
		t.Helper()
		var v struct {
			webhook
			Export *export
		}
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		rows := newRows(&out)
		rows.row("waiting", v.waiting())
		if v.Export != nil {
			v.Export.print(rows, v.on(), now)
		}
		if err := rows.end(); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(regexp.MustCompile(` {2,}`).ReplaceAllString(out.String(), ": ")); got != strings.Join(want, "\n") {
			t.Errorf("%s\ngot\n%s\nwant\n%s", text, got, strings.Join(want, "\n"))
		}
	}
	f(`{"enabled":true,"live":{"backlog":3,"parked":2,"in_flight":4}}`, "waiting: 3, 2 for their next attempt, 4 under way")
	f(`{"enabled":false,"live":{"backlog":3,"parked":2,"held":4}}`, "waiting: 9 held until it is turned on")
	f(`{"enabled":true,"disabled":{"reason":"x"},"live":{"backlog":3,"parked":2,"in_flight":1,"held":3}}`, "waiting: 8 held until it is turned on, 1 under way")
	f(`{"enabled":true,"live":{},"export":{"files":0,"bytes":0,"shipped":3,"failed":0}}`, "waiting: 0, 0 for their next attempt, 0 under way", "export: no file waits")
	f(`{"enabled":true,"live":{},"export":{"files":1,"bytes":2048,"next":"2026-11-22T02:00:00Z"}}`, "waiting: 0, 0 for their next attempt, 0 under way",
		"export: 1 file waits, 2.0 KiB", "next ships: "+local(now.Add(14*time.Hour))+", in 14h0m0s")
	f(`{"live":{},"export":{"files":2,"bytes":1536,"overdue_since":"2026-11-21T02:00:00Z","failure":{"at":"2026-11-21T11:00:00Z","period":"2026-11-20","reason":"`+strings.Repeat("full ", 60)+`of it"}}}`,
		"waiting: 0 held until it is turned on", "export: 2 files wait, 1.5 KiB", "overdue: "+local(now.Add(-10*time.Hour))+", 10h0m0s ago",
		"next ships: not before it is turned on", "last failure: "+local(now.Add(-time.Hour))+", 1h0m0s ago, the file of 2026-11-20", "it failed by: "+strings.Repeat("full ", 60)+"of it")
}

// TestEnableSaysItsFlags: on what terms a webhook is turned on is said as the shell takes it.
func TestEnableSaysItsFlags(t *testing.T) {
	f := func(field, message, want string) {
		t.Helper()
		c, _, _ := answering(t, 409, fmt.Sprintf(`{"error":{"code":"needs","field":%q,"message":%q}}`, field, message))
		if err := (&enableCommand{Name: "x"}).Run(t.Context(), c); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f("reviewed", "it had errors; say reviewed: true", "it had errors; say --reviewed")
	f("force", "no log is left; say force: true", "no log is left; say --force")
	f("from", `events are held; say from: "held" or from: "now"`, "events are held; say --from held or --from now")
	f("url", "is missing", "url: is missing")
}

func TestRefusals(t *testing.T) {
	f := func(status int, answer, want string) {
		t.Helper()
		c, out, _ := answering(t, status, answer)
		err := (&showCommand{Name: "x"}).Run(t.Context(), c)
		if err == nil || strings.ReplaceAll(err.Error(), c.URL, "URL") != want || out.Len() > 0 {
			t.Errorf("%d %s: %v, printed %q; want %q", status, answer, err, out, want)
		}
	}
	f(404, `{"error":{"code":"not_found","message":"there is no webhook \"x\"","field":""}}`, `there is no webhook "x"; "edgerelay webhook list" shows those there are`)
	f(400, `{"error":{"code":"invalid","message":"is missing","field":"url","faults":[{"field":"url","message":"is missing"},{"field":"name","message":"is long"}]}}`, "url: is missing\nname: is long")
	f(401, `{"error":{"code":"unauthorized","message":"send the token"}}`, "the console URL asks for its token; set [console] token in the config file, EDGERELAY_TOKEN or --token")
	f(502, `<html>`, "URL answers 502 Bad Gateway; is that the console of an edgerelay?")
	f(200, `<html>`, "read the answer of URL: invalid character '<' looking for beginning of value; is it of another version?")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	c := &Console{URL: Listen(l.Addr().String()), Out: io.Discard}
	if err := (listCommand{}).Run(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "no relay answers at http://127.0.0.1:") {
		t.Errorf("nobody listens: %v", err)
	}
	var usage UsageError
	if err := (&editCommand{Name: "x"}).Run(t.Context(), c); !errors.As(err, &usage) {
		t.Errorf("an edit of nothing: %v", err)
	}
}

func TestListen(t *testing.T) {
	f := func(address, want string) {
		t.Helper()
		if got := Listen(address); got != want {
			t.Errorf("Listen(%q) = %q, want %q", address, got, want)
		}
	}
	f("127.0.0.1:8485", "http://127.0.0.1:8485")
	f(":8485", "http://127.0.0.1:8485")
	f("0.0.0.0:8485", "http://127.0.0.1:8485")
	f("[::]:8485", "http://127.0.0.1:8485")
	f("[::1]:8485", "http://[::1]:8485")
	f("console.internal:80", "http://console.internal:80")
}

func TestSettingText(t *testing.T) {
	var v map[string]any
	if err := json.Unmarshal([]byte(`{"a":["x","y"],"b":{"H":"1","A":"2"},"c":true,"d":false,"e":0,"f":2.5,"g":null}`), &v); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"a": "x, y", "b": "A: 2, H: 1", "c": "true", "d": "", "e": "", "f": "2.5"} {
		if got := settingText(v[key]); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

// TestSecretsFromInput: secrets and long settings need not stand on the command line.
func TestSecretsFromInput(t *testing.T) {
	s := settings{WriteKey: "-", AccessToken: "given", Secret: "-"}
	if err := s.readSecrets(strings.NewReader("one\r\ntwo")); err != nil || s.WriteKey != "one" || s.AccessToken != "given" || s.Secret != "two" {
		t.Errorf("read %+v, %v", s, err)
	}
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, []byte("{\n}"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = settings{Setting: map[string]string{"credentials": "@" + file}}
	d, err := s.document()
	if err != nil || d["settings"].(map[string]any)["credentials"] != "{\n}" {
		t.Errorf("made %v, %v", d, err)
	}
	s.Setting["credentials"] = "@" + file + ".none"
	if _, err := s.document(); err == nil || !strings.Contains(err.Error(), "read the setting credentials") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestTypesOfThisBuild: without a console the types are those of this program, in the form in which the API has them.
func TestTypesOfThisBuild(t *testing.T) {
	f := func(name string, asJSON bool, printed ...string) {
		t.Helper()
		var out bytes.Buffer
		if err := (&typesCommand{Name: name}).Run(t.Context(), &Catalog{&Console{Out: &out, JSON: asJSON}}); err != nil {
			t.Error(err)
		}
		for _, text := range printed {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%s: printed %q, want %q in it", name, &out, text)
			}
		}
	}
	f("", false, "url ", "custom ", "MUST BE SET\n", "settings.bucket\n")
	f("url", false, "also             format, properties\nalso             secret, secret_previous, signature\n")
	f("custom", false, "also               secret, secret_previous, signature\nalso               method, body\n")
	f("", true, `{"types":[{"name":"url","title":"URL",`)
	if err := (&typesCommand{Name: "nope"}).Run(t.Context(), &Catalog{&Console{Out: io.Discard}}); err == nil || !strings.Contains(err.Error(), `no type "nope"`) {
		t.Error(err)
	}
}
