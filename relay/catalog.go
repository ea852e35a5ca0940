package relay

import (
	"fmt"

	"edgerelay/relay/catalog"
	"edgerelay/relay/strict"
)

// item is an entry of the catalogs, for the check that its ID is its own. Two apps may use the same ID.
type item struct {
	list, app, id string
}

// entries reads the entries that name pages, features, track types and guides.
type entries struct {
	apps *appNames
	seen map[item]bool
}

// readCatalog reads the four catalogs.
func (c *Config) readCatalog(root *strict.Table, apps *appNames) {
	in := entries{apps, map[item]bool{}}
	for _, t := range root.Tables("page", "id") {
		var p Page
		in.entry(t, "page", &p.App, &p.ID, &p.Name)
		readFilled(t, "rules", &p.Rules)
		checkEach(t, "rules", p.Rules, catalog.CheckRule)
		c.Pages = append(c.Pages, p)
	}
	for _, t := range root.Tables("feature", "id") {
		var f Feature
		in.entry(t, "feature", &f.App, &f.ID, &f.Name)
		readFilled(t, "selectors", &f.Selectors)
		checkEach(t, "selectors", f.Selectors, catalog.CheckSelector)
		t.Text("page", &f.Page)
		if f.Page != "" && !in.seen[item{"page", f.App, f.Page}] && !in.seen[item{"page", "", f.Page}] {
			t.Fault("page", "there is no page %q of this app; add it as a [[page]], or leave page out for all pages", f.Page)
		}
		c.Features = append(c.Features, f)
	}
	for _, t := range root.Tables("track", "id") {
		var track Track
		in.entry(t, "track", &track.App, &track.ID, &track.Name)
		if track.Name == "" {
			t.Fault("name", "is missing; set the name of the track events that get this ID")
		}
		c.Tracks = append(c.Tracks, track)
	}
	for _, t := range root.Tables("guide", "id") {
		var g Guide
		in.entry(t, "guide", &g.App, &g.ID, &g.Name)
		g.read(t)
		c.Guides = append(c.Guides, g)
	}
}

// entry reads what entries of all catalogs have.
func (c *entries) entry(t *strict.Table, list string, app, id, name *string) {
	t.Text("app", app)
	c.apps.check(t, *app)
	t.Text("id", id)
	t.Text("name", name)
	entry := item{list, *app, *id}
	switch {
	case *id == "":
		t.Fault("id", "is missing; set the ID that events and selections show")
	case c.seen[entry]:
		t.Fault("id", "%q is the ID of an earlier %s of this app; give each its own", *id, list)
	}
	c.seen[entry] = true
}

// readFilled reads a list that may not hold an empty text.
func readFilled(t *strict.Table, key string, dst *[]string) {
	t.Texts(key, dst)
	for i, text := range *dst {
		if text == "" {
			t.Fault(fmt.Sprintf("%s[%d]", key, i), "is empty; write something or leave the entry out")
		}
	}
}

// checkEach notes what is wrong with the entries of a list that are not empty.
func checkEach(t *strict.Table, key string, list []string, check func(string) error) {
	for i, text := range list {
		if text == "" {
			continue
		}
		if err := check(text); err != nil {
			t.Fault(fmt.Sprintf("%s[%d]", key, i), "%v", err)
		}
	}
}

func (g *Guide) read(t *strict.Table) {
	g.Kind = "guide"
	t.Text("kind", &g.Kind)
	oneOf(t, "kind", g.Kind, "guide", "poll", "nps")
	t.Time("created_at", &g.CreatedAt)
	t.Text("created_by", &g.CreatedBy)
	ids := map[string]bool{}
	for _, step := range t.Tables("steps", "id") {
		var s Step
		step.Text("id", &s.ID)
		step.Text("type", &s.Type)
		switch {
		case s.ID == "":
			step.Fault("id", "is missing; set the step's ID")
		case ids[s.ID]:
			step.Fault("id", "%q is the ID of an earlier step; give each its own", s.ID)
		}
		ids[s.ID] = true
		g.Steps = append(g.Steps, s)
	}
}
