package relay

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"edgerelay/relay/destination/fake"
	"edgerelay/relay/hook"
	"edgerelay/relay/remote"
)

// mark stands in every secret of the test.
const mark = "S3cR3t-"

// secretWebhooks are webhooks of all types that have secrets, each of which has the mark in it. $URL is the receiver.
func secretWebhooks() map[string]string {
	key, err := json.Marshal(fake.PEM(fake.Key()))
	if err != nil {
		panic(err)
	}
	account, err := json.Marshal(fake.NewBigQuery(nil).Credentials("https://127.0.0.1:1"))
	if err != nil {
		panic(err)
	}
	const soon = `,"batch_age":"20ms"`
	return map[string]string{
		"url":          `"url":"$URL/in?token=$M-query-1","secret":"$M-secret-1","secret_previous":"$M-previous","headers":{"Authorization":"Bearer $M-header-1","X-Api-Key":"$M-header-2"}`,
		"segment":      `"write_key":"$M-write-key","url":"$URL"` + soon,
		"intercom":     `"access_token":"$M-token","url":"$URL"`,
		"userpilot":    `"access_token":"$M-token","url":"$URL"`,
		"slack":        `"url":"$URL/services/$M-team/$M-bot/$M-key"`,
		"zapier":       `"url":"$URL/hooks/catch/$M-1/$M-2/"`,
		"amplitude":    `"write_key":"$M-write-key","url":"$URL"` + soon,
		"mixpanel":     `"write_key":"$M-write-key","url":"$URL","settings":{"project_id":"12345","service_account":"relay","service_secret":"$M-service"}` + soon,
		"ga4":          `"write_key":"$M-write-key","url":"$URL","settings":{"measurement_id":"G-ABCDEF1"}`,
		"hubspot":      `"access_token":"$M-token","url":"$URL","settings":{"hub_id":"12345"}` + soon,
		"salesforce":   `"url":"$URL","settings":{"client_id":"relay","client_secret":"$M-client"}` + soon,
		"zendesk":      `"access_token":"$M-token","url":"$URL","settings":{"subdomain":"acme","email":"a@b.example"}`,
		"jira":         `"access_token":"$M-token","url":"$URL","settings":{"site":"acme","email":"a@b.example","project":"OPS"}` + soon,
		"productboard": `"access_token":"$M-token","url":"$URL"`,
		"datadog":      `"write_key":"$M-write-key","url":"$URL"` + soon,
		"splunk":       `"access_token":"$M-token","url":"$URL"` + soon,
		"custom":       `"url":"$URL/x?api_key=$M-query-1&v={{ visitor }}","headers":{"X-Api-Key":"$M-header-1"},"body":"{}","secret":"$M-secret-1"`,
		"snowflake": `"url":"$URL","settings":{"account":"org-acme","user":"relay","private_key":` + string(key) +
			`,"database":"D","table":"T"}` + soon,
		"bigquery": `"url":"$URL","settings":{"credentials":` + string(account) + `,"dataset":"d","table":"t"}` + soon,
		"s3":       `"url":"$URL","settings":{"bucket":"events","access_key":"relay","secret_key":"$M-secret-key"}` + soon,
		"sftp": `"settings":{"host":"127.0.0.1:1","user":"relay","password":"$M-password",` +
			`"host_key":"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}` + soon,
	}
}

// unmarked are the types without secrets.
var unmarked = []string{"file", "mail"}

// marks are the texts that show that a secret came out: the mark as it is and wherever it may stand in base64, and lines of keys.
func marks(t *testing.T) (all []string) {
	all = []string{mark, url.QueryEscape(mark)}
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte("xx"[:shift] + mark))
		all = append(all, text[[]int{0, 2, 3}[shift]:len(text)-4])
	}
	for i, line := range strings.Split(fake.PEM(fake.Key()), "\n") {
		if i > 0 && len(line) == 64 {
			all = append(all, line)
		}
	}
	if len(all) < 20 {
		t.Fatal("the key has no lines")
	}
	return all
}

