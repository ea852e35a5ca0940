package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// vectors is testdata/stable.json: what Node prints, made by stable.mjs beside it.
type vectors struct {
	Texts   [][2]*string
	Numbers [][2]string
}

func loadVectors(t testing.TB) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("testdata/stable.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStableIsWhatJavaScriptPrints(t *testing.T) {
	v := loadVectors(t)
	if len(v.Texts) < 400 {
		t.Fatalf("only %d vectors", len(v.Texts))
	}
	var s Stable
	for _, text := range v.Texts {
		got, err := s.Append(nil, []byte(*text[0]))
		switch want := text[1]; {
		case want == nil && err == nil:
			t.Errorf("%q: got %q, JavaScript refuses it", *text[0], got)
		case want != nil && err != nil:
			t.Errorf("%q: %v, JavaScript prints %q", *text[0], err, *want)
		case want != nil && string(got) != *want:
			t.Errorf("%q:\n got %q\nwant %q", *text[0], got, *want)
		}
	}
}

func TestAppendNumberIsWhatJavaScriptPrints(t *testing.T) {
	for _, number := range loadVectors(t).Numbers {
		bits, err := strconv.ParseUint(number[0], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendNumber(nil, math.Float64frombits(bits)); string(got) != number[1] {
			t.Errorf("%s: got %s, want %s", number[0], got, number[1])
		}
	}
}

// Integers keep their digits where JavaScript would round them: the one exception.
func TestStableKeepsIntegers(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		var s Stable
		got, err := s.Append(nil, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", in, got, err, want)
		}
	}
	f("9007199254740993", "9007199254740993")
	f("-9007199254740993", "-9007199254740993")
	f("18446744073709551616", "18446744073709551616")
	f("-123456789012345678901234567890", "-123456789012345678901234567890")
	f("1"+strings.Repeat("0", 400), "1"+strings.Repeat("0", 400))
	f(`{"id": 4802463602049999123 , "n":-0}`, `{"id":4802463602049999123,"n":0}`)
	f("9007199254740993.0", "9007199254740992")
	f("9007199254740993e0", "9007199254740992")
}

