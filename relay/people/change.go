package people

import (
	"bytes"
	"slices"
	"strconv"

	"edgerelay/relay/event"
)

// Change is what one request does to people. It is begun by Book.Begin and goes through See, Make, Merge and
// SetDoNotProcess, Stage, Submitted and Done, in this order. Done(false) before Submitted gives the change up; behind Submitted, Done is the
// log's answer and must not come before it. A See or Merge that returns an error has changed nothing.
//
// From Begin to Submitted it holds the Book's lock: build events and submit there, wait and answer behind it.
type Change struct {
	book  *Book
	edits []*edit
	byKey map[string]*edit // made when there are many
	stage stage
	room  [2]*edit // for edits: the usual change is of one visitor and one account
}

// fewEdits is how many are searched one by one; a batch of a thousand events has more.
const fewEdits = 8

type stage uint8

const (
	begun     stage = iota // holds the lock
	submitted              // waits for the disk
	done
)

// edit is one record that a Change looked at.
type edit struct {
	key    []byte
	person uint64
	record record
	exists bool // in the state, or made by this change
	dirty  bool // changed since it was staged

	staged  []byte // as it was put into the batch; nil when it was not
	waiting *pendingRecord
	write   int
}

// Begin waits for the change before and begins one.
func (b *Book) Begin() *Change {
	b.order.Lock()
	c := &Change{book: b}
	c.edits = c.room[:0]
	return c
}

// Sighting is what a See found.
type Sighting struct {
	NewVisitor bool // the first time in the app: report visitorCreated
	NewAccount bool // the first time in the app: report accountCreated
	Refused    bool // the visitor is marked do-not-process: nothing was changed, and the event must go to nobody
}

// See notes that visitor was seen in the app, with account, at that time (Unix milliseconds). Either ID may be absent.
// Call it for sightings in the app only (agent, Segment's or Userpilot's SDKs), never for the metadata API. The first
// sighting's time is kept as metadata.auto.firstvisit; later ones, which would cost a write per event, are not.
func (c *Change) See(app string, visitor, account []byte, at int64) (s Sighting, err error) {
	visitor, account = present(visitor), present(account)
	var v, a *edit
	if visitor != nil {
		if v, err = c.edit(Visitor, app, visitor); err != nil {
			return s, err
		}
		if v.record.refused {
			return Sighting{Refused: true}, nil
		}
	}
	if account != nil {
		if a, err = c.edit(Account, app, account); err != nil {
			return s, err
		}
		s.NewAccount = a.see(c, at)
	}
	if v != nil {
		s.NewVisitor = v.see(c, at)
		if v.record.wouldLink(account) {
			v.record.link(account)
			v.touch()
		}
	}
	return s, nil
}

// see marks the record as seen and says whether that is new.
func (e *edit) see(c *Change, at int64) bool {
	if e.record.seen {
		return false
	}
	e.record.seen = true
	if auto := e.record.group(Auto); event.Lookup(auto, "firstvisit") == nil {
		first := append(strconv.AppendInt(append(make([]byte, 0, 32), `{"firstvisit":`...), at, 10), '}')
		if auto != nil {
			merged, err := c.book.own.merge(auto, first)
			if err != nil {
				panic("BUG: people: " + err.Error())
			}
			first = bytes.Clone(merged)
		}
		e.record.metadata[Auto] = first
	}
	e.touch()
	return true
}

// Has says whether there is a record, in the state or from this Change: the bulk metadata API reports the others as
// missing unless it is asked to create them.
func (c *Change) Has(kind Kind, app string, id []byte) (bool, error) {
	if present(id) == nil {
		return false, nil
	}
	e, err := c.edit(kind, app, id)
	if err != nil {
		return false, err
	}
	return e.exists, nil
}

// Make makes a record if there is none, which is no sighting: the metadata API may create people before they were seen.
func (c *Change) Make(kind Kind, app string, id []byte) error {
	if present(id) == nil {
		return nil
	}
	e, err := c.edit(kind, app, id)
	if err == nil && !e.exists {
		e.touch()
	}
	return err
}

