package catalog

import (
	"fmt"
	"strings"
	"testing"
)

// write spells a selector in one way, for the eye and to be read again.
func write(s *selector) string {
	var out strings.Builder
	for i := len(s.runs) - 1; i >= 0; i-- {
		for k := len(s.runs[i]) - 1; k >= 0; k-- {
			out.WriteString(writeCompound(&s.runs[i][k]))
			if k > 0 {
				out.WriteString(">")
			}
		}
		if i > 0 {
			out.WriteString(" ")
		}
	}
	return out.String()
}

func writeCompound(c *compound) string {
	text := writeName(c.tag)
	for _, id := range c.ids {
		text += "#" + writeName(id)
	}
	for _, class := range c.classes {
		text += "." + writeName(class)
	}
	for _, t := range c.tests {
		text += "[" + writeName(t.name)
		switch t.sign {
		case 0:
		case '=':
			text += "=" + quote(t.value)
		default:
			text += string(t.sign) + "=" + quote(t.value)
		}
		if t.fold {
			text += "i"
		}
		text += "]"
	}
	for _, p := range c.places {
		text += fmt.Sprintf(":nth-child(%dn%+d)", p.a, p.b)
	}
	for _, t := range c.contains {
		text += ":contains(" + quote(t) + ")"
	}
	for i := range c.not {
		text += ":not(" + writeCompound(&c.not[i]) + ")"
	}
	if text == "" {
		return "*"
	}
	return text
}

// writeName escapes all that needs it in a name.
func writeName(name string) string {
	var out strings.Builder
	for _, r := range name {
		if r == '-' || r == '_' || r >= 0x80 || isLetter(byte(r)) || isDigit(byte(r)) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\%x `, r)
		}
	}
	return out.String()
}

func quote(text []byte) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\a `).Replace(string(text)) + `"`
}

func TestParseSelectors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		list, err := parseSelectors(text)
		if err != nil {
			t.Errorf("parse %q: %v", text, err)
			return
		}
		var got []string
		for i := range list {
			got = append(got, write(&list[i]))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("parse %q:\ngot  %s\nwant %s", text, strings.Join(got, ", "), want)
		}
	}
	f("button", "button")
	f("BUTTON", "button")
	f("*", "*")
	f("*.a", ".a")
	f("#save", "#save")
	f(".btn.btn-primary", ".btn.btn-primary")
	f("  a  ", "a")
	f("a,b , c", "a, b, c")
	f("a b", "a b")
	f("a\t\n b", "a b")
	f("a>b", "a>b")
	f("a > b  c>d", "a>b c>d")
	f("a > b > c", "a>b>c")
	f("#main .x > button#save.btn[name]:first-child", `#main .x>button#save.btn[name]:nth-child(0n+1)`)
	f("[Data-Id]", "[data-id]")
	f(`[a=b]`, `[a="b"]`)
	f(`[a="b c"]`, `[a="b c"]`)
	f(`[a='b"c']`, `[a="b\"c"]`)
	f(`[ a = "b" ]`, `[a="b"]`)
	f(`[a*=b][a^=b][a$=b][a~=b][a|=b]`, `[a*="b"][a^="b"][a$="b"][a~="b"][a|="b"]`)
	f(`[a="B" i]`, `[a="b"i]`)
	f(`[a=B I]`, `[a="b"i]`)
	f(`[a="B"s]`, `[a="B"]`)
	f(`[a=""]`, `[a=""]`)
	f(":nth-child(3)", ":nth-child(0n+3)")
	f(":nth-child( odd ):nth-child(EVEN)", ":nth-child(2n+1):nth-child(2n+0)")
	f(":nth-child(2n+1):nth-child(-n + 3):nth-child(n):nth-child(+n-1):nth-child(-2n)", ":nth-child(2n+1):nth-child(-1n+3):nth-child(1n+0):nth-child(1n-1):nth-child(-2n+0)")
	f(`button:contains("Save now")`, `button:contains("Save now")`)
	f(`button:contains('Save "now"')`, `button:contains("Save \"now\"")`)
	f(`button:contains(Next)`, `button:contains("Next")`)
	f(`button:contains( Next step (2) )`, `button:contains("Next step (2)")`)
	f(`:contains(a\)b)`, `:contains("a)b")`)
	f(":not(.a)", ":not(.a)")
	f("a:not( .b , #c ):not([d])", "a:not(.b):not(#c):not([d])")
	f(":NOT(A):First-Child", ":nth-child(0n+1):not(a)")
	// Names: jQuery's are looser than CSS's.
	f("#123", "#123")
	f(".-a_b", ".-a_b")
	f(".größe", ".größe")
	f(`.md\:flex`, `.md\3a flex`)
	f(`#\31 23`, "#123")
	f(`.a\000062c`, ".abc")
	f(`.a\62 c`, ".abc")
	f(`.w-1\/2`, `.w-1\2f 2`)
	f(`.\0`, ".\uFFFD")
	f(`.\d800`, ".\uFFFD")
	f(`\#shadow-root .a`, `\23 shadow-root .a`)
	f(`[a="x\"y\
z\41"]`, `[a="x\"yzA"]`)
}

func TestSelectorErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		err := CheckSelector(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("selector %q: got error %v, want one with %q", cutText(text, 40), err, want)
		}
	}
	f("", "an element is missing, at the end")
	f("a,", "an element is missing, at the end")
	f(",a", `in front of ','`)
	f("a,,b", `in front of ','`)
	f("> a", `in front of '>'`)
	f("a > > b", `in front of '>'`)
	f("a >", "an element is missing, at the end")
	f("a + b", "'+' asks for siblings")
	f("a ~ b", "'~' asks for siblings")
	f("a~b", "'~' asks for siblings")
	f("a | b", "namespaces")
	f("*a", `unexpected 'a'`)
	f("a;b", `unexpected ';', at ";b"`)
	f("ä§ö!", `unexpected '!'`)
	f("a\x00b", "an element is missing")
	f("a\xff", "UTF-8")
	f(".", "a name is missing behind '.', at the end")
	f("a.#b", `a name is missing behind '.', at "#b"`)
	f("# a", "a name is missing behind '#'")
	f(`a\`, `unexpected '\\'`)
	f("[", "attribute's name is missing")
	f("[a", "']' is missing")
	f("[a=", "value is missing, or needs quotes")
	f("[a=/b]", "value is missing, or needs quotes")
	f("[a=b/c]", "needs quotes")
	f(`[a="b`, "a quote is not closed")
	f(`[a="b"x]`, "']' is missing")
	f("[a!=b]", "compared with")
	f("[a*b]", "compared with")
	f("[x|a=b]", "compared with")
	f(":hover", "of pseudo-classes there are")
	f("a:last-child", `at ":last-child"`)
	f("::before", "of pseudo-classes there are")
	f("a:first-child(1)", "of pseudo-classes there are")
	f(":nth-child", "of pseudo-classes there are")
	f(":nth-child(", `")" is missing`)
	for _, wrong := range []string{"", "x", "1.5", "2n1", "n2", "2n+", "2n++1", "--n", "3 of .a", "99999999999"} {
		f(":nth-child("+wrong+")", ":nth-child() takes a place")
	}
	f(":contains()", "has no text")
	f(`:contains("")`, "has no text")
	f(":contains(a", `")" is missing`)
	f(`:contains("a`, "a quote is not closed")
	f(`:contains("a" b)`, `")" is missing`)
	f(":not()", "unexpected ')'")
	f(":not(a", "in :not() stand conditions")
	f(":not(a b)", "in :not() stand conditions")
	f(":not(:not(a))", ":not() cannot stand in :not()")
	f(".a"+strings.Repeat(" .a", 1<<20/3), "bytes; it may have 16384")
}

func FuzzSelectors(f *testing.F) {
	for _, seed := range []string{
		"#main > .btn.btn-primary[name*='save' i]:nth-child(2n+1), a:not(.x):contains(\"Save\")", `.md\:flex \31 23`, "a b > c d",
		":contains(a(b)c)", "[a|=b][c~='d']", "h1:first-child", "*",
	} {
		f.Add(seed, `{"tag":"A","parentElem":{"tag":"DIV"}}`)
	}
	for _, c := range capturedClicks(f) {
		f.Add(".btn, #main input, body > div, [name]:not([value]), :contains(a)", string(c.Target))
	}
	f.Fuzz(func(t *testing.T, text, target string) {
		list, err := parseSelectors(text)
		if err != nil {
			return
		}
		for i := range list {
			spelled := write(&list[i])
			again, err := parseSelectors(spelled)
			if err != nil || len(again) != 1 || write(&again[0]) != spelled {
				t.Fatalf("%q is spelled %q, which gives %v, %v", text, spelled, again, err)
			}
			list[i].item = Item(i)
		}
		checkSelectors(t, list, target, nil)
	})
}

func TestCountSelectors(t *testing.T) {
	f := func(text string, want int) {
		t.Helper()
		if got := CountSelectors(text); got != want {
			t.Errorf("%q holds %d selectors, want %d", text, got, want)
		}
	}
	f("a", 1)
	f("a, b > c,d", 3)
	f(`[x="a,b"]`, 1)
	f("a,", 0)
}

// TestLongTextsHaveFewKeys: what a selector is filed under must not outgrow it.
func TestLongTextsHaveFewKeys(t *testing.T) {
	list, err := parseSelectors(`a[href*="` + strings.Repeat("0123456789", 700) + `"]:contains("` + strings.Repeat("abcdefghij", 700) + `")`)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list[0].keys()); n > 2*gramsMax+2 {
		t.Errorf("%d keys", n)
	}
}
