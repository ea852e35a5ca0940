package catalog

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func mustNew(t testing.TB, o Options) *Catalog {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pageIDs are the IDs of the pages of a URL, with blanks between.
func pageIDs(v View, url string) string {
	var s Scratch
	return join(v.AppendPageIDs(nil, v.Pages(nil, &s, literal(url))))
}

// featureIDs are the IDs of the features of a click.
func featureIDs(v View, url, target string) string {
	var s Scratch
	pages := v.Pages(nil, &s, literal(url))
	return join(v.AppendFeatureIDs(nil, v.Features(nil, &s, []byte(target), pages)))
}

func join(ids [][]byte) string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, string(id))
	}
	return strings.Join(texts, " ")
}

func TestPages(t *testing.T) {
	c := mustNew(t, Options{Pages: []Page{
		{App: "demo", ID: "all", Rules: []string{"/**"}},
		{ID: "settings", Rules: []string{"//*/settings/**", "//*/settings", "#settings"}},
		{App: "other", ID: "users", Rules: []string{"//*/users"}},
		{App: "demo", ID: "users", Rules: []string{"//*/users", "//*/users/**"}},
		{ID: "users", Rules: []string{"//*/people"}},
		{App: "demo", ID: "a \"b\"", Rules: []string{"//*/ü"}},
		{App: "demo", ID: "empty"},
	}})
	f := func(app, url, want string) {
		t.Helper()
		if got := pageIDs(c.App(app), url); got != want {
			t.Errorf("app %q, URL %q: got %s, want %s", app, url, got, want)
		}
	}
	f("demo", "https://h/settings/a#settings", `"all" "settings"`)
	f("demo", "https://h/users", `"all" "users"`)
	f("demo", "https://h/people", `"all" "users"`)
	f("other", "https://h/users", `"users"`)
	f("other", "https://h/people", `"users"`)
	f("other", "https://h/users/1", ``)
	f("nobody", "https://h/users", ``)
	f("nobody", "https://h/people#settings", `"settings" "users"`)
	f("", "https://h/settings", `"settings"`)
	f("demo", "https://h/%C3%BC", `"all" "a \"b\""`)
	f("demo", "https://h/\u00fc?\"\\", `"all" "a \"b\""`)
}

func TestPagesOfWhatIsNoURL(t *testing.T) {
	v := mustNew(t, Options{Pages: []Page{{ID: "all", Rules: []string{"/**"}}, {ID: "any", Rules: []string{"~contains:a"}}}}).App("demo")
	f := func(url, want string) {
		t.Helper()
		var s Scratch
		if got := join(v.AppendPageIDs(nil, v.Pages(nil, &s, []byte(url)))); got != want {
			t.Errorf("URL %s: got %s, want %s", url, got, want)
		}
	}
	f(``, ``)
	f(`null`, ``)
	f(`12`, ``)
	f(`""`, `"all"`)
	f(`"/`, `"all"`)
	f(`"about:blank"`, `"any"`)
	f(`"https:\/\/h\/\ud800a"`, `"all" "any"`)
}

// Results are appended, and those of one look-up stay apart from what stood before.
func TestLookupsAppend(t *testing.T) {
	v := mustNew(t, Options{
		Pages:    []Page{{ID: "p0", Rules: []string{"/**"}}, {ID: "p1", Rules: []string{"/a"}}},
		Features: []Feature{{ID: "f0", Selectors: []string{"a", "*"}}},
	}).App("demo")
	var s Scratch
	if got := v.Pages([]Item{7, 0}, &s, []byte(`"/a"`)); !slices.Equal(got, []Item{7, 0, 0, 1}) {
		t.Errorf("pages: got %v", got)
	}
	if got := v.Features([]Item{7}, &s, []byte(`{"tag":"A"}`), nil); !slices.Equal(got, []Item{7, 0}) {
		t.Errorf("features: got %v", got)
	}
	if got := join(v.AppendPageIDs([][]byte{[]byte("x")}, []Item{1, 0})); got != `x "p1" "p0"` {
		t.Errorf("IDs: got %s", got)
	}
}