func TestStableFaults(t *testing.T) {
	f := func(in string, offset int, msg string) {
		t.Helper()
		var s Stable
		got, err := s.Append([]byte("before"), []byte(in))
		var fault *SyntaxError
		if !errors.As(err, &fault) {
			t.Errorf("%q: got %q and error %v", in, got, err)
			return
		}
		if string(got) != "before" {
			t.Errorf("%q: dst came back as %q", in, got)
		}
		if fault.Offset != offset || fault.Msg != msg {
			t.Errorf("%q: got %d %q, want %d %q", in, fault.Offset, fault.Msg, offset, msg)
		}
	}
	f("", 0, "unexpected end, a value is missing")
	f("  ", 2, "unexpected end, a value is missing")
	f(`{"a":`, 5, "unexpected end, a value is missing")
	f(`{"a":1`, 6, "expected ',' or '}' in the object")
	f(`{"a":1,`, 7, "expected a key in double quotes")
	f(`{"a":1,}`, 7, "expected a key in double quotes")
	f(`{"a"}`, 4, "expected ':' behind the key")
	f(`[1 2]`, 3, "expected ',' or ']' in the array")
	f(`[1,]`, 3, "unexpected ']' where a value starts")
	f(`{} x`, 3, "unexpected 'x' after the value")
	f("{}\xff", 2, "unexpected byte 0xff after the value")
	f("\xef\xbb\xbf{}", 0, "unexpected byte 0xef where a value starts")
	f("\x00", 0, `unexpected '\x00' where a value starts`)
	f(`nuLl`, 2, "expected null")
	f(`tru`, 3, "expected true")
	f(`fals `, 4, "expected false")
	f(`-`, 1, "expected a digit in the number")
	f(`[-x]`, 2, "expected a digit in the number")
	f(`-01`, 1, "leading zero in a number")
	f(`1.`, 2, "expected a digit behind the decimal point")
	f(`1.5e+`, 5, "expected a digit in the exponent")
	f(`"abc`, 4, "unexpected end in a string")
	f(`"abc\`, 5, "unexpected end in a string")
	f("\"12345678\n\"", 9, "control character in a string, it must be escaped")
	f("\"\x1f", 1, "control character in a string, it must be escaped")
	f(`"\x"`, 2, "unknown escape in a string")
	f(`"ab\u12g4"`, 3, `expected four hex digits behind \u`)
	f(`"\u12`, 1, `expected four hex digits behind \u`)
	f("\"ab\xffcd\"", 3, "invalid UTF-8 in a string")
	f("\"\xed\xa0\x80\"", 1, "invalid UTF-8 in a string")
	f("\"\xc0\x80\"", 1, "invalid UTF-8 in a string")
	f("\"\xf4\x90\x80\x80\"", 1, "invalid UTF-8 in a string")
	f("{\"é\xe9\":1}", 4, "invalid UTF-8 in a string")
	f("\"\xe4\xb8\"", 1, "invalid UTF-8 in a string")
	f(strings.Repeat("[", DepthMax+1), DepthMax, "nested deeper than 512")
	f(strings.Repeat(`{"a":`, DepthMax+1), 5*DepthMax, "nested deeper than 512")
	if got := (&SyntaxError{17, "expected true"}).Error(); got != "json: byte 17: expected true" {
		t.Errorf("error reads %q", got)
	}
}

func TestStableDepth(t *testing.T) {
	var s Stable
	in := strings.Repeat(`[{"b":1,"a":`, DepthMax/2) + "0" + strings.Repeat("}]", DepthMax/2)
	if got, err := s.Append(nil, []byte(in)); err != nil || string(got) != in {
		t.Fatalf("%d levels: %v", DepthMax, err)
	}
	in = strings.Repeat(`[{"b":1,"0":`, DepthMax/2) + "0" + strings.Repeat("}]", DepthMax/2)
	want := strings.Repeat(`[{"0":`, DepthMax/2) + "0" + strings.Repeat(`,"b":1}]`, DepthMax/2)
	if got, err := s.Append(nil, []byte(in)); err != nil || string(got) != want {
		t.Fatalf("%d levels out of order: %v", DepthMax, err)
	}
}

// Every position of a special byte within the eight that are looked at together, and every length of what follows.
func TestStableStringsOfEveryLength(t *testing.T) {
	var s Stable
	for before := range 20 {
		for after := range 20 {
			a, b := strings.Repeat("a", before), strings.Repeat("b", after)
			for _, special := range []string{`\"`, `\\`, `\n`, "é", "\x7f", "😀"} {
				in := `["` + a + special + b + `"]`
				if got, err := s.Append(nil, []byte(in)); err != nil || string(got) != in {
					t.Fatalf("%q: got %q, %v", in, got, err)
				}
			}
			for _, special := range []string{"\n", "\x00", "\xff", "\xc3"} {
				var fault *SyntaxError
				if _, err := s.Append(nil, []byte(`["`+a+special+b+`"]`)); !errors.As(err, &fault) || fault.Offset != 2+before {
					t.Fatalf("%q behind %d bytes: %v", special, before, err)
				}
			}
		}
	}
}

// Appending does not touch what stands before, and one Stable serves input of every sort in turn.
func TestStableAppends(t *testing.T) {
	var s Stable
	dst := []byte("x=")
	for _, in := range []string{`{"a":1}`, `{ "b":2,"b":3,"1":4}`, `[`, `"\u0041"`} {
		dst, _ = s.Append(dst, []byte(in))
	}
	if want := `x={"a":1}{"1":4,"b":3}"A"`; string(dst) != want {
		t.Fatalf("got %s, want %s", dst, want)
	}
}

// manyKeys is an object of n members named by name.
func manyKeys(n int, name func(i int) string) []byte {
	b := []byte{'{'}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendString(b, name(i))
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(i), 10)
	}
	return append(b, '}')
}

