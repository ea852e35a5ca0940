package format

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"edgerelay/relay/event"
)

func TestAppendCut(t *testing.T) {
	f := func(literal string, most int, want string) {
		t.Helper()
		if got := string(appendCut([]byte("x"), []byte(literal), most)); got != "x"+want {
			t.Errorf("appendCut(%s, %d) = %s, want %s", literal, most, got[1:], want)
		}
	}
	f(`"abc"`, 3, `"abc"`)
	f(`"abcd"`, 3, `"abc"`)
	f(`"äöü€"`, 3, `"äöü"`)
	f(`"a\"\\\nb"`, 3, `"a\"\\"`)
	f(`"\u0001\u0002"`, 1, `"\u0001"`)
	f(`"a\ud83db"`, 9, `"a`+"\ufffd"+`b"`)
	f(`"`+strings.Repeat("a", 99)+`\udc00"`, 100, `"`+strings.Repeat("a", 99)+"\ufffd\"")
	f(`""`, 0, `""`)
	f(`"a"`, 0, `""`)
	f(`12`, 1, `12`)
	f(``, 1, ``)
}

func TestBounds(t *testing.T) {
	b := bounds{characters: 4, members: 2, depth: 2}
	f := func(value, want string) {
		t.Helper()
		if got := string(b.appendValue(nil, []byte(value), 0)); got != want {
			t.Errorf("%s becomes %s, want %s", value, got, want)
		}
	}
	f(`"abcde"`, `"abcd"`)
	f(`1`, `1`)
	f(``, `null`)
	f(`{"a":1,"b":2,"c":3}`, `{"a":1,"b":2}`)
	f(`[1,2,3]`, `[1,2]`)
	f(`[]`, `[]`)
	f(`{}`, `{}`)
	f(`{"a":{"b":"abcde"}}`, `{"a":{"b":"abcd"}}`)
	f(`{"a":{"b":[1,2]}}`, `{"a":{"b":"[1,2"}}`)
	f(`[[{"a":1}]]`, `[["{\"a\""]]`)
	f(`{"long key":1,"b":2,"c":3}`, `{"b":2,"c":3}`)
	b.characters = 8
	f(`{"\ud800":1,"\\ud8":2,"\u0001":3}`, `{"\\ud8":2,"\u0001":3}`)
}

// FuzzBounds: what stable JSON is cut to is JSON within the bounds.
func FuzzBounds(f *testing.F) {
	f.Add(`{"a":"b\u0001","c":[1,{"d":{"e":[]}}]}`, 3, 2, 2)
	f.Add(`"\ud800\ud800"`, 1, 1, 0)
	f.Add(`[[[["xx"]]]]`, 2, 9, 3)
	f.Fuzz(func(t *testing.T, text string, characters, members, depth int) {
		var stable event.Stable
		value, err := stable.Append(nil, []byte(text))
		if err != nil {
			return
		}
		b := bounds{characters: max(characters%100, 0), members: max(members%10, 1), depth: max(depth%4, 0)}
		got := b.appendValue(nil, value, 0)
		if !json.Valid(got) {
			t.Fatalf("%s becomes %s", value, got)
		}
		var s string
		if json.Unmarshal(got, &s) == nil && value[0] == '"' && utf8.RuneCountInString(s) > b.characters && len(value) > 2 {
			t.Fatalf("%s becomes %s, more than %d characters", value, got, b.characters)
		}
	})
}
