package catalog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// click is a click that the real agent sent (testdata/clicks.jsonl).
type click struct {
	Scene  string
	URL    string
	Target json.RawMessage
}

// readLines reads a file of one JSON value a line.
func readLines[T any](t testing.TB, name string) []T {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []T
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func capturedClicks(t testing.TB) []click {
	return readLines[click](t, "testdata/clicks.jsonl")
}

// spell writes a chain as CSS would, the element last.
func spell(c *chain) string {
	var levels []string
	for i := len(c.levels) - 1; i >= 0; i-- {
		e := &c.levels[i]
		text := string(e.tag)
		if len(e.id) > 0 {
			text += "#" + string(e.id)
		}
		for _, class := range c.classes[e.classes.from:e.classes.to] {
			text += "." + string(class)
		}
		for _, a := range c.attributes[e.attributes.from:e.attributes.to] {
			text += fmt.Sprintf("[%s=%q]", a.name, a.value)
		}
		if e.titled {
			text += fmt.Sprintf("[title=%q]", e.title)
		}
		if e.place > 0 {
			text += fmt.Sprintf(":nth-child(%d)", e.place)
		}
		if len(e.text) > 0 {
			text += fmt.Sprintf(":contains(%q)", e.text)
		}
		levels = append(levels, text)
	}
	return strings.Join(levels, " > ")
}

func TestChainOfCapturedClicks(t *testing.T) {
	want := strings.Split(strings.TrimSpace(`
body.app-body:nth-child(2) > div#main.container:nth-child(1) > button#save.btn.btn-primary[name="saveBtn"][value="v1"][title="Save it"]:nth-child(2)
body.app-body:nth-child(2) > div#main.container:nth-child(1) > form#f:nth-child(4) > input#txt[type="text"][name="fname"]:nth-child(1)
body.app-body:nth-child(2) > div#main.container:nth-child(1) > form#f:nth-child(4) > input#sub[type="submit"][value="Go"]:nth-child(4)
body.app-body:nth-child(2) > div#main.container:nth-child(1) > div#dead:nth-child(5)
body.app-body:nth-child(2) > div#main.container:nth-child(1) > button#save.btn.btn-primary[name="saveBtn"][value="v1"][title="Save it"]:nth-child(2):contains("Save now")
body.app-body:nth-child(2) > div#main.container:nth-child(1) > button#err:nth-child(6):contains("boom")
body.app-body:nth-child(2) > div#main.container:nth-child(1) > div#dead:nth-child(5):contains("nothing")
body.app-body:nth-child(2) > div#main.container:nth-child(1) > h1:nth-child(1):contains("Hello")
`), "\n")
	clicks := capturedClicks(t)
	if len(clicks) < len(want) {
		t.Fatalf("%d captured clicks, want at least %d", len(clicks), len(want))
	}
	var c chain
	for i, text := range want {
		c.parse(clicks[i].Target)
		if got := spell(&c); got != text {
			t.Errorf("click %d of %s:\ngot  %s\nwant %s", i, clicks[i].Scene, got, text)
		}
	}
}

func TestChainParse(t *testing.T) {
	var c chain
	f := func(target, want string) {
		t.Helper()
		c.parse([]byte(target))
		if got := spell(&c); got != want {
			t.Errorf("parse %s:\ngot  %s\nwant %s", target, got, want)
		}
	}
	f(`{}`, ``)
	f(`{"tag":"A"}`, `a`)
	f(`{"tag":"linearGradient","parentElem":{"tag":"svg","parentElem":{"tag":"#shadow-root"}}}`, `#shadow-root > svg > lineargradient`)
	f(`{"parentElem":{"tag":"DIV","childIndex":0},"tag":"A","childIndex":9}`, `div:nth-child(1) > a:nth-child(10)`)
	f(`{"tag":"A","id":null,"cls":null,"title":null,"attrs":null,"txt":null,"childIndex":null,"parentElem":null}`, `a`)
	f(`{"tag":"A","id":7,"cls":["x"],"attrs":[1],"childIndex":"2","parentElem":"x"}`, `a#7.["x"]`)
	f(`{"tag":"A","childIndex":-1}`, `a`)
	f(`{"tag":"A","childIndex":1.5}`, `a`)
	f(`{"tag":"A","childIndex":99999999999999999999}`, `a`)
	f(`{"tag":"A","cls":"  a\tb\n c "}`, `a.a.b.c`)
	f(`{"tag":"A","id":"a\"b\\","title":"\\\\","txt":"}{\"parentElem\":"}`, `a#a"b\[title="\\\\"]:contains("}{\"parentElem\":")`)
	f(`{"tag":"A","attrs":{"Data-X":"1","y":null,"n":3,"b":true,"o":{"a":[1]},"l":[{}]}}`, `a[data-x="1"][y=""][n="3"][b="true"]`)
	f(`{"tag":"A","title":""}`, `a[title=""]`)
	f(`{"flags":[{"parentElem":{"tag":"NO"}}],"tag":"A","x":{"tag":"NO"}}`, `a`)
	f(`{"tag":"é\ud800"}`, "é\uFFFD")
	// What is not stable JSON, or no element.
	for _, broken := range []string{``, `null`, `[]`, `"x"`, `12`, `{`, `{"`, `{"tag`, `{"tag"`, `{"tag":`, `{"tag":}`, `{"tag":"A`,
		`{"tag":"A\`, `{"a":[}`, `{:}`, `{,}`, `{"attrs":{`, `{"parentElem":{`, `{"a"x}`, "{\x00}", `{"attrs":{"a"}`} {
		c.parse([]byte(broken))
	}
	f(`{"tag":"A","parentElem":{"tag":"DIV"`, `div > a`)
	f(`{"tag":"A","parentElem":{"tag":"B"},"parentElem":{"tag":"C"}}`, `b > a`)
}

// nested is an element with so many ancestors.
func nested(ancestors int, inner string) []byte {
	return []byte(strings.Repeat(`{"tag":"DIV","childIndex":0,"parentElem":`, ancestors) + inner + strings.Repeat(`}`, ancestors))
}

func TestChainIsCut(t *testing.T) {
	var c chain
	f := func(ancestors, want int) {
		t.Helper()
		c.parse(nested(ancestors, `{"tag":"BODY"}`))
		if len(c.levels) != want {
			t.Errorf("%d ancestors: got %d levels, want %d", ancestors, len(c.levels), want)
		}
	}
	f(0, 1)
	f(511, 512)
	f(512, 512)
	f(10_000, 512)
	f(1_000_000, 512)
	c.parse([]byte(`{"cls":"` + strings.Repeat("a ", 10_000) + `","attrs":{"a":1` + strings.Repeat(`,"a":1`, 10_000) + `}}`))
	if len(c.classes) != classesMax || len(c.attributes) != attributesMax {
		t.Errorf("got %d classes and %d attributes, want %d and %d", len(c.classes), len(c.attributes), classesMax, attributesMax)
	}
}

// Members that stand behind the ancestors belong to the element that they stand in.
func TestChainMembersBehindAncestors(t *testing.T) {
	var c chain
	c.parse([]byte(`{"parentElem":{"parentElem":{"tag":"C","attrs":{"c":"3"}},"tag":"B","attrs":{"b":"2"},"cls":"bb"},"tag":"A","attrs":{"a":"1"},"cls":"aa"}`))
	if got, want := spell(&c), `c[c="3"] > b.bb[b="2"] > a.aa[a="1"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
