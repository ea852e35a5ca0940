package relay

import (
	"edgerelay/relay/catalog"
)

// newCatalog compiles the pages, features, track types and guides of the configuration. learned are the guides that passed
// on their way from an upstream.
func (c *Config) newCatalog(learned *catalog.Learned) (*catalog.Catalog, error) {
	o := catalog.Options{Learned: learned}
	for _, p := range c.Pages {
		o.Pages = append(o.Pages, catalog.Page{App: p.App, ID: p.ID, Rules: p.Rules})
	}
	for _, f := range c.Features {
		o.Features = append(o.Features, catalog.Feature{App: f.App, ID: f.ID, Selectors: f.Selectors, Page: f.Page})
	}
	for _, t := range c.Tracks {
		o.Tracks = append(o.Tracks, catalog.Track{App: t.App, ID: t.ID, Name: t.Name})
	}
	for _, g := range c.Guides {
		kind, err := catalog.ParseGuideKind(g.Kind)
		if err != nil {
			return nil, err
		}
		guide := catalog.Guide{App: g.App, ID: g.ID, Name: g.Name, Kind: kind, CreatedAt: g.CreatedAt, CreatedBy: g.CreatedBy}
		for _, s := range g.Steps {
			guide.Steps = append(guide.Steps, catalog.Step{ID: s.ID, Type: s.Type})
		}
		o.Guides = append(o.Guides, guide)
	}
	return catalog.New(o)
}
