package sink

import (
	"strings"
	"testing"
)

func TestAppendColumn(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := string(appendColumn(nil, []byte(text), 6)); got != "  "+want {
			t.Errorf("%q is printed as %q, want %q", text, got, "  "+want)
		}
	}
	f("", "-     ")
	f("ab", "ab    ")
	f("abcdefg", "abcdefg")
	f("größe", "größe ")
	f("-", `"-"   `)
	f("a b", `"a b" `)
	f(`"`, `"\""  `)
	f("\x1b[2J", `"\x1b[2J"`)
	f("a\nb", `"a\nb"`)
	f("\u202etxt", `"\u202etxt"`)
	f("\xff", `"\xff"`)
	f(strings.Repeat("ü", textMax), strings.Repeat("ü", textMax))
	f(strings.Repeat("ü", textMax+1), `"`+strings.Repeat("ü", textMax)+`"…`)
}
