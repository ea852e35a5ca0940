package people

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

func TestMetadataMerges(t *testing.T) {
	b, l := open(t)
	f := func(group Group, values, old, new string) {
		t.Helper()
		changes := new != ""
		if b.Holds(Visitor, "demo", quoted("v1"), group, []byte(values)) == changes {
			t.Fatalf("Holds(%s) is %v", values, changes)
		}
		change(t, b, l, func(c *Change) {
			d := merge(t, c, Visitor, "v1", group, values)
			if d.Changed != changes || string(d.Old) != old || string(d.New) != new {
				t.Fatalf("%s: got %v %s %s, want %v %s %s", values, d.Changed, d.Old, d.New, changes, old, new)
			}
			if c.Changed() != changes {
				t.Fatalf("%s: change.Changed is %v", values, !changes)
			}
			if again := merge(t, c, Visitor, "v1", group, values); again.Changed {
				t.Fatalf("%s: merging twice changed %s", values, again.New)
			}
		})
		for range 2 {
			if !b.Holds(Visitor, "demo", quoted("v1"), group, []byte(values)) {
				t.Fatalf("%s is merged and not held", values)
			}
		}
	}
	f(Agent, `{}`, "", "")
	f(Agent, `{"role":"admin","seats":1.0}`, `{}`, `{"role":"admin","seats":1}`)
	f(Agent, ` { "seats" : 1, "role":"admin" } `, "", "")
	f(Agent, `{"role":"owner"}`, `{"role":"admin"}`, `{"role":"owner"}`)
	f(Agent, `{"b":null,"10":1,"9":[1,2],"seats":2}`, `{"seats":1}`, `{"9":[1,2],"10":1,"seats":2,"b":null}`)
	f(Agent, `{"b":{"x":1},"b":{"y":2}}`, `{"b":null}`, `{"b":{"y":2}}`)
	f(Custom, `{"role":"x"}`, `{}`, `{"role":"x"}`)
	f(Segmentio, `{}`, "", "")
	f(Agent, `{"role":"owner"}`, "", "")
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":[],"metadata":{"agent":`+
		`{"9":[1,2],"10":1,"role":"owner","seats":2,"b":{"y":2}},"custom":{"role":"x"}}}`)

	var p Person
	if _, err := b.Load(&p, Visitor, "demo", quoted("v1")); err != nil {
		t.Fatal(err)
	}
	if got := string(p.Field(Agent, "role")) + string(p.Field(Agent, "none")) + string(p.Field(Auto, "role")); got != `"owner"` {
		t.Fatal(got)
	}
}

func TestBadValuesAreRefusedAndChangeNothing(t *testing.T) {
	b, l := open(t)
	change(t, b, l, func(c *Change) { merge(t, c, Visitor, "v1", Agent, `{"a":1}`) })
	f := func(id string, group Group, values, want string) {
		t.Helper()
		if b.Holds(Visitor, "demo", quoted(id), group, []byte(values)) {
			t.Fatalf("%s is held", values)
		}
		c := b.Begin()
		defer c.Done(false)
		_, err := c.Merge(Visitor, "demo", quoted(id), group, []byte(values))
		var wrong *ValueError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Fatalf("merge %.40s: %v, want %q", values, err, want)
		}
		if c.Changed() {
			t.Fatalf("merge %.40s changed something", values)
		}
	}
	f("v1", Agent, ``, `merge agent metadata of visitor "v1": values are not a JSON object`)
	f("v1", Agent, `[1]`, "not a JSON object")
	f("v1", Agent, `null`, "not a JSON object")
	f("v1", Agent, `{"b":`, "json: byte 5: unexpected end")
	f("v1", Agent, `{,"b":1}`, "json: byte 1:")
	f("v1", Agent, `{} {}`, "json: byte 3:")
	f("v1", Agent, `{"b":1}}`, "json: byte 7:")
	f("v1", Custom, `{"b":1}}`, "json: byte 7:")
	f("v1", Agent, "{\"b\":\"\xff\"}", "invalid UTF-8")
	f("v1", Agent, strings.Repeat(`{"b":`, 1000)+"1"+strings.Repeat("}", 1000), "json:")
	f("v1", Pendo, `{"donotprocess":"yes"}`, "donotprocess must be true, false or null")
	f("v1", 0, `{}`, "no such record or group")
	f("v1", groups, `{}`, "no such record or group")
	f("", Agent, `{}`, "no such record or group")
	f("v1", Agent, `{`+strings.Repeat(" ", valuesBytesMax)+`}`, "values are longer than 262144 bytes")
	f("v1", Agent, `{"b":"`+strings.Repeat("x", MetadataBytesMax)+`"}`, "would be 65550 bytes and the limit is 65536")
	f(strings.Repeat("i", 5000), Agent, `1`, `visitor "`+strings.Repeat("i", 63)+`…: values`)
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":[],"metadata":{"agent":{"a":1}}}`)
}

func TestMetadataOverTheLimitCanShrink(t *testing.T) {
	b, l := open(t)
	long := strings.Repeat("x", MetadataBytesMax-100)
	change(t, b, l, func(c *Change) {
		merge(t, c, Visitor, "v1", Custom, `{"pad":"`+long+`"}`)
		merge(t, c, Visitor, "v1", Agent, `{"pad":"`+strings.Repeat("y", 60)+`"}`)
		see(t, c, "v1", "a1") // a first visit is noted all the same
		merge(t, c, Visitor, "v1", Agent, `{"pad":"`+strings.Repeat("y", 58)+`"}`)
		if n := c.edits[0].record.metadataBytes(); n <= MetadataBytesMax {
			t.Fatalf("%d bytes are not over the limit", n)
		}
		merge(t, c, Visitor, "v1", Agent, `{"pad":"y"}`)
	})
	change(t, b, l, func(c *Change) {
		merge(t, c, Visitor, "v1", Custom, `{"more":"`+strings.Repeat("z", 32)+`"}`)
		if n := c.edits[0].record.metadataBytes(); n < MetadataBytesMax-markBytesMax/2 {
			t.Fatalf("%d bytes leave room for the mark", n)
		}
		if ok, err := c.SetDoNotProcess("demo", quoted("v1"), true); !ok || err != nil {
			t.Fatalf("no room for the mark: %v", err)
		}
		_, err := c.Merge(Visitor, "demo", quoted("v1"), Pendo, []byte(`{"x":1}`))
		if err == nil {
			t.Fatal("the mark's room was given to something else")
		}
	})
	refused(t, b, "v1", true)
	change(t, b, l, func(c *Change) {
		merge(t, c, Visitor, "v1", Custom, `{"pad":"","more":0}`)
		merge(t, c, Visitor, "v1", Pendo, `{"donotprocess":null}`)
	})
	show(t, b, Visitor, "v1", `{"id":"v1","accountIds":["a1"],"metadata":{"auto":{"firstvisit":1700000000000},"agent":{"pad":"y"},"custom":{"pad":"","more":0},"pendo":{"donotprocess":null}}}`)
}

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
