package page

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"edgerelay/relay/event"
)

// TestEveryKindIsChoosable: a form can select each kind of event, once.
func TestEveryKindIsChoosable(t *testing.T) {
	seen := map[event.Kind]string{}
	ids := map[string]bool{}
	for _, f := range families {
		for _, c := range f.categories {
			if ids[c.id] {
				t.Errorf("two categories are %s", c.id)
			}
			ids[c.id] = true
			for _, k := range c.kinds {
				if other := seen[k.kind]; other != "" {
					t.Errorf("%s is in %s and in %s", k.kind, other, c.id)
				}
				seen[k.kind] = c.id
				if has := k.kind.Items() != ""; has != (c.items != "") {
					t.Errorf("%s has items %q, its category %q", k.kind, k.kind.Items(), c.items)
				}
			}
		}
	}
	for _, k := range event.Kinds() {
		if seen[k] == "" {
			t.Errorf("no category has %s", k)
		}
	}
}

func TestPick(t *testing.T) {
	f := func(events, want string) {
		t.Helper()
		p := pick(strings.Fields(events))
		if got := strings.Join(p.events(), " "); got != want {
			t.Errorf("%s becomes %s, want %s", events, got, want)
		}
		again := pick(p.events())
		if got := again.events(); !slices.Equal(got, p.events()) {
			t.Errorf("%s becomes %q in the end", events, got)
		}
	}
	f("", "")
	f("*", "*")
	f("page.viewed guideSeen:a,b", "pageLoaded guideDisplayed:a,b")
	f("featureClicked:a featureClicked:b,a", "featureClicked:a,b")
	f("featureClicked:a featureClicked", "featureClicked")
	f("featureClicked featureClicked:a", "featureClicked")
	f("featureClicked:ab*", "featureClicked:ab*")
	f("guideCompleted:b,a guideDisplayed:a,b", "guideDisplayed:a,b guideCompleted:a,b")
	f("guideDisplayed:a guideCompleted", "guideDisplayed:a guideCompleted")
	f("pageLoaded * nonsense guide* page.*:x", "* pageLoaded nonsense guide* page.*:x")
	f("uTurn:p rageClick:p flows.started", "rageClick:p uTurn:p flows.seen")
}

// TestPickedOfAForm: what a form shows comes back as it was.
func TestPickedOfAForm(t *testing.T) {
	events := []string{"pageLoaded", "guideDisplayed:a,b*", "guideCompleted:a,b*", "flows.seen:1", "page.*"}
	p := pick(events)
	form := url.Values{moreField: {strings.Join(p.more, "\r\n")}}
	for _, family := range newFamilies(&p) {
		for _, c := range family.Categories {
			form.Set(idsField+c.ID, c.IDs)
			for _, k := range c.Kinds {
				if k.Chosen {
					form.Add(kindField, k.Name)
				}
			}
		}
	}
	back := pickedOf(form)
	if got := back.events(); !slices.Equal(got, events) {
		t.Errorf("%q came back as %q", events, got)
	}
	form.Set(idsField+"feature", "x") // of a category that is not chosen
	form.Add(itemField+"page", "p1")
	form.Set(idsField+"page", "p2, p1")
	back = pickedOf(form)
	if got := back.events(); !slices.Contains(got, "pageLoaded:p1,p2") || slices.Contains(got, "featureClicked:x") {
		t.Errorf("%q", got)
	}
}

// TestChanges: only what differs goes into a patch, in the type of its setting.
func TestChanges(t *testing.T) {
	before := values{"name": "crm", "rate": "5", "timeout": "30s", "headers": "A: 1", "probe": checked, "signature": "pendo", "retries": "5"}
	f := func(name, value, want string) {
		t.Helper()
		now := maps.Clone(before)
		now[name] = value
		d := changes(before, now)
		if got := string(d[name]); got != want || want != "" && len(d) != 1 || want == "" && len(d) != 0 {
			t.Errorf("%s = %q becomes %q, want %s", name, value, d, want)
		}
	}
	f("name", "crm", "")
	f("name", "sales", `"sales"`)
	f("rate", "2.5", "2.5")
	f("rate", "", "null")
	f("rate", "fast", `"fast"`)
	f("retries", "0", "0")
	f("timeout", "", "null")
	f("headers", "A: 1\nB : two : 3\n\nC", `{"A":"1","B":"two : 3","C":""}`)
	f("headers", " ", "null")
	f("probe", "", "false")
	f("allow_http", checked, "true")
	f("signature", "pendo, standard", `["pendo","standard"]`)
	f("schedule", "5s, 1m\n2h", `["5s","1m","2h"]`)
	f("secret", " s ", `" s "`)
	f("secret", "", "")
}
