package tagging

import (
	"fmt"
	"strings"
	"time"
)

// Origin is where an entry comes from.
type Origin string

// Entries of the file, and those learnt from what passes on its way from an upstream, are read-only here.
const (
	OfFile  Origin = "file"
	OfAPI   Origin = "api"
	Learned Origin = "learned"
)

// Entry is one entry as it is shown. It is a picture of the moment; its lists must not be changed.
type Entry struct {
	List List `json:"-"`
	Settings
	Origin  Origin    `json:"origin"`
	Version uint64    `json:"version"`       // steps with each change; 0 for what is read-only
	ETag    string    `json:"etag,omitzero"` // for If-Match; "" for what is read-only
	Created time.Time `json:"created,omitzero"`
	Updated time.Time `json:"updated,omitzero"`
	Faults  []Fault   `json:"faults,omitzero"` // why it is not in force, such as an app that is no more
}

// key names an entry. Two apps may use the same ID.
type key struct {
	list    List
	app, id string
}

// entry is one entry as it is kept. It never changes.
type entry struct {
	list List
	Settings
	origin           Origin
	version          uint64
	change           uint64 // the number of its last change, of all
	created, updated time.Time
	broken           []Fault // with its settings; kept by another version of this program, which took them
	weight           weight
	place            string // in the order of its list
}

func newEntry(list List, s Settings, origin Origin) *entry {
	e := &entry{list: list, Settings: s.normal(list), origin: origin}
	e.weight = e.weigh()
	e.place = placeOf(&e.Settings, origin)
	return e
}

// placeOf orders entries by what people call them. No two entries have the same place.
func placeOf(s *Settings, origin Origin) string {
	name := s.Name
	if name == "" {
		name = s.ID
	}
	return strings.Join([]string{strings.ToLower(name), s.ID, s.App, string(origin)}, "\x00")
}

func (e *entry) key() key { return key{e.list, e.App, e.ID} }

func (e *entry) show(faults []Fault) Entry {
	shown := Entry{List: e.list, Settings: e.Settings, Origin: e.origin, Version: e.version, Created: e.created, Updated: e.updated, Faults: faults}
	if e.origin == OfAPI {
		shown.ETag = e.etag()
	}
	return shown
}

// etag is one that no other entry, and no other version of this one, ever has.
func (e *entry) etag() string { return fmt.Sprintf(`"%d"`, e.change) }

// of says whose an entry is, for messages.
func of(app string) string {
	if app == "" {
		return ""
	}
	return fmt.Sprintf(" of app %q", app)
}
