package event

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzStable(f *testing.F) {
	for _, text := range loadVectors(f).Texts {
		f.Add([]byte(*text[0]))
	}
	f.Add([]byte(nested))
	f.Add(manyKeys(70, func(i int) string { return string(rune('a' + i)) }))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s Stable
		out, err := s.Append(nil, raw)
		if valid := json.Valid(raw) && utf8.Valid(raw) && !tooDeep(raw); valid != (err == nil) {
			t.Fatalf("%q: %v, valid is %v", raw, err, valid)
		}
		if fault, ok := err.(*SyntaxError); err != nil && (!ok || fault.Offset < 0 || fault.Offset > len(raw)) {
			t.Fatalf("%q: the place is wrong: %v", raw, err)
		}
		if err != nil {
			return
		}
		again, err := s.Append(nil, out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%q: once %q, twice %q, %v", raw, out, again, err)
		}
		checkStable(t, out)
		if !strings.Contains(strings.ToLower(string(raw)), `\ud`) { // encoding/json makes lone surrogates one character
			sameMeaning(t, raw, out)
		}
	})
}

// tooDeep says of valid JSON that it nests deeper than stable JSON may.
func tooDeep(raw []byte) bool {
	depth, deepest := 0, 0
	for decoder := json.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := decoder.Token()
		if err != nil {
			return deepest > DepthMax
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		deepest = max(deepest, depth)
	}
}

// sameMeaning checks that encoding/json reads the same from both. What it refuses (1e400) says nothing.
func sameMeaning(t *testing.T, raw, out []byte) {
	var want, got any
	if json.Unmarshal(raw, &want) != nil {
		return
	}
	if err := json.Unmarshal(out, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: %q means something else, %v", raw, out, err)
	}
}

// checkStable takes out apart with the readers: they must see it whole, with each object's keys once and in order.
func checkStable(t *testing.T, out []byte) {
	switch out[0] {
	case '{':
		var keys []string
		last := int64(-1)
		err := Members(out, func(key, value []byte) bool {
			index, ok := arrayIndex(key[1 : len(key)-1])
			if ok && (index <= last || len(keys) > 0) || slices.Contains(keys, string(key)) {
				t.Fatalf("%s: key %s is out of place", out, key)
			}
			if ok {
				last = index
			} else {
				keys = append(keys, string(key))
			}
			checkStable(t, value)
			return true
		})
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
	case '[':
		if err := Elements(out, func(value []byte) bool { checkStable(t, value); return true }); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
	case '"':
		text := AppendText(nil, out)
		if !bytes.Contains(out, []byte(`\ud`)) && !bytes.Equal(AppendString(nil, text), out) {
			t.Fatalf("%s: its text %q has another literal", out, text)
		}
	}
}

// Readers get stable JSON only; given anything else they may be wrong, but must come to an end.
func FuzzReaders(f *testing.F) {
	f.Add([]byte(nested), "event")
	f.Add([]byte(`{"a":[1,{"b":"\""}]}`), "a")
	f.Add([]byte(`["\\",{}]`), "")
	f.Fuzz(func(t *testing.T, b []byte, key string) {
		size := 0
		count := func(value []byte) bool { size += 1 + len(value); return true }
		_ = Members(b, func(key, value []byte) bool { return count(append(key, value...)) })
		_ = Elements(b, count)
		if size > 2*len(b)+2 {
			t.Fatalf("%q: the parts are larger than the whole", b)
		}
		Lookup(b, key)
		PlainText(b)
		AppendText(nil, b)
		literal := AppendString(nil, key)
		if got := string(AppendText(nil, literal)); got != string([]rune(key)) {
			t.Fatalf("%q became %q", key, got)
		}
	})
}

func FuzzParseRecord(f *testing.F) {
	for _, k := range []Kind{PageLoaded, TrackEventReceived, PollSubmitted, UserDeleted, FlowSeen} {
		e := Sample(k)
		f.Add(e.AppendRecord(nil))
	}
	f.Add(bytesOf(f, golden))
	traced := small()
	traced.Trace = []byte("0123456789abcdef01234567\x01a=b")
	f.Add(traced.AppendRecord(nil))
	f.Fuzz(func(t *testing.T, rec []byte) {
		var e, back Event
		if ParseRecord(rec, &e) != nil {
			if !equal(&e, &Event{}) {
				t.Fatalf("an error left %+v", e)
			}
			return
		}
		if err := ParseRecord(e.AppendRecord(nil), &back); err != nil || !equal(&e, &back) {
			t.Fatalf("%v:\n got %+v\nwant %+v", err, back, e)
		}
	})
}

func FuzzParseNote(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add([]byte{3, 1, 128, 'x'}, 15)
	f.Fuzz(func(t *testing.T, b []byte, i int) {
		n, err := ParseNote(b)
		if err != nil {
			return
		}
		again, err := ParseNote(n.Append(nil))
		if err != nil || again.Has(i) != n.Has(i) || !bytes.Equal(again.Extra, n.Extra) || again.All != n.All {
			t.Fatalf("%x: %+v, then %+v, %v", b, n, again, err)
		}
	})
}
