package tagging

import (
	"fmt"
	"strings"
	"testing"
)

// ids are what a query finds, on all its pages: ID, app and origin.
func (r *rig) ids(q Query) string {
	r.t.Helper()
	var found []string
	for pages := 0; ; pages++ {
		l, err := r.List(q)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range l.Entries {
			found = append(found, fmt.Sprintf("%s/%s/%s", e.ID, e.App, e.Origin))
		}
		if q.Cursor = l.Cursor; q.Cursor == "" {
			if l.Total != len(found) {
				r.t.Errorf("%d in all, found %d", l.Total, len(found))
			}
			return strings.Join(found, " ")
		}
		if pages > 10_000 {
			r.t.Fatal("the pages do not end")
		}
	}
}

func (r *rig) learn(app, reply string) {
	r.t.Helper()
	if err := r.catalog.Learn(app, []byte(reply)); err != nil {
		r.t.Fatal(err)
	}
}

func TestList(t *testing.T) {
	r := newRig(t)
	r.create(Pages, `{"app":"web","id":"z","name":"about","rules":["//*/About-US"]}`)
	r.create(Pages, `{"app":"ios","id":"z","name":"About"}`)
	r.create(Pages, `{"id":"imprint"}`)
	f := func(q Query, want string) {
		t.Helper()
		for _, limit := range []int{0, 1, 2} {
			q.List, q.Limit = Pages, limit
			if got := r.ids(q); got != want {
				t.Errorf("%+v found\n%s\nwant\n%s", q, got, want)
			}
		}
	}
	f(Query{}, "z/ios/api z/web/api file-all//file file-home/web/file imprint//api")
	f(Query{App: "ios"}, "z/ios/api file-all//file imprint//api")
	f(Query{Search: "ABOUT-us"}, "z/web/api")
	f(Query{Search: "about"}, "z/ios/api z/web/api")
	f(Query{Search: "IMP"}, "imprint//api")
	f(Query{Search: "nothing"}, "")
	f(Query{Origin: OfFile}, "file-all//file file-home/web/file")
	if got := r.ids(Query{List: Features, Search: "#SAVE"}); got != "file-save/web/file" {
		t.Errorf("by selector: %s", got)
	}

	_, err := r.List(Query{List: Pages, Limit: LimitMax + 1})
	refused(t, err, Invalid, "limit", "1000")
	_, err = r.List(Query{List: Pages, Cursor: "*"})
	refused(t, err, Invalid, "cursor", "")
	_, err = r.List(Query{List: Pages, App: "tv"})
	refused(t, err, Invalid, "app", "no app")
	if l, err := r.List(Query{List: Pages, Cursor: "enp6eno"}); err != nil || len(l.Entries) != 0 {
		t.Errorf("behind the end: %+v, %v", l, err)
	}
}

// TestListGoesOn: who turns pages while entries come and go sees each that stays once.
func TestListGoesOn(t *testing.T) {
	r := newRig(t)
	for i := range 20 {
		r.create(Tracks, fmt.Sprintf(`{"id":"t%02d","name":"T%02d"}`, i, i))
	}
	seen := map[string]int{}
	q := Query{List: Tracks, Origin: OfAPI, Limit: 3}
	for turn := 0; ; turn++ {
		l, err := r.List(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Entries {
			seen[e.ID]++
		}
		if l.Cursor == "" {
			break
		}
		q.Cursor = l.Cursor
		r.delete(Tracks, l.Entries[len(l.Entries)-1].ID) // the one that the cursor stands on
		r.create(Tracks, fmt.Sprintf(`{"id":"a%d","name":"A"}`, turn))
	}
	for i := range 20 {
		if n := seen[fmt.Sprintf("t%02d", i)]; n != 1 {
			t.Errorf("t%02d was seen %d times", i, n)
		}
	}
}

// TestLearned: guides that passed are listed, unless an entry stands in front of them.
func TestLearned(t *testing.T) {
	r := newRig(t)
	const tour = `{"guides":[{"id":"tour","name":"Tour","publishedAt":1700000000000,"steps":[{"id":"s1","type":"building-block"}]},` +
		`{"id":"file-guide","name":"Learnt too"},{"id":"nps","name":"N","polls":[{"id":"p","attributes":{"type":"NPSRating"}}]}]}`
	r.learn("web", tour)
	r.learn("ios", tour)
	f := func(want string) {
		t.Helper()
		if got := r.ids(Query{List: Guides, Limit: 2}); got != want {
			t.Errorf("listed %s, want %s", got, want)
		}
	}
	f("file-guide/ios/learned nps/ios/learned nps/web/learned tour/ios/learned tour/web/learned file-guide/web/file")
	web := "web"
	e, err := r.Get(Ref{Guides, "tour", &web})
	if want := `{"app":"web","id":"tour","name":"Tour","kind":"guide","steps":[{"id":"s1","type":"building-block"}],"origin":"learned","version":0}`; err != nil || shown(t, e) != want {
		t.Errorf("got  %s, %v\nwant %s", shown(t, e), err, want)
	}
	_, err = r.Get(Ref{List: Guides, ID: "tour"})
	refused(t, err, Invalid, "app", "several apps")
	refused(t, r.Delete(Ref{Guides, "tour", &web}), ReadOnly, "", "learnt from the app's upstream")

	r.create(Guides, `{"id":"tour","name":"Ours"}`)
	f("file-guide/ios/learned nps/ios/learned nps/web/learned tour//api file-guide/web/file")
	if got := r.ids(Query{List: Pages}); strings.Contains(got, "learned") {
		t.Errorf("learnt pages: %s", got)
	}
}
