package catalog

import (
	"fmt"
	"testing"
)

// sampleSizes are how many rules and selectors the benchmarks have.
var sampleSizes = []int{100, 1_000, 10_000}

// sampleRules are n rules of every form, as a site with many pages would write them.
func sampleRules(n int) []string {
	forms := []string{
		"//*/app/section-%d/**",
		"//*/accounts/*/reports/report-%d",
		"//*/users/*userId*/tab-%d/edit",
		"//app.example.com/workspaces/*/boards/%d",
		"//*/projects/*-%d/settings",
		"//*/index.php?module=m%d",
		"//*/find?q=*&scope=s%d",
		"//*/#/route/%d",
		"//*/docs/~contains:chapter-%d",
		"/library/%d/**",
	}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(forms[i%len(forms)], i)
	}
	return texts
}

// sampleURLs each belong to one page of sampleRules(100), but the last two.
var sampleURLs = []string{
	"https://app.example.com/app/section-10/a/b?from=mail",
	"https://app.example.com/accounts/4711/reports/report-11",
	"https://app.example.com/users/me/tab-12/edit?x=1&y=2",
	"https://app.example.com/workspaces/acme/boards/13",
	"https://app.example.com/projects/north-14/settings/",
	"https://app.example.com/index.php?lang=en&module=m15",
	"https://app.example.com/find?scope=s16&q=quarterly+report",
	"https://app.example.com/?lang=en#/route/17",
	"https://app.example.com/docs/en/a-rather-long-name/chapter-18/page",
	"https://app.example.com/library/19/shelf/3",
	"https://app.example.com/nothing/here/that/is/known?a=1&b=2#top",
	"https://app.example.com/accounts/4711/reports/unknown",
}

func sampleView(b testing.TB, o Options) View {
	c, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	return c.App("demo")
}

func samplePages(n int) Options {
	var o Options
	for i, text := range sampleRules(n) {
		o.Pages = append(o.Pages, Page{App: "demo", ID: fmt.Sprint("page-", i), Rules: []string{text}})
	}
	return o
}

func BenchmarkPages(b *testing.B) {
	for _, n := range sampleSizes {
		view := sampleView(b, samplePages(n))
		b.Run(fmt.Sprintf("rules=%d/index", n), func(b *testing.B) {
			b.ReportAllocs()
			var s Scratch
			pages := make([]Item, 0, 16)
			urls := literals(sampleURLs)
			for i := 0; b.Loop(); i++ {
				pages = view.Pages(pages[:0], &s, urls[i%len(urls)])
			}
		})
		rules, naive := compileRules(sampleRules(n))
		b.Run(fmt.Sprintf("rules=%d/scan", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				scan(rules, sampleURLs[i%len(sampleURLs)])
			}
		})
		b.Run(fmt.Sprintf("rules=%d/regexp", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				for _, r := range naive {
					r.match(sampleURLs[i%len(sampleURLs)])
				}
			}
		})
	}
}

func literals(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i, text := range texts {
		out[i] = literal(text)
	}
	return out
}

// sampleSelectors are n selectors of every form, as Pendo suggests and people write them.
func sampleSelectors(n int) []string {
	forms := []string{
		"#button-%d",
		".toolbar-%d > button",
		"button.action-%d",
		`[data-testid="control-%d"]`,
		`#panel-%d .btn-primary`,
		`button:contains("Save item %d")`,
		"form.form-%d input[type=submit]",
		`a[href^="/reports/%d/"]`,
		"div.row-%d:nth-child(2n+1) > button.btn:not(.disabled)",
		"nav > ul li.item-%d, nav > ol li.item-%[1]d",
	}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(forms[i%len(forms)], i)
	}
	return texts
}

// sampleElement is a button in a page of the usual depth, with three features around it.
const sampleElement = `{"tag":"svg","id":"","cls":"icon icon-save","title":null,"attrs":{},"myIndex":0,"childIndex":0,"parentElem":` +
	`{"tag":"BUTTON","id":"button-10","cls":"btn btn-primary action-12 inline-flex items-center px-4 py-2","title":"Save","attrs":{"name":"save","value":"1","type":"submit","data-testid":"control-13"},"myIndex":2,"childIndex":1,"parentElem":` +
	`{"tag":"DIV","id":"","cls":"toolbar-11 flex gap-2","title":null,"attrs":{"role":"toolbar"},"myIndex":1,"childIndex":0,"parentElem":` +
	`{"tag":"SECTION","id":"panel-99","cls":"panel","title":null,"attrs":{},"myIndex":3,"childIndex":2,"parentElem":` +
	`{"tag":"DIV","id":"","cls":"container mx-auto","title":null,"attrs":{},"myIndex":1,"childIndex":0,"parentElem":` +
	`{"tag":"DIV","id":"","cls":"w-full","title":null,"attrs":{},"myIndex":1,"childIndex":0,"parentElem":` +
	`{"tag":"MAIN","id":"main","cls":"","title":null,"attrs":{},"myIndex":3,"childIndex":1,"parentElem":` +
	`{"tag":"DIV","id":"","cls":"layout layout-wide","title":null,"attrs":{},"myIndex":1,"childIndex":0,"parentElem":` +
	`{"tag":"DIV","id":"root","cls":"","title":null,"attrs":{},"myIndex":1,"childIndex":0,"parentElem":` +
	`{"tag":"BODY","id":"","cls":"app","title":null,"attrs":{},"myIndex":2,"childIndex":1}}}}}}}}},"txt":"Save item 4711","flags":["left"]}`

func sampleFeatures(n int) Options {
	var o Options
	for i, text := range sampleSelectors(n) {
		o.Features = append(o.Features, Feature{App: "demo", ID: fmt.Sprint("feature-", i), Selectors: []string{text}})
	}
	return o
}

func BenchmarkFeatures(b *testing.B) {
	target := []byte(sampleElement)
	for _, n := range sampleSizes {
		view := sampleView(b, sampleFeatures(n))
		b.Run(fmt.Sprintf("selectors=%d/index", n), func(b *testing.B) {
			b.ReportAllocs()
			var s Scratch
			features := make([]Item, 0, 16)
			for b.Loop() {
				features = view.Features(features[:0], &s, target, nil)
			}
		})
		b.Run(fmt.Sprintf("selectors=%d/scan", n), func(b *testing.B) {
			var list []selector
			for _, text := range sampleSelectors(n) {
				made, err := parseSelectors(text)
				if err != nil {
					b.Fatal(err)
				}
				list = append(list, made...)
			}
			var c chain
			for b.Loop() {
				c.parse(target)
				for i := range list {
					list[i].match(&c)
				}
			}
		})
	}
}

func BenchmarkChainParse(b *testing.B) {
	var c chain
	target := []byte(sampleElement)
	b.SetBytes(int64(len(target)))
	for b.Loop() {
		c.parse(target)
	}
}

func BenchmarkNew(b *testing.B) {
	o := samplePages(10_000)
	o.Features = sampleFeatures(10_000).Features
	for b.Loop() {
		sampleView(b, o)
	}
}
