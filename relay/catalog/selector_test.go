package catalog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// selects says whether a selector, which may have commas, selects an element.
func selects(t *testing.T, text string, target []byte) bool {
	t.Helper()
	list, err := parseSelectors(text)
	if err != nil {
		t.Fatalf("selector %q: %v", text, err)
	}
	var c chain
	c.parse(target)
	for i := range list {
		if list[i].match(&c) {
			return true
		}
	}
	return false
}

// selectorCases returns closures that expect each of the selectors to select target, or none of them.
func selectorCases(t *testing.T, target []byte) (yes, no func(selectors ...string)) {
	expect := func(want bool) func(...string) {
		return func(selectors ...string) {
			t.Helper()
			for _, s := range selectors {
				if got := selects(t, s, target); got != want {
					t.Errorf("selector %q: got %v, want %v, of %s", s, got, want, target)
				}
			}
		}
	}
	return expect(true), expect(false)
}

// The button that the real agent sent, with TextCapture: body.app-body > div#main.container > button#save.btn.btn-primary.
func TestSelectorsOfCapturedButton(t *testing.T) {
	yes, no := selectorCases(t, capturedClicks(t)[4].Target)
	yes("button", "BUTTON", "*", "#save", ".btn", ".btn.btn-primary", ".btn-primary.btn", "button#save.btn")
	no("a", "#Save", ".Btn", ".btn-", "#save#main", "button.container")
	yes("#main button", "#main > button", "body button", "body > div > button", "body > div button", "body > #main .btn", "* > *", "* * *")
	no("body > button", "button > div", "form button", "body > div > div > button", "* * * *", "button button", "html button")
	yes("a, button", "#save, #other", "x,y,.btn")
	yes("[name]", "[NAME]", `[name="saveBtn"]`, "[name=saveBtn]", `[name="savebtn" i]`, `[name^=save]`, "[name$=Btn]", "[name*=veB]", "[name~=saveBtn]", "[name|=saveBtn]")
	no("[type]", "[name=savebtn]", `[name="saveBtn" s][value=v2]`, "[name^=Btn]", "[name$=save]", "[name*=x]", "[name~=save]", "[name|=save]", `[name*=""]`)
	yes("[id=save]", "[id]", `[class="btn btn-primary"]`, "[class~=btn]", "[class^=btn]", `[title="Save it"]`, "button[title]")
	no("body[id]", "[class=btn]", "body[title]", "div[title]")
	yes("button:nth-child(2)", ":nth-child(2n)", ":nth-child(even)", "div:first-child", "div:nth-child(odd) > button:nth-child(-n+3)", "body:nth-child(n+2)")
	no("button:nth-child(1)", "button:first-child", "button:nth-child(odd)", "button:nth-child(0)", "button:nth-child(n+3)", "button:nth-child(-n)")
	yes(`button:contains("Save now")`, "button:contains(Save)", ":contains('ve no')", `#main:contains("Save")`, `body:contains("now") button`)
	no("button:contains(save)", "button:contains(Save  now)", "button:contains(Next)")
	yes("button:not(.other)", "button:not([type]):not(#x)", "div:not(.btn)", ".btn:not(:first-child)", "button:not(a, b)")
	no("button:not(.btn)", ".container:not(div)", "button:not(.x, .btn)", "button:not(:contains(Save))", "button:not(:nth-child(2))")
}

// A click on what stands in a feature's element is a click on the feature.
func TestSelectorMatchesAncestors(t *testing.T) {
	yes, no := selectorCases(t, []byte(`{"tag":"path","childIndex":0,"parentElem":{"tag":"svg","cls":"icon","childIndex":0,`+
		`"parentElem":{"tag":"BUTTON","id":"export","childIndex":3,"parentElem":{"tag":"DIV","cls":"toolbar","parentElem":{"tag":"BODY"}}}}}`))
	yes("#export", "button", ".toolbar > button", ".toolbar", "body", "svg.icon", "path", "button svg", "button:nth-child(4)", "body #export")
	no(".toolbar > svg", "#export:first-child", "path button", "svg > button")
}

