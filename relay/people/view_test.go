package people

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// fields asks a view for fields of a visitor.
func fields(v *View, id string, names ...string) string {
	return string(v.AppendVisitorFields([]byte("kept"), "demo", quoted(id), names))
}

func wantFields(t *testing.T, v *View, id, want string, names ...string) {
	t.Helper()
	if got := fields(v, id, names...); got != "kept"+want {
		t.Errorf("%q of %s are %.200s, want %.200s behind what was kept", names, id, got, want)
	}
}

// TestViewRanksGroups: of equal names the group counts that is closest to a person's hand; what is not there is left out.
func TestViewRanksGroups(t *testing.T) {
	b, l := open(t)
	change(t, b, l, func(c *Change) {
		merge(t, c, Visitor, "v", Auto, `{"role":"auto","firstvisit":1}`)
		merge(t, c, Visitor, "v", Userpilot, `{"role":"userpilot","plan":"u","seats":null}`)
		merge(t, c, Visitor, "v", Segmentio, `{"role":"segmentio","plan":"s","email":"s"}`)
		merge(t, c, Visitor, "v", Agent, `{"role":"agent","email":"a","plan":"a","tags":["x",{"y":1}],"7":7,"no":false}`)
		merge(t, c, Visitor, "v", Custom, `{"role":"custom","email":null,"say \"hi\"":"é"}`)
		merge(t, c, Account, "a", Agent, `{"plan":"gold"}`)
	})
	v := b.View()
	wantFields(t, v, "v", `{"7":7,"role":"custom","email":"a","plan":"a","tags":["x",{"y":1}],"firstvisit":1,"no":false}`,
		"7", "role", "email", "plan", "tags", "seats", "firstvisit", "none", "no")
	wantFields(t, v, "v", `{"say \"hi\"":"é"}`, `say "hi"`)
	wantFields(t, v, "v", "", "seats", "none", "")
	wantFields(t, v, "v", "")
	wantFields(t, v, "w", "", "role")
	wantFields(t, v, "", "", "role")
	wantFields(t, v, "a", "", "plan")
	if got := string(v.AppendAccountFields(nil, "demo", quoted("a"), []string{"plan", "role"})); got != `{"plan":"gold"}` {
		t.Error(got)
	}
	if got := string(v.AppendAccountFields(nil, "other", quoted("a"), []string{"plan"})); got != "" || v.Err() != nil {
		t.Error(got, v.Err())
	}
}

// TestViewSeesTheChange: the event that brings metadata is kept with it, and so is one that comes before it is on disk.
func TestViewSeesTheChange(t *testing.T) {
	b, l := open(t)
	change(t, b, l, func(c *Change) { merge(t, c, Visitor, "v", Agent, `{"role":"user"}`) })
	within, beside := b.View(), b.View()
	c := b.Begin()
	within.Within(c)
	wantFields(t, within, "v", `{"role":"user"}`, "role")
	merge(t, c, Visitor, "v", Agent, `{"role":"admin"}`)
	merge(t, c, Visitor, "new", Agent, `{"role":"owner"}`)
	wantFields(t, within, "v", `{"role":"admin"}`, "role")
	wantFields(t, within, "new", `{"role":"owner"}`, "role")
	wantFields(t, beside, "v", `{"role":"user"}`, "role")
	wantFields(t, beside, "new", "", "role")

	c.Stage(&fakeBatch{})
	c.Submitted()
	within.Within(nil)
	wantFields(t, within, "v", `{"role":"admin"}`, "role")
	wantFields(t, beside, "new", `{"role":"owner"}`, "role")
	c.Done(false) // the disk did not take it
	wantFields(t, within, "v", `{"role":"user"}`, "role")
	wantFields(t, beside, "new", "", "role")
}

// TestViewOfTheRefused: nothing of a visitor who must not be processed leaves, from the change on that says so.
func TestViewOfTheRefused(t *testing.T) {
	b, l := open(t)
	v := b.View()
	mark := func(on bool, want string) {
		t.Helper()
		change(t, b, l, func(c *Change) {
			merge(t, c, Visitor, "v", Agent, `{"role":"user"}`)
			if _, err := c.SetDoNotProcess("demo", quoted("v"), on); err != nil {
				t.Fatal(err)
			}
			v.Within(c)
			wantFields(t, v, "v", want, "role")
			v.Within(nil)
		})
		wantFields(t, v, "v", want, "role")
	}
	mark(true, "")
	mark(false, `{"role":"user"}`)
}

// TestViewIsBounded: a field that finds no room is left out, those behind it are not.
func TestViewIsBounded(t *testing.T) {
	b, l := open(t)
	long := strings.Repeat("x", FieldsBytesMax-len(`{"a":1,"b":""}`)-1)
	change(t, b, l, func(c *Change) {
		merge(t, c, Visitor, "fits", Agent, fmt.Sprintf(`{"a":1,"b":%q}`, long))
		merge(t, c, Visitor, "long", Agent, fmt.Sprintf(`{"a":1,"b":%q,"c":3}`, long+"xx"))
	})
	v := b.View()
	wantFields(t, v, "fits", fmt.Sprintf(`{"a":1,"b":%q}`, long), "a", "b")
	wantFields(t, v, "long", `{"a":1,"c":3}`, "a", "b", "c")
}

// TestViewFaults: after the first fault nothing is found until the next Within, and the fault is told.
func TestViewFaults(t *testing.T) {
	b, l := open(t)
	change(t, b, l, func(c *Change) { merge(t, c, Visitor, "v", Agent, `{"role":"user"}`) })
	v := b.View()
	l.failGet = errors.New("block checksum mismatch")
	wantFields(t, v, "v", "", "role")
	fault := l.failGet
	l.failGet = nil
	wantFields(t, v, "v", "", "role")
	if !errors.Is(v.Err(), fault) {
		t.Error(v.Err())
	}
	v.Within(nil)
	wantFields(t, v, "v", `{"role":"user"}`, "role")
	if v.Err() != nil {
		t.Error(v.Err())
	}
}
