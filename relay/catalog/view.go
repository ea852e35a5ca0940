package catalog

import (
	"bytes"
	"slices"

	"edgerelay/relay/event"
)

// View is what one app sees of a Catalog: its own entries and those for every app. It never changes and is safe for
// concurrent use. None of its look-ups allocates, once dst and Scratch have grown.
type View struct {
	c   *Catalog
	app string
	own *index
}

// indexes are those to look into, the app's own first.
func (v View) indexes() [2]*index {
	return [...]*index{v.own, v.c.all}
}

// index finds the entries of one app, or those for all apps.
type index struct {
	pages    *pageIndex
	features *featureIndex
	tracks   map[string][][]byte // IDs by name, both JSON strings
	guides   map[string]*Details // by ID, a JSON string
}

// Scratch is the memory of look-ups. The zero value is ready. It is used by one goroutine at a time and not copied. What
// a look-up returns does not depend on it.
type Scratch struct {
	address address
	chain   chain
	seen    marks
	text    []byte
}

// Learn takes the guides out of a reply of guide.json (see Learned).
func (v View) Learn(reply []byte) error { return v.c.Learn(v.app, reply) }

// Pages appends the pages that url belongs to, ascending, each once. url is a JSON string; of a nil one nothing is known.
func (v View) Pages(dst []Item, s *Scratch, url []byte) []Item {
	if len(url) == 0 || url[0] != '"' {
		return dst
	}
	text, plain := event.PlainText(url)
	if !plain {
		s.text = event.AppendText(kept(s.text, urlMax), url)
		text = s.text
	}
	s.address.parse(text)
	start := len(dst)
	for _, x := range v.indexes() {
		dst = x.pages.match(dst, &s.address)
	}
	return settle(dst, start)
}

// Features appends the features that a click touches, ascending, each once. target is the element object of the Pendo
// agent (props.target), stable JSON; what of it cannot be understood is left out of account. pages are those of the same
// event, as Pages of this View returned them.
func (v View) Features(dst []Item, s *Scratch, target []byte, pages []Item) []Item {
	if len(v.own.features.selectors)+len(v.c.all.features.selectors) == 0 {
		return dst
	}
	s.chain.parse(target)
	start := len(dst)
	for _, x := range v.indexes() {
		s.seen = s.seen.cleared(len(x.features.selectors))
		dst = x.features.match(dst, &s.chain, s.seen, pages)
	}
	return settle(dst, start)
}

// AppendPageIDs appends the IDs of pages, JSON strings that nobody may change.
func (v View) AppendPageIDs(dst [][]byte, pages []Item) [][]byte {
	for _, p := range pages {
		dst = append(dst, v.c.pageIDs[p])
	}
	return dst
}

// AppendFeatureIDs appends the IDs of features, JSON strings that nobody may change.
func (v View) AppendFeatureIDs(dst [][]byte, features []Item) [][]byte {
	for _, f := range features {
		dst = append(dst, v.c.featureIDs[f])
	}
	return dst
}

// Track appends the IDs of track events named name, a JSON string: the configured ones, or else name itself.
func (v View) Track(dst [][]byte, name []byte) [][]byte {
	start := len(dst)
	for _, x := range v.indexes() {
		for _, id := range x.tracks[string(name)] {
			if !slices.ContainsFunc(dst[start:], func(other []byte) bool { return bytes.Equal(other, id) }) {
				dst = append(dst, id)
			}
		}
	}
	if len(dst) == start {
		dst = append(dst, name)
	}
	return dst
}

// Guide is what is known of a guide by its ID, a JSON string; nil when that is nothing. A configured guide comes before
// a learnt one, the app's own before one for all apps.
func (v View) Guide(id []byte) *Details {
	for _, x := range v.indexes() {
		if d := x.guides[string(id)]; d != nil {
			return d
		}
	}
	return v.c.learned.get(v.app, id)
}

// PollType is the type of a poll of a guide ("NPSRating", "FreeForm"), a JSON string like the two IDs; nil when it is not
// known. Only learnt guides know their polls.
func (v View) PollType(guide, poll []byte) []byte {
	return v.c.learned.get(v.app, guide).pollType(poll)
}

// PageCount is how many Items of pages there are, of all apps; they begin at 0.
func (v View) PageCount() int { return len(v.c.pageIDs) }
