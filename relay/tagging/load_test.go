package tagging

import (
	"fmt"
	"strings"
	"testing"
)

// faultsOf are why an entry is not in force.
func (r *rig) faultsOf(list List, id, app string) string {
	r.t.Helper()
	r.look.RLock()
	defer r.look.RUnlock()
	e := r.shelf.made[key{list, app, id}]
	if e == nil {
		r.t.Fatalf("no %s %q", list, id)
	}
	var fields []string
	for _, f := range r.shelf.faults(e) {
		fields = append(fields, f.Field)
	}
	return fmt.Sprint(fields)
}

// TestLoad: a new config file keeps what was made, and what does not go with it any more waits.
func TestLoad(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"app":"web","id":"p","rules":["/a"]}`)
	r.create(Pages, `{"app":"ios","id":"q","rules":["/a"]}`)
	r.create(Features, `{"app":"web","id":"f","selectors":["a"],"page":"file-home"}`)
	load := func(file *File) {
		t.Helper()
		if err := r.Load(file); err != nil {
			t.Fatal(err)
		}
	}
	state := func(p, q, f string) {
		t.Helper()
		if got, want := r.faultsOf(Pages, "p", "web")+r.faultsOf(Pages, "q", "ios")+r.faultsOf(Features, "f", "web"), p+q+f; got != want {
			t.Errorf("faults %s, want %s", got, want)
		}
	}
	state("[]", "[]", "[]")

	load(&File{Apps: []string{"web"}, Pages: []Settings{{App: "web", ID: "p", Rules: []string{"/b"}}}})
	state("[id]", "[app]", "[page]")
	r.touches("web", "https://x/a", `[]`)
	r.touches("web", "https://x/b", `["p"]`)
	r.touches("ios", "https://x/a", `[]`)
	if e, err := r.Get(Ref{List: Pages, ID: "p"}); err != nil || e.Origin != OfFile {
		t.Errorf("got %+v, %v", e, err)
	}
	if l, err := r.List(Query{List: Pages}); err != nil || l.Total != 3 || len(l.Entries[0].Faults)+len(l.Entries[1].Faults)+len(l.Entries[2].Faults) != 2 {
		t.Errorf("listed %+v, %v", l, err)
	}
	if logged := r.logged.String(); !strings.Contains(logged, "entries=3") || !strings.Contains(logged, `page \"p\": id: the config file has an entry`) {
		t.Errorf("logged %s", logged)
	}

	// What stands behind the file's can be edited, and deleted.
	r.edit(Pages, "p", `{"rules":["/c"]}`)
	r.touches("web", "https://x/c", `[]`)
	_, err := r.Edit(Ref{List: Features, ID: "f"}, doc(t, `{"name":"F"}`))
	refused(t, err, Invalid, "page", "no page")
	r.edit(Features, "f", `{"page":"p"}`)
	r.delete(Pages, "p")
	refused(t, r.Delete(Ref{List: Pages, ID: "p"}), ReadOnly, "", "config file")

	load(theFile())
	if got := r.faultsOf(Pages, "q", "ios") + r.faultsOf(Features, "f", "web"); got != "[][page]" {
		t.Errorf("faults %s", got)
	}
	r.touches("ios", "https://x/a", `["q"]`)
	r.create(Pages, `{"id":"p"}`) // the feature's page is there again
	if got := r.faultsOf(Features, "f", "web"); got != "[]" {
		t.Errorf("faults %s", got)
	}
}

// TestLoadNothing: a file that cannot be compiled changes nothing.
func TestLoadNothing(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"app":"ios","id":"q","rules":["/a"]}`)
	before, catalog := r.all(), r.Catalog()
	if err := r.Load(&File{Pages: []Settings{{ID: "x", Rules: []string{"//"}}}}); err == nil {
		t.Error("it was loaded")
	}
	if r.all() != before || r.Catalog() != catalog {
		t.Error("it changed something")
	}
}
