package event

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outline prints a value the way a Reader sees it.
func outline(r *Reader, depth int) string {
	switch r.Kind() {
	case '{':
		var parts []string
		r.Object(func(key []byte) {
			if strings.HasPrefix(string(key), `"skip`) {
				return
			}
			parts = append(parts, string(key)+"="+outline(r, depth+1))
		})
		return "{" + strings.Join(parts, " ") + "}"
	case '[':
		var parts []string
		r.Array(func() { parts = append(parts, outline(r, depth+1)) })
		return "[" + strings.Join(parts, " ") + "]"
	default:
		return string(r.Value())
	}
}

func TestReaderReadsNestedValuesInPlace(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		r := NewReader([]byte(in))
		if got := outline(&r, 0); got != want || r.Err() != nil || r.Offset() != len(in) {
			t.Errorf("%s: got %s, error %v, %d of %d bytes read; want %s", in, got, r.Err(), r.Offset(), len(in), want)
		}
	}
	f(`{}`, `{}`)
	f(`[]`, `[]`)
	f(`"a\"b"`, `"a\"b"`)
	f(`{"a":1,"b":{"c":[1,{"d":"}"}],"e":null}}`, `{"a"=1 "b"={"c"=[1 {"d"="}"}] "e"=null}}`)
	f(`{"a":[],"skip":{"x":[1,2]},"z":true}`, `{"a"=[] "z"=true}`)
	f(`[[[]],{},[{}]]`, `[[[]] {} [{}]]`)
}

func TestReaderFindsFaults(t *testing.T) {
	for _, in := range []string{``, `{`, `{"a"`, `{"a":`, `{"a":1`, `[1`, `[1,`, `{"a" :1}`, `{1:2}`, `{"a":1,}`} {
		r := NewReader([]byte(in))
		outline(&r, 0)
		if r.Err() == nil {
			t.Errorf("%q: no error", in)
		}
	}
}

// FuzzReader compares the Reader with Members and Elements on what Stable makes of anything.
func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,"x",{}]},"c":null}`))
	f.Add([]byte(`[{"a":1},{"a":2}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		wild := NewReader(raw)
		outline(&wild, 0) // must end
		var s Stable
		value, err := s.Append(nil, raw)
		if err != nil {
			return
		}
		r := NewReader(value)
		if got, want := outline(&r, 0), outlineByMembers(value); got != want || r.Err() != nil {
			t.Fatalf("%s: got %s, %v; want %s", value, got, r.Err(), want)
		}
	})
}

func outlineByMembers(value []byte) string {
	var parts []string
	switch value[0] {
	case '{':
		_ = Members(value, func(k, v []byte) bool {
			if !strings.HasPrefix(string(k), `"skip`) {
				parts = append(parts, string(k)+"="+outlineByMembers(v))
			}
			return true
		})
		return "{" + strings.Join(parts, " ") + "}"
	case '[':
		_ = Elements(value, func(v []byte) bool { parts = append(parts, outlineByMembers(v)); return true })
		return "[" + strings.Join(parts, " ") + "]"
	}
	return string(value)
}

// BenchmarkReadMessages reads a batch of messages with one nested object each, in place and by Members.
func BenchmarkReadMessages(b *testing.B) {
	message := `{"context":{"groupId":"account-17","library":{"name":"x","version":"1"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"},` +
		`"event":"Report Exported","messageId":"bench-1-2","properties":{"filters":["region","quarter"],"format":"xlsx","report":"Quarterly revenue by region","rows":48210},"type":"track","userId":"visitor-1"}`
	batch := []byte("[" + strings.Join(slices.Repeat([]string{message}, 100), ",") + "]")
	var seen int
	b.Run("reader", func(b *testing.B) {
		b.SetBytes(int64(len(batch)))
		b.ReportAllocs()
		for b.Loop() {
			r := NewReader(batch)
			nested := func([]byte) { seen += len(r.Value()) }
			member := func(key []byte) {
				if string(key) == `"context"` {
					r.Object(nested)
				} else {
					seen += len(r.Value())
				}
			}
			r.Array(func() { r.Object(member) })
		}
	})
	b.Run("members", func(b *testing.B) {
		b.SetBytes(int64(len(batch)))
		b.ReportAllocs()
		nested := func(_, value []byte) bool { seen += len(value); return true }
		for b.Loop() {
			_ = Elements(batch, func(one []byte) bool {
				return Members(one, func(key, value []byte) bool {
					if string(key) == `"context"` {
						return Members(value, nested) == nil
					}
					seen += len(value)
					return true
				}) == nil
			})
		}
	})
	if seen == 0 {
		b.Fatal(fmt.Sprint("nothing was seen"))
	}
}
