package relay

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// api asks the admin API; into, if not nil, takes the answer.
func (r *running) api(status int, method, path, body string, into any) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.console+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != status {
		r.t.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	} else if into != nil && json.Unmarshal(text, into) != nil {
		r.t.Errorf("%s %s: %s", method, path, text)
	}
}

// load sends a page load, as the Pendo agent does.
func (r *running) load(key, url string) {
	r.t.Helper()
	now := time.Now()
	event := fmt.Sprintf(`[{"type":"load","browser_time":%d,"visitor_id":"v","account_id":"a","url":%q,"props":{},"frameId":"f","sequence":%d}]`,
		now.UnixMilli(), url, now.UnixNano())
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write([]byte(event))
	z.Close()
	resp, err := http.Get(fmt.Sprintf("%s/data/ptm.gif/%s?v=2.291.4_prod&ct=%d&jzb=%s", r.intake, key, now.UnixMilli(),
		base64.RawURLEncoding.EncodeToString(packed.Bytes())))
	if err != nil {
		r.t.Error(err)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		r.t.Errorf("load: %s", resp.Status)
	}
}

const namingConfig = "[[app]]\nname = \"demo\"\nkey = \"k1\"\n[[app]]\nname = \"other\"\nkey = \"k2\"\n" +
	"[[page]]\napp = \"demo\"\nid = \"fixed\"\nrules = [\"//*/fixed\"]\n"

// TestTagging: a page that is made by the admin API is told of, touches what comes from then on, outlives reloads and starts,
// and goes.
func TestTagging(t *testing.T) {
	one, two := newTarget(t), newTarget(t)
	hooks := reloadHook("tags", one.URL, "page.tagged") + reloadHook("loads", two.URL, "pageLoaded:made")
	r := run(t, namingConfig+hooks)
	r.load("k1", "https://x/a?before")
	r.api(201, "POST", "/api/pages", `{"app":"demo","id":"made","name":"Made","rules":["//*/a"]}`, nil)
	r.load("k1", "https://x/a?1")
	r.load("k2", "https://x/a?other")
	if one.wait(`"event":"pageTagged","properties":{"id":"made","name":"Made","rules":["//*/a"]}`) != 1 || two.wait(`"ids":["made"]`) != 1 {
		t.Errorf("told %q, loaded %q", one.bodies, two.bodies)
	}

	r.write(namingConfig + "[[page]]\nid = \"more\"\nrules = [\"//*/b\"]\n" + hooks)
	r.reload("page.more.id", "page.more.rules")
	var tried struct {
		Pages []struct{ ID, Origin, Rule string }
	}
	r.api(200, "POST", "/api/catalog/try", `{"app":"demo","url":"https://x/a"}`, &tried)
	if fmt.Sprint(tried.Pages) != `[{made api //*/a}]` {
		t.Errorf("after a reload: %v", tried.Pages)
	}
	r.load("k1", "https://x/a?2")

	r.stop()
	r.start()
	r.load("k1", "https://x/a?3")
	for i := 0; i < 6000 && two.count(`"ids":["made"]`) < 3; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	if n := two.count(`"ids":["made"]`); n != 3 {
		t.Errorf("%d loads of the page, want 3: %q", n, two.bodies)
	}
	r.api(409, "DELETE", "/api/pages/fixed", "", nil)
	r.api(204, "DELETE", "/api/pages/made", "", nil)
	r.api(200, "POST", "/api/catalog/try", `{"app":"demo","url":"https://x/a"}`, &tried)
	if len(tried.Pages) != 0 || one.count("pageTagged") != 1 {
		t.Errorf("after all: %v, told %q", tried.Pages, one.bodies)
	}
}

// TestReloadThatFailsKeepsCatalog: when a file is refused, its catalog is not in force either.
func TestReloadThatFailsKeepsCatalog(t *testing.T) {
	one := newTarget(t)
	r := run(t, namingConfig)
	r.api(201, "POST", "/api/webhooks", `{"name":"taken","url":"https://example.com/"}`, nil)
	r.write(namingConfig + "[[page]]\nid = \"more\"\nrules = [\"//*/b\"]\n" + reloadHook("taken", one.URL, "*"))
	if _, err := r.Reload(context.Background()); err == nil {
		t.Fatal("a file that takes a name was loaded")
	}
	r.api(404, "GET", "/api/pages/more", "", nil)
	r.api(200, "GET", "/api/pages/fixed", "", nil)
}

// TestTaggingUnderTraffic: entries change while events come in, and none of either is lost.
func TestTaggingUnderTraffic(t *testing.T) {
	one := newTarget(t)
	r := run(t, namingConfig+reloadHook("all", one.URL, "*"))
	const hands, each = 3, 12
	var all sync.WaitGroup
	for hand := range hands {
		all.Go(func() {
			for i := range each {
				r.load("k1", fmt.Sprintf("https://x/hand-%d/%d", hand, i))
			}
		})
		all.Go(func() {
			for i := range each {
				path := fmt.Sprintf("/api/features/f-%d-%d", hand, i)
				r.api(201, "POST", "/api/features", fmt.Sprintf(`{"app":"demo","id":"f-%d-%d","selectors":["a"]}`, hand, i), nil)
				r.api(200, "PATCH", path, `{"name":"x"}`, nil)
				r.api(204, "DELETE", path, "", nil)
			}
		})
	}
	all.Wait()
	want := map[string]int{`"event":"pageLoaded"`: hands * each, `"event":"featureTagged"`: hands * each, `"event":"featureUpdated"`: hands * each, `"event":"featureDeleted"`: hands * each}
	for text, n := range want {
		for i := 0; i < 6000 && one.count(text) < n; i++ {
			time.Sleep(10 * time.Millisecond)
		}
		if got := one.count(text); got != n {
			t.Errorf("%s came %d times, want %d", text, got, n)
		}
	}
}
