package mask

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// FuzzMask compares with a slow and simple way to say the same. What leaves is stable JSON, holds nothing that was to go,
// and everything else as it was.
func FuzzMask(f *testing.F) {
	for _, drops := range []string{"a", "a.b *c", "**.b a.*.c", "*", "**.a.b b*d*e"} {
		f.Add(drops, "b x.y", []byte(`{"a":{"b":[{"c":1},[{"b":"x"}]],"a.b":2,"c":"\n"},"b":"","x.y":null,"1":{"a":{"b":1.5}}}`))
		f.Add(drops, "**.x", []byte(`{"bde":"\u00e9","x":{"x":["x"]},"a.b.c":{"c":{}},"é\"":[],"abc":[[],{"x":"y"}]}`))
	}
	s := new(Scratch)
	f.Fuzz(func(t *testing.T, drops, hashes string, raw []byte) {
		var form event.Stable
		object, err := form.Append(nil, raw)
		if err != nil || object[0] != '{' || bytes.Contains(object, []byte(`\ud`)) || bytes.Count(object, []byte{'.'}) > 8 {
			return // lone surrogates are no text here, and each dot doubles the work
		}
		m, err := Compile(names(drops), names(hashes), "")
		if err != nil {
			return
		}
		got := m.AppendObject(nil, object, s)
		if again, err := form.Append(nil, got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%s is not stable: %v", got, err)
		}
		check{t, names(drops), names(hashes)}.value(decoded(t, object), decoded(t, got), nil)
		subsequence(t, object, got)
	})
}

// FuzzMaskAnything: whatever is given, nothing panics, and what leaves is JSON that can be signed or nothing but what came.
func FuzzMaskAnything(f *testing.F) {
	f.Add([]byte(`{"a":"x\"}`))
	f.Add([]byte(`{"a":[1,{"email":"b"}]}`))
	f.Add([]byte(`{"a" 1,}`))
	m, s := compile(f, "**.email", "a", ""), new(Scratch)
	f.Fuzz(func(t *testing.T, object []byte) {
		got := m.AppendObject(nil, object, s)
		if len(got) > len(object)+2+bytes.Count(object, []byte{'"', 'a'})*80 {
			t.Errorf("%s became %s", object, got)
		}
	})
}

func decoded(t *testing.T, object []byte) any {
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// check holds what came against what left, the slow way: each way against each name.
type check struct {
	*testing.T
	drops, hashes []string
}

func (c check) value(in, out any, way []string) {
	switch in := in.(type) {
	case []any:
		list, ok := out.([]any)
		if !ok || len(list) != len(in) {
			c.Fatalf("%v at %q became %v", in, way, out)
		}
		for i := range in {
			c.value(in[i], list[i], way)
		}
	case map[string]any:
		object, ok := out.(map[string]any)
		if !ok {
			c.Fatalf("%v at %q became %v", in, way, out)
		}
		left := 0
		for key, value := range in {
			other, there := object[key]
			if below := append(way[:len(way):len(way)], key); c.member(value, other, there, below) {
				left++
			}
		}
		if left != len(object) {
			c.Errorf("%v at %q became %v", in, way, out)
		}
	default:
		if in != out {
			c.Errorf("%v at %q became %v", in, way, out)
		}
	}
}

// member says whether the member at way is to leave, in whatever form.
func (c check) member(in, out any, there bool, way []string) bool {
	dropped := met(c.drops, way)
	if dropped == there {
		c.Errorf("%q: to drop %v, there %v", way, dropped, there)
	}
	if dropped || !met(c.hashes, way) {
		if !dropped {
			c.value(in, out, way)
		}
		return !dropped
	}
	want := out
	switch in := in.(type) {
	case nil:
		want = nil
	case string:
		if want = ""; in != "" {
			want = strings.Trim(sum(in), `"`)
		}
	case json.Number:
		want = strings.Trim(sum(in.String()), `"`)
	}
	if text, ok := out.(string); out != want || in != nil && !ok || ok && in != "" && len(text) != 64 {
		c.Errorf("%q: %v became %v", way, in, out)
	}
	return true
}

func met(names, way []string) bool {
	for _, seen := range spellings(way) {
		for _, name := range names {
			parts, anywhere := strings.CutPrefix(name, "**.")
			for from := range seen {
				if from > 0 && !anywhere {
					break
				}
				if begins(seen[from:], strings.Split(parts, ".")) {
					return true
				}
			}
		}
	}
	return false
}

// spellings are all ways to read a way: each key that has dots as one, and as its pieces.
func spellings(way []string) [][]string {
	if len(way) == 0 {
		return [][]string{nil}
	}
	var all [][]string
	for _, rest := range spellings(way[1:]) {
		all = append(all, append([]string{way[0]}, rest...))
		if strings.Contains(way[0], ".") {
			all = append(all, append(strings.Split(way[0], "."), rest...))
		}
	}
	return all
}

func begins(seen, parts []string) bool {
	if len(seen) < len(parts) {
		return false
	}
	for i, part := range parts {
		pattern := "(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(part), `\*`, ".*") + "$"
		if !regexp.MustCompile(pattern).MatchString(seen[i]) {
			return false
		}
	}
	return true
}

// subsequence says that the members of out stand in the order of in.
func subsequence(t *testing.T, in, out []byte) {
	var keys []string
	_ = event.Members(in, func(key, _ []byte) bool {
		keys = append(keys, string(key))
		return true
	})
	if err := event.Members(out, func(key, _ []byte) bool {
		at := slices.Index(keys, string(key))
		if at < 0 {
			t.Errorf("%s in %s, not in this order in %s", key, out, in)
			return false
		}
		keys = keys[at+1:]
		return true
	}); err != nil {
		t.Errorf("%s: %v", out, err)
	}
}