func TestFeatures(t *testing.T) {
	c := mustNew(t, Options{
		Pages: []Page{
			{ID: "start", Rules: []string{"//*/start"}},
			{App: "demo", ID: "frust", Rules: []string{"//*/frust"}},
			{App: "demo", ID: "start", Rules: []string{"//*/begin"}},
		},
		Features: []Feature{
			{App: "demo", ID: "save", Selectors: []string{"button#save", "#main > .btn"}},
			{ID: "save on start", Selectors: []string{"#save"}, Page: "start"},
			{App: "demo", ID: "save on frust", Selectors: []string{"#save"}, Page: "frust"},
			{App: "demo", ID: "own start", Selectors: []string{"#save"}, Page: "start"},
			{ID: "input", Selectors: []string{"form input[type=text], form input[type=submit]"}},
			{App: "other", ID: "other", Selectors: []string{"#save"}},
			{App: "demo", ID: "text", Selectors: []string{`button:contains("Save now")`}},
			{App: "demo", ID: "empty"},
		},
	})
	clicks := capturedClicks(t)
	f := func(app string, click int, url, want string) {
		t.Helper()
		if url == "" {
			url = clicks[click].URL
		}
		if got := featureIDs(c.App(app), url, string(clicks[click].Target)); got != want {
			t.Errorf("app %q, click %d, URL %q: got %s, want %s", app, click, url, got, want)
		}
	}
	f("demo", 0, "", `"save" "save on start" "own start"`)
	f("demo", 0, "https://h/begin", `"save" "save on start" "own start"`)
	f("demo", 0, "https://h/else", `"save"`)
	f("demo", 1, "", `"input"`)
	f("demo", 2, "", `"input"`)
	f("demo", 4, "", `"save" "save on frust" "text"`)
	f("demo", 5, "", ``)
	f("other", 0, "", `"save on start" "other"`)
	f("other", 4, "", `"other"`)
	f("nobody", 1, "", `"input"`)
}

// Everything that the agent sent on page loads is on the page that its path says.
func TestPagesOfCapturedLoads(t *testing.T) {
	type load struct{ Scene, URL string }
	loads := readLines[load](t, "testdata/loads.jsonl")
	var o Options
	for i, l := range loads {
		path := strings.TrimPrefix(l.URL, "http://127.0.0.1:7201")
		o.Pages = append(o.Pages, Page{ID: fmt.Sprint(i), Rules: []string{"//*" + path, path, "//127.0.0.1:*" + path}})
	}
	v := mustNew(t, o).App("demo")
	for i, l := range loads {
		if got, want := pageIDs(v, l.URL), fmt.Sprintf("%q", fmt.Sprint(i)); got != want {
			t.Errorf("%s, URL %q: got %s, want %s", l.Scene, l.URL, got, want)
		}
	}
	if len(loads) < 19 {
		t.Errorf("only %d loads", len(loads))
	}
}

func TestTrack(t *testing.T) {
	c := mustNew(t, Options{Tracks: []Track{
		{App: "demo", ID: "t1", Name: "Account Upgraded"},
		{ID: "t2", Name: "Account Upgraded"},
		{App: "demo", ID: "t3", Name: "Account Upgraded"},
		{ID: "t1", Name: "Account Upgraded"},
		{App: "other", ID: "t4", Name: "Said \"no\""},
	}})
	f := func(app, name, want string) {
		t.Helper()
		if got := join(c.App(app).Track(nil, []byte(name))); got != want {
			t.Errorf("app %q, name %s: got %s, want %s", app, name, got, want)
		}
	}
	f("demo", `"Account Upgraded"`, `"t1" "t3" "t2"`)
	f("other", `"Account Upgraded"`, `"t2" "t1"`)
	f("demo", `"account upgraded"`, `"account upgraded"`)
	f("other", `"Said \"no\""`, `"t4"`)
	f("nobody", `""`, `""`)
}

