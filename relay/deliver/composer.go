package deliver

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/klauspost/compress/gzip"

	"edgerelay/relay/destination"
	"edgerelay/relay/event"
	"edgerelay/relay/expression"
	"edgerelay/relay/format"
	"edgerelay/relay/mask"
	"edgerelay/wal"
)

// composer makes bodies of events, in a webhook's plan and with its mask, for one lane. Everything in it is reused from body
// to body.
type composer struct {
	plan *destination.Plan // nil for upstreams, whose requests are no events
	mask *mask.Mask

	event event.Event // in hand: the one that was added last
	body  []byte
	items int    // events in it
	spans []span // where these are

	scratch mask.Scratch   // of what does not leave
	extra   []byte         // of a note, masked
	env     expression.Env // of templates

	zipper *gzip.Writer // nil: none was needed yet
	zipped bytes.Buffer
}

// span is where an event's item begins and ends in a body.
type span struct{ start, end int }

// beginBody begins a body in c.body. Of buffers that are larger than keep bytes it lets go first.
func (c *composer) beginBody(keep int) {
	if cap(c.body) > keep || c.zipped.Cap() > keep {
		c.body, c.zipped = nil, bytes.Buffer{}
	}
	c.items = 0
	c.body = append(c.body[:0], c.plan.Body.Open...)
}

// errNoBody says that an event means nothing to a format.
var errNoBody = errors.New("the format has no body for this event")

// addItem adds an event to the body. With an error the body is as it was.
func (c *composer) addItem(from *wal.Entry) error {
	if err := event.ParseRecord(from.Body, &c.event); err != nil {
		return fmt.Errorf("read record %d: %w", from.Seq, err)
	}
	note, err := event.ParseNote(from.Note)
	if err != nil {
		return fmt.Errorf("read note of record %d: %w", from.Seq, err)
	}
	e, note := c.masked(note)
	if lacks := c.plan.Body.Lacks; lacks != nil {
		if what := lacks(e); what != "" {
			return errors.New(what)
		}
	}
	if c.plan.Template != nil {
		c.items++
		c.env.Begin(e, note)
		c.body, err = c.plan.Template.AppendBody(c.body, &c.env)
		return err
	}
	before := len(c.body)
	if c.items > 0 {
		c.body = append(c.body, c.plan.Body.Between...)
	}
	start := len(c.body)
	c.body = c.plan.Body.Item(c.body, e, note)
	size := len(c.body) - start
	switch most := c.plan.Batch.Item; {
	case size == 0:
		c.body = c.body[:before]
		return errNoBody
	case most > 0 && size > most:
		c.body = c.body[:before]
		return fmt.Errorf("the event is %d bytes long as the destination wants it, and it takes %d", size, most)
	}
	c.spans = append(c.spans[:c.items], span{start, len(c.body)})
	c.items++
	return nil
}

// masked is the event in hand, and its note, as the webhook lets them out. Both are valid until the next event.
func (c *composer) masked(note event.Note) (*event.Event, event.Note) {
	if c.mask.Empty() {
		return &c.event, note
	}
	e := c.mask.Apply(&c.scratch, &c.event)
	if len(note.Extra) == 0 {
		return e, note
	}
	user, company, err := format.ParseExtra(note.Extra)
	if err != nil {
		note.Extra = nil // nothing leaves that was not looked at
		return e, note
	}
	c.extra = c.extra[:0]
	user = c.maskExtra(user)
	company = c.maskExtra(company)
	start := len(c.extra)
	c.extra = format.AppendExtra(c.extra, user, company)
	note.Extra = c.extra[start:]
	return e, note
}

// maskExtra appends an object to c.extra as the webhook lets it out; nil stays nil.
func (c *composer) maskExtra(object []byte) []byte {
	if object == nil {
		return nil
	}
	start := len(c.extra)
	c.extra = c.mask.AppendObject(c.extra, object, &c.scratch)
	return c.extra[start:len(c.extra):len(c.extra)]
}

// item is what was sent of the batch's event i, nil where nothing was made of it. It is valid until the next body begins.
func (c *composer) item(i int) []byte {
	if i < 0 || i >= min(c.items, len(c.spans)) { // a template's body has no items
		return nil
	}
	return c.body[c.spans[i].start:c.spans[i].end]
}

// endBody ends the body.
func (c *composer) endBody() {
	body := &c.plan.Body
	if body.Finish != nil {
		c.body = body.Finish(c.body, c.items)
	}
	c.body = append(c.body, body.Close...)
}

// squeeze is the body compressed, valid until the next one is.
func (c *composer) squeeze(body []byte) []byte {
	c.zipped.Reset()
	if c.zipper == nil {
		c.zipper, _ = gzip.NewWriterLevel(&c.zipped, gzip.BestSpeed) // the level is a valid one
	} else {
		c.zipper.Reset(&c.zipped)
	}
	_, _ = c.zipper.Write(body) // a buffer takes everything
	_ = c.zipper.Close()
	return c.zipped.Bytes()
}
