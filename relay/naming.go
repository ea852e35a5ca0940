package relay

import "edgerelay/relay/tagging"

// openTagging joins the file's pages, features, track types and guides with those that are kept in the data folder.
func (r *Relay) openTagging() (err error) {
	r.tags, err = tagging.Open(tagging.Options{State: r.log, Traffic: r.intake, Learned: r.learned, Logger: r.logger})
	if err != nil {
		return err
	}
	return r.tags.Load(r.config.tags())
}

// tags is what the configuration has to say about the catalog.
func (c *Config) tags() *tagging.File {
	f := &tagging.File{}
	for _, a := range c.Apps {
		f.Apps = append(f.Apps, a.Name)
	}
	for _, p := range c.Pages {
		f.Pages = append(f.Pages, tagging.Settings{App: p.App, ID: p.ID, Name: p.Name, Rules: p.Rules})
	}
	for _, x := range c.Features {
		f.Features = append(f.Features, tagging.Settings{App: x.App, ID: x.ID, Name: x.Name, Selectors: x.Selectors, Page: x.Page})
	}
	for _, t := range c.Tracks {
		f.Tracks = append(f.Tracks, tagging.Settings{App: t.App, ID: t.ID, Name: t.Name})
	}
	for _, g := range c.Guides {
		guide := tagging.Settings{App: g.App, ID: g.ID, Name: g.Name, Kind: g.Kind, CreatedAt: g.CreatedAt, CreatedBy: g.CreatedBy}
		for _, s := range g.Steps {
			guide.Steps = append(guide.Steps, tagging.Step(s))
		}
		f.Guides = append(f.Guides, guide)
	}
	return f
}