func TestGuides(t *testing.T) {
	made := time.Date(2021, 3, 10, 21, 16, 52, 615e6, time.UTC)
	c := mustNew(t, Options{Guides: []Guide{
		{
			App: "demo", ID: "Kg92trd4yOzpDb2inI5eTOdcR0U", Name: "Poll 1 - Test", Kind: KindPoll,
			CreatedAt: made, CreatedBy: "pendo-user@example.com", UpdatedAt: time.UnixMilli(1618322253073),
			Steps: []Step{{
				ID: "UgG7AtWEXNuvHBBcTqSQ8NxGvAU", Type: "building-block",
				UpdatedAt: time.UnixMilli(1618322251476), ResetAt: time.UnixMilli(1617633741117),
			}},
		},
		{ID: "nps", Name: "Quarterly \"NPS\"", Kind: KindNPS, CreatedAt: made, CreatedBy: "a@b", UpdatedBy: "c@d", Steps: []Step{{ID: "1"}, {ID: "2"}}},
		{ID: "bare"},
		{App: "demo", ID: "nps", Name: "own"},
	}})
	f := func(app, id, kind, name, properties string) {
		t.Helper()
		d := c.App(app).Guide(literal(id))
		if d == nil {
			t.Errorf("app %q: guide %q is not known", app, id)
			return
		}
		if d.Kind.String() != kind || string(d.Name) != name || string(d.ID) != string(literal(id)) || string(d.Properties) != properties {
			t.Errorf("app %q, guide %q: got %s %s\n%s\nwant %s %s\n%s", app, id, d.Kind, d.Name, d.Properties, kind, name, properties)
		}
	}
	// Seed 000, "Guide displayed".
	f("demo", "Kg92trd4yOzpDb2inI5eTOdcR0U", "poll", `"Poll 1 - Test"`, `{"createdAt":1615411012615,"createdByUser":{"username":"pendo-user@example.com"},`+
		`"id":"Kg92trd4yOzpDb2inI5eTOdcR0U","lastUpdatedAt":1618322253073,"lastUpdatedByUser":{"username":"pendo-user@example.com"},"name":"Poll 1 - Test",`+
		`"steps":[{"id":"UgG7AtWEXNuvHBBcTqSQ8NxGvAU","lastUpdatedAt":1618322251476,"resetAt":1617633741117,"type":"building-block"}]}`)
	f("other", "nps", "nps", `"Quarterly \"NPS\""`, `{"createdAt":1615411012615,"createdByUser":{"username":"a@b"},"id":"nps","lastUpdatedAt":1615411012615,`+
		`"lastUpdatedByUser":{"username":"c@d"},"name":"Quarterly \"NPS\"","steps":[{"id":"1","lastUpdatedAt":1615411012615,"resetAt":0,"type":""},`+
		`{"id":"2","lastUpdatedAt":1615411012615,"resetAt":0,"type":""}]}`)
	f("other", "bare", "guide", `""`, `{"createdAt":0,"createdByUser":{"username":""},"id":"bare","lastUpdatedAt":0,"lastUpdatedByUser":{"username":""},"name":"","steps":[]}`)
	if d := c.App("demo").Guide([]byte(`"nps"`)); d == nil || string(d.Name) != `"own"` || d.Kind != KindGuide {
		t.Errorf("own guide: got %+v", d)
	}
	if d := c.App("demo").Guide([]byte(`"unknown"`)); d != nil {
		t.Errorf("unknown guide: got %+v", d)
	}
}

func TestGuideKinds(t *testing.T) {
	for _, k := range []GuideKind{KindGuide, KindPoll, KindNPS} {
		if got, err := ParseGuideKind(k.String()); got != k || err != nil {
			t.Errorf("kind %s: got %v, %v", k, got, err)
		}
	}
	if _, err := ParseGuideKind("survey"); err == nil || !strings.Contains(err.Error(), "guide, poll and nps") {
		t.Errorf("kind survey: got error %v", err)
	}
	if got := GuideKind(9).String(); got != "GuideKind(9)" {
		t.Errorf("kind 9: got %s", got)
	}
}

// All faults come at once, each with its place.
func TestNewCollectsFaults(t *testing.T) {
	_, err := New(Options{
		Pages: []Page{
			{App: "demo", ID: "p", Rules: []string{"//*/a", "www.example.com", ""}},
			{App: "demo", ID: "p", Rules: []string{"//*/a"}},
			{ID: ""},
		},
		Features: []Feature{
			{App: "demo", ID: "f", Selectors: []string{"a + b", ".a" + strings.Repeat(" .a", 1<<20/3)}, Page: "unknown"},
			{ID: "g", Selectors: []string{"a"}, Page: "p"},
		},
		Tracks: []Track{{ID: "t"}},
		Guides: []Guide{{ID: "u", Kind: 7}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{
		`make catalog: page "p" of app "demo": the ID is an earlier one's too`,
		`page "": it has no ID`,
		`page "p" of app "demo": rules[1] "www.example.com": the rule starts with neither`,
		`page "p" of app "demo": rules[2] "": the rule is empty`,
		`feature "f" of app "demo": there is no page "unknown" of this app`,
		`feature "f" of app "demo": selectors[0] "a + b": '+' asks for siblings`,
		`feature "f" of app "demo": selectors[1] ".a .a`,
		`feature "g": there is no page "p" of this app`,
		`track "t": it has no name`,
		`guide "u": its kind is none of`,
	}
	if len(lines) != len(want) {
		t.Fatalf("got %d faults, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) || len(line) > 300 {
			t.Errorf("fault %d: got %s, want %s…", i, line, want[i])
		}
	}
}

// Look-ups of many goroutines at once find what one finds; run with -race.
func TestConcurrentLookups(t *testing.T) {
	o := samplePages(1000)
	o.Features = sampleFeatures(1000).Features
	v := mustNew(t, o).App("demo")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var s Scratch
			for i, url := range sampleURLs {
				pages := v.Pages(nil, &s, literal(url))
				if got, want := join(v.AppendPageIDs(nil, pages)), fmt.Sprintf(`"page-%d"`, i+10); i < 10 && got != want {
					t.Errorf("URL %q: got %s, want %s", url, got, want)
				}
				features := join(v.AppendFeatureIDs(nil, v.Features(nil, &s, []byte(sampleElement), pages)))
				if want := `"feature-10" "feature-11" "feature-12" "feature-13"`; features != want {
					t.Errorf("features: got %s, want %s", features, want)
				}
			}
		})
	}
	wg.Wait()
}