func TestStableManyKeys(t *testing.T) {
	var s Stable
	key := func(i int) string { return "key-" + strconv.Itoa(i) }
	for _, n := range []int{1, 2, 63, 64, 65, 66, 200, 100_000} {
		in := manyKeys(n, key)
		got, err := s.Append(nil, in)
		if err != nil || !bytes.Equal(got, in) {
			t.Fatalf("%d distinct keys changed: %v", n, err)
		}
		twice := append(append(in[:len(in)-1:len(in)-1], `,"key-0":"last"`...), '}')
		want := bytes.Replace(in, []byte(`"key-0":0`), []byte(`"key-0":"last"`), 1)
		if got, err := s.Append(nil, twice); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d keys and one twice: %v", n, err)
		}
	}
	down := func(i int) string { return strconv.Itoa(50_000 - 1 - i) }
	got, err := s.Append(nil, manyKeys(50_000, down))
	if err != nil || !bytes.HasPrefix(got, []byte(`{"0":49999,"1":49998,`)) || !bytes.HasSuffix(got, []byte(`"49999":0}`)) {
		t.Fatalf("descending indices: %v", err)
	}
	for _, scratch := range []int{cap(s.keys), cap(s.order.copy), cap(s.order.open), cap(s.order.slots), cap(s.order.placed), cap(s.order.untidy)} {
		if scratch > scratchKeep {
			t.Errorf("scratch of %d entries is kept after a large object", scratch)
		}
	}
}

func TestAppendStringAndText(t *testing.T) {
	f := func(text, literal string) {
		t.Helper()
		got := AppendString([]byte("x"), text)
		if string(got) != "x"+literal {
			t.Errorf("AppendString(%q) = %s, want %s", text, got[1:], literal)
		}
		if same := AppendString(nil, []byte(text)); string(same) != literal {
			t.Errorf("AppendString of bytes %q = %s, want %s", text, same, literal)
		}
		var s Stable
		if stable, err := s.Append(nil, []byte(literal)); err != nil || string(stable) != literal {
			t.Errorf("%s is not stable: %s, %v", literal, stable, err)
		}
		back := string(AppendText([]byte("x"), []byte(literal)))
		if want := "x" + string([]rune(text)); back != want {
			t.Errorf("AppendText(%s) = %q, want %q", literal, back[1:], want[1:])
		}
		plain, ok := PlainText([]byte(literal))
		if ok == strings.Contains(literal, `\`) || ok && string(plain) != back[1:] {
			t.Errorf("PlainText(%s) = %q, %v", literal, plain, ok)
		}
	}
	f("", `""`)
	f("plain", `"plain"`)
	f(`say "a\b"`, `"say \"a\\b\""`)
	f("\b\f\n\r\t", `"\b\f\n\r\t"`)
	f("\x00\x01\x0b\x1f \x7f", `"\u0000\u0001\u000b\u001f `+"\x7f\"")
	f("<a href='x'>&", `"<a href='x'>&"`)
	f("é中😀\u2028\u2029", "\"é中😀\u2028\u2029\"")
	f("a\xffb\xc3", "\"a\ufffdb\ufffd\"")
	f("\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\"")
	f("\ufffd", "\"\ufffd\"")
	f(`\`, `"\\"`)
	f("\\n", `"\\n"`)
}

func TestAppendTextOfOthers(t *testing.T) {
	f := func(literal, want string) {
		t.Helper()
		if got := AppendText(nil, []byte(literal)); string(got) != want {
			t.Errorf("AppendText(%s) = %q, want %q", literal, got, want)
		}
	}
	f(`"\ud83d"`, "\ufffd")
	f(`"a\udc00\ud800b"`, "a\ufffd\ufffdb")
	f(`12`, "12")
	f(`-1.5`, "-1.5")
	f(`null`, "null")
	f(`{"a":"b"}`, `{"a":"b"}`)
	f(``, ``)
	f(`"`, `"`)
	f(`"\"`, `\`)
	f(`"\u12"`, `u12`)
}
