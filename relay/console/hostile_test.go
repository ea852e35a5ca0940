package console

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"edgerelay/relay/event"
)

// TestHostileNames: whatever a webhook is called and set to, it is text on all pages.
func TestHostileNames(t *testing.T) {
	p := mustPlant(t, Options{Now: time.Now})
	const name = `"><img src=x onerror=alert(1)> {{.}} ?#%2e&amp;'`
	settings, err := json.Marshal(map[string]any{"name": name, "url": p.receiver.URL + `/"><img src=x onerror=alert(1)>?a="'`, "events": []string{`pageLoaded:"><img src=x onerror=alert(1)>`, "pageLoaded:" + name + "*", "guide*"},
		"headers": map[string]string{"X-Evil": evil}, "enabled": true, "retries": 0, "secret": evil})
	if err != nil {
		t.Fatal(err)
	}
	p.receiver.answer(400)
	p.create(string(settings))
	p.accept(event.GuideDisplayed, evil)
	p.eventually("it is given up", func() bool {
		page, err := p.desk.Dead(name, "", 0)
		return err == nil && len(page.Dead) == 1
	})
	base := "/webhook/" + url.PathEscape(name)
	for _, path := range []string{"/webhooks", "/webhooks?q=" + url.QueryEscape(evil), "/webhooks?show=" + url.QueryEscape(evil) + "&sort=" + url.QueryEscape(evil), base, base + "/log", base + "/log?status=" + url.QueryEscape(evil) + "&event=" + url.QueryEscape(evil) +
		"&unique_id=" + url.QueryEscape(evil) + "&from=" + url.QueryEscape(evil), base + "/dead", base + "/replay", base + "/edit", base + "/delete", base + "/enable", "/errors", "/live?webhook=" + url.QueryEscape(name),
		"/live?visitor=" + url.QueryEscape(evil), "/live/deliveries?webhook=" + url.QueryEscape(evil), "/catalog/pages?q=" + url.QueryEscape(evil), "/catalog/pick?category=" + url.QueryEscape(evil) + "&item.page=" + url.QueryEscape(evil)} {
		text := p.shown(path)
		mustBeHarmless(t, text)
		mustLack(t, text, ` onerror=alert(1)>"`, "{{.}}<")
	}
	_, text := p.form(200, "/explain", "event", `{"event":"guideDisplayed"}`)
	mustBeHarmless(t, text)
	mustShow(t, p.shown(base+"/dead"), "guideDisplayed", "&lt;script&gt;")
	if to, _ := p.form(303, base+"/disable"); to != base {
		t.Errorf("led to %s, not to %s", to, base)
	}
}
