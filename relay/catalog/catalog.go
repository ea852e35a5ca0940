// Package catalog says which pages, features, track types and guides an event touches.
//
// What they are comes from the configuration and the admin API, per app or for all apps, and is compiled into indexes that answer in
// microseconds also with 10,000 entries. Guides are learnt besides from the replies of Pendo's guide.json as they pass.
//
// It knows URLs, element chains and guides in the wire forms of Pendo's agent. It knows no HTTP, no event kind and no
// webhook. IDs, names and URLs go in and out as JSON strings, as in event.Event: stable, with their quotes.
//
//	view := catalogue.App("demo")
//	pages = view.Pages(pages[:0], &scratch, url)
//	features = view.Features(features[:0], &scratch, target, pages)
//	e.IDs = view.AppendPageIDs(e.IDs[:0], pages)
//
// # URL rules
//
// A rule is how Pendo writes the URLs of a page:
//
//	//*/settings/users        this path on any host; http or https, a slash at the end, ;session, ?query and #fragment
//	                          make no difference. So does "/settings/users".
//	https://app.example.com   host and scheme, upper or lower case, and the root; paths are case-sensitive
//	//*/users/*/edit          "*" is any text without a slash, also a part of a segment: user-*
//	//*/users/*name*/edit     a parameter: a whole segment, as "*"
//	//*/settings/**           "**" is any text: this and all below, also /settings itself
//	//*/users/~contains:dash  somewhere behind /users/, be it in the path, the query or the fragment
//	//*/find?tab=new&debug    parameters that must be there, among others and in any order; name=* is any value
//	//*/#/users               the fragment, to the letter
//	?tab=new  #top  ~contains:dash     on any path of any host
//
// URLs are compared as they are spelled. What is not ASCII in a rule matches itself and its percent-encoding. A rule may
// have 2 KiB; of a URL, 8 KiB are looked at.
//
// # Selectors
//
// Features are CSS selectors over the element that was clicked and its ancestors, which is all that the agent sends:
//
//	button  *  .class  #id  [name]  [name="v"]  *= ^= $= ~= |=  [name="v" i]
//	:nth-child(3)  :nth-child(2n+1)  :first-child  :contains("text")  :not(.class)
//	a b   a > b   a, b
//
// A selector matches when it selects the element or any of its ancestors: a click on the icon in a button is one on the
// button. [id], [class] and [title] work as in CSS. :contains looks for text to the letter in what the agent captured
// (TextCapture: the innermost element, 128 characters), for an ancestor in what stands below it. A selector may have
// 16 KiB; of a chain, 512 elements are looked at.
//
// # Concurrency
//
// A Catalog and its Views never change and are safe for concurrent use, without locks. So is a Learned, with a lock that
// readers share. A Scratch belongs to one goroutine.
package catalog

import (
	"errors"
	"fmt"
	"time"
)

// Options are what a Catalog is made of. An App of "" means every app.
type Options struct {
	Pages    []Page
	Features []Feature
	Tracks   []Track
	Guides   []Guide

	// Learned are the guides that passed. It outlives the catalog: give it to the next one. Default: an empty one.
	Learned *Learned
}

// Page is a named set of URLs.
type Page struct {
	App, ID string
	Rules   []string
}

// Feature is a named set of elements.
type Feature struct {
	App, ID   string
	Selectors []string
	Page      string // the ID of the page it counts on; "" on all
}

// Track gives the track events of a name an ID.
type Track struct {
	App, ID, Name string
}

// Guide is a guide, a poll or an NPS survey.
type Guide struct {
	App, ID, Name string
	Kind          GuideKind
	CreatedAt     time.Time
	CreatedBy     string // user name
	UpdatedAt     time.Time
	UpdatedBy     string
	Steps         []Step
}

// Step is one step of a guide.
type Step struct {
	ID, Type  string
	UpdatedAt time.Time
	ResetAt   time.Time
}

// Item is the place of a page or feature in the Options of its Catalog.
type Item int32

const noItem Item = -1

// Catalog knows the pages, features, track types and guides of all apps.
type Catalog struct {
	all        *index            // for every app
	own        map[string]*index // by app
	none       *index            // of apps without entries of their own
	pageIDs    [][]byte          // JSON strings, by Item
	featureIDs [][]byte          // JSON strings, by Item
	learned    *Learned
}

// New makes a Catalog. All that is wrong with o is in the error, a line for each fault.
func New(o Options) (*Catalog, error) {
	if o.Learned == nil {
		o.Learned = NewLearned(0)
	}
	b := newBuilder(&o)
	b.addPages()
	b.addFeatures()
	b.addTracks()
	b.addGuides()
	if len(b.faults) > 0 {
		return nil, fmt.Errorf("make catalog: %w", errors.Join(b.faults...))
	}
	return b.catalog(), nil
}

// App is the catalog as one app sees it.
func (c *Catalog) App(name string) View {
	own := c.own[name]
	if own == nil {
		own = c.none
	}
	return View{c, name, own}
}

// Learn takes the guides out of a reply of guide.json (see Learned).
func (c *Catalog) Learn(app string, reply []byte) error {
	return c.learned.Learn(app, reply)
}
