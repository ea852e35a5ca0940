//go:build !race

package event

import "testing"

// Nothing on an event's way through the relay may allocate once the buffers have grown.
func TestZeroAllocations(t *testing.T) {
	f := func(name string, run func()) {
		t.Helper()
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	var s Stable
	dst := make([]byte, 0, 1<<16)
	for name, in := range map[string]string{
		"stable":    nested,
		"changed":   `{ "b\u0041" : "\u00e9\/" , "c" : [ 1.50 , -0 , 1e4, 1234.5999999046326 ] }`,
		"unordered": `{"b":1,"1":{"y":2,"0":[{"q":1,"q":2}]},"b":3}`,
		"many keys": string(manyKeys(500, func(i int) string { return "key" + string(rune('a'+i)) })),
	} {
		raw := []byte(in)
		f("Stable.Append "+name, func() { dst, _ = s.Append(dst[:0], raw) })
	}

	e := Sample(TrackEventReceived)
	rec := e.AppendRecord(nil)
	var parsed Event
	f("AppendRecord", func() { dst = e.AppendRecord(dst[:0]) })
	f("ParseRecord", func() { _ = ParseRecord(rec, &parsed) })
	f("Reset", func() { parsed.Reset() })

	var note Note
	f("Note", func() {
		note.Bits = note.Bits[:0]
		note.Select(9)
		dst = note.Append(dst[:0])
		back, err := ParseNote(dst)
		if err != nil || !back.Has(9) {
			t.Fatal(err)
		}
	})
	f("KindOf", func() { KindOf("guideSeen") })
	name := []byte("button_tracked_event.occurred")
	f("KindOf bytes", func() { KindOf(string(name)) })
	f("UniqueID", func() { UniqueID(e.AppName, e.Visitor, e.Properties) })
	f("OrderKey", func() { OrderKey(e.AppName, e.Visitor) })
	f("AppendString", func() { dst = AppendString(dst[:0], "a \"b\" é") })
	f("AppendText", func() { dst = AppendText(dst[:0], []byte(`"a \"b\" \u0001"`)) })
	f("AppendNumber", func() { dst = AppendNumber(dst[:0], 1.5e-9) })
	obj, found := []byte(nested), 0
	f("Members", func() {
		_ = Members(obj, func(key, value []byte) bool { found += len(key) + len(value); return true })
	})
	f("Lookup", func() {
		if Lookup(obj, "properties") == nil {
			t.Fatal("not found")
		}
	})
}
