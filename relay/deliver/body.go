package deliver

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/klauspost/compress/gzip"

	"edgerelay/relay/event"
	"edgerelay/relay/format"
	"edgerelay/relay/mask"
	"edgerelay/wal"
)

// beginBody begins a body in l.body. Of buffers that are larger than keep bytes it lets go first.
func (l *lane) beginBody(keep int) {
	if cap(l.body) > keep || cap(l.wire) > keep {
		l.body, l.wire = nil, nil
		l.zipped = bytes.Buffer{}
	}
	l.items = 0
	l.body = append(l.body[:0], l.sender.hook.Plan.Body.Open...)
}

// errNoBody says that an event means nothing to a format.
var errNoBody = errors.New("the format has no body for this event")

// addItem adds an event to the body. With an error the body is as it was.
func (l *lane) addItem(from *wal.Entry) error {
	if err := event.ParseRecord(from.Body, &l.event); err != nil {
		return fmt.Errorf("read record %d: %w", from.Seq, err)
	}
	note, err := event.ParseNote(from.Note)
	if err != nil {
		return fmt.Errorf("read note of record %d: %w", from.Seq, err)
	}
	e, note := l.masked(note)
	plan := l.sender.hook.Plan
	if plan.Template != nil {
		l.items++
		l.env.Begin(e, note)
		l.body, err = plan.Template.AppendBody(l.body, &l.env)
		return err
	}
	before := len(l.body)
	if l.items > 0 {
		l.body = append(l.body, plan.Body.Between...)
	}
	start := len(l.body)
	l.body = plan.Body.Item(l.body, e, note)
	size := len(l.body) - start
	switch most := plan.Batch.Item; {
	case size == 0:
		l.body = l.body[:before]
		return errNoBody
	case most > 0 && size > most:
		l.body = l.body[:before]
		return fmt.Errorf("the event is %d bytes long as the destination wants it, and it takes %d", size, most)
	}
	l.spans = append(l.spans[:l.items], span{start, len(l.body)})
	l.items++
	return nil
}

// masked is the event in hand, and its note, as the webhook lets them out. Both are valid until the next event.
func (l *lane) masked(note event.Note) (*event.Event, event.Note) {
	m := l.sender.hook.Mask
	if m.Empty() {
		return &l.event, note
	}
	e := m.Apply(&l.scratch, &l.event)
	if len(note.Extra) == 0 {
		return e, note
	}
	user, company, err := format.ParseExtra(note.Extra)
	if err != nil {
		note.Extra = nil // nothing leaves that was not looked at
		return e, note
	}
	l.extra = l.extra[:0]
	user = l.maskExtra(m, user)
	company = l.maskExtra(m, company)
	start := len(l.extra)
	l.extra = format.AppendExtra(l.extra, user, company)
	note.Extra = l.extra[start:]
	return e, note
}

// maskExtra appends an object to l.extra as the webhook lets it out; nil stays nil.
func (l *lane) maskExtra(m *mask.Mask, object []byte) []byte {
	if object == nil {
		return nil
	}
	start := len(l.extra)
	l.extra = m.AppendObject(l.extra, object, &l.scratch)
	return l.extra[start:len(l.extra):len(l.extra)]
}

// endBody ends the body.
func (l *lane) endBody() {
	body := &l.sender.hook.Plan.Body
	if body.Finish != nil {
		l.body = body.Finish(l.body, l.items)
	}
	l.body = append(l.body, body.Close...)
}

// squeeze is the body compressed, valid until the next one is.
func (l *lane) squeeze(body []byte) []byte {
	l.zipped.Reset()
	if l.zipper == nil {
		l.zipper, _ = gzip.NewWriterLevel(&l.zipped, gzip.BestSpeed) // the level is a valid one
	} else {
		l.zipper.Reset(&l.zipped)
	}
	_, _ = l.zipper.Write(body) // a buffer takes everything
	_ = l.zipper.Close()
	return l.zipped.Bytes()
}