// mirror answers 400 with all that it was sent.
func mirror(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Saw", r.Header.Get("Authorization")+r.URL.RequestURI())
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"message":%q,"errors":[{"reason":"x","message":%q}]},"message":%q}`, text, text, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// syncBuffer is what several may write to.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// TestNoSecretComesOut drives a webhook of every type against a receiver that answers with what it was sent, and looks for
// its secrets in whatever people can see of it.
func TestNoSecretComesOut(t *testing.T) {
	var log syncBuffer
	r := &running{t: t, dir: t.TempDir(), logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	r.file = r.dir + "/config.toml"
	r.write("[delivery]\nallow_private = true\nallow_http = true\nretries = 0\nlog_successes = 1\n[[app]]\nname = \"web\"\nkey = \"web-key-0123456789\"\nintegration_keys = [\"track-key-0123456789\"]\n")
	r.start()
	webhooks := secretWebhooks()
	for _, kind := range hook.Types() {
		if webhooks[kind.Name] == "" && !slices.Contains(unmarked, kind.Name) {
			t.Errorf("the type %s is not tried; add it here", kind.Name)
		}
	}
	at := mirror(t)
	texts := map[string]string{}
	for _, kind := range slices.Sorted(maps.Keys(webhooks)) {
		body := fmt.Sprintf(`{"name":%q,"type":%q,"events":["*"],"enabled":true,%s}`, kind, kind, strings.NewReplacer("$M-", mark, "$URL", at).Replace(webhooks[kind]))
		texts["made "+kind] = r.fetch(201, "POST", "/api/webhooks", body)
		r.sendBack(kind)
		texts["tried "+kind] = r.fetch(0, "POST", "/api/webhooks/"+kind+"/test", "")
		texts["tried on a page "+kind] = r.fetch(200, "POST", "/webhook/"+kind+"/test", "")
		texts["edited "+kind] = r.fetch(400, "PATCH", "/api/webhooks/"+kind, `{"rate":-1,"region":"nowhere","settings":{"nothing":"x"}}`)
	}
	r.track("track-key-0123456789", "signed up")
	for kind := range webhooks {
		if !strings.Contains(texts["tried "+kind], "nothing was sent") {
			r.awaitLog(kind)
		}
	}
	for kind := range webhooks {
		for _, path := range []string{"/api/webhooks/", "/webhook/"} {
			for _, rest := range []string{"", "/log", "/dead", "/stats", "/edit", "/replay", "/enable", "/delete"} {
				texts[path+kind+rest] = r.fetch(0, "GET", path+kind+rest, "")
			}
		}
		texts["printed "+kind] = r.printed(kind)
	}
	for _, path := range []string{"/api/webhooks", "/api/errors", "/api/stats", "/api/deliveries", "/metrics", "/webhooks", "/errors", "/", "/api/types"} {
		texts[path] = r.fetch(0, "GET", path, "")
	}
	texts["explained"] = r.fetch(200, "POST", "/api/explain", `{"event":"trackEventReceived","app":"web"}`)
	r.stop()
	texts["the log"] = log.String()
	for from, text := range texts {
		for _, m := range marks(t) {
			if i := strings.Index(text, m); i >= 0 {
				t.Errorf("%s shows a secret: …%s…", from, text[max(i-200, 0):min(i+100, len(text))])
				break
			}
		}
	}
}

// sendBack sends a webhook's settings back as they are shown, which changes nothing.
func (r *running) sendBack(name string) {
	r.t.Helper()
	shown := func() (text string, settings json.RawMessage) {
		var w struct{ Settings json.RawMessage }
		if err := json.Unmarshal([]byte(r.fetch(200, "GET", "/api/webhooks/"+name, "")), &w); err != nil {
			r.t.Fatal(err)
		}
		return string(w.Settings), w.Settings
	}
	before := r.hooks.Set()
	text, settings := shown()
	r.fetch(200, "PATCH", "/api/webhooks/"+name, string(settings))
	if again, _ := shown(); again != text {
		r.t.Errorf("%s was sent back as\n%s and is\n%s", name, text, again)
	}
	of := func(set *hook.Set) *hook.Webhook {
		all := set.All()
		return all[slices.IndexFunc(all, func(w *hook.Webhook) bool { return w.Name == name })]
	}
	if was, is := of(before).Secrets(), of(r.hooks.Set()).Secrets(); !slices.Equal(was, is) {
		r.t.Errorf("the secrets of %s were %q and are %q", name, was, is)
	}
}

// fetch sends a request to the console and returns the answer; status 0 is any.
func (r *running) fetch(status int, method, path, body string) string {
	r.t.Helper()
	req, err := http.NewRequest(method, r.console+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/webhook/") && method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, token, _ := strings.Cut(r.fetch(200, "GET", "/webhooks/new", ""), `<meta name="csrf" content="`)
		token, _, _ = strings.Cut(token, `"`)
		req.Header.Set("X-CSRF-Token", token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || status != 0 && resp.StatusCode != status {
		r.t.Fatalf("%s %s %s: %s %s %v, want %d", method, path, body, resp.Status, text, err, status)
	}
	return string(text)
}

// awaitLog waits until something is in a webhook's log.
func (r *running) awaitLog(name string) {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if text := r.fetch(200, "GET", "/api/webhooks/"+name+"/log", ""); strings.Contains(text, `"outcome"`) {
			return
		} else if time.Now().After(deadline) {
			r.t.Fatalf("nothing is in the log of %s: %s; %s", name, text, r.fetch(200, "GET", "/api/webhooks/"+name, ""))
		}
	}
}

// printed is what the shell shows of a webhook.
func (r *running) printed(name string) string {
	r.t.Helper()
	var out bytes.Buffer
	c := &remote.Console{URL: r.console, Out: &out}
	var w remote.Webhook
	w.Show.Name, w.Log.Name, w.Log.Limit, w.Log.Long, w.Test.Name = name, name, 10, true, name
	for _, run := range []func(context.Context, *remote.Console) error{w.List.Run, w.Show.Run, w.Log.Run} {
		if err := run(r.t.Context(), c); err != nil {
			r.t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Test.Run(r.t.Context(), c); err != nil { // it did not take the event
		out.WriteString(err.Error())
	}
	return out.String()
}
