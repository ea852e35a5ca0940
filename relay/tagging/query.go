package tagging

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// Limits of a query.
const (
	LimitDefault = 100
	LimitMax     = 1000
)

// Query says which entries of a list are wanted. What is empty takes all.
type Query struct {
	List   List
	App    string // what this app sees: its own, and those for every app
	Search string // in IDs, names, rules and selectors; upper and lower case are the same
	Origin Origin
	Limit  int    // 1 to LimitMax; 0 is LimitDefault
	Cursor string // goes on where another page ended
}

// Listing is what a query found, ordered by name.
type Listing struct {
	Entries []Entry
	Total   int    // of all pages
	Cursor  string // of the page that follows; "" = there is none
}

// List is a page of a list's entries. Guides that were learnt are among them, unless an entry stands in front of them.
func (s *Store) List(q Query) (Listing, error) {
	switch {
	case q.Limit < 0 || q.Limit > LimitMax:
		return Listing{}, refuse(Invalid, "limit", "must be from 1 to %d", LimitMax)
	case q.Limit == 0:
		q.Limit = LimitDefault
	}
	after, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return Listing{}, refuse(Invalid, "cursor", "is not one that a page ended with; leave it out to begin anew")
	}
	q.Search = strings.ToLower(q.Search)
	learned := s.learned(q.List)
	s.look.RLock()
	defer s.look.RUnlock()
	if q.App != "" && !s.shelf.knows(q.App) {
		return Listing{}, refuse(Invalid, "app", "there is no app %q; name a configured one, or leave it out for all", q.App)
	}
	found := s.shelf.search(&q, learned)
	page := Listing{Entries: []Entry{}, Total: len(found)}
	begin := 0
	if q.Cursor != "" {
		begin, _ = slices.BinarySearchFunc(found, string(after)+"\x00", func(e *entry, place string) int { return cmp.Compare(e.place, place) })
	}
	end := min(begin+q.Limit, len(found))
	for _, e := range found[begin:end] {
		page.Entries = append(page.Entries, e.show(s.shelf.faults(e)))
	}
	if end < len(found) {
		page.Cursor = base64.RawURLEncoding.EncodeToString([]byte(found[end-1].place))
	}
	return page, nil
}

// search is the entries that are wanted, in the order of their places.
func (h *shelf) search(q *Query, learned []*entry) (found []*entry) {
	for _, e := range h.sorted[q.List] {
		if q.wants(e) {
			found = append(found, e)
		}
	}
	for _, e := range learned {
		if q.wants(e) && !h.covers(e) {
			found = append(found, e)
		}
	}
	if len(learned) > 0 {
		slices.SortFunc(found, func(a, b *entry) int { return cmp.Compare(a.place, b.place) })
	}
	return found
}

// covers says whether an entry stands in front of one that was learnt.
func (h *shelf) covers(learned *entry) bool {
	for _, app := range []string{learned.App, ""} {
		k := key{learned.list, app, learned.ID}
		if made := h.made[k]; h.file[k] != nil || made != nil && len(h.faults(made)) == 0 {
			return true
		}
	}
	return false
}

func (q *Query) wants(e *entry) bool {
	return (q.App == "" || e.App == "" || e.App == q.App) && (q.Origin == "" || e.origin == q.Origin) && q.finds(e)
}

// finds looks for what is searched for.
func (q *Query) finds(e *entry) bool {
	holds := func(text string) bool { return strings.Contains(strings.ToLower(text), q.Search) }
	return q.Search == "" || holds(e.ID) || holds(e.Name) || slices.ContainsFunc(e.Rules, holds) || slices.ContainsFunc(e.Selectors, holds)
}

// Get is one entry. Of several with one app and ID it is the one that is in force.
func (s *Store) Get(ref Ref) (Entry, error) {
	learned := s.learned(ref.List)
	s.look.RLock()
	defer s.look.RUnlock()
	found := s.shelf.named(ref)
	for _, e := range learned {
		if e.ID == ref.ID && (ref.App == nil || *ref.App == e.App) && !s.shelf.covers(e) {
			found = append(found, e)
		}
	}
	found = slices.DeleteFunc(found, func(e *entry) bool { return e.origin == OfAPI && s.shelf.file[e.key()] != nil })
	switch err := ambiguous(ref, found); {
	case err != nil:
		return Entry{}, err
	case len(found) == 0 && ref.App != nil:
		return Entry{}, refuse(NotFound, "", "there is no %s %q%s", ref.List.Noun(), ref.ID, of(*ref.App))
	case len(found) == 0:
		return Entry{}, refuse(NotFound, "", "there is no %s %q", ref.List.Noun(), ref.ID)
	}
	return found[0].show(s.shelf.faults(found[0])), nil
}

// named are the entries of the file and of the admin API that ref names.
func (h *shelf) named(ref Ref) (found []*entry) {
	for _, e := range h.sorted[ref.List] {
		if e.ID == ref.ID && (ref.App == nil || *ref.App == e.App) {
			found = append(found, e)
		}
	}
	return found
}

// ambiguous says that several apps have what ref names.
func ambiguous(ref Ref, found []*entry) error {
	var apps []string
	for _, e := range found {
		if name := fmt.Sprintf("%q", e.App); !slices.Contains(apps, name) {
			apps = append(apps, name)
		}
	}
	if len(apps) < 2 {
		return nil
	}
	return refuse(Invalid, "app", "several apps have a %s %q (%s; \"\" is every app); say whose with app=", ref.List.Noun(), ref.ID, strings.Join(apps, ", "))
}

// showNow is an entry with what keeps it from being in force at the moment.
func (s *Store) showNow(e *entry) Entry {
	s.look.RLock()
	defer s.look.RUnlock()
	return e.show(s.shelf.faults(e))
}