func TestSelectorAttributes(t *testing.T) {
	yes, no := selectorCases(t, []byte(`{"tag":"INPUT","title":null,"attrs":{"disabled":null,"lang":"en-US","rel":" a\tB  c","title":"","data-x":"ÄB"}}`))
	yes("[disabled]", `[disabled=""]`, "[lang|=en]", `[lang|="en-US"]`, "[rel~=a]", "[rel~=B]", "[rel~=b i]", "[rel~=c]", "[title]", `[title=""]`, `[title|=""]`)
	no(`[disabled=disabled]`, `[disabled*=""]`, `[disabled^=""]`, `[disabled$=""]`, "[lang|=e]", "[lang|=us]", "[rel~=ab]", `[rel~="a B"]`, `[rel~=""]`)
	yes(`[data-x="Äb" i]`, `[data-x*="b" i]`, `[data-x^="Ä" i]`, `[data-x$="B" i]`)
	no(`[data-x="äb" i]`, `[data-x*="c" i]`, `[data-x^="b" i]`, `[data-x$="ÄBC" i]`)
}

func TestSelectorNth(t *testing.T) {
	f := func(text string, want ...int32) {
		t.Helper()
		n, ok := parseNth(text)
		var got []int32
		for place := range int32(11) {
			if n.match(place) {
				got = append(got, place)
			}
		}
		if !ok || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("nth %q: got %v, %v, want %v", text, got, ok, want)
		}
	}
	f("3", 3)
	f("0")
	f("-1")
	f("odd", 1, 3, 5, 7, 9)
	f("even", 2, 4, 6, 8, 10)
	f("3n", 3, 6, 9)
	f("3n+1", 1, 4, 7, 10)
	f("3n-1", 2, 5, 8)
	f("n+8", 8, 9, 10)
	f("-n+3", 1, 2, 3)
	f("-2n+5", 1, 3, 5)
	f("-n")
	f("0n+4", 4)
	f("1073741823n-1073741823")
	f("-1073741823n+1073741823")
}

// randomSelector is a selector over few names, so that random elements meet it.
func randomSelector(rng *rand.Rand) string {
	pieces := []string{".x", ".y", ".z", "#i", "#j", "[n]", "[n=v]", "[m*=v]", "[class~=x]", "[n=V i]", "[id=i]", "[title]",
		":nth-child(1)", ":nth-child(2n)", ":contains(text)", ":contains(ex)", ":not(.x)", ":not(a,[n])"}
	var text strings.Builder
	for i := range 1 + rng.IntN(4) {
		if i > 0 {
			text.WriteString([]string{" ", ">"}[rng.IntN(2)])
		}
		text.WriteString([]string{"a", "b", "*"}[rng.IntN(3)])
		for range rng.IntN(3) {
			text.WriteString(pieces[rng.IntN(len(pieces))])
		}
	}
	return text.String()
}

func randomElement(rng *rand.Rand, depth int) string {
	pick := func(texts ...string) string { return texts[rng.IntN(len(texts))] }
	text := fmt.Sprintf(`{"tag":%q,"id":%q,"cls":%q,"title":%s,"childIndex":%d`, pick("A", "B", "svg"), pick("", "i", "j"),
		pick("", "x", "y x", "x z y"), pick("null", `"t"`, `""`), rng.IntN(4)-1)
	text += pick("", `,"attrs":{}`, `,"attrs":{"n":"v"}`, `,"attrs":{"m":"uvw","n":null}`, `,"attrs":{"N":"V"}`)
	if depth > 0 {
		text += `,"parentElem":` + randomElement(rng, depth-1)
	}
	return text + pick("", `,"txt":"some text"`, `,"txt":"ex"`) + "}"
}

func TestFeatureIndexAgreesWithNaive(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var list []selector
		for i := range rng.IntN(60) {
			made, err := parseSelectors(randomSelector(rng))
			if err != nil {
				t.Fatal(err)
			}
			made[0].item = Item(i / 2)
			if rng.IntN(4) == 0 {
				made[0].page = Item(rng.IntN(4))
			}
			list = append(list, made[0])
		}
		for range 20 {
			checkSelectors(t, list, randomElement(rng, rng.IntN(7)), []Item{1, 2}[:rng.IntN(3)])
		}
	}
}
