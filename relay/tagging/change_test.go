package tagging

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"edgerelay/relay/event"
)

// TestCreate: entries of each list, as they are shown, and what they do at once.
func TestCreate(t *testing.T) {
	r := newRig(t)
	f := func(list List, text, want string) {
		t.Helper()
		if got := shown(t, r.create(list, text)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	const api = `,"origin":"api","version":1,"etag":"\"%d\"","created":"2026-11-21T06:12:00Z","updated":"2026-11-21T06:12:00Z"}`
	f(Pages, `{"app":"web","id":"p1","name":"Users","rules":["//*/users/**","/people"]}`,
		`{"app":"web","id":"p1","name":"Users","rules":["//*/users/**","/people"]`+fmt.Sprintf(api, 1))
	f(Features, `{"app":"web","id":"f1","name":"Add","selectors":["#add, .add"],"page":"p1"}`,
		`{"app":"web","id":"f1","name":"Add","selectors":["#add, .add"],"page":"p1"`+fmt.Sprintf(api, 2))
	f(Features, `{"id":"f2","page":"file-all"}`, `{"app":"","id":"f2","name":"","selectors":[],"page":"file-all"`+fmt.Sprintf(api, 3))
	f(Tracks, `{"id":"t1","name":"Paid"}`, `{"app":"","id":"t1","name":"Paid"`+fmt.Sprintf(api, 4))
	f(Guides, `{"app":"ios","id":"g1","name":"Tour"}`,
		`{"app":"ios","id":"g1","name":"Tour","kind":"guide","created_at":"2026-11-21T06:12:00Z","steps":[]`+fmt.Sprintf(api, 5))
	f(Guides, `{"id":"g2","kind":"poll","created_at":"2021-03-10T21:16:52.615Z","created_by":"me@example.com","steps":[{"id":"s1","type":"building-block"},{"id":"s2"}]}`,
		`{"app":"","id":"g2","name":"","kind":"poll","created_at":"2021-03-10T21:16:52.615Z","created_by":"me@example.com","steps":[{"id":"s1","type":"building-block"},{"id":"s2","type":""}]`+fmt.Sprintf(api, 6))

	r.touches("web", "https://x/users/7", `["p1"]`)
	r.touches("ios", "https://x/users/7", `[]`)
	view := r.Catalog().App("ios")
	if ids := view.Track(nil, []byte(`"Paid"`)); fmt.Sprintf("%s", ids) != `["t1"]` {
		t.Errorf("track types %s", ids)
	}
	if g := view.Guide([]byte(`"g2"`)); g == nil || g.Kind.String() != "poll" ||
		string(g.Properties) != `{"createdAt":1615411012615,"createdByUser":{"username":"me@example.com"},"id":"g2","lastUpdatedAt":1795241520000,`+
			`"lastUpdatedByUser":{"username":"me@example.com"},"name":"","steps":[{"id":"s1","lastUpdatedAt":1795241520000,"resetAt":0,"type":"building-block"},`+
			`{"id":"s2","lastUpdatedAt":1795241520000,"resetAt":0,"type":""}]}` {
		t.Errorf("guide %+v", g)
	}
}

// TestMadeIDs: short, good in URLs and selections, each its own.
func TestMadeIDs(t *testing.T) {
	r := newRig(t)
	good, seen := regexp.MustCompile(`^[a-z2-7]{16}$`), map[string]bool{}
	for range 50 {
		e := r.create(Pages, `{"name":"x"}`)
		if !good.MatchString(e.ID) || seen[e.ID] {
			t.Errorf("ID %q", e.ID)
		}
		seen[e.ID] = true
	}
	if e := r.create(Pages, `{"id":null}`); e.ID == "" {
		t.Error("null made no ID")
	}
}

// TestCreateFaults: what is wrong is named by its field.
func TestCreateFaults(t *testing.T) {
	r := newRig(t)
	f := func(list List, field, message, text string) {
		t.Helper()
		_, err := r.Create(list, doc(t, text))
		refused(t, err, Invalid, field, message)
	}
	f(Pages, "rulez", `did you mean "rules"?`, `{"rulez":[]}`)
	f(Pages, "selectors", "nothing that a page has", `{"selectors":[]}`)
	f(Tracks, "origin", "nothing that a track type has", `{"name":"a","origin":"api"}`)
	f(Pages, "id", "is missing", `{"id":""}`)
	f(Pages, "id", "must be a text", `{"id":7}`)
	f(Pages, "id", "comma", `{"id":"a,b"}`)
	f(Pages, "id", "star", `{"id":"a*"}`)
	f(Pages, "id", "slash", `{"id":"a/b"}`)
	f(Pages, "id", "control character", `{"id":"a\nb"}`)
	f(Pages, "id", "space at its ends", `{"id":" a"}`)
	f(Pages, "id", "folder", `{"id":".."}`)
	f(Pages, "id", "may have 256", `{"id":"`+strings.Repeat("a", 257)+`"}`)
	f(Pages, "name", "may have 1024", `{"name":"`+strings.Repeat("a", 1025)+`"}`)
	f(Pages, "name", "one line", `{"name":"a\tb"}`)
	f(Pages, "app", `no app "tv"`, `{"app":"tv"}`)
	f(Pages, "rules", "list of texts", `{"rules":"//*/a"}`)
	f(Pages, "rules", "list of texts", `{"rules":["//*/a",null]}`)
	f(Pages, "rules[1]", "is empty", `{"rules":["//*/a",""]}`)
	f(Pages, "rules[0]", "host is missing", `{"rules":["//"]}`)
	f(Features, "selectors[1]", "siblings", `{"selectors":["a","a + b"]}`)
	f(Features, "page", `no page "nowhere"`, `{"page":"nowhere"}`)
	f(Features, "page", `no page "file-home" of this app`, `{"app":"ios","page":"file-home"}`)
	f(Features, "page", `no page "file-home" of this app`, `{"page":"file-home"}`)
	f(Tracks, "name", "is missing", `{}`)
	f(Guides, "kind", `unknown value "npx"; did you mean "nps"?`, `{"kind":"npx"}`)
	f(Guides, "created_at", "must be a time", `{"created_at":"yesterday"}`)
	f(Guides, "created_at", "1970", `{"created_at":"1066-10-14T00:00:00Z"}`)
	f(Guides, "created_by", "one line", `{"created_by":"a\nb"}`)
	f(Guides, "steps", "list of steps", `{"steps":[{"id":"a","kind":"x"}]}`)
	f(Guides, "steps", "list of steps", `{"steps":["a"]}`)
	f(Guides, "steps[0].id", "is missing", `{"steps":[{"type":"x"}]}`)
	f(Guides, "steps[1].id", "earlier step", `{"steps":[{"id":"a"},{"id":"a"}]}`)
	f(Pages, "", "may have 262144", `{"rules":["/`+strings.Repeat(strings.Repeat("a", 2000)+`","/`, 140)+`"]}`)

	_, err := r.Create(Guides, doc(t, `{"id":"a,b","kind":"x","app":"tv","steps":[{}]}`))
	if e := err.(*Error); fmt.Sprint(e.Faults) == "" || len(e.Faults) != 4 {
		t.Errorf("faults %v", e.Faults)
	}
	_, err = r.Create(Tracks, doc(t, `{"nope":1,"name":7,"id":"a,b","app":"tv"}`)) // and of a name that is no text nothing more
	var fields []string
	for _, fault := range err.(*Error).Faults {
		fields = append(fields, fault.Field)
	}
	if got := strings.Join(fields, " "); got != "name nope id app" {
		t.Errorf("faults of %s", got)
	}
	for _, text := range []string{``, `null`, `[]`, `"x"`, `{`, `{}{}`} {
		if _, err := ParseDocument([]byte(text)); err == nil {
			t.Errorf("%q is a document", text)
		}
	}
	if all, _ := r.List(Query{List: Pages, Origin: OfAPI}); all.Total != 0 {
		t.Errorf("%d pages came of it", all.Total)
	}
	r.told()
}

// TestTaken: an ID belongs to one entry of its list and app.
func TestTaken(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"app":"web","id":"a"}`)
	r.create(Pages, `{"app":"ios","id":"a"}`)
	r.create(Pages, `{"id":"a"}`)
	r.create(Features, `{"app":"web","id":"a"}`)
	f := func(list List, text string) {
		t.Helper()
		_, err := r.Create(list, doc(t, text))
		refused(t, err, Exists, "id", "there is a")
	}
	f(Pages, `{"app":"web","id":"a"}`)
	f(Pages, `{"id":"a"}`)
	f(Pages, `{"app":"web","id":"file-home"}`)
	r.create(Pages, `{"id":"file-home"}`)

	ref := Ref{List: Pages, ID: "a"}
	_, err := r.Get(ref)
	refused(t, err, Invalid, "app", `several apps have a page "a" ("", "ios", "web"; "" is every app)`)
	_, err = r.Edit(ref, doc(t, `{}`))
	refused(t, err, Invalid, "app", "several apps")
	refused(t, r.Delete(ref), Invalid, "app", "several apps")
	app := "ios"
	ref.App = &app
	if e, err := r.Get(ref); err != nil || e.App != "ios" {
		t.Errorf("%+v, %v", e, err)
	}
	if err := r.Delete(ref); err != nil {
		t.Error(err)
	}
	_, err = r.Get(ref)
	refused(t, err, NotFound, "", `no page "a" of app "ios"`)
}

// TestEdit: a merge patch, under the version that was seen.
func TestEdit(t *testing.T) {
	r := newRig(t)
	first := r.create(Pages, `{"app":"web","id":"p","name":"P","rules":["/a"]}`)
	r.now = theTime.Add(time.Minute)
	e := r.edit(Pages, "p", `{"name":"Q","rules":["/b","/c"],"id":"p"}`, first.ETag)
	if e.Version != 2 || e.ETag == first.ETag || e.Name != "Q" || fmt.Sprint(e.Rules) != "[/b /c]" || e.Updated.Sub(e.Created) != time.Minute {
		t.Errorf("got %+v", e)
	}
	r.touches("web", "https://x/a", `[]`)
	r.touches("web", "https://x/c", `["p"]`)
	if same := r.edit(Pages, "p", `{"name":"Q"}`); same.ETag != e.ETag || same.Version != 2 {
		t.Errorf("a patch that changes nothing made %+v", same)
	}
	ref := Ref{List: Pages, ID: "p"}
	_, err := r.Edit(ref, doc(t, `{"name":"R"}`), first.ETag)
	refused(t, err, Stale, "", "changed meanwhile: it is at "+e.ETag)
	_, err = r.Edit(ref, doc(t, `{"name":"R","id":"p2"}`))
	refused(t, err, Invalid, "id", "cannot be changed")
	_, err = r.Edit(ref, doc(t, `{"app":null}`))
	refused(t, err, Invalid, "app", "cannot be changed")
	_, err = r.Edit(ref, doc(t, `{"rules":["//"]}`))
	refused(t, err, Invalid, "rules[0]", "host")
	if e = r.edit(Pages, "p", `{"name":null,"rules":null}`, `"x"`, "*"); e.Name != "" || len(e.Rules) != 0 || e.Version != 3 {
		t.Errorf("got %+v", e)
	}
	_, err = r.Edit(Ref{List: Pages, ID: "file-home"}, doc(t, `{}`))
	refused(t, err, ReadOnly, "", "of the config file and cannot be edited here")
	_, err = r.Edit(Ref{List: Pages, ID: "nobody"}, doc(t, `{}`))
	refused(t, err, NotFound, "", `no page "nobody"`)
	if g := r.create(Guides, `{"id":"g","kind":"nps"}`); r.edit(Guides, "g", `{"kind":null}`).Kind != "guide" {
		t.Errorf("a guide's kind stays %s", g.Kind)
	}
}

// TestDelete: what features count on stays.
func TestDelete(t *testing.T) {
	r := newRig(t)
	p := r.create(Pages, `{"app":"web","id":"p","rules":["/a"]}`)
	r.create(Features, `{"app":"web","id":"f","selectors":["a"],"page":"p"}`)
	ref := Ref{List: Pages, ID: "p"}
	refused(t, r.Delete(ref), InUse, "", `such as "f"`)
	refused(t, r.Delete(ref, `"0"`), Stale, "", "changed meanwhile")
	all := r.create(Pages, `{"id":"p"}`) // the feature can count on this one
	web, every := "web", ""
	if err := r.Delete(Ref{Pages, "p", &web}, p.ETag); err != nil {
		t.Error(err)
	}
	refused(t, r.Delete(Ref{Pages, "p", &every}, all.ETag), InUse, "", `such as "f"`)
	r.delete(Features, "f")
	r.delete(Pages, "p")
	refused(t, r.Delete(ref), NotFound, "", `no page "p"`)
	refused(t, r.Delete(Ref{List: Pages, ID: "file-home"}), ReadOnly, "", "cannot be deleted here")
	r.touches("web", "https://x/a", `[]`)
	if again := r.create(Pages, `{"app":"web","id":"p"}`); again.ETag == p.ETag {
		t.Error("one that was made again has the ETag of the old one")
	}
}

// TestCreateMany: several at once, all of them or none.
func TestCreateMany(t *testing.T) {
	r := newRig(t)
	one, two := doc(t, `{"app":"web","id":"a","rules":["/a"]}`), doc(t, `{"id":"b","rules":["/a"]}`)
	f := func(code Code, field string, documents ...Document) {
		t.Helper()
		_, err := r.Create(Pages, documents...)
		refused(t, err, code, field, "")
	}
	f(Exists, "[2].id", one, two, one)
	f(Invalid, "[1].rules[0]", one, doc(t, `{"rules":["//"]}`))
	r.told()
	made, err := r.Create(Pages, one, two)
	if err != nil || len(made) != 2 || made[0].ETag == made[1].ETag {
		t.Fatalf("made %+v, %v", made, err)
	}
	r.touches("web", "https://x/a", `["a" "b"]`)
	r.told(`pageTagged web ["a"] {"id":"a","name":"","rules":["/a"]}`,
		`pageTagged web ["b"] {"id":"b","name":"","rules":["/a"]}`, `pageTagged ios ["b"] {"id":"b","name":"","rules":["/a"]}`)
}

// TestEvents: each change is told once, as seed 002 names it.
func TestEvents(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"app":"web","id":"p","name":"P \"1\"","rules":["/a"]}`)
	r.told(`pageTagged web ["p"] {"id":"p","name":"P \"1\"","rules":["/a"]}`)
	r.edit(Pages, "p", `{"rules":[]}`)
	r.told(`pageUpdated web ["p"] {"id":"p","name":"P \"1\"","rules":[]}`)
	r.edit(Pages, "p", `{"rules":[]}`)
	r.told()
	r.create(Features, `{"app":"web","id":"f","name":"F","selectors":["a","b"],"page":"p"}`)
	r.told(`featureTagged web ["f"] {"id":"f","name":"F","selectors":["a","b"],"page":"p"}`)
	r.edit(Features, "f", `{"page":null}`)
	r.told(`featureUpdated web ["f"] {"id":"f","name":"F","selectors":["a","b"]}`)
	r.delete(Features, "f")
	r.told(`featureDeleted web ["f"] {"id":"f","name":"F","selectors":["a","b"]}`)
	r.delete(Pages, "p")
	r.told(`pageDeleted web ["p"] {"id":"p","name":"P \"1\"","rules":[]}`)

	r.create(Tracks, `{"id":"t","name":"T"}`)
	r.edit(Tracks, "t", `{"name":"U"}`)
	r.delete(Tracks, "t")
	r.create(Guides, `{"app":"web","id":"g","name":"G"}`)
	r.told() // seed 002 has no names for these
	guide := `{"createdAt":1795241520000,"createdByUser":{"username":""},"id":"g","lastUpdatedAt":1795241520000,"lastUpdatedByUser":{"username":""},"name":"G","steps":[]}`
	r.edit(Guides, "g", `{"kind":"poll"}`)
	r.told(`pollCreated web ["g"] ` + guide)
	r.edit(Guides, "g", `{"created_by":"me"}`)
	guide = strings.ReplaceAll(guide, `"username":""`, `"username":"me"`)
	r.told(`pollUpdated web ["g"] ` + guide)
	r.edit(Guides, "g", `{"kind":"nps"}`)
	r.told(`pollDeleted web ["g"] `+guide, `NPSCreated web ["g"] `+guide)
	r.edit(Guides, "g", `{"name":"H"}`)
	guide = strings.ReplaceAll(guide, `"name":"G"`, `"name":"H"`)
	r.told(`NPSUpdated web ["g"] ` + guide)
	r.delete(Guides, "g")
	r.told(`NPSDeleted web ["g"] ` + guide)
}

// TestEventsHaveIdentities: made, deleted and made again in one instant, an entry is told of each time.
func TestEventsHaveIdentities(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.create(Pages, `{"app":"web","id":"p"}`)
		r.delete(Pages, "p")
	}
	if got := len(r.events()); got != 6 {
		t.Errorf("%d events of 6 changes", got)
	}
	r = r.again(theFile())
	r.create(Pages, `{"app":"web","id":"p"}`)
	if got := len(r.events()); got != 1 {
		t.Errorf("%d events of a change after a start", got)
	}
	for _, list := range Lists {
		for _, kind := range []string{"guide", "poll", "nps"} {
			d := (&entry{list: list, Settings: Settings{Kind: kind}}).deeds()
			for _, k := range []event.Kind{d.made, d.changed, d.deleted} {
				if k != 0 && (k < event.PageTagged || k >= event.FlowSeen) {
					t.Errorf("%s: %v is no event of administrators", list, k)
				}
			}
		}
	}
}
