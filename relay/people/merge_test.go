package people

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"edgerelay/relay/event"
)

// field is one member of an object.
type field struct{ key, value string }

// fieldsOf reads an object that must be stable.
func fieldsOf(t *testing.T, object []byte) (fields []field) {
	t.Helper()
	var s event.Stable
	if stable, err := s.Append(nil, object); err != nil || !bytes.Equal(stable, object) {
		t.Fatalf("%s is not stable JSON: %v", object, err)
	}
	if !json.Valid(object) {
		t.Fatalf("%s is not JSON", object)
	}
	err := event.Members(object, func(key, value []byte) bool {
		fields = append(fields, field{string(key), string(value)})
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

func valueOf(fields []field, key string) (string, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
	if i < 0 {
		return "", false
	}
	return fields[i].value, true
}

// checkMerge holds a merge and its diff against the definition, field by field.
func checkMerge(t *testing.T, before, values, after []byte, d Diff) {
	t.Helper()
	was, given, is := fieldsOf(t, before), fieldsOf(t, values), fieldsOf(t, after)
	want := map[string]string{}
	for _, f := range append(slices.Clone(was), given...) {
		want[f.key] = f.value
	}
	if len(is) != len(want) {
		t.Fatalf("%s with %s is %s: %d fields, want %d", before, values, after, len(is), len(want))
	}
	for _, f := range is {
		if want[f.key] != f.value {
			t.Fatalf("%s with %s is %s: %s should be %s", before, values, after, f.key, want[f.key])
		}
	}
	if !d.Changed {
		if !bytes.Equal(before, after) || d.Old != nil || d.New != nil {
			t.Fatalf("%s became %s unnoticed", before, after)
		}
		return
	}
	old, now := fieldsOf(t, d.Old), fieldsOf(t, d.New)
	changed := 0
	for _, f := range is {
		before, existed := valueOf(was, f.key)
		told, inOld := valueOf(old, f.key)
		fresh, inNew := valueOf(now, f.key)
		differs := !existed || before != f.value
		if inNew != differs || inOld != (differs && existed) || inNew && fresh != f.value || inOld && told != before {
			t.Fatalf("%s with %s: diff %s → %s is wrong on %s", before, values, d.Old, d.New, f.key)
		}
		if differs {
			changed++
		}
	}
	if changed == 0 || len(now) != changed {
		t.Fatalf("%s with %s: %d fields changed, the diff tells %s", before, values, changed, d.New)
	}
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"role":"admin","seats":1}`), []byte(`{"seats":2,"plan":"gold"}`))
	f.Add([]byte(`{"b":1,"10":1,"9":2}`), []byte(`{"9":3,"1":null,"a":{"10":1,"9":1},"a":[]}`))
	f.Add([]byte(`{}`), []byte(`{}`))
	f.Add([]byte(`{"donotprocess":true}`), []byte(`{"donotprocess":"yes"}`))
	f.Add([]byte(`{"\ud800":"\udc00","\u0041":1e400}`), []byte("{\"A\":1.0, \"\":12345678901234567890}\n"))
	f.Add([]byte(`{"a":1}`), []byte(` {,"b":2}`))
	f.Add([]byte(`{"a":1}`), []byte(`{}{}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		b := Open(Options{State: newIdleState(), CacheBytes: 1})
		c := b.Begin()
		defer c.Done(false)
		e, err := c.edit(Visitor, "demo", []byte(`"v1"`))
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range [][]byte{first, second} {
			for _, group := range []Group{Agent, Pendo} {
				mergeOnce(t, c, e, group, raw)
			}
		}
		back, err := parseRecord(e.record.append(nil))
		if err != nil || !bytes.Equal(back.append(nil), e.record.append(nil)) {
			t.Fatalf("record does not survive: %v", err)
		}
	})
}

func mergeOnce(t *testing.T, c *Change, e *edit, group Group, raw []byte) {
	var s event.Stable
	before := bytes.Clone(e.record.group(group))
	values, wrong := s.Append(nil, raw)
	d, err := c.Merge(Visitor, "demo", []byte(`"v1"`), group, raw)
	after := e.record.group(group)
	if err != nil {
		isObject := wrong == nil && values[0] == '{'
		mark := event.Lookup(values, "donotprocess")
		if isObject && len(raw) < MetadataBytesMax/8 && (group != Pendo || mark == nil) {
			t.Fatalf("merge %s: %v", raw, err)
		}
		if !bytes.Equal(before, after) {
			t.Fatalf("refused values changed %s into %s", before, after)
		}
		return
	}
	if wrong != nil {
		t.Fatalf("merge took %q: %v", raw, wrong)
	}
	none := []byte("{}")
	checkMerge(t, cmpOr(before, none), values, cmpOr(after, none), d)
	if again, err := c.Merge(Visitor, "demo", []byte(`"v1"`), group, raw); err != nil || again.Changed {
		t.Fatalf("merging %s twice changed %s, %v", raw, again.New, err)
	}
	if group == Pendo && e.record.refused != (string(event.Lookup(after, "donotprocess")) == "true") {
		t.Fatalf("%s, and refused is %v", after, e.record.refused)
	}
}

func cmpOr(b, or []byte) []byte {
	if b == nil {
		return or
	}
	return b
}

// TestMergeOfManyFields is here because a look-up per field would take minutes on it, with the Book's lock held.
func TestMergeOfManyFields(t *testing.T) {
	b, l := open(t)
	object := func(value int) []byte {
		out := []byte("{")
		for i := range 6000 {
			out = appendMember(out, event.AppendString(nil, string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676))), []byte{'0' + byte(value)})
		}
		return append(out, '}')
	}
	change(t, b, l, func(c *Change) {
		merge(t, c, Visitor, "v1", Agent, string(object(1)))
		before := object(1)
		d := merge(t, c, Visitor, "v1", Agent, string(object(2)))
		checkMerge(t, before, object(2), c.edits[0].record.group(Agent), d)
	})
}
