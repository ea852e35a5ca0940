package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"edgerelay/relay/desk"
)

// TestCreate: what a webhook is made of comes back, but for its secrets.
func TestCreate(t *testing.T) {
	p := mustPlant(t, noToken)
	var w desk.Webhook
	resp := p.call(201, "POST", "/api/webhooks", `{"name":"crm","url":"https://example.com/in?a=1","secret":"hush-hush","events":["pageLoaded"],
		"headers":{"Authorization":"Bearer abc","X-Team":"one"},"timeout":"10s","rate":2.5,"app":"web"}`, &w)
	if got := resp.Header.Get("Location"); got != "/api/webhooks/crm" {
		t.Errorf("location %q", got)
	}
	if w.Name != "crm" || w.Origin != "api" || w.Version != 1 || w.Enabled || w.Live.State != "off" || w.ETag == "" || resp.Header.Get("ETag") != w.ETag {
		t.Errorf("made %+v, ETag %s", w, resp.Header.Get("ETag"))
	}
	for name, want := range map[string]string{"url": "https://example.com/in?a=1", "secret": "••••", "secret_previous": "", "timeout": "10s", "rate": "2.5",
		"headers": "map[Authorization:•••• X-Team:one]", "events": "[pageLoaded]", "signature": "[pendo]", "in_flight": "4", "app": "web", "format": "pendo"} {
		if got := fmt.Sprint(w.Settings[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, text := p.do("GET", "/api/webhooks", ""); strings.Contains(text, "hush-hush") || strings.Contains(text, "file-secret-value") || strings.Contains(text, "Bearer abc") {
		t.Errorf("a secret is shown: %s", text)
	}
	p.deny(409, "exists", "name", `there is a webhook "crm" already`, "POST", "/api/webhooks", `{"name":"crm","url":"https://example.com/"}`)
	p.deny(409, "exists", "name", "of the file", "POST", "/api/webhooks", `{"name":"of the file","url":"https://example.com/"}`)
}

// TestBadSettings: each fault is named by its field; several come all at once.
func TestBadSettings(t *testing.T) {
	p := mustPlant(t, noToken)
	f := func(code, field, message, body string) {
		t.Helper()
		p.deny(400, code, field, message, "POST", "/api/webhooks", body)
	}
	f("bad_request", "", "there is no body", "")
	f("bad_request", "", "there is no body", " \n")
	f("bad_request", "", "not an object", "[1]")
	f("bad_request", "", "not a JSON object", "null")
	f("bad_request", "", "unexpected end", `{"name":`)
	f("bad_request", "", "after top-level value", `{"name":"a"} {}`)
	f("bad_request", "", "not UTF-8", "{\"name\":\"\xff\"}")
	f("invalid", "nmae", `name`, `{"nmae":"crm","name":"crm","url":"https://example.com"}`)
	f("invalid", "url", "is missing", `{"name":"crm"}`)
	f("invalid", "url", "must be a text", `{"name":"crm","url":7}`)
	f("invalid", "url", "http or https", `{"name":"crm","url":"ftp://x/"}`)
	f("invalid", "events[1]", "nosuch", `{"name":"crm","url":"https://example.com","events":["*","nosuch"]}`)
	f("invalid", "timeout", "duration", `{"name":"crm","url":"https://example.com","timeout":30}`)
	f("invalid", "app", "tv", `{"name":"crm","url":"https://example.com","app":"tv"}`)
	f("invalid", "name", "slash", `{"name":"a/b","url":"https://example.com"}`)
	f("invalid", "name", "folder", `{"name":"..","url":"https://example.com"}`)

	var got struct {
		Error desk.Error `json:"error"`
	}
	p.call(400, "POST", "/api/webhooks", `{"name":"","url":"ftp://x","events":["nosuch"],"rat":5}`, &got)
	var fields []string
	for _, f := range got.Error.Faults {
		fields = append(fields, f.Field)
	}
	if fmt.Sprint(fields) != "[rat name url events[0]]" {
		t.Errorf("faults of %v: %+v", fields, got.Error)
	}
}

// TestBodies: what is no JSON of bounded size is turned away, whatever it is for.
func TestBodies(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["*"]}`)
	for path, method := range map[string]string{"/api/webhooks": "POST", "/api/webhooks/crm": "PATCH", "/api/webhooks/crm/enable": "POST", "/api/webhooks/crm/disable": "POST"} {
		p.refused(415, "unsupported_media_type", "", "application/json", method, path, `{}`)
		p.refused(415, "unsupported_media_type", "", "application/json", method, path, `{}`, "Content-Type", "text/plain")
		p.refused(415, "unsupported_media_type", "", "application/json", method, path, `a=b`, "Content-Type", "application/x-www-form-urlencoded")
		p.deny(413, "too_large", "", "1048576", method, path, `{"name":"`+strings.Repeat("a", requestMax)+`"}`)
		p.deny(400, "bad_request", "", "", method, path, `{`)
	}
	p.deny(400, "bad_request", "", "takes no body", "DELETE", "/api/webhooks/crm", `{}`)
	p.deny(400, "invalid", "revewed", "", "POST", "/api/webhooks/crm/enable", `{"revewed":true}`)
	p.deny(400, "invalid", "reviewed", "string", "POST", "/api/webhooks/crm/enable", `{"reviewed":"yes"}`)
	p.deny(400, "bad_request", "", "more than one", "POST", "/api/webhooks/crm/enable", `{}{}`)
	p.deny(400, "bad_request", "", "array", "POST", "/api/webhooks/crm/enable", `[]`)
	p.call(200, "PATCH", "/api/webhooks/crm", `{"rate":1}`, nil, "Content-Type", "application/merge-patch+json; charset=utf-8")
}

// TestMethods: what a path does not answer to is said, with what it does.
func TestMethods(t *testing.T) {
	p := mustPlant(t, noToken)
	for path, allow := range map[string]string{"/api/webhooks": "GET, POST", "/api/webhooks/x": "DELETE, GET, PATCH", "/api/webhooks/x/enable": "POST"} {
		resp, _ := p.do("PUT", path, "")
		if resp.StatusCode != 405 || resp.Header.Get("Allow") != allow {
			t.Errorf("%s: %d, Allow %q, want %q", path, resp.StatusCode, resp.Header.Get("Allow"), allow)
		}
	}
	p.refused(404, "not_found", "", "nothing at", "GET", "/api/nothing", "")
	p.refused(404, "not_found", "", "nothing at", "GET", "/api/webhooks/a/b/c", "")
	p.refused(404, "not_found", "", "nothing at", "GET", "/api/webhooks/", "")
}

// TestEdit: a merge patch, under the version that was seen.
func TestEdit(t *testing.T) {
	p := mustPlant(t, noToken)
	first := p.create(`{"name":"crm","url":"$URL","secret":"one-secret","events":["pageLoaded"],"headers":{"X-Token":"t1","X-A":"1"},"retries":9}`)
	var w desk.Webhook
	resp := p.call(200, "PATCH", "/api/webhooks/crm", `{"events":["*"],"retries":null,"secret":"••••","headers":{"X-Token":"••••","X-B":"2"}}`, &w, "If-Match", first.ETag)
	if w.Version != 2 || w.ETag == first.ETag || resp.Header.Get("ETag") != w.ETag {
		t.Errorf("version %d, %s", w.Version, w.ETag)
	}
	if got := fmt.Sprintf("%v %v %v %v", w.Settings["events"], w.Settings["retries"], w.Settings["secret"], w.Settings["headers"]); got != "[*] 3 •••• map[X-B:2 X-Token:••••]" {
		t.Errorf("settings %s", got)
	}
	if compiled, err := p.hooks.Compiled("crm"); err != nil || compiled.Secret != "one-secret" || compiled.Headers["X-Token"] != "t1" {
		t.Errorf("kept %v %v", compiled, err)
	}
	p.deny(412, "stale", "", "changed meanwhile", "PATCH", "/api/webhooks/crm", `{"rate":1}`, "If-Match", first.ETag)
	p.deny(412, "stale", "", "changed meanwhile", "PATCH", "/api/webhooks/crm", `{"rate":1}`, "If-Match", `"0-0", W/`+w.ETag)
	p.refused(412, "stale", "", "changed meanwhile", "DELETE", "/api/webhooks/crm", "", "If-Match", first.ETag)
	p.call(200, "PATCH", "/api/webhooks/crm", `{"rate":1}`, &w, "If-Match", `"0-0", `+w.ETag)
	p.call(200, "PATCH", "/api/webhooks/crm", `{"rate":2}`, &w, "If-Match", "*")
	p.deny(400, "invalid", "enabled", "POST …/enable", "PATCH", "/api/webhooks/crm", `{"enabled":true}`)
	p.deny(400, "invalid", "rate", "", "PATCH", "/api/webhooks/crm", `{"rate":-1}`)
	p.deny(404, "not_found", "", "no webhook", "PATCH", "/api/webhooks/nobody", `{}`)
	p.deny(404, "not_found", "", "no webhook", "PATCH", "/api/webhooks/nobody", `{}`, "If-Match", `"1-1"`)
	p.deny(409, "read_only", "", "config file", "PATCH", "/api/webhooks/of%20the%20file", `{"rate":1}`)
	p.deny(409, "read_only", "", "config file", "PATCH", "/api/webhooks/of%20the%20file", `{"rate":1}`, "If-Match", `"1-0"`)

	p.call(200, "PATCH", "/api/webhooks/crm", `{"name":"sales"}`, &w)
	if w.Name != "sales" || w.Version != 5 {
		t.Errorf("renamed %s, version %d", w.Name, w.Version)
	}
	p.refused(404, "not_found", "", "", "GET", "/api/webhooks/crm", "")
	p.refused(409, "read_only", "", "config file", "DELETE", "/api/webhooks/of%20the%20file", "")
	p.call(204, "DELETE", "/api/webhooks/sales", "", nil, "If-Match", w.ETag)
	p.refused(404, "not_found", "", "", "DELETE", "/api/webhooks/sales", "")
}

// TestNames: whatever a name is made of, its path leads to it.
func TestNames(t *testing.T) {
	p := mustPlant(t, noToken)
	for _, name := range []string{"a b", "größe ✓", "100%", "?x=1#y", "%2e%2e", "…", "a+b", `"q"`, "<b>", "log", "..."} {
		resp := p.call(201, "POST", "/api/webhooks", fmt.Sprintf(`{"name":%q,"url":"https://example.com"}`, name), nil)
		path := "/api/webhooks/" + url.PathEscape(name)
		if got := resp.Header.Get("Location"); got != path {
			t.Errorf("%q is at %q", name, got)
		}
		var w desk.Webhook
		if p.call(200, "GET", path, "", &w); w.Name != name {
			t.Errorf("%s has %q", path, w.Name)
		}
		p.call(200, "POST", path+"/disable", "", nil)
		p.call(204, "DELETE", path, "", nil)
	}
}

// TestHostilePaths: a path that names no webhook is answered so, whatever it is made of.
func TestHostilePaths(t *testing.T) {
	p := mustPlant(t, noToken)
	for _, name := range []string{"a%2Fb", "%00", "%2e%2e%2fwebhooks", "%ff%fe", "a%0d%0aX-Evil:%201", strings.Repeat("a", 30000)} {
		for _, rest := range []string{"", "/stats", "/log", "/log.json", "/dead"} {
			p.refused(404, "not_found", "", "there is no webhook", "GET", "/api/webhooks/"+name+rest, "")
		}
	}
	deep := strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000)
	for path, method := range map[string]string{"/api/webhooks": "POST", "/api/explain": "POST", "/api/webhooks/of%20the%20file/test": "POST", "/api/webhooks/x/replay": "POST"} {
		if resp, text := p.do(method, path, `{"event":`+deep+`,"events":`+deep+`}`, "Content-Type", "application/json"); resp.StatusCode != 400 {
			t.Errorf("%s: %d %.200s", path, resp.StatusCode, text)
		}
	}
}

// TestEnable: the terms that a webhook's past asks for.
func TestEnable(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"crm","url":"$URL","events":["*"]}`)
	var w desk.Webhook
	if p.call(200, "POST", "/api/webhooks/crm/enable", "", &w); !w.Enabled || w.Live.State != "idle" {
		t.Errorf("on: %+v", w)
	}
	if p.call(200, "POST", "/api/webhooks/crm/disable", "{}", &w); w.Enabled || w.Live.State != "off" {
		t.Errorf("off: %+v", w)
	}
	p.journal.set(true, true)
	p.deny(409, "needs_review", "reviewed", "look through its log", "POST", "/api/webhooks/crm/enable", `{}`)
	p.call(200, "POST", "/api/webhooks/crm/enable", `{"reviewed":true}`, &w)

	p.journal.set(false, false)
	compiled, err := p.hooks.Compiled("crm")
	if err != nil {
		t.Fatal(err)
	}
	p.hooks.TurnedOff(compiled, "503 again and again")
	if p.call(200, "GET", "/api/webhooks/crm", "", &w); !w.Enabled || w.Disabled == nil || w.Disabled.Reason != "503 again and again" {
		t.Errorf("turned off: %+v", w)
	}
	p.deny(409, "needs_force", "force", "no log of it is left", "POST", "/api/webhooks/crm/enable", `{"reviewed":true}`)
	p.deny(400, "invalid", "from", "neither", "POST", "/api/webhooks/crm/enable", `{"from":"then"}`)
	p.call(200, "POST", "/api/webhooks/crm/enable", `{"force":true,"from":"now"}`, &w)
	if w.Disabled != nil {
		t.Errorf("still off: %+v", w)
	}
	p.deny(409, "read_only", "", "config file", "POST", "/api/webhooks/of%20the%20file/enable", "")
	p.deny(409, "read_only", "", "config file", "POST", "/api/webhooks/of%20the%20file/disable", "")
	p.deny(404, "not_found", "", "", "POST", "/api/webhooks/nobody/enable", "")
	p.deny(404, "not_found", "", "", "POST", "/api/webhooks/nobody/disable", "")
}

// TestList: all webhooks, by name.
func TestList(t *testing.T) {
	p := mustPlant(t, noToken)
	p.create(`{"name":"zeta","url":"$URL"}`)
	p.create(`{"name":"alpha","url":"$URL"}`)
	var got struct {
		Webhooks []desk.Webhook `json:"webhooks"`
	}
	p.call(200, "GET", "/api/webhooks", "", &got)
	var names []string
	for _, w := range got.Webhooks {
		names = append(names, w.Name+"/"+string(w.Origin))
	}
	if fmt.Sprint(names) != "[alpha/api of the file/file zeta/api]" {
		t.Errorf("listed %v", names)
	}
}

// TestManyHands: changes and looks at once, of which one edit of each version wins.
func TestManyHands(t *testing.T) {
	p := mustPlant(t, noToken)
	first := p.create(`{"name":"crm","url":"$URL","events":["*"],"enabled":true}`)
	var won sync.Map
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for _, path := range []string{"/api/webhooks", "/api/webhooks/crm", "/api/webhooks/crm/stats"} {
				if resp, text := p.do("GET", path, ""); resp.StatusCode != 200 {
					t.Errorf("%s: %d %s", path, resp.StatusCode, text)
				}
			}
			resp, _ := p.do("PATCH", "/api/webhooks/crm", fmt.Sprintf(`{"retries":%d}`, i), "Content-Type", "application/json", "If-Match", first.ETag)
			switch resp.StatusCode {
			case http.StatusOK:
				won.Store(i, true)
			case http.StatusPreconditionFailed:
			default:
				t.Errorf("edit %d: %d", i, resp.StatusCode)
			}
		})
	}
	all.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d edits of one version won", n)
	}
}
