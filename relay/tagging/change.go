package tagging

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"edgerelay/relay/event"
	"edgerelay/wal"
)

// Ref names an entry.
type Ref struct {
	List List
	ID   string
	App  *string // nil: whichever has it, if only one has
}

// Create makes one entry of each document, all of them or none. One that names no ID gets one. When it returns, events
// touch them.
func (s *Store) Create(list List, documents ...Document) ([]Entry, error) {
	if len(documents) == 0 {
		return nil, nil
	}
	s.mu.Lock()
	made, err := s.plan(list, documents)
	if err == nil {
		var changes []change
		for _, e := range made {
			changes = append(changes, change{nil, e})
		}
		err = s.commit(changes...)
	}
	generation := s.generation
	s.mu.Unlock()
	if err == nil {
		err = s.catchUp(generation)
	}
	if err != nil {
		return nil, err
	}
	shown := make([]Entry, len(made))
	for i, e := range made {
		shown[i] = e.show(nil)
	}
	return shown, nil
}

// plan is the entries as they will be. mu is held.
func (s *Store) plan(list List, documents []Document) (made []*entry, err error) {
	now, taken, sum, text := s.now(), map[key]bool{}, *s.shelf.weight[list], s.shelf.text
	for i, d := range documents {
		e, faults := s.draft(list, d, now)
		e.change = s.changes + uint64(i) + 1
		k := e.key()
		switch {
		case len(faults) > 0:
			return nil, amid(invalid(faults), i, len(documents))
		case taken[k] || s.shelf.made[k] != nil || s.shelf.file[k] != nil:
			return nil, amid(refuse(Exists, "id", "there is a %s %q%s already; give this one an ID of its own", list.Noun(), e.ID, of(e.App)), i, len(documents))
		}
		taken[k] = true
		sum.add(e.weight, +1)
		text += e.weight.bytes
		if err := fits(list, sum, text); err != nil {
			return nil, amid(err, i, len(documents))
		}
		made = append(made, e)
	}
	return made, s.tellable(made...)
}

// tellable says whether the events of a change fit into one commit: an entry for every app is told of to each. mu is held.
func (s *Store) tellable(entries ...*entry) error {
	size := 0
	for _, e := range entries {
		if e.deeds() == (deeds{}) {
			continue
		}
		apps := 1
		if e.App == "" {
			apps = len(s.shelf.apps)
		}
		size += apps * (e.weight.bytes + eventOverhead)
	}
	if size > eventsMax {
		return refuse(Invalid, "", "to tell all %d apps of this takes events of %d MiB; there may be %d MiB at once: make fewer entries at a time, or name their app",
			len(s.shelf.apps), size>>20, eventsMax>>20)
	}
	return nil
}

// draft makes an entry of a document.
func (s *Store) draft(list List, d Document, now time.Time) (*entry, []Fault) {
	settings, faults := d.apply(list, Settings{})
	if list == Guides && settings.CreatedAt.IsZero() {
		settings.CreatedAt = now
	}
	if settings.ID == "" && string(d["id"]) != `""` {
		settings.ID = makeID()
	}
	faults = s.check(list, &settings, faults)
	e := newEntry(list, settings, OfAPI)
	e.version, e.created, e.updated = 1, now, now
	return e, faults
}

// check adds to the known faults of settings what else is wrong with them, by themselves and beside the others. Of a field
// with a known fault nothing more is said: it may follow from that. mu is held.
func (s *Store) check(list List, settings *Settings, known []Fault) []Fault {
	faults := settings.check(list)
	if !s.shelf.knows(settings.App) {
		faults = append(faults, Fault{"app", fmt.Sprintf("there is no app %q; name a configured one, or leave app out for all", settings.App)})
	}
	if settings.Page != "" && !s.shelf.hasPage(settings.App, settings.Page) {
		faults = append(faults, Fault{"page", fmt.Sprintf("there is no page %q of this app; add it, or leave page out for all pages", settings.Page)})
	}
	return append(slices.Clip(known), slices.DeleteFunc(faults, func(f Fault) bool {
		field, _, _ := strings.Cut(f.Field, "[")
		return slices.ContainsFunc(known, func(k Fault) bool { return k.Field == field })
	})...)
}

// fits says whether there is room for all entries of a list, and for the text of all that are made here.
func fits(list List, sum weight, text int) error {
	if field, what := sum.room(list); what != "" {
		return &Error{Code: Invalid, Field: field, Message: what}
	}
	if text > textMax {
		return refuse(Invalid, "", "all that is made by the admin API would have %d bytes of text; it may have %d: delete some first, or put it into the config file", text, textMax)
	}
	return nil
}

// amid says which one of several entries a refusal is about.
func amid(err error, i, n int) error {
	e, ok := err.(*Error)
	if !ok || n == 1 {
		return err
	}
	inside := func(field string) string {
		if field == "" {
			return fmt.Sprintf("[%d]", i)
		}
		return fmt.Sprintf("[%d].%s", i, field)
	}
	e.Field = inside(e.Field)
	for k := range e.Faults {
		e.Faults[k].Field = inside(e.Faults[k].Field)
	}
	return e
}

