package tagging

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"edgerelay/relay/catalog"
)

// show is a trial's outcome in a line.
func (t *Trial) show() string {
	var b strings.Builder
	for _, m := range t.Pages {
		fmt.Fprintf(&b, "page %s/%s by %s; ", m.ID, m.App, m.Rule)
	}
	for _, m := range t.Features {
		fmt.Fprintf(&b, "feature %s/%s by %s; ", m.ID, m.App, m.Selector)
	}
	for _, m := range t.Elsewhere {
		fmt.Fprintf(&b, "elsewhere %s/%s on %s by %s; ", m.ID, m.App, m.Page, m.Selector)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestTry(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"id":"file-home","name":"For every app","rules":["/nowhere","//*/start"]}`)
	r.create(Pages, `{"app":"ios","id":"start","rules":["//*/start"]}`)
	r.create(Features, `{"id":"any","selectors":["a.x","button"]}`)
	r.create(Features, `{"app":"web","id":"all","selectors":[".bar .btn"],"page":"file-all"}`)
	r.create(Features, `{"app":"ios","id":"ios","selectors":["button"]}`)
	f := func(app, url, element, want string) {
		t.Helper()
		got, err := r.Try(app, url, element)
		if err != nil {
			t.Errorf("%s %s %s: %v", app, url, element, err)
			return
		}
		if got.show() != want {
			t.Errorf("%s %s %s:\ngot  %s\nwant %s", app, url, element, got.show(), want)
		}
	}
	f("web", "https://x/home?a=1", "", "page file-home/web by //*/home")
	f("web", "https://x/start", "", "page file-home/ by //*/start")
	f("ios", "https://x/start", "", "page file-home/ by //*/start; page start/ios by //*/start")
	f("web", "https://x/none", "", "")
	f("web", "https://x/start", "#save", "page file-home/ by //*/start; feature file-save/web by #save")
	f("web", "https://x/all/7", "#save", "page file-all/ by //*/all/**; elsewhere file-save/web on file-home by #save")
	f("web", "", "div.bar > button.btn", "feature any/ by button; elsewhere all/web on file-all by .bar .btn")
	f("web", "https://x/all", `<div class="bar"><p>x</p><button class="btn"><svg/></button></div>`,
		"page file-all/ by //*/all/**; feature all/web by .bar .btn; feature any/ by button")
	f("ios", "", `{"tag":"SVG","parentElem":{"tag":"BUTTON"}}`, "feature any/ by button; feature ios/ios by button")
	f("ios", "", `p`, "")

	refuse := func(app, url, element, field, message string) {
		t.Helper()
		_, err := r.Try(app, url, element)
		refused(t, err, Invalid, field, message)
	}
	refuse("", "https://x/", "", "app", "name one of")
	refuse("tv", "https://x/", "", "app", "no app")
	refuse("web", "", " ", "url", "and so is element")
	refuse("web", strings.Repeat("a", urlMax+1), "", "url", "may have")
	refuse("web", "", "a + b", "element", "siblings")
	refuse("web", "", "a, b", "element", "several")
	refuse("web", "", `{"tag":`, "element", "")
	refuse("web", "", `<!-- nothing -->`, "element", "no element")
	refuse("web", "", strings.Repeat("a ", elementMax), "element", "may have")

	if err := r.Load(&File{Apps: []string{"web"}}); err != nil {
		t.Fatal(err)
	}
	f("", "", "button", "feature any/ by button") // of the only app
	if trial, _ := r.Try("", "/x", "<a id=1>b</a>"); trial.App != "web" || string(trial.Element) != `{"tag":"a","id":"1","cls":"","title":null,"attrs":{},"txt":"b"}` {
		t.Errorf("%+v", trial)
	}
}

// TestReadHTML: the innermost element of what was pasted.
func TestReadHTML(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		target, err := readElement(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got := pathOf(t, target); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
	f(`<button>`, `button`)
	f(`<BUTTON ID=a CLASS="b  c" Data-X='1' disabled title="">Save &amp; go</BUTTON>`, `button#a.b  c[data-x=1][disabled=] "Save & go"`)
	f(`<form><label>x</label><input type=submit></form>`, `form > label:1 "x"`)
	f(`<form> <label></label> <p><input type=submit value="Go"/></p> </form>`, `form > p:2 > input:1[type=submit][value=Go]`)
	f(`<td class=x><a href="/y">y</a></td>`, `td.x > a:1[href=/y] "y"`)
	f(`<ul><li>one<li><b>two</b></ul>`, `ul > li:1 > li:1 > b:1 "two"`) // by the tags alone
	f(`<svg><linearGradient/></svg><p>`, `svg > lineargradient:1`)
	f(`<a x=1 x=2>`, `a[x=1]`)
	f(`</p><a></b></a>`, `a`)
	f("<a>  many\n words  <!-- no --> here </a>", `a "many words here"`)
	f(`<script><b>no</b></script>`, `script "<b>no</b>"`)
	f(`<a>`+strings.Repeat("x", 1000)+`</a>`, `a "`+strings.Repeat("x", 128)+`"`)
	if target, err := readElement(strings.Repeat("<b>", 10_000)); err != nil || strings.Count(string(target), `"tag"`) != depthMax {
		t.Errorf("%d levels, %v", strings.Count(string(target), `"tag"`), err)
	}
}

// pathOf is a target in a line.
func pathOf(t testing.TB, target []byte) string {
	t.Helper()
	type level struct {
		Tag, ID, Cls, Txt string
		Attrs             map[string]string
		ChildIndex        *int
		ParentElem        json.RawMessage
	}
	var l level
	if err := json.Unmarshal(target, &l); err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	text := l.Tag
	if l.ID != "" {
		text += "#" + l.ID
	}
	if l.Cls != "" {
		text += "." + l.Cls
	}
	if l.ChildIndex != nil {
		text += fmt.Sprintf(":%d", *l.ChildIndex+1)
	}
	for _, name := range []string{"data-x", "disabled", "type", "value", "href", "x"} {
		if value, there := l.Attrs[name]; there {
			text += fmt.Sprintf("[%s=%s]", name, value)
		}
	}
	if l.Txt != "" {
		text += fmt.Sprintf(" %q", l.Txt)
	}
	if l.ParentElem != nil {
		text = pathOf(t, l.ParentElem) + " > " + text
	}
	return text
}

// FuzzReadElement: whatever is pasted is refused, or is JSON that the catalog can look up.
func FuzzReadElement(f *testing.F) {
	for _, seed := range []string{`<div class="a"><b x='1'>y</b></div>`, `<a><`, `div > a.b[c="d"]:nth-child(2)`, `{"tag":"A","parentElem":{"tag":"B"}}`, `{"a":1}}`,
		"<p>\xff</p>", "<\x00>", `<a "<b>>`, `<!DOCTYPE html><html><body>`, `<textarea><b>`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" {
			return
		}
		target, err := readElement(text)
		if err != nil {
			return
		}
		if !json.Valid(target) {
			t.Fatalf("%q is %q", text, target)
		}
		catalog.MatchSelector("*", target)
	})
}
