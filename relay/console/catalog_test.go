package console

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/catalog"
	"edgerelay/relay/desk"
	"edgerelay/relay/event"
	"edgerelay/relay/tagging"
	"edgerelay/wal"
)

// nowhere is traffic of which nobody hears.
type nowhere struct{ log *wal.Log }

func (n nowhere) Announce(_ []event.Event, stage func(*wal.Batch)) error {
	var b wal.Batch
	stage(&b)
	_, err := n.log.Append(&b)
	return err
}

func (nowhere) SetCatalog(*catalog.Catalog) {}

// openCatalog is a catalog with a page, a feature and a track type of the file, and a guide that was learnt.
func openCatalog(t testing.TB, log *wal.Log) *tagging.Store {
	t.Helper()
	learned := catalog.NewLearned(0)
	if err := learned.Learn("web", []byte(`{"guides":[{"id":"tour","name":"Tour"}]}`)); err != nil {
		t.Fatal(err)
	}
	s, err := tagging.Open(tagging.Options{State: log, Traffic: nowhere{log}, Learned: learned, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Date(2026, 11, 21, 6, 12, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Load(&tagging.File{Apps: []string{"web", "mobile"},
		Pages:    []tagging.Settings{{App: "web", ID: "of/file", Name: "Of the file", Rules: []string{"//*/file"}}},
		Features: []tagging.Settings{{App: "web", ID: "of/file", Selectors: []string{"#of-the-file"}}},
		Tracks:   []tagging.Settings{{App: "web", ID: "of/file", Name: "Of the file"}}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// bytes sends a request and compares the whole answer.
func (p *plant) bytes(status int, method, path, body, want string, headers ...string) {
	p.t.Helper()
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	resp, text := p.do(method, path, body, headers...)
	if text = strings.TrimSuffix(text, "\n"); resp.StatusCode != status || text != want {
		p.t.Errorf("%s %s %s: %d\ngot  %s\nwant %s", method, path, body, resp.StatusCode, text, want)
	}
}

const (
	made = `"origin":"api","version":1,"etag":"\"%d\"","created":"2026-11-21T06:12:00Z","updated":"2026-11-21T06:12:00Z"}`
	file = `{"app":"web","id":"of/file","name":"Of the file","rules":["//*/file"],"origin":"file","version":0}`
)

// TestCatalog: what is asked and answered, byte for byte.
func TestCatalog(t *testing.T) {
	p := mustPlant(t, noToken)
	page := `{"app":"web","id":"größe 1","name":"Größe","rules":["/a"],` + fmt.Sprintf(made, 1)
	p.bytes(201, "POST", "/api/pages", `{"app":"web","id":"größe 1","name":"Größe","rules":["/a"]}`, page)
	p.bytes(200, "GET", "/api/pages/gr%C3%B6%C3%9Fe%201", "", page)
	p.bytes(200, "GET", "/api/pages?id=gr%C3%B6%C3%9Fe+1&app=web", "", page)
	p.bytes(200, "GET", "/api/pages/of%2Ffile", "", file)
	p.bytes(200, "GET", "/api/pages", "", `{"pages":[`+page+`,`+file+`],"total":2}`)
	p.bytes(200, "GET", "/api/pages?app=mobile", "", `{"pages":[],"total":0}`)
	p.bytes(200, "GET", "/api/pages?q=FILE&origin=file&limit=1", "", `{"pages":[`+file+`],"total":1}`)
	p.bytes(200, "GET", "/api/pages?limit=1", "", `{"cursor":"Z3LDtsOfZQBncsO2w59lIDEAd2ViAGFwaQ","pages":[`+page+`],"total":2}`)
	p.bytes(200, "GET", "/api/pages?limit=1&cursor=Z3LDtsOfZQBncsO2w59lIDEAd2ViAGFwaQ", "", `{"pages":[`+file+`],"total":2}`)
	p.bytes(201, "POST", "/api/features", ` [{"id":"f1","selectors":["#a"],"page":null},{"app":"mobile","id":"f2"}] `,
		`{"features":[{"app":"","id":"f1","name":"","selectors":["#a"],`+fmt.Sprintf(made, 2)+`,{"app":"mobile","id":"f2","name":"","selectors":[],`+fmt.Sprintf(made, 3)+`]}`)
	p.bytes(201, "POST", "/api/features", `[]`, `{"features":[]}`)
	p.bytes(201, "POST", "/api/tracks", `{"id":"t","name":"T"}`, `{"app":"","id":"t","name":"T",`+fmt.Sprintf(made, 4))
	p.bytes(201, "POST", "/api/guides", `{"id":"g","kind":"nps","steps":[{"id":"s","type":"x"}]}`,
		`{"app":"","id":"g","name":"","kind":"nps","created_at":"2026-11-21T06:12:00Z","steps":[{"id":"s","type":"x"}],`+fmt.Sprintf(made, 5))
	p.bytes(200, "GET", "/api/guides?origin=learned", "", `{"guides":[{"app":"web","id":"tour","name":"Tour","kind":"guide","steps":[],"origin":"learned","version":0}],"total":1}`)
	p.bytes(200, "PATCH", "/api/tracks/t", `{"name":"U"}`,
		`{"app":"","id":"t","name":"U","origin":"api","version":2,"etag":"\"6\"","created":"2026-11-21T06:12:00Z","updated":"2026-11-21T06:12:00Z"}`, "If-Match", `"4"`)
	p.bytes(204, "DELETE", "/api/tracks/t", "", "", "If-Match", `"6"`)
	p.bytes(404, "GET", "/api/tracks/t", "", `{"error":{"code":"not_found","message":"there is no track type \"t\"","field":""}}`)
	p.bytes(204, "DELETE", "/api/features?id=f1", "", "")

	resp, _ := p.do("POST", "/api/pages", `{"app":"web","id":"a b?"}`, "Content-Type", "application/json")
	if at, etag := resp.Header.Get("Location"), resp.Header.Get("ETag"); at != "/api/pages/a%20b%3F?app=web" || etag != `"9"` {
		t.Errorf("made at %s, %s", at, etag)
	} else if again, _ := p.do("GET", at, ""); again.StatusCode != 200 || again.Header.Get("ETag") != etag {
		t.Errorf("%s: %d", at, again.StatusCode)
	}
}

// TestCatalogRefusals: each fault has its status, code and field.
func TestCatalogRefusals(t *testing.T) {
	p := mustPlant(t, noToken)
	p.call(201, "POST", "/api/pages", `{"id":"p","rules":["/p"]}`, nil)
	p.call(201, "POST", "/api/pages", `{"app":"web","id":"p"}`, nil)
	p.call(201, "POST", "/api/features", `{"app":"mobile","id":"f","page":"p"}`, nil)
	p.deny(400, "bad_request", "", "there is no body", "POST", "/api/pages", "")
	p.deny(400, "bad_request", "", "JSON", "POST", "/api/pages", "{")
	p.deny(400, "bad_request", "", "JSON", "POST", "/api/pages", "[{]")
	p.deny(400, "bad_request", "", "not an object", "POST", "/api/pages", "[1]")
	p.deny(400, "bad_request", "", "not a JSON object", "POST", "/api/pages", "null")
	p.deny(400, "invalid", "rules[0]", "", "POST", "/api/pages", `{"rules":["//"]}`)
	p.deny(400, "invalid", "[1].rules[0]", "", "POST", "/api/pages", `[{},{"rules":["//"]}]`)
	p.deny(400, "invalid", "app", "no app", "POST", "/api/guides", `{"app":"tv"}`)
	p.deny(409, "exists", "id", "give this one an ID of its own", "POST", "/api/pages", `{"id":"p"}`)
	p.deny(400, "invalid", "app", "several apps", "PATCH", "/api/pages/p", `{"name":"x"}`)
	p.deny(412, "stale", "", "changed meanwhile", "PATCH", "/api/pages/p?app=web", `{"name":"x"}`, "If-Match", `"1"`)
	p.deny(400, "invalid", "id", "cannot be changed", "PATCH", "/api/pages/p?app=web", `{"id":"q"}`)
	p.deny(409, "read_only", "", "of the config file", "PATCH", "/api/pages/of%2Ffile", `{"name":"x"}`)
	p.refused(409, "read_only", "", "learnt from", "DELETE", "/api/guides/tour", "")
	p.refused(409, "in_use", "", "features that count on it", "DELETE", "/api/pages/p?app=", "")
	p.deny(400, "bad_request", "", "takes no body", "DELETE", "/api/pages/p?app=web", "{}")
	p.refused(400, "invalid", "id", "is missing", "DELETE", "/api/pages", "")
	p.refused(400, "invalid", "limit", "1 to 1000", "GET", "/api/pages?limit=0", "")
	p.refused(400, "invalid", "origin", "learned", "GET", "/api/pages?origin=x", "")
	p.refused(400, "invalid", "cursor", "", "GET", "/api/pages?cursor=%2A", "")
	p.refused(400, "invalid", "page", "nothing to ask for", "GET", "/api/pages?page=2", "")
	p.refused(404, "not_found", "", "", "GET", "/api/pages/nobody?app=web", "")
	p.refused(405, "method_not_allowed", "", "", "PUT", "/api/pages/p", "")
	p.refused(415, "unsupported_media_type", "", "", "POST", "/api/pages", "{}")
	p.deny(413, "too_large", "", "", "POST", "/api/pages", `{"name":"`+strings.Repeat("a", requestMax)+`"}`)

	var got struct {
		Error desk.Error `json:"error"`
	}
	p.call(400, "POST", "/api/guides", `{"id":"a*","kind":"x"}`, &got)
	if len(got.Error.Faults) != 2 {
		t.Errorf("faults %+v", got.Error.Faults)
	}
}

// TestTryCatalog: a URL, and an element in each of its forms.
func TestTryCatalog(t *testing.T) {
	p := mustPlant(t, noToken)
	p.call(201, "POST", "/api/features", `{"app":"web","id":"f","name":"Save","selectors":["a","form > .save"],"page":"of/file"}`, nil)
	f := func(body, want string) {
		t.Helper()
		p.bytes(200, "POST", "/api/catalog/try", body, want)
	}
	const (
		target  = `{"tag":"button","id":"","cls":"save","title":null,"attrs":{},"parentElem":{"tag":"form","id":"","cls":"","title":null,"attrs":{}}}`
		page    = `{"id":"of/file","app":"web","name":"Of the file","origin":"file","rule":"//*/file"}`
		feature = `{"id":"f","app":"web","name":"Save","origin":"api","selector":"form > .save","page":"of/file"}`
	)
	f(`{"app":"web","url":"https://x/file?a=1"}`, `{"app":"web","url":"https://x/file?a=1","pages":[`+page+`],"features":[],"elsewhere":[]}`)
	f(`{"app":"web","url":"https://x/file","element":"form > button.save"}`,
		`{"app":"web","url":"https://x/file","element":`+target+`,"pages":[`+page+`],"features":[`+feature+`],"elsewhere":[]}`)
	f(`{"app":"web","element":`+target+`}`, `{"app":"web","url":"","element":`+target+`,"pages":[],"features":[],"elsewhere":[`+feature+`]}`)
	f(`{"app":"web","url":"/x","element":null}`, `{"app":"web","url":"/x","pages":[],"features":[],"elsewhere":[]}`)
	f(`{"app":"mobile","url":"/x","element":"<p>"}`,
		`{"app":"mobile","url":"/x","element":{"tag":"p","id":"","cls":"","title":null,"attrs":{}},"pages":[],"features":[],"elsewhere":[]}`)
	p.deny(400, "invalid", "app", "name one", "POST", "/api/catalog/try", `{"url":"/x"}`)
	p.deny(400, "invalid", "url", "and so is element", "POST", "/api/catalog/try", `{"app":"web"}`)
	p.deny(400, "invalid", "app", "name one", "POST", "/api/catalog/try", ``)
	p.deny(400, "invalid", "element", "a text", "POST", "/api/catalog/try", `{"app":"web","element":[1]}`)
	p.deny(400, "invalid", "element", "siblings", "POST", "/api/catalog/try", `{"app":"web","element":"a + b"}`)
	p.deny(400, "invalid", "elements", "", "POST", "/api/catalog/try", `{"elements":"a"}`)
	p.refused(405, "method_not_allowed", "", "POST", "GET", "/api/catalog/try", "")
}

// TestCatalogForReaders: who may only look may try, and change nothing.
func TestCatalogForReaders(t *testing.T) {
	p := mustPlant(t, Options{Token: "the-admin-token", ReadToken: "the-read-token"})
	as := []string{"Authorization", "Bearer the-read-token", "Content-Type", "application/json"}
	for path, method := range map[string]string{"/api/pages": "GET", "/api/pages/of%2Ffile": "GET", "/api/catalog/try": "POST"} {
		body := ""
		if method == "POST" {
			body = `{"app":"web","url":"/x"}`
		}
		if resp, text := p.do(method, path, body, as...); resp.StatusCode != 200 {
			t.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
		}
	}
	for path, method := range map[string]string{"/api/pages": "POST", "/api/features/x": "PATCH", "/api/guides/x": "DELETE"} {
		if resp, text := p.do(method, path, `{}`, as...); resp.StatusCode != 403 {
			t.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
		}
	}
}

// TestCatalogNames: whatever an ID is made of, its path leads to it.
func TestCatalogNames(t *testing.T) {
	p := mustPlant(t, noToken)
	for _, id := range []string{"a b", "größe ✓", "100%", "?x=1#y", "%2e%2e", "…", "a+b", `"q"`, "<b>", "try", "...", "a:b@c;d=e&f"} {
		var e, got tagging.Entry
		resp := p.call(201, "POST", "/api/tracks", fmt.Sprintf(`{"id":%q,"name":"T"}`, id), &e)
		if p.call(200, "GET", resp.Header.Get("Location"), "", &got); got.ID != id || got.ETag != e.ETag {
			t.Errorf("%q is at %s", id, resp.Header.Get("Location"))
		}
		p.call(200, "PATCH", "/api/tracks/"+url.PathEscape(id), `{"name":"U"}`, &got)
		p.call(204, "DELETE", "/api/tracks?id="+url.QueryEscape(id), "", nil)
	}
}
