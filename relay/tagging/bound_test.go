package tagging

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// documents are n documents of one text, in which %d is their number.
func documents(t testing.TB, n int, format string) []Document {
	t.Helper()
	all := make([]Document, n)
	for i := range all {
		all[i] = doc(t, fmt.Sprintf(format, i))
	}
	return all
}

func (r *rig) fill(list List, n int, format string) {
	r.t.Helper()
	if _, err := r.Create(list, documents(r.t, n, format)...); err != nil {
		r.t.Fatal(err)
	}
}

// TestBounds: there is an end to everything, the file's entries counted in; up to there it works.
func TestBounds(t *testing.T) {
	r := newRig(t)
	many, err := json.Marshal(strings.Split(strings.Repeat("/a ", 9_997)+"/a", " "))
	if err != nil {
		t.Fatal(err)
	}
	r.create(Pages, `{"app":"web","id":"many","rules":`+string(many)+`}`)
	_, err = r.Create(Pages, doc(t, `{"rules":["/b"]}`))
	refused(t, err, Invalid, "rules", "they may have 10000")
	r.create(Pages, `{"id":"none"}`)
	_, err = r.Edit(Ref{List: Pages, ID: "none"}, doc(t, `{"rules":["/b"]}`))
	refused(t, err, Invalid, "rules", "would have 10001 rules")
	r.edit(Pages, "many", `{"rules":["/c"]}`)
	r.edit(Pages, "none", `{"rules":["/b"]}`)

	_, err = r.Create(Features, doc(t, `{"selectors":["`+strings.Repeat("a,", 7999)+`a","`+strings.Repeat("b,", 1999)+`b"]}`))
	refused(t, err, Invalid, "selectors", "would have 10001")

	r.fill(Tracks, 9_999, `{"app":"web","id":"t%d","name":"T"}`)
	_, err = r.Create(Tracks, doc(t, `{"name":"T"}`))
	refused(t, err, Invalid, "", "the most that may be")
	if l, err := r.List(Query{List: Tracks, Limit: 1}); err != nil || l.Total != entriesMax {
		t.Errorf("%d track types, %v", l.Total, err)
	}
	if view := r.Catalog().App("web"); len(view.Track(nil, []byte(`"T"`))) != 9_999 {
		t.Error("some track types are not in force")
	}
}

// TestEventsAreBounded: a change that a great many apps would be told of is made in parts.
func TestEventsAreBounded(t *testing.T) {
	r := newRig(t)
	file := &File{}
	for i := range 1000 {
		file.Apps = append(file.Apps, fmt.Sprint("app-", i))
	}
	if err := r.Load(file); err != nil {
		t.Fatal(err)
	}
	_, err := r.Create(Features, documents(t, 200, `{"id":"f%d"}`)...)
	refused(t, err, Invalid, "", "make fewer entries at a time")
	r.fill(Features, 200, `{"app":"app-1","id":"f%d"}`)
	r.fill(Tracks, 200, `{"id":"t%d","name":"nobody is told of track types"}`)
	r.create(Pages, `{"id":"p"}`)
	_, err = r.Edit(Ref{List: Pages, ID: "p"}, doc(t, `{"rules":["/`+strings.Repeat(strings.Repeat("a", 2000)+`","/`, 40)+`"]}`))
	refused(t, err, Invalid, "", "all 1000 apps")
	r.delete(Pages, "p")
}

// TestHostileEntries: the worst that the bounds let through is compiled within memory, and looked up.
func TestHostileEntries(t *testing.T) {
	for name, text := range map[string]string{
		"grams":      `a:contains(\"` + strings.Repeat("%[1]d ", 2700) + `\")`,
		"attributes": strings.Repeat(`[a%[1]d]`, 2000),
		"lists":      strings.TrimSuffix(strings.Repeat("a.b,", 300), ","),
		"everything": "*",
		"deep":       strings.Repeat("a > ", 4000) + "a",
		"not":        strings.TrimSuffix(strings.Repeat(":not(.x%[1]d)", 1000), ","),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			one := Settings{Selectors: []string{strings.NewReplacer(`%[1]d`, `99999`, `\"`, `"`).Replace(text)}}
			w := one.weigh()
			made := min(entriesMax-1, entriesMax/w.selectors-1, textMax/(w.bytes+64))
			r.fill(Features, made, `{"app":"web","selectors":["`+text+`"],"name":"%[1]d"}`)
			runtime.GC()
			runtime.ReadMemStats(&after)
			if kept := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20; kept > 400 {
				t.Errorf("%d entries keep %d MiB", made, kept)
			}
			if _, err := r.Try("web", "https://x/", "a.b"); err != nil {
				t.Error(err)
			}
		})
	}
}