// Refused is as Book's, with what this Change did.
func (c *Change) Refused(app string, visitor []byte) (bool, error) {
	if present(visitor) == nil {
		return false, nil
	}
	e, err := c.edit(Visitor, app, visitor)
	if err != nil {
		return false, err
	}
	return e.record.refused, nil
}

// Changed says whether there is anything to stage. Without, Done may follow at once.
func (c *Change) Changed() bool {
	return slices.ContainsFunc(c.edits, func(e *edit) bool { return e.dirty })
}

// Stage puts the changed records into the batch that also takes their events.
func (c *Change) Stage(w Writer) {
	for _, e := range c.edits {
		if e.dirty {
			e.staged, e.dirty = e.record.append(nil), false
			w.Put(e.key, e.staged)
		}
	}
}

// Submitted says that the log has taken the batch: what was staged is what the next change finds. It gives the lock
// back. The log's answer must follow with Done.
func (c *Change) Submitted() {
	if c.stage != begun || c.Changed() {
		panic("BUG: people: Submitted must follow Stage, once")
	}
	for _, e := range c.edits {
		if e.staged != nil {
			e.waiting, e.write = c.book.pending.put(e.key, e.staged)
			c.book.cache.forget(e.person)
		}
	}
	c.stage = submitted
	c.book.order.Unlock()
}

// Done ends the change: committed is the log's answer, false when the batch was not submitted. A second Done does
// nothing. When a commit failed it waits for the change that holds the lock, so its goroutine must not have begun one.
func (c *Change) Done(committed bool) {
	defer func() { c.stage = done }()
	switch {
	case c.stage == begun && committed && c.staged():
		panic("BUG: people: Done without Submitted")
	case c.stage == begun:
		c.book.order.Unlock()
	case c.stage == submitted && committed:
		c.settle(true)
	case c.stage == submitted:
		// Who has read our records and not submitted yet must be in the log's hands before it is said that we failed.
		c.book.order.Lock()
		defer c.book.order.Unlock()
		c.settle(false)
	}
}

func (c *Change) staged() bool {
	return slices.ContainsFunc(c.edits, func(e *edit) bool { return e.staged != nil })
}

func (c *Change) settle(committed bool) {
	for _, e := range c.edits {
		if e.staged == nil {
			continue
		}
		c.book.pending.done(e.key, e.waiting, e.write, committed)
		if !committed {
			c.book.cache.forget(e.person)
		}
	}
}

// edit finds or reads a record.
func (c *Change) edit(kind Kind, app string, id []byte) (*edit, error) {
	own := &c.book.own
	own.key = appendKey(own.key[:0], kind, app, id)
	if e := c.find(own.key); e != nil {
		return e, nil
	}
	if c.book.pending.full() {
		return nil, ErrBusy
	}
	own.value = nil // the record aliases it, and is ours
	rec, found, err := c.book.read(own, kind, app, id)
	if err != nil {
		return nil, err
	}
	e := &edit{key: bytes.Clone(own.key), person: c.book.hashes.person(kind, app, id), record: rec, exists: found}
	c.add(e)
	return e, nil
}

func (c *Change) find(key []byte) *edit {
	if c.byKey != nil {
		return c.byKey[string(key)]
	}
	for _, e := range c.edits {
		if bytes.Equal(e.key, key) {
			return e
		}
	}
	return nil
}

func (c *Change) add(e *edit) {
	c.edits = append(c.edits, e)
	if c.byKey == nil && len(c.edits) > fewEdits {
		c.byKey = map[string]*edit{}
		for _, e := range c.edits {
			c.byKey[string(e.key)] = e
		}
	}
	if c.byKey != nil {
		c.byKey[string(e.key)] = e
	}
}

func (e *edit) touch() { e.dirty, e.exists = true, true }