// makeID makes an ID that nobody else has: 80 random bits, as letters and digits that nobody takes for one another.
func makeID() string { return strings.ToLower(rand.Text()[:16]) }

// now is the time in milliseconds, as events show it.
func (s *Store) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// Edit changes an entry that was made by the admin API as a merge patch says. With etags, it must be at one of them; "*" is
// any. An ID and an app stay what they are. A patch that changes nothing makes no new version, and tells nobody.
func (s *Store) Edit(ref Ref, patch Document, etags ...string) (Entry, error) {
	s.mu.Lock()
	before, next, err := s.revise(ref, patch, etags)
	if err == nil && next != before {
		err = s.commit(change{before, next})
	}
	generation := s.generation
	s.mu.Unlock()
	if err == nil {
		err = s.catchUp(generation)
	}
	if err != nil {
		return Entry{}, err
	}
	return s.showNow(next), nil
}

// revise is an entry as it is and as it will be, which is the same when nothing changes. mu is held.
func (s *Store) revise(ref Ref, patch Document, etags []string) (before, next *entry, err error) {
	if before, err = s.mine(ref, "edited", etags); err != nil {
		return nil, nil, err
	}
	settings, faults := patch.apply(before.list, before.Settings)
	if settings.ID != before.ID {
		faults = append(faults, Fault{"id", "cannot be changed: selections and receivers know it; make a new entry and delete this one"})
		settings.ID = before.ID
	}
	if settings.App != before.App {
		faults = append(faults, Fault{"app", "cannot be changed: its webhooks know it; make a new entry and delete this one"})
		settings.App = before.App
	}
	if len(faults) == 0 && sameSettings(&settings, &before.Settings) {
		return before, before, nil
	}
	if faults = s.check(before.list, &settings, faults); len(faults) > 0 {
		return nil, nil, invalid(faults)
	}
	next = newEntry(before.list, settings, OfAPI)
	next.version, next.change, next.created, next.updated = before.version+1, s.changes+1, before.created, s.now()
	sum := *s.shelf.weight[next.list]
	sum.add(before.weight, -1)
	sum.add(next.weight, +1)
	if err := fits(next.list, sum, s.shelf.text-before.weight.bytes+next.weight.bytes); err != nil {
		return nil, nil, err
	}
	return before, next, s.tellable(next)
}

// Delete deletes an entry that was made by the admin API. etags are as Edit's. A page that features count on stays.
func (s *Store) Delete(ref Ref, etags ...string) error {
	s.mu.Lock()
	e, err := s.mine(ref, "deleted", etags)
	if err == nil && e.list == Pages {
		if users := s.shelf.users(e); len(users) > 0 {
			err = refuse(InUse, "", "page %q has features that count on it, such as %q; delete these first, or give them another page", e.ID, users[0])
		}
	}
	if err == nil {
		err = s.commit(change{e, nil})
	}
	generation := s.generation
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.catchUp(generation)
}

// mine is an entry that may be changed here. mu is held.
func (s *Store) mine(ref Ref, what string, etags []string) (*entry, error) {
	found := s.shelf.named(ref)
	if err := ambiguous(ref, found); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(found, func(e *entry) bool { return e.origin == OfAPI })
	if i < 0 {
		return nil, s.notMine(ref, what)
	}
	if e := found[i]; !e.at(etags) {
		return nil, refuse(Stale, "", "%s %q was changed meanwhile: it is at %s now; look at it again", ref.List.Noun(), ref.ID, e.etag())
	}
	return found[i], nil
}

// notMine says why something cannot be done here to what ref names.
func (s *Store) notMine(ref Ref, what string) error {
	shown, err := s.Get(ref)
	switch {
	case err != nil:
		return err
	case shown.Origin == Learned:
		return refuse(ReadOnly, "", "%s %q was learnt from the app's upstream and cannot be %s here; change it there", ref.List.Noun(), ref.ID, what)
	}
	return refuse(ReadOnly, "", "%s %q is of the config file and cannot be %s here; change the file and reload", ref.List.Noun(), ref.ID, what)
}

// at says whether an entry is at one of the versions; none are all of them.
func (e *entry) at(etags []string) bool {
	for _, tag := range etags {
		if tag == "*" || tag == e.etag() {
			return true
		}
	}
	return len(etags) == 0
}

// change is one entry before and after; nil is that there is none.
type change struct{ before, after *entry }

// commit makes changes durable, with the events that tell of them. Then they are what those who look see. mu is held.
func (s *Store) commit(changes ...change) error {
	var events []event.Event
	now, number := s.now(), s.changes
	for _, c := range changes {
		number++
		events = c.appendEvents(events, number, now)
	}
	err := s.opt.Traffic.Announce(events, func(b *wal.Batch) {
		for _, c := range changes {
			c.stage(b)
		}
		stageChanges(b, number)
	})
	if err != nil {
		return fmt.Errorf("keep a change of the catalog: %w", err)
	}
	s.look.Lock()
	defer s.look.Unlock()
	s.changes = number
	s.generation++
	for _, c := range changes {
		s.shelf.put(c.before, c.after)
	}
	return nil
}
