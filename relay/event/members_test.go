package event

import (
	"errors"
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	f := func(obj, want string) {
		t.Helper()
		var got []string
		err := Members([]byte(obj), func(key, value []byte) bool {
			got = append(got, string(key)+"="+string(value))
			return true
		})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: got %s, %v, want %s", obj, got, err, want)
		}
	}
	f(`{}`, ``)
	f(`{"a":1}`, `"a"=1`)
	f(`{"a":"}","b":{"c":[1,"]",{}]},"\"":-1e-7,"":null}`, `"a"="}" "b"={"c":[1,"]",{}]} "\""=-1e-7 ""=null`)
	f(`{"a\\":"\\","b\\\"":"\\\"}"}`, `"a\\"="\\" "b\\\""="\\\"}"`)
	f(`{"a":[],"b":{},"c":true}`, `"a"=[] "b"={} "c"=true`)
}

func TestElements(t *testing.T) {
	f := func(arr, want string) {
		t.Helper()
		var got []string
		err := Elements([]byte(arr), func(value []byte) bool {
			got = append(got, string(value))
			return true
		})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: got %s, %v, want %s", arr, got, err, want)
		}
	}
	f(`[]`, ``)
	f(`[1]`, `1`)
	f(`["a,b",[2,[3]],{"c":[4]},null]`, `"a,b" [2,[3]] {"c":[4]} null`)
}

func TestMembersStopsWhenAsked(t *testing.T) {
	n := 0
	err := Members([]byte(`{"a":1,"b":2,`), func(_, _ []byte) bool { n++; return n < 2 })
	if n != 2 || err != nil {
		t.Fatalf("%d calls, %v", n, err)
	}
	n = 0
	err = Elements([]byte(`[1,2,`), func([]byte) bool { n++; return false })
	if n != 1 || err != nil {
		t.Fatalf("%d calls, %v", n, err)
	}
}

func TestReadersRefuseWhatIsNotWhole(t *testing.T) {
	for _, in := range []string{``, `{`, `}`, `{]`, `[}`, `{"a"}`, `{"a":}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a":1}}`, `{}{}`, `{"a:1}`, `{"a":"1}`,
		`{"a":[1}`, `{"a":{}`, `{"a":]}`, `{:1}`, `{"a",1}`, `[`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1]]`, `[:]`, `["]`, `["a\"]`, `null`, `12`, `"{}"`} {
		var object, array *SyntaxError
		if err := Members([]byte(in), func(_, _ []byte) bool { return true }); !errors.As(err, &object) {
			t.Errorf("Members(%s): %v", in, err)
		}
		if err := Elements([]byte(in), func([]byte) bool { return true }); !errors.As(err, &array) {
			t.Errorf("Elements(%s): %v", in, err)
		}
	}
}

func TestLookup(t *testing.T) {
	f := func(obj, key, want string) {
		t.Helper()
		got := Lookup([]byte(obj), key)
		if string(got) != want || (got == nil) != (want == "") {
			t.Errorf("%s: %q = %q, want %q", obj, key, got, want)
		}
	}
	f(`{"a":1,"b":{"a":2},"a\nb":3,"é":4,"":5,"a\\nb":6}`, "a", "1")
	f(`{"a":1,"b":{"a":2},"a\nb":3,"é":4,"":5,"a\\nb":6}`, "b", `{"a":2}`)
	f(`{"a":1,"b":{"a":2},"a\nb":3,"é":4,"":5,"a\\nb":6}`, "a\nb", "3")
	f(`{"a":1,"b":{"a":2},"a\nb":3,"é":4,"":5,"a\\nb":6}`, "é", "4")
	f(`{"a":1,"b":{"a":2},"a\nb":3,"é":4,"":5,"a\\nb":6}`, "", "5")
	f(`{"a":1,"b":{"a":2},"a\nb":3,"é":4,"":5,"a\\nb":6}`, `a\nb`, "6")
	f(`{"a":1}`, "A", "")
	f(`{}`, "a", "")
	f(`[1]`, "a", "")
	f(``, "a", "")
	long := strings.Repeat("k", 500)
	f(`{"`+long+`":true}`, long, "true")
}

// TestIsIndex: what JavaScript prints first is a number from 0 to 2^32-2, in the one way of writing it.
func TestIsIndex(t *testing.T) {
	for key, want := range map[string]bool{
		`"0"`: true, `"7"`: true, `"10"`: true, `"4294967294"`: true, `"4294967295"`: false, `"00"`: false, `"01"`: false, `"-1"`: false,
		`"1.0"`: false, `"a"`: false, `""`: false, `"`: false, ``: false, `"1a"`: false, `"99999999999999999999"`: false,
	} {
		if got := IsIndex([]byte(key)); got != want {
			t.Errorf("%s: %t, want %t", key, got, want)
		}
	}
}
