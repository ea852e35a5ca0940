package console

import (
	"strings"
	"testing"
)

// TestCatalogPages: entries are made, found, changed and deleted by forms.
func TestCatalogPages(t *testing.T) {
	p := mustPlant(t, noToken)
	mustShow(t, p.shown("/catalog/pages"), `href="/catalog/pages/new"`, `aria-current="page">Pages</a>`)
	mustShow(t, p.shown("/catalog/tracks?app=mobile"), "Nothing fits")
	mustShow(t, p.shown("/catalog/guides/new"), "New guide", `name="kind"`, `name="steps"`, "Add guide")
	if to, _ := p.form(303, "/catalog/pages", "name", evil, "id", "p?1", "app", "web", "rules", "//*/settings/**\r\n/prefs\r\n"); to != "/catalog/pages" {
		t.Errorf("led to %s", to)
	}
	text := p.shown("/catalog/pages?q=PREFS&app=web")
	mustBeHarmless(t, text)
	mustShow(t, text, `href="/catalog/pages/entry?app=web&amp;id=p%3F1"`, "&gt;&lt;script&gt;", "p?1", "<code>//*/settings/**</code><code>/prefs</code>", "1 of 1")
	mustShow(t, p.shown("/catalog/pages?q=nosuch"), "Nothing fits")
	mustShow(t, p.shown("/catalog/pages?app=nosuch"), "there is no app")

	text = p.shown("/catalog/pages/entry?app=web&id=p%3F1")
	mustBeHarmless(t, text)
	mustShow(t, text, `name="etag" value="&#34;`, "//*/settings/**\n/prefs</textarea>", "Save changes")
	_, after, _ := strings.Cut(text, `name="etag" value="`)
	etag, _, _ := strings.Cut(after, `" `)
	etag = strings.ReplaceAll(strings.TrimSuffix(etag, `">`), "&#34;", `"`)
	etag, _, _ = strings.Cut(etag, `">`)
	path := "/catalog/pages/entry?app=web&id=p%3F1"
	fields := []string{"id", "p?1", "app", "web", "name", "Settings", "rules", "//*/settings/**"}
	_, text = p.form(422, path, append(fields, "etag", `"0"`)...)
	mustShow(t, text, `class="reason"`)
	_, text = p.form(422, path, append(fields[:6], "rules", "no rule at all ~nonsense:", "etag", etag)...)
	mustShow(t, text, `class="wrong"`)
	p.form(303, path, append(fields[:6], "rules", "//*/settings/**", "etag", etag)...)
	mustShow(t, p.shown("/catalog/pages"), ">Settings</a>", "<code>//*/settings/**</code></td>")
	_, text = p.form(422, "/catalog/pages", "id", "p?1", "app", "web", "rules", "/x")
	mustShow(t, text, "already")

	p.form(303, "/catalog/features", "name", "Export", "id", "f1", "app", "web", "selectors", "#export", "page", "p?1")
	_, text = p.form(200, "/catalog/try", "app", "web", "url", "https://x.example/settings/users", "element", "#app > button#export")
	mustShow(t, text, "<h2>Pages</h2>", ">Settings</a>", "by the rule <code>//*/settings/**</code>", "<h2>Features</h2>", ">Export</a>", "by the selector <code>#export</code>")
	_, text = p.form(200, "/catalog/try", "app", "web", "url", "https://x.example/other", "element", "#app > button#export")
	mustShow(t, text, "No page has this URL", "is no feature here", "On other pages", ">Export</a>")
	_, text = p.form(422, "/catalog/try", "app", "web", "element", "button[")
	mustShow(t, text, `class="reason"`)

	p.form(303, "/catalog/features/entry?app=web&id=f1", "do", "delete", "etag", "*")
	mustLack(t, p.shown("/catalog/features"), ">Export</a>")
	p.form(404, "/catalog/features/entry?app=web&id=f1", "do", "delete", "etag", "*")
	if resp, _ := p.do("GET", "/catalog/nothing", "", "Accept", browser); resp.StatusCode != 404 {
		t.Errorf("a list that there is not: %d", resp.StatusCode)
	}
}

// TestPickers: items of the catalog are offered by name, and found by a search; what is chosen stays.
func TestPickers(t *testing.T) {
	p := mustPlant(t, noToken)
	for _, fields := range [][]string{{"id", "p1", "name", "Settings", "rules", "/settings"}, {"id", "p2", "name", "Users", "rules", "/users"}} {
		p.form(303, "/catalog/pages", fields...)
	}
	p.form(303, "/catalog/guides", "id", "g1", "name", "Survey", "kind", "nps")
	text := p.shown("/webhooks/new")
	mustShow(t, text, `name="item.page" value="p1"> <span>Settings <code`, `name="item.page" value="p2"`, `name="item.nps" value="g1"`)
	if strings.Contains(text, `name="item.poll"`) || strings.Contains(text, `name="item.guide" value="g1"`) {
		t.Error("a survey is offered as another guide")
	}
	p.form(303, "/webhooks", "name", "crm", "type", "url", "url", p.receiver.URL, "event", "pageLoaded", "item.page", "p1", "ids.page", "x*")
	text = p.shown("/webhook/crm/edit")
	mustShow(t, text, `value="pageLoaded" checked`, "2 of the pages", `name="item.page" value="p1" checked> <span>Settings`, `name="ids.page" value="x*"`)
	part := p.shown("/catalog/pick?category=page&find.page=USER&item.page=p1")
	mustShow(t, part, `value="p1" checked`, `value="p2">`)
	mustLack(t, p.shown("/catalog/pick?category=page&find.page=nosuch"), "p1", "p2")
}
