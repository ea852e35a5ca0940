package desk

import (
	"errors"

	"edgerelay/relay/tagging"
	"edgerelay/wal"
)

// Entries is a page of one of the catalog's lists: pages, features, track types or guides.
func (d *Desk) Entries(q tagging.Query) (tagging.Listing, error) {
	s, err := d.catalog()
	if err != nil {
		return tagging.Listing{}, err
	}
	listing, err := s.List(q)
	return listing, taggingRefusal(err)
}

// Entry is one entry of the catalog.
func (d *Desk) Entry(ref tagging.Ref) (tagging.Entry, error) {
	s, err := d.catalog()
	if err != nil {
		return tagging.Entry{}, err
	}
	e, err := s.Get(ref)
	return e, taggingRefusal(err)
}

// CreateEntries makes an entry of each document, all of them or none. What webhooks hear of it is on disk with it, and
// events touch them when it returns.
func (d *Desk) CreateEntries(list tagging.List, documents ...tagging.Document) ([]tagging.Entry, error) {
	s, err := d.catalog()
	if err != nil {
		return nil, err
	}
	made, err := s.Create(list, documents...)
	return made, taggingRefusal(err)
}

// EditEntry changes an entry as a merge patch says (RFC 7396). etags are as Edit's.
func (d *Desk) EditEntry(ref tagging.Ref, patch tagging.Document, etags ...string) (tagging.Entry, error) {
	s, err := d.catalog()
	if err != nil {
		return tagging.Entry{}, err
	}
	e, err := s.Edit(ref, patch, etags...)
	return e, taggingRefusal(err)
}

// DeleteEntry deletes an entry. etags are as Edit's.
func (d *Desk) DeleteEntry(ref tagging.Ref, etags ...string) error {
	s, err := d.catalog()
	if err != nil {
		return err
	}
	return taggingRefusal(s.Delete(ref, etags...))
}

// Touch says which pages and features an event at a URL, on an element, would touch; see tagging.Store.Try.
func (d *Desk) Touch(app, url, element string) (tagging.Trial, error) {
	s, err := d.catalog()
	if err != nil {
		return tagging.Trial{}, err
	}
	trial, err := s.Try(app, url, element)
	return trial, taggingRefusal(err)
}

func (d *Desk) catalog() (*tagging.Store, error) {
	if d.opt.Catalog == nil {
		return nil, refuse(NotFound, "", "there is no catalog here")
	}
	return d.opt.Catalog, nil
}

// taggingRefusal turns the catalog's refusals into the desk's, and a log that takes nothing at the moment too. Other errors
// stay what they are.
func taggingRefusal(err error) error {
	var e *tagging.Error
	switch {
	case errors.As(err, &e):
		turned := &Error{Code: Code(e.Code), Message: e.Message, Field: e.Field}
		for _, f := range e.Faults {
			turned.Faults = append(turned.Faults, Fault{f.Field, f.Text})
		}
		return turned
	case errors.Is(err, wal.ErrFull), errors.Is(err, wal.ErrOverloaded), errors.Is(err, wal.ErrClosed):
		return refuse(Busy, "", "%v; nothing was changed, try again", err)
	}
	return err
}
