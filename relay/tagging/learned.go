package tagging

import (
	"encoding/json"
	"time"

	"edgerelay/relay/event"
)

// learned are the guides that passed, as entries; there are none of other lists.
func (s *Store) learned(list List) (entries []*entry) {
	if list != Guides {
		return nil
	}
	for _, g := range s.opt.Learned.All() {
		settings := Settings{App: g.App, ID: text(g.ID), Name: text(g.Name), Kind: g.Kind.String()}
		settings.readProperties(g.Properties)
		e := &entry{list: Guides, Settings: settings.normal(Guides), origin: Learned, place: placeOf(&settings, Learned)}
		entries = append(entries, e)
	}
	return entries
}

// readProperties reads what payloads show of a guide. The relay has made them itself, so they are what they should be.
func (s *Settings) readProperties(properties []byte) {
	var p struct {
		CreatedAt     int64
		CreatedByUser struct{ Username string }
		Steps         []Step
	}
	_ = json.Unmarshal(properties, &p)
	if p.CreatedAt > 0 {
		s.CreatedAt = time.UnixMilli(p.CreatedAt).UTC()
	}
	s.CreatedBy, s.Steps = p.CreatedByUser.Username, p.Steps
}

// text is the plain text of a JSON string.
func text(literal []byte) string { return string(event.AppendText(nil, literal)) }
